"""``gpt2 tokenizer-train``: learn a byte-level BPE vocabulary from text."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gpt2.cli.options import QUIET, drop_unset, next_step, options_of, say
from gpt2.cli.places import NAME, OVERWRITE, PATH, check_free
from gpt2.cli.progress import Progress
from gpt2.errors import InputError
from gpt2.files.detect import TextFiles


@click.command("tokenizer-train")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=NAME)
@click.option(
    "--vocab-size", default=8192, show_default=True, help="Size of the vocabulary, at least 257."
)
@click.option("-o", "--output", required=True, type=PATH, help="Folder to write.")
@click.option("--min-frequency", default=2, show_default=True,
              help="Minimum number of times a pair must occur to be merged.")  # fmt: skip
@OVERWRITE
@QUIET
@options_of(TextFiles)
def command(
    files: tuple[str, ...],
    vocab_size: int,
    output: Path,
    min_frequency: int,
    overwrite: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a byte-level BPE tokenizer on FILE... (files, folders, or - for standard input).

    gpt2 and transformers can load the resulting folder, and most other libraries its vocab.json and
    merges.txt. <|endoftext|> in the text separates documents and gets the last id, as in GPT-2.
    """
    from gpt2.tokenizer import train_tokenizer

    check_free(output, overwrite)
    begin = time.perf_counter()
    reading = Progress("reading", unit="characters", quiet=quiet)
    merging = Progress("merging", unit="merges", total=vocab_size - 257, quiet=quiet)
    with reading, merging:
        texts = reading.over(_read(files, **drop_unset(options)), len)
        tokenizer = train_tokenizer(
            texts,
            vocab_size,
            min_frequency=min_frequency,
            joined=True,
            progress=merging.to,
        )
    tokenizer.save_pretrained(output)
    seconds = time.perf_counter() - begin
    say(f"{len(tokenizer):,} tokens in {seconds:.1f} s: {output}", quiet)
    sources = "{} " * len(files)
    next_step(f"gpt2 prepare {sources}-o TOKENS --tokenizer {{}}", *files, output, quiet=quiet)


def _read(files: tuple[str, ...], encoding: str = "utf-8") -> Iterator[str]:
    from gpt2.tokenizer.training import CHUNK, read_pieces

    for file in files:
        if file == "-":
            if sys.stdin is None:
                raise InputError("standard input is closed.")
            with open(0, encoding=encoding, errors="replace", newline="", closefd=False) as stream:
                while piece := stream.read(CHUNK):
                    yield piece
        else:
            yield from read_pieces([file], encoding, say)
