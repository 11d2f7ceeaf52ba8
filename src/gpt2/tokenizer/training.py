"""Train a byte-level BPE vocabulary on text (Sennrich et al. 2016, algorithm 1; Radford 2019).

By definition: count every pair of neighbours in all words, merge the most frequent pair everywhere,
and repeat. Here the counts are updated incrementally instead: a merge touches only the words that
contain the pair, and a heap that tolerates outdated entries yields the next one. Ties go to the
pair whose bytes are lexicographically greatest, so a corpus determines its vocabulary.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gpt2.errors import InputError, OptionError
from gpt2.tokenizer.bpe import END_OF_TEXT, Pair, byte_to_unicode, split, to_signs, well_formed
from gpt2.tokenizer.vocabulary import AddedToken

if TYPE_CHECKING:
    from gpt2.tokenizer.tokenizer import GPT2Tokenizer

Ids = tuple[int, int]
Progress = Callable[[int], None]

CHUNK = 1 << 20  # characters


def train(
    texts: Iterable[str],
    vocab_size: int,
    *,
    special_tokens: tuple[str, ...] = (END_OF_TEXT,),
    min_frequency: int = 1,
    progress: Progress | None = None,
) -> tuple[dict[bytes, int], list[Pair]]:
    """Train a vocabulary on the pieces of a text.

    Args:
        texts: the text, cut anywhere (a stream); words are joined across the cuts. A special token
            in it separates documents and is not counted.
        vocab_size: the total number of ids: 256 bytes, the merges and the special tokens. The
            result is smaller if the text has no more pairs to merge.
        special_tokens: they take the last ids, as in GPT-2.
        min_frequency: a less frequent pair is not merged.
        progress: called after each merge with the number of merges so far.

    Returns:
        token -> id (without the special tokens, which follow), and the merges in order.

    Raises:
        OptionError: vocab_size is too small to hold the bytes and the special tokens.
        InputError: the text is empty.
    """
    wanted = vocab_size - 256 - len(special_tokens)
    if wanted < 0:
        least = 256 + len(special_tokens)
        raise OptionError(
            f"vocab_size must be at least {least} (256 bytes and {len(special_tokens)} special "
            f"tokens), found {vocab_size}."
        )
    words = count_words(texts, special_tokens)
    if not words:
        raise InputError("there is no text to train a vocabulary on.")
    return _Merger(words).run(wanted, max(1, min_frequency), progress)


def train_like(
    old: GPT2Tokenizer,
    texts: Iterable[str | Iterable[str]],
    vocab_size: int,
    *,
    new_special_tokens: Iterable[Any] | None = None,
    min_frequency: int = 1,
    length: int | None = None,
) -> GPT2Tokenizer:
    """Train a tokenizer with the special tokens and settings of ``old``; see `train_tokenizer`."""
    special = [token for token in old.added_tokens_decoder.values() if token.special]
    special += [AddedToken.of(token, special=True) for token in new_special_tokens or ()]
    named = tuple(dict.fromkeys(token.content for token in special))
    each = (t for part in texts for t in ([part] if isinstance(part, str) else part))
    vocab, merges = train(
        apart(each), vocab_size, special_tokens=tuple(dict.fromkeys((*named, END_OF_TEXT))),
        min_frequency=max(1, min_frequency),
    )  # fmt: skip
    roles = dict.fromkeys(type(old).ROLE_DEFAULTS) | old.special_tokens_map
    return build_tokenizer(
        type(old), vocab, merges, special,
        **roles,
        extra_special_tokens=old.extra_special_tokens,
        errors=old.errors,
        add_prefix_space=old.add_prefix_space,
        model_max_length=old.model_max_length,
        padding_side=old.padding_side,
        truncation_side=old.truncation_side,
        chat_template=old.chat_template,
        add_bos_token=old.add_bos_token,
        add_eos_token=old.add_eos_token,
    )  # fmt: skip


def apart(texts: Iterable[str]) -> Iterator[str]:
    """Separate the texts into documents with end-of-text tokens."""
    for text in texts:
        yield text
        yield END_OF_TEXT


def build_tokenizer(
    kind: type[GPT2Tokenizer],
    vocab: dict[bytes, int],
    merges: list[Pair],
    special: Iterable[AddedToken],
    **settings: Any,
) -> GPT2Tokenizer:
    """Make a tokenizer from a trained vocabulary; special tokens take the last ids."""
    signs = {to_signs(token): i for token, i in vocab.items()}
    added = {}
    for token in special:
        i = signs.setdefault(token.content, len(signs))
        added[i] = token
    pairs = [(to_signs(a), to_signs(b)) for a, b in merges]
    return kind(signs, pairs, added=added, **settings)


def count_words(texts: Iterable[str], special_tokens: tuple[str, ...]) -> Counter[str]:
    """Count each word. Memory grows with the number of distinct words, not with the text."""
    counts: Counter[str] = Counter()
    longest = max(map(len, special_tokens), default=0)
    rest = ""
    for text in texts:
        *documents, rest = _documents(well_formed(rest + text), special_tokens)
        for document in documents:
            counts.update(split(document))
        if len(rest) >= CHUNK // 16:
            words = split(rest)
            kept = _find_unfinished(words, longest)
            rest = "".join(words[kept:])
            counts.update(words[:kept])
    counts.update(split(rest))
    return counts


def _find_unfinished(words: list[str], longest: int) -> int:
    """The index of the first word whose split could still change with more text.

    The last word may continue, the one before may be the ' of a contraction, and the rest must be
    long enough for the beginning of a special token.
    """
    held, at = 0, len(words)
    while at and (held < longest or len(words) - at < 2):
        at -= 1
        held += len(words[at])
    return at


def _documents(text: str, special_tokens: tuple[str, ...]) -> list[str]:
    parts = [text]
    for special in special_tokens:
        parts = [piece for part in parts for piece in part.split(special)]
    return parts


class _Merger:
    """The words as ids, the counts of all pairs, and where each pair occurs."""

    def __init__(self, counts: Counter[str]) -> None:
        self.tokens = [bytes([byte]) for byte in byte_to_unicode()]
        self.keys = [_descending(token) for token in self.tokens]
        ids = {token[0]: i for i, token in enumerate(self.tokens)}
        self.words = [[ids[byte] for byte in word.encode()] for word in counts]
        self.times = list(counts.values())
        self.pairs: dict[Ids, int] = defaultdict(int)
        self.places: dict[Ids, set[int]] = defaultdict(set)
        for at, (word, times) in enumerate(zip(self.words, self.times, strict=True)):
            for pair in pairwise(word):
                self.pairs[pair] += times
                self.places[pair].add(at)
        self.heap = [self._entry(pair) for pair in self.pairs]
        heapq.heapify(self.heap)

    def run(
        self, wanted: int, least: int, progress: Progress | None
    ) -> tuple[dict[bytes, int], list[Pair]]:
        """Merge ``wanted`` times, or until no pair occurs at least ``least`` times."""
        merges: list[Pair] = []
        while len(merges) < wanted and (pair := self._commonest(least)) is not None:
            left, right = self.tokens[pair[0]], self.tokens[pair[1]]
            self.tokens.append(left + right)
            self.keys.append(_descending(left + right))
            merges.append((left, right))
            self._merge(pair, len(self.tokens) - 1)
            if progress:
                progress(len(merges))
        return {token: i for i, token in enumerate(self.tokens)}, merges

    def _entry(self, pair: Ids) -> tuple[int, str, str, Ids]:
        return -self.pairs[pair], self.keys[pair[0]], self.keys[pair[1]], pair

    def _commonest(self, least: int) -> Ids | None:
        while self.heap:
            count, _, _, pair = heapq.heappop(self.heap)
            if self.pairs.get(pair) == -count:  # otherwise the entry is outdated
                return pair if -count >= least else None
        return None

    def _merge(self, pair: Ids, new: int) -> None:
        """Replace the pair by ``new`` in every word, and update the counts around it."""
        changed: dict[Ids, int] = defaultdict(int)
        for at in self.places.pop(pair):
            self._merge_in(at, pair, new, changed)
        for touched, difference in changed.items():
            if difference and touched != pair:
                self.pairs[touched] += difference
                if self.pairs[touched] > 0:
                    heapq.heappush(self.heap, self._entry(touched))
                else:
                    del self.pairs[touched]
                    self.places.pop(touched, None)
        del self.pairs[pair]

    def _merge_in(self, at: int, pair: Ids, new: int, changed: dict[Ids, int]) -> None:
        """Replace the pair in one word, from the left; only its neighbours' counts change."""
        word, times = self.words[at], self.times[at]
        left, right = pair
        i = _index(word, left, 0)
        while i < len(word) - 1:
            if word[i + 1] == right:
                if i > 0:
                    changed[word[i - 1], left] -= times
                    changed[word[i - 1], new] += times
                    self.places[word[i - 1], new].add(at)
                if i + 2 < len(word):
                    changed[right, word[i + 2]] -= times
                    changed[new, word[i + 2]] += times
                    self.places[new, word[i + 2]].add(at)
                word[i : i + 2] = [new]
            i = _index(word, left, i + 1)


def _index(word: list[int], token: int, start: int) -> int:
    """The first place of ``token`` from ``start`` on, or the word's length."""
    try:
        return word.index(token, start)
    except ValueError:
        return len(word)


def _descending(token: bytes) -> str:
    """A key that sorts the greatest bytes first; the final character sorts prefixes last."""
    return "".join(chr(255 - byte) for byte in token) + "\u0100"
