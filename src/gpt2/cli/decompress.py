"""``gpt2 decompress``: restore a file that ``gpt2 compress`` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gpt2.cli.compress import PACKING, rewrite
from gpt2.cli.options import say
from gpt2.errors import OptionError


@click.command()
@PACKING
def command(file: Path, output: Path | None, quiet: bool, **options: Any) -> None:
    """Decompress FILE.g2c to FILE.

    This requires the model and the precision that compressed the file; others are refused. The
    result is verified against the hash of the original: if the file is damaged, the command fails
    and nothing is written.
    """
    from gpt2.compression import SUFFIX, decompress

    if output is None and file.suffix != SUFFIX:
        raise OptionError(f"{file} does not end in {SUFFIX}: name the output file with -o.")
    target = output or file.with_suffix("")
    _, data = rewrite(file, target, "decompressing", decompress, quiet=quiet, **options)
    say(f"{target}: {len(data):,} bytes, hash verified", quiet)
