"""Fits task scores against model size: whether a score grows with the log of the parameters.

The paper's figure 1 and its abstract: "increasing it improves performance in a log-linear fashion".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.errors import CorruptFileError, InputError
from gpt2.evaluation.paper import TABLE_3
from gpt2.evaluation.statistics import finite
from gpt2.files import read_json_object

# The true sizes of the paper's four models; its own counts were too low, as OpenAI wrote later.
PARAMETERS = (124_439_808, 354_823_168, 774_030_080, 1_557_611_200)
LARGEST = 1e100  # limit of scores in a file: squares of larger values overflow


@dataclass(frozen=True)
class Line:
    """A straight line through scores as a function of log10 of the parameters."""

    slope: float  # score points per factor of ten in parameters
    at: float  # the score at 100 million parameters
    r_squared: float  # share of the variance that the line explains; NaN if all scores are equal

    def __call__(self, parameters: float) -> float:
        """The score on the line for a size."""
        return self.at + self.slope * (math.log10(parameters) - 8)


def fit(sizes: Sequence[int], scores: Sequence[float]) -> Line:
    """Fit a line by least squares. Raises `InputError` for fewer than two different sizes."""
    if len(sizes) != len(scores) or len(set(sizes)) < 2:
        raise InputError(f"a fit requires scores of at least two model sizes, found {list(sizes)}.")
    x, y = np.log10(np.asarray(sizes, float)) - 8, np.asarray(scores, float)
    slope, at = np.polyfit(x, y, 1)
    spread = float(((y - y.mean()) ** 2).sum())
    left = float(((y - (at + slope * x)) ** 2).sum())
    return Line(float(slope), float(at), 1 - left / spread if spread else math.nan)


@dataclass(frozen=True)
class Score:
    """A measure of one model."""

    title: str
    protocol: str
    parameters: int
    value: float
    perplexity: bool


@dataclass(frozen=True)
class Scaling:
    """A measure of models of several sizes, smallest first, and the line through its scores."""

    title: str
    protocol: str
    values: list[tuple[int, float]]
    line: Line
    unit: str  # of the slope of the line

    def json(self) -> dict[str, Any]:
        """The fields as plain values."""
        line = {**vars(self.line), "r_squared": finite(self.line.r_squared)}
        return {**vars(self), "line": line}


def read_results(paths: Iterable[Path]) -> Iterator[Score]:
    """Read the scores in files that ``gpt2 evaluate -o`` wrote; undefined ones are left out.

    Raises `MissingFileError`, `CorruptFileError`.
    """
    for path in paths:
        results = read_json_object(path)
        try:
            scores = [
                _score(results["parameters"], benchmark["title"], measure)
                for benchmark in results["benchmarks"].values()
                for measure in benchmark["measures"].values()
                if measure["value"] is not None
            ]
        except (KeyError, AttributeError, TypeError, ValueError):
            raise CorruptFileError(f"{path} is not a result file of gpt2 evaluate -o.") from None
        yield from scores


def _score(parameters: Any, benchmark: Any, measure: Any) -> Score:
    """A measure in a file. Raises `ValueError` for values that a measure cannot have."""
    title, protocol, value = measure["title"], measure["protocol"], measure["value"]
    perplexity = str(title).startswith("perplexity")
    words = all(isinstance(text, str) for text in (benchmark, title, protocol))
    numbers = type(parameters) is int and type(value) in (int, float)
    if not words or not numbers or not 0 < parameters < 1 << 63 or (perplexity and value <= 0):
        raise ValueError(measure)
    if not abs(value) <= LARGEST:
        raise ValueError(value)
    return Score(f"{benchmark}: {title}", protocol, parameters, value, perplexity)


def paper_scores() -> Iterator[Score]:
    """The scores in table 3 of the GPT-2 paper."""
    for name, column in TABLE_3.items():
        for size, value in zip(PARAMETERS, column.values, strict=True):
            title = f"paper: {name}, {column.unit}"
            yield Score(title, column.protocol, size, value, column.unit == "perplexity")


def lines(scores: Iterable[Score]) -> list[Scaling]:
    """A line for each measure that models of at least two sizes have under the same protocol.

    Raises `InputError` if there is none.
    """
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.title, score.protocol), []).append(score)
    scalings = []
    for (title, protocol), members in groups.items():
        values = sorted((score.parameters, score.value) for score in members)
        if len({size for size, _ in values}) < 2:
            continue
        logs = members[0].perplexity
        line = fit([n for n, _ in values], [math.log(v) if logs else v for _, v in values])
        unit = "nats of loss" if logs else "of the score"
        scalings.append(Scaling(title, protocol, values, line, unit))
    if not scalings:
        raise InputError(
            "no measure has two model sizes with the same protocol: give the results of gpt2 "
            "evaluate -o for several models, or --paper."
        )
    return scalings
