"""Words in ``abbreviations.toml`` that decide whether a full stop ends a sentence."""

from __future__ import annotations

import tomllib
from importlib.resources import files

_LISTS = tomllib.loads((files("gpt2.tasks") / "abbreviations.toml").read_text("utf-8"))


def _set(name: str) -> frozenset[str]:
    return frozenset(word for words in _LISTS[name].values() for word in words.split())


BEFORE_A_NAME = _set("before_a_name")
BEFORE_A_NUMBER = _set("before_a_number")
MAY_END = _set("may_end")
BEFORE_A_LETTER = _set("before_a_letter")
STARTERS = _set("starters")
BEFORE_AN_ORDINAL = _set("before_an_ordinal")
MONTHS = _set("months")
STREET = ("str", "straße")  # endings of German street names: Hauptstr. 5
NO_STARTERS = ("J.-C", "Chr.", "н.э")  # "av. J.-C.", "v. Chr."
