"""``gpt2 serve``: an OpenAI-compatible server."""

from __future__ import annotations

from typing import Any

import click

from gpt2.cli.options import DEFAULT_MODEL, drop_unset, options_of, take
from gpt2.cli.places import NAME
from gpt2.loading import LoadOptions
from gpt2.serving.settings import ServeOptions


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...", type=NAME)
@options_of(LoadOptions)
@options_of(ServeOptions)
def command(models: tuple[str, ...], **values: Any) -> None:
    """Serve MODELs, or the bundled model, over an OpenAI-compatible HTTP API.

    Clients select a model by the name of its folder. This command requires the extra `serve`.
    """
    from gpt2.extras import needed

    given = drop_unset(values)
    loading = take(LoadOptions, given)
    options = ServeOptions(**given)
    with needed("gpt2 serve"):
        from gpt2.serving.load import Loader
        from gpt2.serving.server import serve
    loader = Loader(models or (DEFAULT_MODEL,), options, loading)
    serve(loader, options, lambda line: click.echo(f"gpt2: {line}", err=True))
