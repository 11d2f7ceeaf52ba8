"""``gpt2 compress``: compress any file with the probabilities of a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gpt2.cli.options import MODEL, QUIET, Precision, next_step, say, together
from gpt2.cli.places import OVERWRITE_FILE, PATH, check_free
from gpt2.cli.progress import Progress
from gpt2.files import atomic, read_bytes

PACKING = together(
    click.argument("file", type=PATH),
    click.option("-o", "--output", type=PATH, help="File to write."),
    MODEL,
    click.option("--dtype", type=Precision(["int8", "int4"]),
                 help="Precision of the weights. [default: the model's own, or int8]"),
    click.option("--threads", type=click.IntRange(1),
                 help="Number of threads for the native engine."),
    OVERWRITE_FILE,
    QUIET,
)  # fmt: skip


@click.command()
@PACKING
def command(file: Path, output: Path | None, quiet: bool, **options: Any) -> None:
    """Compress FILE, which may hold any bytes, to FILE.g2c.

    A token takes fewer bits the more probable the model finds it. Text like the training data
    becomes far smaller than with general-purpose compressors; other data may grow. The same model
    decompresses the file on any processor and in the browser: `gpt2 decompress FILE.g2c`.
    """
    from gpt2.compression import SUFFIX, compress

    target = output or file.with_name(file.name + SUFFIX)
    data, packed = rewrite(file, target, "compressing", compress, quiet=quiet, **options)
    share = f", {8 * len(packed) / len(data):.3f} bits per byte" if data else ""
    say(f"{target}: {len(data):,} bytes compressed to {len(packed):,}{share}", quiet)
    next_step("gpt2 decompress {}", target, quiet=quiet)


def rewrite(
    file: Path,
    target: Path,
    what: str,
    work: Callable[..., bytes],
    *,
    model: str,
    dtype: str | None,
    threads: int | None,
    overwrite: bool,
    quiet: bool,
) -> tuple[bytes, bytes]:
    """Write the result of `compress` or `decompress` atomically; returns input and output bytes."""
    from gpt2.compression import compressing_model

    check_free(target, overwrite)
    content = read_bytes(file)
    engine, identity = compressing_model(model, dtype=dtype, threads=threads)
    with Progress(what, unit="tokens", quiet=quiet) as bar:
        made = work(engine, identity, content, bar.tick)
    with atomic(target) as part:
        part.write_bytes(made)
    return content, made
