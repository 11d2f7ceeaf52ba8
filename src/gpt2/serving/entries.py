"""The tokens of a response and their conversion to ``logprobs``.

A dict keyed by token texts would lose tokens that share a text: 340 ids of GPT-2 are parts of
characters and all decode to U+FFFD. Such a token is named by its bytes, as in OpenAI's API
(``bytes:\\xe7\\x8b``), and its id and bytes are given as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from gpt2.serving.scheduler import Token


class Entry(NamedTuple):
    """A token from the scheduler and its start in the text."""

    token: Token
    offset: int


class Names:
    """The names of a tokenizer's tokens in responses."""

    def __init__(self, tokenizer: Any) -> None:
        self.bytes: Any = lru_cache(8192)(tokenizer.token_bytes)

    def name(self, token: int) -> str:
        """The text of a token, or its bytes if they are not valid text."""
        data: bytes = self.bytes(token)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)

    def top(self, token: Token) -> dict[str, float]:
        """The log-probabilities of the top tokens and of the chosen one, by name."""
        pairs = list(zip(token.top_ids, token.top_logprobs, strict=True))
        if token.logprob is not None and token.id not in token.top_ids:
            pairs.append((token.id, token.logprob))
        logprobs: dict[str, float] = {}
        for i, logprob in pairs:
            name = self.name(i)
            logprobs[f"token_id:{i}" if name in logprobs else name] = logprob
        return logprobs


def completion_logprobs(names: Names, entries: Sequence[Entry]) -> dict[str, Any]:
    """``logprobs`` of /v1/completions; each list has one item per token."""
    tokens = [entry.token for entry in entries]
    return {
        "tokens": [names.name(t.id) for t in tokens],
        "token_logprobs": [t.logprob for t in tokens],
        "top_logprobs": [None if t.logprob is None else names.top(t) for t in tokens],
        "text_offset": [entry.offset for entry in entries],
        "token_ids": [t.id for t in tokens],
        "top_token_ids": [None if t.logprob is None else list(t.top_ids) for t in tokens],
        "top_token_logprobs": [None if t.logprob is None else list(t.top_logprobs) for t in tokens],
        "bytes": [list(names.bytes(t.id)) for t in tokens],
        "top_bytes": [[list(names.bytes(i)) for i in t.top_ids] for t in tokens],
    }


def chat_logprobs(names: Names, entries: Iterable[Entry]) -> dict[str, Any]:
    """``logprobs`` of /v1/chat/completions."""
    return {"content": [_chat_entry(names, entry.token) for entry in entries], "refusal": None}


def _chat_entry(names: Names, token: Token) -> dict[str, Any]:
    top = zip(token.top_ids, token.top_logprobs, strict=True)
    return {
        **_describe(names, token.id, token.logprob),
        "top_logprobs": [_describe(names, i, logprob) for i, logprob in top],
    }


def _describe(names: Names, token: int, logprob: float | None) -> dict[str, Any]:
    return {"token": names.name(token), "logprob": logprob, "bytes": list(names.bytes(token)),
            "token_id": token}  # fmt: skip
