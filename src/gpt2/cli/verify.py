"""``gpt2 verify``: compare a model and this package with recordings of OpenAI's GPT-2."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gpt2.cli.addresses import paths
from gpt2.cli.options import AS_JSON, DATA, model_argument
from gpt2.cli.places import NAME
from gpt2.errors import OptionError
from gpt2.files.remote import address_of

SIGNS = {"pass": "pass", "fail": "FAIL", "not checked": "not checked"}


@click.command()
@model_argument()
@click.option(
    "--engine",
    type=click.Choice(["native", "torch", "reference"]),
    help="Engine that runs MODEL. [default: native]",
)
@click.option(
    "--device",
    type=NAME,
    help="Device for the torch engine, such as cpu, cuda or mps. [default: cpu]",
)
@DATA
@click.option("--lambada", is_flag=True, help="Evaluate LAMBADA too, which takes many minutes.")
@AS_JSON
def command(
    model: str | None,
    engine: str | None,
    device: str | None,
    data: Path | None,
    lambada: bool,
    as_json: bool,
) -> None:
    """Compare MODEL with results recorded from OpenAI's GPT-2 with 124M parameters.

    The checks cover the file's hash, the tokenizer, greedy continuations, logits, attention and a
    loss. Each prints one line: pass, FAIL, or why it was not checked. A summary follows. Without
    MODEL, only this package is checked. The exit code is 1 if a check fails.
    """
    from dataclasses import asdict, replace

    from gpt2.cli.tables import wrap
    from gpt2.evaluation.verify import summary, verify

    if model is None and (engine is not None or device is not None or lambada):
        raise OptionError(
            "--engine, --device and --lambada apply only to the checks of a model: name a MODEL."
        )
    checks = []
    with paths({"data": data if model else None}) as local:
        folder = local["data"]
        for made in verify(
            model, engine=engine or "native", device=device, data=folder, long=lambada
        ):
            check = replace(made, detail=address_of(made.detail))
            checks.append(check)
            if not as_json:
                line = f"{SIGNS[check.status]:<12} {check.name:<21} {check.detail}"
                click.echo(wrap(line, indent=14))
    if as_json:
        results = {
            "model": model,
            "engine": engine or "native",
            "checks": [asdict(c) for c in checks],
            "summary": summary(model, checks),
        }
        click.echo(json.dumps(results, ensure_ascii=False, indent=2))
    else:
        click.echo(summary(model, checks))
    if any(check.status == "fail" for check in checks):
        sys.exit(1)
