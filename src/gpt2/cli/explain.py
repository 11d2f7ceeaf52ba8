"""``gpt2 explain``: a model as one page in which it runs and can be taken apart."""

from __future__ import annotations

from pathlib import Path

import click

from gpt2.cli.options import MODEL, QUIET, Precision
from gpt2.cli.places import PATH


@click.command()
@click.argument("text", required=False)
@MODEL
@click.option("-o", "--output", type=PATH, default=Path("gpt2.html"),
              show_default=True, help="The file to write.")  # fmt: skip
@click.option("--dtype", type=Precision(("int8", "int4")),
              help="The weights' precision. [default: the model's own, else int8]")  # fmt: skip
@QUIET
def command(text: str | None, model: str, output: Path, dtype: str | None, quiet: bool) -> None:
    """Write one HTML file in which MODEL runs live; it begins with TEXT.

    The file opens from a disk in Chromium and Firefox, without Python and without a network: type,
    and see the tokens, the next word, every attention head, where a word comes from, and what
    changes when a part is switched off. Models of up to about 250 MB.
    """
    from gpt2.explain.page import explain

    path = explain(model, output, text, dtype=dtype)
    click.echo(path)
    if not quiet:
        click.echo(f"{path.stat().st_size / 1e6:.1f} MB; open it in a browser", err=True)
