"""The time that `translate` saves by reading the examples once per document.

    python -m benchmarks.translate [--data FOLDER]

It translates three pages of a novel with the bundled model, with the same seven examples for every
batch of eight sentences, in turns with reading them again for every batch. The texts must be the
same.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.common import ROOT, interleaved, machine, spread, table, write
from benchmarks.long_inputs import MODEL, WORDS, novel

import gpt2

PAGES = 3


def tokens_read(model: Any, text: str) -> int:
    """The number of tokens that the engine reads, including those it generated."""
    counts: list[int] = []

    def counting(name: str) -> Any:
        real = getattr(model, name)

        def run(cache: Any, ids: Any, *rest: Any, **more: Any) -> Any:
            counts.append(sum(map(len, ids)))
            return real(cache, ids, *rest, **more)

        return mock.patch.object(model, name, run)

    with counting("extend"), counting("extend_top"):
        gpt2.translate(model, text, "fr")
    return sum(counts)


def describe(found: dict[str, Any]) -> str:
    ways = {"once": "once per document", "each": "for every eight sentences"}
    rows = [[name, spread(found["seconds"][way], 2), f"{found['tokens_read'][way]:,}"]
            for way, name in ways.items()]  # fmt: skip
    ratio = found["seconds"]["each"]["median"] / found["seconds"]["once"]["median"]
    return (
        f"{found['model']} at {found['dtype']} translates {found['pages']} pages into French. "
        "Reading the seven examples of the prompt only once gives the same text "
        f"{ratio:.2f} times as fast.\n\n"
        + table(["examples are read", "seconds", "tokens read and generated"], rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--rounds", type=int, default=25)
    given = parser.parse_args()
    here = machine(["numpy"])
    model = gpt2.load(MODEL)
    text = " ".join(novel(given.data)[: PAGES * WORDS])
    written: dict[str, str] = {}

    def again() -> contextlib.AbstractContextManager[Any]:
        return mock.patch.object(model, "keeping", contextlib.nullcontext)

    def once() -> None:
        written["once"] = gpt2.translate(model, text, "fr")

    def each() -> None:
        with again():
            written["each"] = gpt2.translate(model, text, "fr")

    seconds = interleaved({"once": once, "each": each}, given.rounds)
    assert written["once"] == written["each"]
    read = {"once": tokens_read(model, text)}
    with again():
        read["each"] = tokens_read(model, text)
    print(write("translate", {"machine": here, "model": MODEL, "dtype": model.dtype, "pages": PAGES,
                              "seconds": seconds, "tokens_read": read}))  # fmt: skip


if __name__ == "__main__":
    main()
