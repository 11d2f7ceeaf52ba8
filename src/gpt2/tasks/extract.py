"""`Spans`: the allowed next tokens when an answer must be a verbatim part of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import regex

from gpt2.tasks.sentences import sentences
from gpt2.tasks.words import CHARACTER, RUN

# A word in an answer may contain punctuation: don't, 3.5, co-op.
_WORD = regex.compile(rf"{CHARACTER}|{RUN}(?:['’.,-]{RUN})*", regex.V1)


class Spans:
    """The runs of words in the sentences of a text, as token ids.

    A run starts and ends at word boundaries.

    Args:
        tokenizer: the tokenizer of the model.
        text: the text that contains the answer.
        most: the number of tokens in the longest run.
    """

    def __init__(self, tokenizer: Any, text: str, most: int) -> None:
        self.end = list(tokenizer.encode_more("\n"))[:1]
        self.starts: list[list[tuple[int, bool]]] = []
        for sentence in sentences(text):
            places = [match.span() for match in _WORD.finditer(sentence)]
            bounds = {b for _, b in places}
            # Each run is tokenised with a leading space, because it follows "A:".
            self.starts += [list(_run(tokenizer, sentence, bounds, a, most)) for a, _ in places]

    def allow(self, so_far: list[int]) -> list[int]:
        """The ids that may follow ``so_far``, including a line end if a run may end here."""
        live = [run for run in self.starts if [token for token, _ in run[: len(so_far)]] == so_far]
        depth = len(so_far)
        ends = depth > 0 and any(len(run) >= depth and run[depth - 1][1] for run in live)
        following = {run[depth][0] for run in live if len(run) > depth}
        return sorted(following | set(self.end if ends else []))

    def after(self, start: int) -> Callable[[int, Any], list[int]]:
        """``prefix_allowed_tokens_fn`` for a prompt of ``start`` tokens."""
        return lambda prompt, ids: self.allow(ids[start:].tolist())


def _run(
    tokenizer: Any, text: str, bounds: set[int], start: int, most: int
) -> Iterator[tuple[int, bool]]:
    """Yield tokens and whether a word ends after them, up to the last word end."""
    longest = text[start : start + 8 * most]
    ids = list(tokenizer.encode_more(" " + longest))[:most]
    ends, read = [], b""
    for token in ids:
        read += tokenizer.token_bytes(token)
        try:
            length = len(read.decode()) - 1  # without the space
            ends.append(length > 0 and start + length in bounds)
        except UnicodeDecodeError:  # in the middle of a character
            ends.append(False)
    last = max((i for i, end in enumerate(ends) if end), default=-1)
    return zip(ids[: last + 1], ends[: last + 1], strict=True)
