"""``gpt2 replay``: generate a text again from its receipt or proof link and prove it equal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gpt2.cli.options import AS_JSON, QUIET, say
from gpt2.cli.places import NAME


@click.command()
@click.argument("receipt", type=NAME)
@click.option("-m", "--model", type=NAME, help="Where the model is. [default: as the receipt says]")
@click.option("--threads", type=click.IntRange(1), help="Threads of the native engine.")
@click.option("--kernels", type=NAME, help="Kernels: generic, avx2, avx512. [default: the best]")
@AS_JSON
@QUIET
def command(
    receipt: str,
    model: str | None,
    threads: int | None,
    kernels: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Generate again from RECEIPT, which `gpt2 generate --receipt` wrote, and compare.

    A proof link, which the pages of `gpt2 serve` and `gpt2 explain` copy, may stand in its place:
    then the text is written too. It proves the run, and not who asked for it.

    The exit code is 0 where every token is the same, 1 where something differs; the output says
    what: the receipt itself, the model, the engine, or the tokens from which position on. int8 and
    int4 give the same tokens on every processor, fp32 and fp16 with the same kernels.
    """
    from gpt2 import proof
    from gpt2 import receipt as receipts

    text = None
    if proof.MARK in receipt:
        link = proof.read(receipt)
        outcome, text = proof.replay(link, model=model, threads=threads, kernels=kernels)
    else:
        content = receipts.read(Path(receipt))
        outcome = receipts.replay(content, model=model, threads=threads, kernels=kernels)
    if as_json:
        differences = [{"kind": d.kind, "message": d.message} for d in outcome.differences]
        result = {"same": outcome.same, "differences": differences, "notes": outcome.notes}
        click.echo(json.dumps(result | ({} if text is None else {"text": text})))
    elif outcome.same:
        click.echo(f"the same: all {outcome.tokens} tokens" if text is None else text)
        if text is not None:
            click.echo("the same bytes", err=True)
    else:
        for difference in outcome.differences:
            click.echo(f"different: {difference.message}")
    for note in outcome.notes if outcome.same else ():
        say(f"note: {note}", quiet)
    sys.exit(0 if outcome.same else 1)
