"""``gpt2 plan``: estimate what training a model needs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import AS_JSON, drop_unset, options_of
from gpt2.cli.places import NAME
from gpt2.errors import OptionError
from gpt2.files import to_json
from gpt2.training.planning.plan import PlanConfig

if TYPE_CHECKING:
    from gpt2.training.planning.devices import Device
    from gpt2.training.planning.plan import Plan

MEASURED_ROWS = 4  # rows of a timed step


@click.command("plan")
@click.argument("size", metavar="SIZE", type=NAME)
@options_of(PlanConfig)
@click.option("--measure", is_flag=True,
              help="Time three training steps here and plan with their speed.")  # fmt: skip
@AS_JSON
def command(size: str, measure: bool, as_json: bool, **options: Any) -> None:
    """Estimate what training a model of SIZE takes: memory, time, cost and the command.

    SIZE is gpt2, gpt2-medium, gpt2-large or gpt2-xl; LAYERSxWIDTH, such as 6x384; or a model whose
    training is to be continued. Nothing is trained: the memory is computed, and assumptions are
    listed. With --measure, three steps of the model with random weights are timed on one device of
    this machine.
    """
    from gpt2.training.planning.here import here
    from gpt2.training.planning.plan import make_plan, shape_of

    config = PlanConfig(**drop_unset(options))
    shape_of(size)  # report errors before the machine is measured
    if measure and (config.device != "here" or config.utilisation):
        raise OptionError("--measure measures this machine: leave out --device and --utilisation.")
    machine = here() if config.device == "here" else None
    plan = make_plan(size, config, machine)
    if measure and plan.chosen is not None:
        plan = _measure(plan, size, config, machine)
    click.echo(to_json(plan.to_dict()) if as_json else describe(plan), nl=not as_json)


def _measure(plan: Plan, size: str, config: PlanConfig, machine: Device | None) -> Plan:
    """Make the plan again with the measured speed of real steps."""
    from gpt2.training.loop.speed import measured_speed
    from gpt2.training.planning.flops import flops_per_token
    from gpt2.training.planning.plan import make_plan, shape_of

    assert plan.chosen is not None
    shape, _ = shape_of(size)
    rows = min(plan.chosen.rows, MEASURED_ROWS)
    speed = measured_speed(shape, rows, plan.precision, plan.optimizer, plan.chosen.recompute)
    reached = speed * flops_per_token(shape, plan.length) / plan.peak
    again = make_plan(size, dataclasses.replace(config, utilisation=min(1.0, reached)), machine)
    words = f"Measured here: {speed:,.0f} tokens/s on one device, {rows} row(s) at a time."
    return dataclasses.replace(again, notes=[words, *again.notes])


def describe(plan: Plan) -> str:
    """The plan as text."""
    from gpt2.cli.tables import table, wrap
    from gpt2.training.units import duration, gib

    rows = [
        ("model", f"{plan.model}, {plan.parameters / 1e6:,.1f}M parameters, rows of {plan.length}"),
        ("devices", f"{plan.ranks} x {plan.device}, {gib(plan.memory)} usable each"),
        ("tokens", f"{plan.tokens:.3g}: {plan.steps:,} steps of {plan.batch_size:,} rows"),
        ("compute", f"{plan.flops:.3g} FLOPs, forward and backward"),
        (
            "time",
            f"{duration(plan.seconds)} at {plan.utilisation:.0%} of {plan.peak / 1e12:,.3g} "
            f"TFLOP/s ({plan.precision}) per device; {plan.seconds / 3600 * plan.ranks:,.1f} "
            "device hours",
        ),
        (
            "compute-optimal",
            f"{plan.optimal_tokens:.3g} tokens for this size, or "
            f"{plan.optimal_parameters / 1e6:,.0f}M parameters for this compute (20 tokens per "
            "parameter, Hoffmann et al.)",
        ),
    ]
    if plan.cost is not None:
        rows.append(("cost", f"{plan.cost:,.2f}"))
    head = ["GiB", "rows", "weights", "grads", "optim.", "activ.", "logits", "gathered", "peak"]
    ways = []
    for way in plan.ways:
        m = way.memory
        sizes = [m.weights, m.gradients, m.optimizer, m.activations, m.logits, m.gathered, m.total]
        name = way.name + " *" * (way == plan.chosen)
        ways.append([name, str(way.rows or "none"), *(f"{size / 2**30:,.2f}" for size in sizes)])
    lines = [wrap(f"{name:16}{text}", 16) for name, text in rows]
    notes = [wrap(f"note: {note}", 6) for note in plan.notes]
    return "\n".join([*lines, "", table(head, ways), "", *notes, "", plan.command])
