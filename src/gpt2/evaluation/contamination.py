"""Measures the overlap of a test set with a training text: section 4 of the GPT-2 paper.

The share is the paper's: the fraction of the test set's 8-grams that also occur in the training
text. The result also counts the examples with any overlap and lists those that mostly overlap, so
that they can be left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from gpt2.data import TokenData
from gpt2.data.manifest import FILE as MANIFEST
from gpt2.data.overlap import NGRAM, Copied, overlap, texts_of
from gpt2.data.sources import find
from gpt2.errors import InputError
from gpt2.evaluation.benchmark import Benchmark
from gpt2.evaluation.readers import read_lines
from gpt2.files import read_text

MOSTLY = 0.5  # share of its n-grams from which an example counts as known from training


@dataclass(frozen=True)
class Contamination:
    """The overlap of a test set with a corpus.

    Attributes:
        n: the number of words in an n-gram.
        examples: the number of examples.
        ngrams, found: the number of n-grams in all examples, and how many occur in the corpus.
        touched: the number of examples with at least one n-gram from the corpus.
        known: the indices of examples with at least half of their n-grams in the corpus; examples
            too short for an n-gram are not included.
        longest: the number of words in the longest run that an example shares with the corpus.
        sample: that run.
        corpus_tokens: the number of corpus tokens searched.
    """

    n: int
    examples: int
    ngrams: int
    found: int
    touched: int
    known: list[int]
    longest: int
    sample: str
    corpus_tokens: int

    @property
    def share(self) -> float:
        """The fraction of the n-grams that occur in the corpus."""
        return self.found / self.ngrams if self.ngrams else 0.0

    def json(self) -> dict[str, Any]:
        """The fields as plain values."""
        return {**vars(self), "share": self.share}


def contamination(
    texts: Sequence[str],
    corpus: str | os.PathLike[str],
    *,
    split: str = "train",
    n: int = NGRAM,
    progress: Callable[[int, int], None] | None = None,
) -> Contamination:
    """Search a corpus that `gpt2 prepare` wrote for the n-grams of a test set.

    Args:
        texts: one text per example.
        corpus: the folder of a prepared corpus.
        split: the split of the corpus.
        n: the number of words in an n-gram.
        progress: called with (tokens searched, total tokens).

    Memory use depends only on the texts; the corpus is read once.

    Raises:
        InputError: there are no texts.
        MissingFileError, CorruptFileError: the corpus is missing or damaged.
    """
    copies = contaminations({"": texts}, corpus, split=split, n=n, progress=progress)
    return copies[""]


def contaminations(
    sets: Mapping[str, Sequence[str]],
    corpus: str | os.PathLike[str],
    *,
    split: str = "train",
    n: int = NGRAM,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Contamination]:
    """`contamination` of several test sets by name; the corpus is read only once."""
    for name, texts in sets.items():
        if not texts:
            raise InputError(f"there is no text to search for{f' in {name}' if name else ''}.")
    data = TokenData(corpus, split)
    every = [text for texts in sets.values() for text in texts]
    copies = iter(overlap(every, _tell(texts_of(data), data, progress), n))
    return {
        name: _summary([next(copies) for _ in texts], n, len(data)) for name, texts in sets.items()
    }


def _summary(copies: Sequence[Copied], n: int, corpus_tokens: int) -> Contamination:
    longest = max(copies, key=lambda copied: copied.longest)
    return Contamination(
        n=n,
        examples=len(copies),
        ngrams=sum(copied.ngrams for copied in copies),
        found=sum(copied.found for copied in copies),
        touched=sum(copied.found > 0 for copied in copies),
        known=[i for i, copied in enumerate(copies) if _is_known(copied)],
        longest=longest.longest,
        sample=longest.text,
        corpus_tokens=corpus_tokens,
    )


def files_of(path: Path) -> list[Path]:
    """The file itself, or the files in a folder in the order of their names, without hidden ones.

    Raises `InputError` for a folder without files, or a folder of prepared text.
    """
    if not path.is_dir():
        return [path]
    if (path / MANIFEST).exists():
        raise InputError(f"{path} contains prepared tokens: name the original text files.")
    names = [file.name for file in find([os.fspath(path)])]
    return [Path(name) for name in names]


def examples_of(path: Path) -> list[str]:
    """The examples in a file: the lines of a text, or in JSON Lines the joined texts of each row.

    Raises `MissingFileError`, `CorruptFileError`.
    """
    if path.suffix == ".jsonl":
        return ["\n".join(_texts(row)) for row in read_lines(path)]
    return [line for line in read_text(path).split("\n") if line.strip()]


def examples_on(benchmark: Benchmark, data: Path) -> list[str]:
    """The examples of a benchmark, with all texts of an example joined.

    Raises `MissingFileError` or `CorruptFileError` for its files.
    """
    return ["\n".join(_texts(example)) for example in benchmark.examples(benchmark.find(data))]


def _texts(value: Any) -> Iterator[str]:
    """Every text within a JSON value or a dataclass of JSON values."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _texts([getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, (list, tuple, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _is_known(copied: Copied) -> bool:
    return copied.found > 0 and copied.share >= MOSTLY


def _tell(
    parts: Iterator[str], data: TokenData, progress: Callable[[int, int], None] | None
) -> Iterator[str]:
    """Yield the parts and report the share of the corpus that has passed, estimated by bytes."""
    done = 0
    for part in parts:
        yield part
        done += len(part.encode())
        if progress:
            progress(min(len(data), done * len(data) // max(1, data.bytes)), len(data))
