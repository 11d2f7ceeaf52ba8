"""``gpt2 compress``: any file in few bytes, by a model's probabilities."""

from __future__ import annotations

from pathlib import Path

import click

from gpt2.cli.options import MODEL, QUIET, Precision, next_step
from gpt2.cli.places import OVERWRITE, PATH, check_free
from gpt2.cli.progress import Progress
from gpt2.files import atomic, read_bytes

DTYPE = click.option("--dtype", type=Precision(["int8", "int4"]),
                     help="Precision. [default: the model's own, or int8]")  # fmt: skip
THREADS = click.option("--threads", type=click.IntRange(1), help="Threads of the native engine.")
OUTPUT = click.option("-o", "--output", type=PATH, help="The file to write.")


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
    """Compress FILE, of any bytes, to FILE.g2c.

    Each token takes as many bits as it surprises the model: text of the kind that it was trained on
    becomes far smaller than general programs make it, and other bytes may grow. The same model
    decompresses it, on any processor and in the browser: `gpt2 decompress FILE.g2c`.
    """
    from gpt2.compression import SUFFIX, compress, compressing_model

    target = output or file.with_name(file.name + SUFFIX)
    check_free(target, overwrite)
    data = read_bytes(file)
    engine, identity = compressing_model(model, dtype=dtype, threads=threads)
    with Progress(unit="tokens", quiet=quiet) as bar:
        packed = compress(
            engine, identity, data, lambda done, total: bar.stage("compressing", done, total)
        )
    write(target, packed)
    if not quiet:
        share = f", {8 * len(packed) / len(data):.3f} bits a byte" if data else ""
        click.echo(f"{target}: {len(data):,} bytes in {len(packed):,}{share}", err=True)
    next_step(f"gpt2 decompress {target}", quiet)


def write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with atomic(path) as part:
        part.write_bytes(content)
