"""Chooses what to hold out for validation: some complete documents, or the end of each.

Documents are chosen by their hash, so duplicates stay on the same side. With many documents, those
with a hash below the share are held out. With few, that would often select none, so exactly the
number that the share implies is chosen.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from itertools import chain

from gpt2.data.formats import Document

FEW = 20  # documents: with fewer, complete ones do not make a fair validation split
SOME = 8  # expected held-out documents above which chance is fair: none in 3,000 tries
FAIR = 200  # characters that make the end of a document a useful sample
LOOK = 32 << 20  # characters to read to estimate the number of documents
SPAN = 1 << 48  # range of the hashes as numbers

Item = tuple[Document, int, int]


@dataclasses.dataclass(frozen=True)
class Held:
    """The choice: the end of each document, or the documents whose hash is below a number."""

    tail: bool
    below: int = 0


def choose(
    documents: Iterator[Item],
    share: float,
    by: str,
    digests: Callable[[Document], list[bytes]],
) -> tuple[Held, Iterator[Item]]:
    """Decide how to hold out ``share`` of some documents by looking at the first ones.

    Returns the decision and an iterator over all the documents.

    Args:
        documents: the documents.
        share: the fraction of the text to hold out.
        by: "document", "tail", or "auto": the end of each if they are few and long.
        digests: returns the hashes of the texts in a document.
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
    if characters >= LOOK:  # there may be more documents
        return Held(False, int(share * SPAN)), every
    hashes = sorted({digest for item in looked for digest in digests(item[0])})
    return Held(False, _border(hashes, share)), every


def is_held_out(digest: bytes, below: int) -> bool:
    """Whether a document is held out."""
    return _number(digest) < below


def _border(digests: list[bytes], share: float) -> int:
    """The number that the share of the hashes lies below: at least one hash, but not all."""
    if len(digests) < 2:
        return 0
    return _number(digests[min(max(1, round(share * len(digests))), len(digests) - 1)])


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:6], "big")
