"""Examples for few-shot prompts, from ``shots.toml`` or a file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from importlib.resources import files

from gpt2.errors import CorruptFileError, InputError
from gpt2.files import read_text

Examples = tuple[tuple[str, str], ...]

_OWN = tomllib.loads((files("gpt2.tasks") / "shots.toml").read_text("utf-8"))


def _pairs(listed: Iterable[Sequence[str]]) -> Examples:
    return tuple((first, second) for first, second in listed)


# (language of the text, language of the translation) -> sentences with their translations
TRANSLATIONS: dict[tuple[str, str], Examples] = {}
for _name, _listed in _OWN["translations"].items():
    _first, _second = _name.split("-")
    TRANSLATIONS[_first, _second] = _pairs(_listed)
    TRANSLATIONS[_second, _first] = _pairs(pair[::-1] for pair in _listed)
QUESTIONS = {language: _pairs(listed) for language, listed in _OWN["questions"].items()}
SENTENCES: dict[str, str] = _OWN["sentences"]  # answered with a full sentence


def read_examples(path: str) -> Examples:
    """Read sentences with translations from a file: one tab-separated pair per line.

    Raises `MissingFileError`, `CorruptFileError` for a line that is not a pair, and `InputError` if
    there are no pairs.
    """
    pairs = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) < 2 or not all(columns[:2]):
            raise CorruptFileError(
                f"{path}, line {number}: expected a sentence, a tab and its translation."
            )
        pairs.append((columns[0], columns[1]))
    if not pairs:
        raise InputError(f"{path} contains no examples.")
    return tuple(pairs)
