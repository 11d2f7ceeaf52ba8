"""`Composer`: limits repetition and length while a text is written.

No run of four words may occur more than three times. It counts what a reader sees, not tokens:
words only (`gpt2.tasks.words`), and words with punctuation marks, ignoring case.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import regex

from gpt2.generation import arrays
from gpt2.generation.arrays import Array
from gpt2.tasks.words import WORD, words

UNIT = regex.compile(rf"{WORD.pattern}|\S", regex.V1)
RUN, MOST = 4, 3
BLANKS = 3  # consecutive white space: a blank line and an indentation


class _Runs:
    """The runs of four units in a growing text; the last unit is not counted yet, because it may
    grow."""

    def __init__(self, unit: regex.Pattern[str]) -> None:
        self.unit = unit
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.last: list[str] = []  # the units before the tail, as many as a run needs
        self.tail = ""  # the text from the last unit on
        self.open = ""  # that last unit
        self.total = 0  # units before the tail

    def add(self, piece: str) -> None:
        """Append a piece that `allows` has accepted."""
        text = self.tail + piece
        units = list(self.unit.finditer(text))
        for match in units[:-1]:
            self.last = [*self.last, match.group().lower()][-RUN:]
            self.total += 1
            if len(self.last) == RUN:
                self.counts[tuple(self.last)] += 1
        self.tail = text[units[-1].start() :] if units else text
        self.open = units[-1].group().lower() if units else ""

    def allows(self, piece: str) -> bool:
        """Whether no run occurs more than three times if this piece is appended."""
        if piece[:1] == " " and piece[1:].isascii() and piece[1:].isalpha():
            run = (*self.last[-(RUN - 2) :], self.open, piece[1:].lower())
            if len(set(run)) > 1:  # one new run: the usual case, decided quickly
                return self.counts[run] < MOST
        before = self.last[-(RUN - 1) :]
        units = before + [unit.lower() for unit in self.unit.findall(self.tail + piece)]
        new: Counter[tuple[str, ...]] = Counter(
            tuple(units[i : i + RUN]) for i in range(len(units) - RUN + 1)
        )
        return all(self.counts[run] + times <= MOST for run, times in new.items())


class Composer:
    """A logits processor and a stopping criterion for one text, as `generate` accepts them.

    Args:
        tokenizer: the tokenizer of the model.
        start: the number of tokens in the prompt.
        lead: the beginning of the text, if it is already given.
        top_k: the number of tokens to sample from: the most probable allowed ones.
        ends: ids that end a text; they are not allowed before ``least`` words.
        least: the minimum number of words.
        enough: whether a text with that many words may end here.
    """

    def __init__(
        self,
        tokenizer: Any,
        start: int,
        lead: str,
        top_k: int,
        ends: Iterable[int],
        least: int,
        enough: Callable[[str, int], bool],
    ) -> None:
        self.tokenizer, self.read, self.top_k = tokenizer, start, top_k
        self.ends, self.least, self.enough = frozenset(ends), least, enough
        self.runs = [_Runs(WORD), _Runs(UNIT)]
        self.blank = list(tokenizer.encode_more("\n"))[:1]
        self.pieces: dict[int, str] = {}  # of tokens that are complete characters
        self.bytes = _decoder()
        self.text = ""
        self.tokens = 0
        self._add(lead)

    @property
    def count(self) -> int:
        """The number of words so far."""
        of_words = self.runs[0]
        return of_words.total + len(words(of_words.tail))

    def process(self, ids: Array, scores: Array) -> Array:
        """Set the scores [1, V] to -inf, except for the ``top_k`` best allowed tokens."""
        self._sync(ids)
        values = arrays.to_numpy(scores)[0]
        mask = np.zeros(values.shape, dtype=bool)
        left = self.top_k
        for token in _best_first(values):
            if left == 0 or values[token] == -np.inf:
                break
            if self._may_come(token):
                mask[token] = True
                left -= 1
        if not mask.any():  # white space adds no run, but WordPiece has none
            mask[self.blank or values.argmax()] = True
        return arrays.where(arrays.booleans(scores, mask[None]), scores, -arrays.INF)

    def stop(self, ids: Array, scores: Any) -> bool:
        """Whether the text is long enough."""
        self._sync(ids)
        return self.enough(self.text, self.count)

    def _may_come(self, token: int) -> bool:
        if token in self.ends:
            return self.count >= self.least
        piece = self._piece(token)
        blank = len(piece) - len(piece.lstrip())
        if blank and len(self.text) - len(self.text.rstrip()) + blank > BLANKS:
            return False
        return all(runs.allows(piece) for runs in self.runs)

    def _piece(self, token: int) -> str:
        """The text that a token adds, without a character that is still incomplete."""
        pending = self.bytes.getstate()[0]
        if not pending and token in self.pieces:
            return self.pieces[token]
        decoder = _decoder()
        piece = _whole(decoder, pending + self.tokenizer.token_bytes(token))
        if not pending and not decoder.getstate()[0]:
            self.pieces[token] = piece
        return piece

    def _sync(self, ids: Array) -> None:
        new = ids[0, self.read :].tolist()
        self.read += len(new)
        for token in new:
            if token not in self.ends:
                self.tokens += 1
                self._add(_whole(self.bytes, self.tokenizer.token_bytes(token)))

    def _add(self, piece: str) -> None:
        self.text += piece
        for runs in self.runs:
            runs.add(piece)


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("ignore")


def _whole(decoder: codecs.IncrementalDecoder, content: bytes) -> str:
    """The characters that are complete so far, without invalid bytes and replacement characters."""
    return decoder.decode(content).replace("\ufffd", "")


def _best_first(values: np.ndarray[Any, Any], few: int = 128) -> Iterator[int]:
    """Yield indices of the values in descending order; the first few without a full sort."""
    few = min(few, len(values))
    head = np.argpartition(-values, few - 1)[:few]
    yield from head[np.lexsort((head, -values[head]))].tolist()
    if few < len(values):
        yield from np.argsort(-values, kind="stable")[few:].tolist()
