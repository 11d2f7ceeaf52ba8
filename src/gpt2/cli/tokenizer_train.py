"""``gpt2 tokenizer-train``: learn a byte-level BPE vocabulary from text."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import click


@click.command("tokenizer-train")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--vocab-size", default=8192, show_default=True, help="Ids, 257 or more.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A folder.")
@click.option("--min-frequency", default=2, show_default=True, help="Merge no rarer pair.")
def command(files: tuple[str, ...], vocab_size: int, output: Path, min_frequency: int) -> None:
    """Learn a vocabulary from FILE... (files, folders, or - for standard input).

    The folder written is read by gpt2, transformers and, as vocab.json and merges.txt, by most
    others. <|endoftext|> in the text separates documents; it takes the last id, as in GPT-2.
    """
    from gpt2.tokenizer.bpe import END_OF_TEXT, to_signs
    from gpt2.tokenizer.training import train
    from gpt2.tokenizer.vocabulary import AddedToken, Vocabulary, write

    begin = time.perf_counter()
    notes = _Notes(vocab_size - 257)
    pieces = notes.reading(_read(files))
    vocab, merges = train(pieces, vocab_size, min_frequency=min_frequency, progress=notes.merged)
    signs = {to_signs(token): i for token, i in vocab.items()} | {END_OF_TEXT: len(vocab)}
    names = {f"{role}_token": END_OF_TEXT for role in ("bos", "eos", "unk")}
    write(
        output,
        Vocabulary(
            signs,
            [(to_signs(a), to_signs(b)) for a, b in merges],
            {len(vocab): AddedToken(END_OF_TEXT, special=True)},
            names,
        ),
    )
    seconds = time.perf_counter() - begin
    notes.line(f"{len(signs):,} tokens in {seconds:.1f} s: {output}\n")


def _read(files: tuple[str, ...]) -> Iterator[str]:
    from gpt2.tokenizer.training import CHUNK, read_pieces

    for file in files:
        if file == "-":
            stream = open(0, encoding="utf-8", errors="replace", newline="", closefd=False)  # noqa: SIM115
            yield from iter(lambda: stream.read(CHUNK), "")  # noqa: B023 (read at once)
        else:
            yield from read_pieces([file])


class _Notes:
    """Progress on standard error: rewritten on a terminal, a line now and then elsewhere."""

    def __init__(self, wanted: int) -> None:
        self.wanted = max(wanted, 1)
        self.begin = time.perf_counter()
        self.shown = self.begin
        self.terminal = sys.stderr.isatty()

    def reading(self, pieces: Iterable[str]) -> Iterator[str]:
        done = 0
        for piece in pieces:
            done += len(piece)
            self.sometimes(lambda: f"read {done / 1e6:,.0f} million characters")  # noqa: B023
            yield piece
        self.begin = time.perf_counter()

    def merged(self, done: int) -> None:
        def text() -> str:
            rate = done / max(time.perf_counter() - self.begin, 1e-9)
            left = (self.wanted - done) / rate
            return f"{done:,} of {self.wanted:,} merges, {rate:,.0f}/s, {left:.0f} s left"

        self.sometimes(text)

    def sometimes(self, text: object) -> None:
        now = time.perf_counter()
        if now - self.shown > (0.2 if self.terminal else 5):
            self.shown = now
            self.line(text())  # type: ignore[operator]

    def line(self, text: str) -> None:
        end = "" if self.terminal else "\n"
        start = "\r\x1b[K" if self.terminal else ""
        print(f"{start}{text.rstrip()}", end="\n" if text.endswith("\n") else end, file=sys.stderr)
        sys.stderr.flush()
