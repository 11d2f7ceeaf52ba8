"""``gpt2 decompress``: what ``gpt2 compress`` was given."""

from __future__ import annotations

from pathlib import Path

import click

from gpt2.cli.compress import DTYPE, OUTPUT, THREADS, write
from gpt2.cli.options import MODEL, QUIET
from gpt2.cli.places import OVERWRITE, PATH, check_free
from gpt2.cli.progress import Progress
from gpt2.errors import OptionError
from gpt2.files import read_bytes


@click.command()
@click.argument("file", type=PATH)
@OUTPUT
@MODEL
@DTYPE
@THREADS
@OVERWRITE
@QUIET
def command(
    file: Path,
    output: Path | None,
    model: str,
    dtype: str | None,
    threads: int | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write what was compressed in FILE.g2c to FILE.

    It takes the model and the precision that compressed it, and says so of others. What comes out
    is compared with the hash of what went in: a damaged file is an error, and nothing is written.
    """
    from gpt2.compression import SUFFIX, compressing_model, decompress

    if output is None and file.suffix != SUFFIX:
        raise OptionError(f"{file} does not end in {SUFFIX}: name the file to write with -o.")
    target = output or file.with_suffix("")
    check_free(target, overwrite)
    packed = read_bytes(file)
    engine, identity = compressing_model(model, dtype=dtype, threads=threads)
    with Progress(unit="tokens", quiet=quiet) as bar:
        data = decompress(
            engine, identity, packed, lambda done, total: bar.stage("decompressing", done, total)
        )
    write(target, data)
    if not quiet:
        click.echo(f"{target}: {len(data):,} bytes, the hash is right", err=True)
