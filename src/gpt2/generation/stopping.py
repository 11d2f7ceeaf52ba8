"""When a row is finished: an end-of-text id, a stop string, the time limit, custom criteria."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

from gpt2.errors import OptionError
from gpt2.generation.arrays import Array
from gpt2.generation.config import GenerationConfig, token_list
from gpt2.generation.tokenizing import adopt

# As in transformers: (ids [R, T], scores of the steps or None) -> booleans [R], or one for all.
Criterion = Callable[..., Any]


Ending = Literal["eos", "stop_string", "time"]


class Stopping:
    """The conditions that end one text by its own tokens or by time.

    Raises `OptionError` for stop_strings without a tokenizer to encode them.
    """

    def __init__(self, options: GenerationConfig, tokenizer: Any) -> None:
        self.eos = frozenset(token_list(options.eos_token_id))
        self.deadline = None if options.max_time is None else time.monotonic() + options.max_time
        self.strings = _StopStrings(options.stop_strings, tokenizer)

    @property
    def reach(self) -> int:
        """How many of a text's last tokens `ending` examines."""
        return max(1, self.strings.longest)

    def ending(self, ids: Sequence[int]) -> Ending | None:
        """The reason why a text ends with its last token; None if it continues."""
        if ids[-1] in self.eos:
            return "eos"
        if self.strings.strings and self.strings.ends(ids):
            return "stop_string"
        if self.deadline is not None and time.monotonic() > self.deadline:
            return "time"
        return None


def judge(
    criteria: Sequence[Criterion], ids: Array, scores: tuple[Array, ...] | None
) -> list[bool]:
    """Which rows at least one of the custom criteria ends.

    Args:
        criteria: the criteria; all are called.
        ids: the rows so far, [R, T].
        scores: the processed scores of the steps so far, if they are kept.
    """
    done = [False] * len(ids)
    for criterion in criteria:
        answer = criterion(ids, scores)
        answer = answer.tolist() if hasattr(answer, "tolist") else answer
        answers = answer if isinstance(answer, list) else [answer] * len(ids)
        done = [a or bool(b) for a, b in zip(done, answers, strict=True)]
    return done


class _StopStrings:
    """Whether a row's last token completes a stop string, by the rules of transformers.

    Bytes are compared, so a string may end in the middle of a token and begin in the prompt.
    """

    def __init__(self, strings: str | list[str] | None, tokenizer: Any) -> None:
        listed = [strings] if isinstance(strings, str) else list(strings or [])
        if listed and tokenizer is None:
            raise OptionError("stop_strings requires a tokenizer: generate(..., tokenizer=...).")
        if not all(listed):
            raise OptionError("stop_strings must not contain an empty string.")
        try:
            self.strings = [string.encode() for string in listed]
        except UnicodeEncodeError:
            raise OptionError("stop_strings contains a string that is not valid UTF-8.") from None
        self.longest = max(map(len, self.strings), default=0)
        self.bytes_of = lru_cache(4096)(lambda token: adopt(tokenizer).token_bytes(token))

    def ends(self, row: Sequence[int]) -> bool:
        last = self.bytes_of(row[-1])
        tail = b"".join(map(self.bytes_of, row[-self.longest :]))
        return any(tail.find(s, max(0, len(tail) - len(last) - len(s) + 1)) >= 0
                   for s in self.strings)  # fmt: skip
