"""Measures how much of some texts occurs verbatim in a corpus: n-gram shares, longest match.

As in the GPT-2 paper (section 4), texts become lower-case words of letters and digits, and the
8-grams of one are looked up in the other. The paper used Bloom filters of the training text. Here
the queried texts, samples or a test set, are kept in memory and the corpus is streamed, so memory
is that of the texts and one block, whatever the size of the corpus. In languages written without
spaces, such as Chinese, each character is a word.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from gpt2.data.tokens import TokenData
from gpt2.errors import OptionError
from gpt2.randomness import random_bits
from gpt2.tasks.words import words
from gpt2.tokenizer import Tokenizer

NGRAM = 8
MOST_PLACES = 8  # occurrences of one n-gram in the texts that are followed for the longest match
BLOCK = 1 << 20  # tokens decoded at a time
NEAR = 4096  # tokens before the end of a block to search for the end of a word


@dataclasses.dataclass(frozen=True)
class Copied:
    """The parts of a text that occur in the corpus.

    Attributes:
        ngrams: the number of n-grams in the text.
        found: the number of them that occur in the corpus.
        longest: the number of words in the longest run that occurs in the corpus; 0 if shorter than
            an n-gram.
        text: that run, as normalised words.
    """

    ngrams: int
    found: int
    longest: int
    text: str

    @property
    def share(self) -> float:
        """The fraction of the n-grams that occur in the corpus; 0 if the text has none."""
        return self.found / self.ngrams if self.ngrams else 0.0


def words_of(text: str) -> list[str]:
    """The words to compare: lower case, letters and digits only."""
    return words(text.lower())


class Rest(str):
    """A part of a corpus that continues the document of the part before it."""


def overlap(texts: Sequence[str], corpus: Iterable[str], n: int = NGRAM) -> list[Copied]:
    """Find which parts of each text occur in a corpus of documents, long ones in parts (`Rest`).

    No match crosses from one document into the next. The longest match is exact unless an n-gram
    occurs more than `MOST_PLACES` times in the texts; then the true match may be longer than the
    reported one.
    """
    known = [words_of(text) for text in texts]
    numbers: dict[str, int] = {}
    for word in (word for text in known for word in text):
        numbers.setdefault(word, len(numbers) + 1)  # 0 is any other word
    search = Search([[numbers[word] for word in text] for text in known], n)
    most = max(map(len, known), default=0)  # no match is longer, so none is lost at a border
    before = np.empty(0, np.int64)
    for part in corpus:
        numbered = np.array([numbers.get(word, 0) for word in words_of(part)], np.int64)
        if isinstance(part, Rest):
            numbered = np.concatenate([before, numbered])
        search.look_through(numbered)
        before = numbered[len(numbered) - min(most, len(numbered)) :]
    return [
        Copied(count, copied, longest, " ".join(text[start : start + longest]))
        for text, (count, copied, longest, start) in zip(known, search.results(), strict=True)
    ]


def texts_of(data: TokenData, limit: int | None = None) -> Iterator[str]:
    """The documents of a corpus.

    A document that crosses a border of `BLOCK` tokens comes in parts, cut between words; the later
    parts are `Rest`. ``limit`` is the approximate maximum number of tokens.
    """
    tokenizer, size = data.tokenizer(), len(data) if limit is None else min(limit, len(data))
    start, goes_on = 0, False
    while start < size:
        ids = data.run(start, min(BLOCK, size - start))
        if start + len(ids) < size:
            ids = ids[: _border(ids, tokenizer)]
        start += len(ids)
        for document in np.split(ids, np.flatnonzero(ids == data.end_of_text) + 1):
            if len(document):
                text = tokenizer.decode(document.tolist(), skip_special_tokens=True)
                yield Rest(text) if goes_on else text
                goes_on = document[-1] != data.end_of_text


def _border(ids: np.ndarray, tokenizer: Tokenizer) -> int:
    """The last position where tokens can be cut between words, before a space or a special token;
    if none is near, as in Chinese, between characters."""
    special = set(tokenizer.all_special_ids)
    near = [(at, int(ids[at])) for at in range(len(ids) - 1, max(0, len(ids) - NEAR), -1)]
    begins = [(at, id_ in special, tokenizer.token_bytes(id_)[:1]) for at, id_ in near]
    words_end = (at for at, apart, first in begins if apart or first.isspace())
    characters_end = (at for at, _, first in begins if first and first[0] & 0xC0 != 0x80)
    return next(words_end, next(characters_end, len(ids)))


class Search:
    """Sequences of integers whose n-grams are looked up in other sequences.

    N-grams are compared by 64-bit hashes: with a million n-grams in the texts and 10^10 in the
    corpus, the chance of a single false match is below one in a thousand.
    """

    def __init__(self, sequences: Sequence[Sequence[int]], n: int) -> None:
        if n < 1:
            raise OptionError(f"an n-gram must have at least 1 word, found {n}.")
        self.n = n
        hashes = [self._hashes(np.array(sequence, np.int64)) for sequence in sequences]
        self._first = np.cumsum([0, *(len(h) for h in hashes)])  # where each sequence begins
        flat = np.concatenate([*hashes, np.empty(0, np.uint64)])
        self._order = np.argsort(flat, kind="stable")
        self._sorted = flat[self._order]
        self._hits = np.zeros(len(flat), bool)
        self._run = np.zeros(len(flat), np.int64)  # n-grams in the longest run that starts there
        owner = np.repeat(np.arange(len(hashes)), [len(h) for h in hashes])
        self._place = np.arange(len(flat)) + owner  # positions of two sequences are never adjacent

    def look_through(self, corpus: np.ndarray) -> None:
        """Record which n-grams occur in ``corpus``, int64 [words]."""
        if not len(self._sorted):
            return
        hashes = self._hashes(corpus)
        low = np.searchsorted(self._sorted, hashes, "left")
        hits = np.flatnonzero(self._sorted[np.minimum(low, len(self._sorted) - 1)] == hashes)
        if not len(hits):
            return
        low = low[hits]
        times = np.searchsorted(self._sorted, hashes[hits], "right") - low
        marked = np.unique(low)
        for start, stop in zip(marked, np.searchsorted(self._sorted, self._sorted[marked], "right"),
                               strict=True):  # fmt: skip
            self._hits[self._order[start:stop]] = True
        self._follow(hits, low, np.minimum(times, MOST_PLACES))

    def results(self) -> list[tuple[int, int, int, int]]:
        """For each sequence: n-grams, matched n-grams, words in the longest match, its start."""
        out = []
        for start, stop in zip(self._first, self._first[1:], strict=False):
            hits, runs = self._hits[start:stop], self._run[start:stop]
            at = int(runs.argmax()) if len(runs) else 0
            best = int(runs[at]) if len(runs) else 0
            out.append((len(hits), int(hits.sum()), best + self.n - 1 if best else 0, at))
        return out

    def _follow(self, hits: np.ndarray, low: np.ndarray, times: np.ndarray) -> None:
        """Extend runs of n-grams that are adjacent both in the corpus and in a text."""
        at = np.repeat(hits, times)  # in the corpus
        within = np.arange(len(at)) - np.repeat(np.cumsum(times) - times, times)
        number = self._order[np.repeat(low, times) + within]
        place = self._place[number]
        order = np.lexsort((at, at - place))
        at, place, number = at[order], place[order], number[order]
        new = np.ones(len(at), bool)
        new[1:] = (np.diff(at - place) != 0) | (np.diff(at) != 1)
        starts = np.flatnonzero(new)
        lengths = np.diff([*starts, len(at)])
        np.maximum.at(self._run, number[starts], lengths)

    def _hashes(self, words: np.ndarray) -> np.ndarray:
        """A hash of each n-gram: uint64 [words - n + 1]."""
        count = max(0, len(words) - self.n + 1)
        total = np.zeros(count, np.uint64)
        mixed = words.astype(np.uint64)
        for place in range(self.n):
            factor = np.uint64(random_bits(self.n, place) | 1)
            part = (mixed[place : place + count] + np.uint64(place + 1)) * factor
            total += part ^ (part >> np.uint64(29))
        total *= np.uint64(0xBF58476D1CE4E5B9)
        return total ^ (total >> np.uint64(32))
