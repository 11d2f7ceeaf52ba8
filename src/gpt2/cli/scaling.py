"""``gpt2 scaling``: do scores grow with the logarithm of a model's size?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from gpt2.cli.options import AS_JSON
from gpt2.cli.places import PATH


@click.command()
@click.argument("results", nargs=-1, type=PATH)
@click.option("--paper", is_flag=True, help="The four sizes of the GPT-2 paper's table 3 too.")
@AS_JSON
def command(results: tuple[Path, ...], paper: bool, as_json: bool) -> None:
    """Hold task scores against model size: RESULTS are files of gpt2 evaluate -o, a model each.

    For every measure that two sizes or more have, with the same protocol: its values by size and a
    straight line through them over the logarithm of the parameters. A perplexity's line is through
    its logarithm, the loss.
    """
    from gpt2.cli.tables import number, with_notes
    from gpt2.evaluation.scaling import lines, paper_scores, read_results

    scores = [*read_results(results), *(paper_scores() if paper else [])]
    scalings = lines(scores)
    if as_json:
        click.echo(json.dumps([line.json() for line in scalings], ensure_ascii=False, indent=2))
        return
    rows = [
        [
            one.title,
            ", ".join(f"{size / 1e6:,.0f}M {number(value)}" for size, value in one.values),
            f"{one.line.slope:+.3g} {one.unit}",
            f"{one.line.r_squared:.3f}",
            one.protocol,
        ]
        for one in scalings
    ]
    head = ["measure", "size and value", "ten times the parameters", "R2", "protocol"]
    click.echo(with_notes(head, rows, words=2))
