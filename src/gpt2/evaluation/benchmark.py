"""Defines a benchmark. Each file in ``evaluation/benchmarks/`` holds one, or a family of them.

To add one, describe it in ``benchmarks/sets.toml`` and call `publish` for it in such a file:

1. ``read(*paths)`` reads the published files, given in the order of ``sets.toml``, and returns a
   list of examples of any type, in the order of the file. A missing optional file is not passed.
2. ``judge(subject, examples)`` returns a row of plain numbers (JSON) for each example, in order.
   It sends the requests of all examples to ``subject.scorer`` (`gpt2.scoring.Scorer`:
   loglikelihood, rolling, generate) together, so that shared prefixes are computed once.
   ``subject.encode`` splits a context and its continuation as lm-evaluation-harness does. Each
   call gets at most ``Benchmark.together`` examples; after it their rows are saved, and a killed
   run resumes after them.
3. ``measures`` are computed from all rows. `mean` is the mean of a number in each row, with the
   standard error of a mean; `corpus` is any statistic of the rows, with a bootstrap error. A
   measure that applies to no row is left out. ``column`` names the column of the paper's table 3
   if the protocol is the same. If the protocol differs in any way, ``near`` names the column
   instead, so that the table shows both in separate rows.

Rows may also hold texts and lists, to inspect what a model wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from gpt2.errors import CorruptFileError, GPT2Error, InputError, MissingFileError
from gpt2.evaluation.statistics import bootstrap_error, mean_error
from gpt2.figures import perplexity_of
from gpt2.files import sha256
from gpt2.generation import LanguageModel
from gpt2.scoring import Progress, Scorer

Row = Mapping[str, Any]


@dataclass(frozen=True)
class File:
    """A published file, searched for in the data folder and its subfolders.

    Attributes:
        name: of the file; it may include parent folders. A name that ends with a slash is that of a
            folder.
        sha256: the expected hash, if known; files with a different hash are rejected.
        optional: whether the benchmark can run without it.
        also: alternative names.
    """

    name: str
    sha256: str | None = None
    optional: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A measured value."""

    value: float
    error: float  # standard error
    count: int  # rows


@dataclass(frozen=True)
class Measure:
    """A number computed from all rows.

    Attributes:
        name: within the benchmark, such as ``acc``.
        title: the title in the table.
        protocol: how it was measured, in words that distinguish it from other protocols.
        value: computes the number from rows.
        keys: the keys that a row must have to count.
        each: the value of one row, if ``value`` is the mean over rows; the error is then the
            standard error of a mean.
        column, near: of the paper's table; see the module.
        rolling: whether it depends on how windows move; the runner adds that to the protocol.
    """

    name: str
    title: str
    protocol: str
    value: Callable[[Sequence[Row]], float]
    keys: tuple[str, ...]
    each: Callable[[Row], float] | None = None
    better: Literal["higher", "lower"] = "higher"
    column: str | None = None
    near: str | None = None
    rolling: bool = False

    @property
    def error_kind(self) -> str:
        """How the standard error is computed."""
        return "of a mean" if self.each else "bootstrap, 200 resamples"

    def figure(self, rows: Sequence[Row]) -> Figure | None:
        """The value with its error; None if the measure applies to no row."""
        counted = [row for row in rows if all(key in row for key in self.keys)]
        if not counted:
            return None
        if self.each:
            error = mean_error([self.each(row) for row in counted])
        else:
            error = bootstrap_error(counted, self.value)
        return Figure(self.value(counted), error, len(counted))


def mean(
    name: str, title: str, protocol: str, key: str, *, scale: float = 1.0, **more: Any
) -> Measure:
    """The mean of a number in each row, times ``scale`` (100 for percent)."""

    def each(row: Row) -> float:
        return scale * float(row[key])

    def value(rows: Sequence[Row]) -> float:
        return sum(map(each, rows)) / len(rows)

    return Measure(name, title, protocol, value, (key,), each, **more)


def percent(name: str, title: str, protocol: str, key: str | None = None, **more: Any) -> Measure:
    """The mean, in percent, of a number in 0..1 in each row, under ``key`` (default: ``name``)."""
    return mean(name, title, protocol, key or name, scale=100, **more)


def perplexity(name: str, title: str, protocol: str, key: str, **more: Any) -> Measure:
    """The exponential of the mean negative log-probability in the rows."""

    def value(rows: Sequence[Row]) -> float:
        return perplexity_of(-sum(row[key] for row in rows) / len(rows))

    return corpus(name, title, protocol, [key], value, better="lower", **more)


