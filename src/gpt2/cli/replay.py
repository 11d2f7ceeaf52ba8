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
@click.option("-m", "--model", type=NAME, help="Model to use. [default: the receipt's]")
@click.option("--threads", type=click.IntRange(1), help="Number of threads for the native engine.")
@click.option(
    "--kernels",
    type=NAME,
    help="Kernels for the native engine, such as generic, avx2 or amx. [default: the fastest]",
)
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
    """Generate the text of RECEIPT again and compare the tokens.

    RECEIPT is a file that `gpt2 generate --receipt` wrote, or a proof link copied from a page of
    `gpt2 serve` or `gpt2 explain`; for a link the text is printed too. A match proves the run, but
    not who requested it.

    The exit code is 0 if every token is the same and 1 if anything differs. The output says what
    differs: the receipt itself, the model, the engine, or the tokens and from which position. int8
    and int4 give the same tokens on every processor; fp32 and fp16 do with the same kernels.
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
        click.echo(f"identical: all {outcome.tokens} tokens" if text is None else text)
        if text is not None:
            click.echo("identical: all bytes", err=True)
    else:
        for difference in outcome.differences:
            click.echo(f"different: {difference.message}")
    for note in outcome.notes if outcome.same else ():
        say(f"note: {note}", quiet)
    sys.exit(0 if outcome.same else 1)
