"""BLiMP (Warstadt et al. 2020, 1912.00582): is the grammatical sentence of a pair more probable?

67 paradigms of 1,000 pairs each. Examples are ordered so that the first ones cover all paradigms.
Archives differ in how they were packed, so the hash covers the files inside.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gpt2.errors import CorruptFileError
from gpt2.evaluation.benchmark import Subject, percent
from gpt2.evaluation.benchmarks import publish, sets
from gpt2.files import parse_json

PARADIGMS = 67
# SHA-256 over the SHA-256 of each file, ordered by name; the files are from commit 3e56b06 of the
# source.
SHA256 = "e471d0bb74a88ed7a6e376c51eb82e98c1d2ed280eb1947a7910fb7462e23b3e"
FIELDS = ("morphology", "syntax", "semantics", "syntax_semantics")


class Pair(NamedTuple):
    """A grammatical and an ungrammatical sentence, and their topic."""

    good: str
    bad: str
    field: str


def read(archive: Path) -> list[Pair]:
    """Read the pairs, taking one from each paradigm in turn.

    Raises `CorruptFileError` if the files differ from the published ones.
    """
    contents = sorted(_contents(archive))
    total = hashlib.sha256()
    for _, content in contents:
        total.update(hashlib.sha256(content).hexdigest().encode())
    if total.hexdigest() != SHA256:
        raise CorruptFileError(
            f"{archive} does not contain the published files: it has {len(contents)} of "
            f"{PARADIGMS}, and their hash begins with {total.hexdigest()[:12]}, the published one "
            f"with {SHA256[:12]}. {sets()['blimp']['get']}"
        )
    paradigms = [
        [
            _pair(parse_json(line, archive.name))
            for line in content.decode().splitlines()
            if line.strip()
        ]
        for _, content in contents
    ]
    return [pair for turn in zip(*paradigms, strict=True) for pair in turn]


def _pair(entry: Mapping[str, Any]) -> Pair:
    return Pair(entry["sentence_good"], entry["sentence_bad"], entry["field"].replace("/", "_"))


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("*.jsonl"):
            yield file.name, file.read_bytes()
        return
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None and member.name.endswith(".jsonl"):
                    yield Path(member.name).name, content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise CorruptFileError(f"{path} cannot be unpacked: {error}.") from None


def judge(subject: Subject, examples: Sequence[Pair]) -> list[dict[str, Any]]:
    """Whether the grammatical sentence is the more probable one, also by field."""
    asked = [[("", f" {pair.good}"), ("", f" {pair.bad}")] for pair in examples]
    rows = []
    for pair, (good, bad) in zip(examples, subject.log_likelihoods(asked), strict=True):
        right = good >= bad
        rows.append({"logprobs": [good, bad], "acc": right, f"acc_{pair.field}": right})
    return rows


_HOW = "the more probable sentence of a pair, each after end-of-text and a space"

BLIMP = publish(
    "blimp",
    read,
    judge,
    (
        percent("acc", "accuracy, %", _HOW),
        *(
            percent(f"acc_{field}", f"accuracy, % ({field.replace('_', ' and ')})", _HOW)
            for field in FIELDS
        ),
    ),
)
