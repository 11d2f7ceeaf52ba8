"""Draws ``loss.png``: training loss, validation loss and learning rate over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.extras import needed
from gpt2.files import atomic

Record = Mapping[str, Any]
POINTS = 2000  # more than a picture can show; longer runs are thinned


def draw(path: Path, steps: Sequence[Record], checks: Sequence[Record]) -> None:
    """Draw step records (step, loss, lr) and validation records (step, loss); write atomically.

    Raises `MissingDependencyError` without matplotlib, and `WriteError`.
    """
    with needed(path.name):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    figure: Any = Figure(figsize=(8, 6), dpi=100, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    losses, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    shown = steps[:: max(1, len(steps) // POINTS)]
    at = [record["step"] for record in shown]
    losses.plot(at, _numbers(shown, "loss"), linewidth=0.8, label="training", color="tab:blue")
    if checks:
        where = [record["step"] for record in checks]
        values = _numbers(checks, "loss")
        losses.plot(where, values, "o-", markersize=3, label="validation", color="tab:orange")
    losses.set_ylabel("loss, nats per token")
    losses.legend()
    losses.grid(alpha=0.3)
    rates.plot(at, _numbers(shown, "lr"), linewidth=0.8, color="tab:green")
    rates.set_ylabel("learning rate")
    rates.set_xlabel("step")
    rates.grid(alpha=0.3)
    with atomic(path) as part:
        canvas.print_png(str(part))


def _numbers(records: Sequence[Record], name: str) -> list[float]:
    """The values of a field, with NaN (a gap in the picture) where the JSON has null."""
    return [float("nan") if record[name] is None else record[name] for record in records]
