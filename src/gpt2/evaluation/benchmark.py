"""What a benchmark is. A file of ``evaluation/benchmarks/`` holds one, or a family of them.

To add one, write its facts into ``benchmarks/sets.toml`` and `published` of it in such a file:

1. ``read(*paths)``: the published files, in the order of ``sets.toml``, to a list of examples, any
   values. An optional file that is missing is not among them. The order is the file's.
2. ``judge(subject, examples)``: a row of plain numbers (JSON) for each example, in their order. It
   asks ``subject.scorer`` (`gpt2.scoring.Scorer`: loglikelihood, rolling, generate) for all of them
   together, so that what they share is read once; ``subject.encode`` cuts a context and what
   follows it as lm-evaluation-harness does. It is called with at most ``Benchmark.together``
   examples; their rows are then safe, and a run that was killed goes on after them.
3. ``measures``: what is made of all rows. `mean` is a mean of a number of each row, with the
   standard error of a mean; `corpus` any statistic of the rows, its error by bootstrap. A measure
   that finds no row it applies to is left out. ``column`` names the column of the paper's table 3
   whose protocol is this one, and is left out where it differs in anything; ``near`` names it then,
   so that the table shows both, in rows of their own.

Rows may hold texts and lists too, for a look at what a model wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """A published file, looked for in the data folder and the folders in it.

    Attributes:
        name: of the file or folder; it may begin with folders' names.
        sha256: where it is known; then no other file is taken for it.
        optional: the benchmark runs without it too.
        also: other names it is known by.
    """

    name: str
    sha256: str | None = None
    optional: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """What was measured."""

    value: float
    error: float  # standard error
    count: int  # rows


@dataclass(frozen=True)
class Measure:
    """A number made of all rows.

    Attributes:
        name: within the benchmark, such as ``acc``.
        title: in the table.
        protocol: how it was measured, in words that tell it from any other way.
        value: of rows.
        keys: what a row must have to count.
        each: of one row, where the value is the mean of it; the error is then that of a mean.
        column, near: of the paper's table; see the module.
        rolling: it depends on how windows move; the runner adds that to the protocol.
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
        """How the standard error is found."""
        return "of a mean" if self.each else "bootstrap, 200 resamples"

    def figure(self, rows: Sequence[Row]) -> Figure | None:
        """The value with its error; None if it applies to no row."""
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
    """The mean of a row's number, times ``scale`` (100 for percent)."""

    def each(row: Row) -> float:
        return scale * float(row[key])

    def value(rows: Sequence[Row]) -> float:
        return sum(map(each, rows)) / len(rows)

    return Measure(name, title, protocol, value, (key,), each, **more)


def percent(name: str, title: str, protocol: str, key: str | None = None, **more: Any) -> Measure:
    """The mean in percent of a row's number in 0..1, called ``key`` there, or ``name`` too."""
    return mean(name, title, protocol, key or name, scale=100, **more)


def perplexity(name: str, title: str, protocol: str, key: str, **more: Any) -> Measure:
    """The exponential of the mean of a row's negative logarithm."""

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
    """The model that is judged, its tokenizer and its scorer.

    Args:
        model: what `gpt2.load` gives, with a tokenizer.
        progress: of the scorer's requests.
        stride: of rolling requests, for benchmarks that make some; None: windows side by side.
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
            raise InputError("the model has no tokenizer: load it with gpt2.load(folder).")
        self.model, self.tokenizer, self.stride = model, model.tokenizer, stride
        self.scorer = Scorer(model, batch_tokens=batch_tokens, progress=progress)

    def ids(self, text: str) -> list[int]:
        """A text's tokens; what looks like a special token is text."""
        return list(self.tokenizer.encode_prompt(text))

    def encode(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """Both as token ids: cut as one text, and then where the context alone would end.

        Spaces that end the context go to the continuation, whose tokens begin with them. An empty
        context is end-of-text (`Scorer.loglikelihood`).
        """
        bare = context.rstrip()
        if bare and bare != context:
            continuation, context = context[len(bare) :] + continuation, bare
        before = self.ids(context) if context else []
        return before, self.ids(context + continuation)[len(before) :]

    def log_likelihoods(self, sets: Iterable[Iterable[tuple[str, str]]]) -> list[list[float]]:
        """The log-likelihood of each (context, continuation) of each example."""
        pairs = [[self.encode(*pair) for pair in choices] for choices in sets]
        scores = iter(self.scorer.loglikelihood([pair for choices in pairs for pair in choices]))
        return [[next(scores).logprob for _ in choices] for choices in pairs]


@dataclass(frozen=True)
class Benchmark:
    """A published test set and how models are judged on it.

    Attributes:
        name: on the command line.
        title, source, licence: of the published set; ``source`` is an address or a paper.
        files: that are read.
        get: how to get them, in one or two lines.
        read, judge, measures: see the module.
        together: examples that are judged together.
        group: what `--on` a group of names means: ``paper``, ``bias``, ``tasks`` or ``more``.
        paper: what the GPT-2 paper found, where its table 3 has no column of it.
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
        """The files under ``folder``.

        Raises:
            MissingFileError: one is not there; the message says how to get it.
            CorruptFileError: one has another hash than the published one.
        """
        paths = {}
        for file in self.files:
            names = (file.name, *file.also)
            path = next(filter(None, (_find(folder, name) for name in names)), None)
            if path is None and file.optional:
                continue
            if path is None:
                raise MissingFileError(f"{self.name}: {folder} has no file {file.name}. {self.get}")
            have = sha256(path) if file.sha256 and path.is_file() else None
            if have != file.sha256:
                here, there = str(have)[:12], str(file.sha256)[:12]
                raise CorruptFileError(
                    f"{self.name}: {path} is not the published file: its SHA-256 begins with "
                    f"{here}, the published one's with {there}. {self.get}"
                )
            paths[file.name] = path
        return paths

    def examples(self, files: Mapping[str, Path]) -> list[Any]:
        """Those of the files that `find` found. Raises `CorruptFileError` for files of another form
        than the published one."""
        try:
            return self.read(files)
        except GPT2Error:
            raise
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            names = ", ".join(map(str, files.values()))
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise CorruptFileError(
                f"{self.name}: {names} is not of the published form ({reason:.200}). {self.get}"
            ) from error


def _find(folder: Path, name: str) -> Path | None:
    """The file or folder called so, as near the top as it lies; four folders deep at most."""
    for depth in range(5):
        for path in sorted(folder.glob("*/" * depth + name)):
            return path
    return None
