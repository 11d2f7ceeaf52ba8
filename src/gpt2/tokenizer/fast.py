"""The interface to the fast library: byte-level BPE with `tiktoken`, exact for any merges.

tiktoken only knows bytes and ranks: it merges the two neighbours whose *joined bytes* have the
lowest rank, and returns ranks as ids. A vocabulary file says more: which *pair* makes a token, and
its id. The two agree if every token gets the rank of the merge that actually makes it, and tokens
that no merge ever makes get none; `reachable` finds them. This works because, while a text is
merged, what happens inside a span of bytes until two parts remain is independent of its context.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

from gpt2.errors import TokenizerError
from gpt2.machine import processors
from gpt2.tokenizer.bpe import Pair, merge_word, well_formed
from gpt2.tokenizer.signs import SPACES

# `bpe.SPLIT` with possessive quantifiers (++), which never backtrack and are faster.
SPLIT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
LONG_RUN = 8192  # of whitespace; tiktoken's stack overflows between 100,000 and 1,000,000


class FastBPE:
    """Encodes a text without special tokens into the ids of a vocabulary.

    Args:
        vocab: token -> id, only the byte-level tokens.
        merges: pairs in the order learned.

    Raises `TokenizerError` if the merges make a token that the vocabulary lacks.
    """

    def __init__(self, vocab: dict[bytes, int], merges: Sequence[Pair]) -> None:
        check_merges(vocab, merges)
        import tiktoken  # imported here because short texts do not need it

        order = reachable(merges)
        missing = [byte for byte in range(256) if bytes([byte]) not in vocab]
        ids = [vocab[token] for token in order]
        self._direct = not missing and all(a < b for a, b in pairwise(ids))
        singles = [bytes([byte]) for byte in range(256)]
        if self._direct:  # the ids have the same order as the ranks
            ranks = {token: vocab[token] for token in [*singles, *order]}
        else:
            ranks = {token: rank for rank, token in enumerate([*singles, *order])}
        self._ids = [] if self._direct else [vocab.get(token, -1) for token in ranks]
        self._missing = set(missing)
        self._core = tiktoken.Encoding(
            "gpt2", pat_str=SPLIT, mergeable_ranks=ranks, special_tokens={}
        )
        self._encode = self._core.encode_ordinary

    def encode(self, text: str) -> list[int]:
        """Encode a text, in time linear in its length for any contents.

        Lone surrogates become U+FFFD. Raises `TokenizerError` for a byte that the vocabulary lacks.
        """
        if len(text) >= LONG_RUN:
            ids = [i for part in cut_long_runs(well_formed(text)) for i in self._encode(part)]
        else:
            ids = self._encode(text)
        return ids if self._direct else self._translate(ids)

    def _translate(self, ranks: list[int]) -> list[int]:
        ids = [self._ids[rank] for rank in ranks]
        if self._missing and -1 in ids:
            byte = ranks[ids.index(-1)]
            raise TokenizerError(
                f"the vocabulary has no token for the byte 0x{byte:02x}: it was trained without "
                f"the full byte alphabet and cannot write this text."
            )
        return ids


def check_merges(vocab: Container[Any], merges: Iterable[tuple[Any, Any]]) -> None:
    """Raise `TokenizerError` if the vocabulary lacks a part or the result of a merge."""
    for left, right in merges:
        if left not in vocab or right not in vocab or left + right not in vocab:
            raise TokenizerError(
                f"vocabulary and merges do not belong together: the merge {left!r} {right!r} "
                f"has parts or a result that the vocabulary lacks."
            )


def threads(jobs: int) -> ThreadPoolExecutor | None:
    """A thread pool for a batch (tiktoken releases the GIL), or None if it would not pay off."""
    from concurrent.futures import ThreadPoolExecutor  # imported here because few calls need it

    workers = min(processors(), jobs)
    return ThreadPoolExecutor(workers) if workers > 1 else None


def cut_long_runs(text: str) -> list[str]:
    """Cut a text into parts with the same encoding, each long run of whitespace ending a part.

    The pattern leaves the last character of a run to the next word, and backtracks one step at a
    time to find it, which is unnecessary at the end of a text. Only positions that a long run must
    cover are checked.
    """
    cuts = [0]
    for at in range(LONG_RUN // 2, len(text), LONG_RUN // 2):
        if at > cuts[-1] and text[at] in SPACES:
            end = _end_of_run(text, at)
            if end == len(text):
                break
            if end - at >= LONG_RUN // 4:
                cuts.append(end - 1)
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _end_of_run(text: str, at: int) -> int:
    while at < len(text) and text[at] in SPACES:
        at += 1
    return at


def reachable(merges: Sequence[Pair]) -> list[bytes]:
    """The tokens that the merges actually make, in the order of the merges that make them.

    A merge never happens if earlier ones split its bytes differently ("b c" precedes "ab c").
    """
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    made = {left + right: rank for rank, (left, right) in enumerate(merges)}
    if len(made) == len(ranks) == len(merges) and _in_order(merges, made):
        dead: set[bytes] = set()
        for left, right in merges:
            if left in dead or right in dead or _crosses(left, right, merges, ranks, made):
                dead.add(left + right)
        return [token for token in made if token not in dead]
    # Irregular lists (a token made twice, or used before it is made): encode every token to check.
    rank_of = {}
    for token in made:
        parts = last_step(token, ranks)
        if parts is not None:
            rank_of[token] = ranks[parts]
    return sorted(rank_of, key=rank_of.__getitem__)


def _in_order(merges: Sequence[Pair], made: dict[bytes, int]) -> bool:
    return all(
        (len(part) == 1 or made.get(part, rank) < rank)
        for rank, pair in enumerate(merges)
        for part in pair
    )


def _crosses(
    left: bytes,
    right: bytes,
    merges: Sequence[Pair],
    ranks: dict[Pair, int],
    made: dict[bytes, int],
) -> bool:
    """Whether an earlier merge joins the end of ``left`` to the beginning of ``right``.

    Works backwards: at each step the newer of the two tokens at the border is split. A pair at the
    border is merged if its rank is below that of the merge that removed it; of equal ranks the
    leftmost goes first.
    """
    until = ranks[left, right]
    while True:
        older, newer = made.get(left, -1), made.get(right, -1)
        if older < 0 and newer < 0:
            return False
        if older > newer:  # split ``left`` into its two parts; the right one meets ``right``
            until, left = older, merges[older][1]
        else:
            until, right = newer + 1, merges[newer][0]
        if ranks.get((left, right), until) < until:
            return True


def last_step(token: bytes, ranks: dict[Pair, int]) -> Pair | None:
    """The pair whose merge completes ``token`` when it is encoded alone, or None."""
    last: list[Pair] = []
    whole = merge_word(token, ranks, last)
    return last[-1] if len(whole) == 1 and last else None
