"""``gpt2 explain``: write a page in which a model runs and can be explored."""

from __future__ import annotations

from pathlib import Path

import click

from gpt2.cli.options import MODEL, QUIET, Precision, say
from gpt2.cli.places import EMPTY, OVERWRITE_FILE, PATH, check_free


@click.command()
@click.argument("text", required=False)
@MODEL
@click.option("-o", "--output", type=PATH, default=Path("gpt2.html"),
              show_default=True, help="File to write.")  # fmt: skip
@click.option("--dtype", type=Precision(("int8", "int4")),
              help="Precision of the weights. [default: the model's own, else int8]")  # fmt: skip
@click.option("--record", is_flag=True, help="Record TEXT instead of including the model; a model "
              "that is too large for a page is always recorded.")  # fmt: skip
@click.option("--head", "heads", multiple=True, metavar="LAYER.HEAD",
              callback=lambda *given: _heads(given[-1]),
              help="Head whose queries and keys a recording keeps. "
              "[default: the 8 that contribute most to the last word; repeatable]")  # fmt: skip
@OVERWRITE_FILE
@QUIET
def command(
    text: str | None,
    model: str,
    output: Path,
    dtype: str | None,
    record: bool,
    heads: list[tuple[int, int]],
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write an HTML page that runs MODEL in the browser, starting with TEXT.

    The page is one file, which Chromium and Firefox open from disk, without Python or a network. As
    you type, it shows the tokens, the next word, every attention head, where a word comes from, and
    what changes when a part is switched off. For a model over 250 MB it holds a recording of TEXT:
    the same view, but nothing can be typed or switched off.
    """
    from gpt2.explain.page import explain

    check_free(output, overwrite)
    path = explain(model, output, text, dtype=dtype, record=record or None, heads=heads or None)
    click.echo(path)
    say(f"{path.stat().st_size / 1e6:.1f} MB; open it in a browser", quiet)


def _heads(named: tuple[str, ...]) -> list[tuple[int, int]]:
    """Parse heads given as layer and number."""
    if "" in named:
        raise click.BadParameter(EMPTY)
    heads = [name.split(".") for name in named]
    if any(len(one) != 2 or not all(part.isdecimal() for part in one) for one in heads):
        raise click.BadParameter("a head must be LAYER.HEAD, such as 3.7.")
    return [(int(layer), int(head)) for layer, head in heads]
