"""``gpt2 replay``: generate a text again from its receipt and prove it equal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gpt2.cli.options import AS_JSON, QUIET
from gpt2.cli.places import NAME, PATH


@click.command()
@click.argument("receipt", type=PATH)
@click.option("-m", "--model", type=NAME, help="Where the model is. [default: as the receipt says]")
@click.option("--threads", type=click.IntRange(1), help="Threads of the native engine.")
@click.option("--kernels", type=NAME, help="Kernels: generic, avx2, avx512. [default: the best]")
@AS_JSON
@QUIET
def command(
    receipt: Path,
    model: str | None,
    threads: int | None,
    kernels: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Generate again from RECEIPT, which `gpt2 generate --receipt` wrote, and compare.

    The exit code is 0 where every token is the same, 1 where something differs; the output says
    what: the receipt itself, the model, the engine, or the tokens from which position on. int8 and
    int4 give the same tokens on every processor, fp32 and fp16 with the same kernels.
    """
    from gpt2.receipt import read, replay

    content = read(receipt)
    outcome = replay(content, model=model, threads=threads, kernels=kernels)
    if as_json:
        differences = [{"kind": d.kind, "message": d.message} for d in outcome.differences]
        click.echo(json.dumps({"same": outcome.same, "differences": differences,
                               "notes": outcome.notes}))  # fmt: skip
    elif outcome.same:
        click.echo(f"the same: all {outcome.tokens} tokens")
    else:
        for difference in outcome.differences:
            click.echo(f"different: {difference.message}")
    if not quiet:
        for note in outcome.notes if outcome.same else ():
            click.echo(f"note: {note}", err=True)
    sys.exit(0 if outcome.same else 1)