def corpus(
    name: str,
    title: str,
    protocol: str,
    keys: Sequence[str],
    value: Callable[[Sequence[Row]], float],
    **more: Any,
) -> Measure:
    """Any statistic of the rows that have all ``keys``."""
    return Measure(name, title, protocol, value, tuple(keys), None, **more)


class Subject:
    """The model to evaluate, its tokenizer and its scorer.

    Args:
        model: a model from `gpt2.load`, with a tokenizer.
        progress: called with the progress of the scorer's requests.
        stride: the stride of rolling requests, if a benchmark makes any; None: disjoint windows.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        progress: Progress | None = None,
        stride: int | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        if model.tokenizer is None:
            raise InputError("the model has no tokenizer: load the model with gpt2.load(folder).")
        self.model, self.tokenizer, self.stride = model, model.tokenizer, stride
        self.scorer = Scorer(model, batch_tokens=batch_tokens, progress=progress)

    def ids(self, text: str) -> list[int]:
        """The tokens of a text; what looks like a special token is encoded as text."""
        return list(self.tokenizer.encode_prompt(text))

    def encode(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """Tokenise both as one text, then split the ids where the context alone would end.

        Trailing spaces of the context move to the continuation, whose tokens begin with them. An
        empty context is end-of-text (`Scorer.loglikelihood`).
        """
        bare = context.rstrip()
        if bare and bare != context:
            continuation, context = context[len(bare) :] + continuation, bare
        before = self.ids(context) if context else []
        return before, self.ids(context + continuation)[len(before) :]

    def log_likelihoods(self, sets: Iterable[Iterable[tuple[str, str]]]) -> list[list[float]]:
        """The log-likelihood of each (context, continuation) pair of each example."""
        pairs = [[self.encode(*pair) for pair in choices] for choices in sets]
        scores = iter(self.scorer.loglikelihood([pair for choices in pairs for pair in choices]))
        return [[next(scores).logprob for _ in choices] for choices in pairs]


@dataclass(frozen=True)
class Benchmark:
    """A published test set and how models are evaluated on it.

    Attributes:
        name: on the command line.
        title, source, licence: of the published set; ``source`` is a URL or a paper.
        files: the files to read.
        get: how to get the files, in one or two lines.
        read, judge, measures: see the module.
        together: the number of examples that are judged together.
        group: its group for `--on`: ``paper``, ``bias``, ``tasks`` or ``more``.
        paper: the result in the GPT-2 paper, if its table 3 has no column for it.
    """

    name: str
    title: str
    source: str
    licence: str
    files: tuple[File, ...]
    get: str
    read: Callable[[Mapping[str, Path]], list[Any]]
    judge: Callable[[Subject, Sequence[Any]], list[dict[str, Any]]]
    measures: tuple[Measure, ...]
    together: int = 256
    group: Literal["paper", "bias", "tasks", "more"] = "more"
    paper: str = ""

    def find(self, folder: Path) -> dict[str, Path]:
        """Find the files under ``folder``.

        Raises:
            MissingFileError: a file is missing; the message says how to get it.
            CorruptFileError: the hash of a file differs from the published one.
        """
        paths = {}
        for file in self.files:
            path = self._choose(file, folder)
            if path is not None:
                paths[file.name] = path
            elif not file.optional:
                raise MissingFileError(f"{self.name}: {folder} has no file {file.name}. {self.get}")
        return paths

    def _choose(self, file: File, folder: Path) -> Path | None:
        """The first file with the name and the published hash; None if none has the name."""
        other = None
        for path in chain.from_iterable(_find(folder, name) for name in (file.name, *file.also)):
            if file.sha256 is None or sha256(path) == file.sha256:
                return path
            other = other or path
        if other is not None:
            raise CorruptFileError(
                f"{self.name}: {other} is not the published file: its SHA-256 begins with "
                f"{sha256(other)[:12]}, the published one's with {file.sha256:.12}. {self.get}"
            )
        return None

    def examples(self, files: Mapping[str, Path]) -> list[Any]:
        """Read the examples from the files that `find` returned.

        Raises `CorruptFileError` if a file is not in the published format or has no examples.
        """
        names = ", ".join(map(str, files.values()))
        try:
            examples = self.read(files)
        except GPT2Error:
            raise
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise CorruptFileError(
                f"{self.name}: {names} does not have the published format ({reason:.200}). "
                f"{self.get}"
            ) from error
        if not examples:
            raise CorruptFileError(f"{self.name}: {names} has no examples. {self.get}")
        return examples


def _find(folder: Path, name: str) -> Iterator[Path]:
    """The files or folders with this name, at most four folders deep, from the top down."""
    is_wanted = Path.is_dir if name.endswith("/") else Path.is_file
    for depth in range(5):
        yield from filter(is_wanted, sorted(folder.glob("*/" * depth + name)))
