"""``gpt2 tokenizer-train``: learn a byte-level BPE vocabulary from text."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from gpt2.cli.options import QUIET, drop_unset, next_step, options_of, say
from gpt2.cli.places import NAME, OVERWRITE, PATH, check_free
from gpt2.cli.progress import Progress
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
    """Train a byte-level BPE tokenizer on FILE..., read as gpt2 prepare reads its sources.

    gpt2 and transformers can load the resulting folder, and most other libraries its vocab.json and
    merges.txt. <|endoftext|> in the text separates documents and gets the last id, as in GPT-2.
    """
    from gpt2.data import PrepareConfig, sources
    from gpt2.data.formats import Reading
    from gpt2.tokenizer import train_tokenizer

    check_free(output, overwrite)
    given = PrepareConfig(**drop_unset(options))
    how = Reading(encoding=given.encoding, fields=given.fields)
    begin = time.perf_counter()
    reading = Progress("reading", unit="characters", quiet=quiet)
    merging = Progress("merging", unit="merges", total=vocab_size - 257, quiet=quiet)
    with reading, merging:
        texts = reading.over(sources.texts(sources.find(files, output), how), len)
        tokenizer = train_tokenizer(
            texts, vocab_size, min_frequency=min_frequency, progress=merging.to
        )
    for name, reason in how.skipped.items():
        say(f"note: skipped, not text: {name} ({reason})", quiet)
    tokenizer.save_pretrained(output)
    seconds = time.perf_counter() - begin
    say(f"{len(tokenizer):,} tokens in {seconds:.1f} s: {output}", quiet)
    names = "{} " * len(files)
    next_step(f"gpt2 prepare {names}-o TOKENS --tokenizer {{}}", *files, output, quiet=quiet)
