"""``gpt2 explain``: a model as one page in which it runs and can be taken apart."""

from __future__ import annotations

from pathlib import Path

import click

from gpt2.cli.options import MODEL, QUIET, Precision, say
from gpt2.cli.places import EMPTY, PATH


@click.command()
@click.argument("text", required=False)
@MODEL
@click.option("-o", "--output", type=PATH, default=Path("gpt2.html"),
              show_default=True, help="The file to write.")  # fmt: skip
@click.option("--dtype", type=Precision(("int8", "int4")),
              help="The weights' precision. [default: the model's own, else int8]")  # fmt: skip
@click.option("--record", is_flag=True, help="Record TEXT in place of the model, as is done of "
              "one that is too large for a page.")  # fmt: skip
@click.option("--head", "heads", multiple=True, metavar="LAYER.HEAD",
              callback=lambda *given: _heads(given[-1]),
              help="A head whose queries and keys a recording keeps; several may be named. "
              "[default: the 8 that add most to the last word]")  # fmt: skip
@QUIET
def command(
    text: str | None,
    model: str,
    output: Path,
    dtype: str | None,
    record: bool,
    heads: list[tuple[int, int]],
    quiet: bool,
) -> None:
    """Write one HTML file in which MODEL runs live; it begins with TEXT.

    The file opens from a disk in Chromium and Firefox, without Python and without a network: type,
    and see the tokens, the next word, every attention head, where a word comes from, and what
    changes when a part is switched off. Of a model of over 250 MB it holds a recording of TEXT: the
    same view, in which nothing can be typed or switched off.
    """
    from gpt2.explain.page import explain

    path = explain(model, output, text, dtype=dtype, record=record or None, heads=heads or None)
    click.echo(path)
    say(f"{path.stat().st_size / 1e6:.1f} MB; open it in a browser", quiet)


def _heads(named: tuple[str, ...]) -> list[tuple[int, int]]:
    """Heads by layer and number."""
    if "" in named:
        raise click.BadParameter(EMPTY)
    heads = [name.split(".") for name in named]
    if any(len(one) != 2 or not all(part.isdecimal() for part in one) for one in heads):
        raise click.BadParameter("a head is named LAYER.HEAD, such as 3.7.")
    return [(int(layer), int(head)) for layer, head in heads]
