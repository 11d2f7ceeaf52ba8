"""What is held out for validation: some documents whole, or the end of each.

Documents are chosen by their hash, so duplicates are on one side. Of many documents a hash below
the share is enough; of few that would often be none, so there as many as the share says are chosen.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from itertools import chain

from gpt2.data.formats import Document

FEW = 20  # documents: with fewer, whole ones make no fair validation split
SOME = 8  # documents expected to be held out, from which on chance is fair: none in 3,000 tries
FAIR = 200  # characters of a document's end that say something
LOOK = 32 << 20  # characters looked at to see how many documents there are
SPAN = 1 << 48  # of the hashes as numbers

Item = tuple[Document, int, int]


@dataclasses.dataclass(frozen=True)
class Held:
    """The choice: the end of each document, or those whose hash is below a number."""

    tail: bool
    below: int = 0


def choose(
    documents: Iterator[Item],
    share: float,
    by: str,
    digests: Callable[[Document], list[bytes]],
) -> tuple[Held, Iterator[Item]]:
    """How to hold out ``share`` of some documents, by a look at the first; and all of them.

    Args:
        documents: what there is.
        share: of the text.
        by: "document", "tail", or "auto": the end of each where they are few and long.
        digests: the hashes of a document's texts.
    """
    if by == "tail" or not share:
        return Held(by == "tail"), documents
    enough = max(FEW, math.ceil(SOME / share))
    looked: list[Item] = []
    characters = 0
    while len(looked) < enough and characters < LOOK and (item := next(documents, None)):
        looked.append(item)
        characters += len(item[0])
    every = chain(looked, documents)
    if len(looked) >= enough:
        return Held(False, int(share * SPAN)), every
    if by == "auto" and (len(looked) < FEW or share * characters / len(looked) >= FAIR):
        return Held(True), every
    if characters >= LOOK:  # there may be more
        return Held(False, int(share * SPAN)), every
    hashes = sorted({digest for item in looked for digest in digests(item[0])})
    return Held(False, _border(hashes, share)), every


def chosen(digest: bytes, below: int) -> bool:
    """Whether a document is held out."""
    return _number(digest) < below


def _border(digests: list[bytes], share: float) -> int:
    """The number below which are as many as the share says: one at least, and not all."""
    if len(digests) < 2:
        return 0
    return _number(digests[min(max(1, round(share * len(digests))), len(digests) - 1)])


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:6], "big")
