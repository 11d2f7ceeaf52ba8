"""`Spans`: the allowed next tokens when an answer must be a verbatim part of a text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import regex

from gpt2.errors import UnsupportedError
from gpt2.tasks.sentences import sentences
from gpt2.tasks.words import CHARACTER, RUN

# A word in an answer may contain punctuation: don't, 3.5, co-op.
_WORD = regex.compile(rf"{CHARACTER}|{RUN}(?:['’.,-]{RUN})*", regex.V1)


@dataclass(frozen=True)
class _Run:
    """A run as token ids; ``ends`` has the length of the text up to a word end after each token, or
    0 if no word ends there."""

    text: str
    ids: list[int]
    ends: list[int]


class Spans:
    """The runs of words in the sentences of a text, as token ids.

    A run starts and ends at word boundaries.

    Args:
        tokenizer: the tokenizer of the model.
        text: the text that contains the answer.
        most: the number of tokens in the longest run.

    Attributes:
        end: the id that ends a run: a line end, or in a vocabulary without one the separator.

    Raises `UnsupportedError` if the vocabulary has neither.
    """

    def __init__(self, tokenizer: Any, text: str, most: int) -> None:
        end = next(iter(tokenizer.encode_more("\n")), tokenizer.sep_token_id)
        if end is None:
            raise UnsupportedError(
                "an answer cannot be extracted with this tokenizer, which has neither a token for "
                "a line end nor a separator: use another mode."
            )
        self.end = int(end)
        self.runs: list[_Run] = []
        for sentence in sentences(text):
            places = [match.span() for match in _WORD.finditer(sentence)]
            bounds = [b for _, b in places]
            runs = (_run(tokenizer, sentence, bounds, start, most) for start, _ in places)
            self.runs += [run for run in runs if run.ids]

    def allow(self, so_far: list[int]) -> list[int]:
        """The ids that may follow ``so_far``, including the end if a run may end here."""
        live, depth = self._live(so_far), len(so_far)
        ends = {self.end} if any(depth and run.ends[depth - 1] for run in live) else set()
        return sorted(ends | {run.ids[depth] for run in live if len(run.ids) > depth})

    def text(self, ids: list[int]) -> str:
        """The words of the first run with these ids, as they stand in the text."""
        last = len(ids) - 1
        whole = (run for run in self._live(ids) if ids and run.ends[last])
        return next((run.text[: run.ends[last]] for run in whole), "")

    def after(self, start: int) -> Callable[[int, Any], list[int]]:
        """``prefix_allowed_tokens_fn`` for a prompt of ``start`` tokens."""
        return lambda prompt, ids: self.allow(ids[start:].tolist())

    def _live(self, ids: list[int]) -> list[_Run]:
        """The runs that begin with these ids."""
        return [run for run in self.runs if run.ids[: len(ids)] == ids]


def _run(tokenizer: Any, text: str, bounds: Sequence[int], start: int, most: int) -> _Run:
    """The longest run from a word on, up to the last word end.

    It is tokenised with a leading space, because it follows "A:".
    """
    longest = " " + text[start : start + 8 * most]
    encoding = tokenizer(longest, add_special_tokens=False, return_offsets_mapping=True)
    offsets = encoding["offset_mapping"]
    following = [begin for begin, _ in offsets[1:]] + [len(longest)]
    ends = []
    # A word also ends after a token if the rest of the word has none, such as a stripped accent.
    for (_, end), begin in islice(zip(offsets, following, strict=True), most):
        at = bisect_left(bounds, start + max(1, end - 1))
        ends.append(bounds[at] - start if at < len(bounds) and bounds[at] < start + begin else 0)
    last = max((i for i, end in enumerate(ends) if end), default=-1) + 1
    return _Run(longest[1:], encoding["input_ids"][:last], ends[:last])
