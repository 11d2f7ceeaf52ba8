"""Bundles the ES modules into one classic script, since module files do not load from a disk.

A module becomes a function that runs once and returns its exports; an import destructures them. The
modules use only named imports and exports, and no cycles.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from gpt2.errors import CorruptFileError

IMPORT = re.compile(r"^import\s*\{([^}]*)\}\s*from\s*'(\.[^']*)';?$", re.MULTILINE)
DECLARED = re.compile(r"^export (?=(?:const|(?:async )?function\*?|class)\s+(\w+))", re.MULTILINE)
LISTED = re.compile(r"\bexport\s*\{([^}]*)\};?")
LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def join(entry: Path) -> str:
    """The script of a module and everything it imports, with dependencies first."""
    parts: dict[Path, str] = {}
    _add(Path(os.path.normpath(entry)), parts, ())
    return "'use strict';\n" + "".join(parts.values())


def inline(script: str) -> str:
    """Escape a script for an HTML element, so that nothing in it ends the element or a comment."""
    return re.sub(r"<(?=/script|!--)", r"<\\", script, flags=re.IGNORECASE)


def _add(path: Path, parts: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in above:
        raise CorruptFileError(f"{path} imports itself by way of {above[-1]}.")
    text = path.read_text("utf-8")
    for _, other in IMPORT.findall(text):
        imported = Path(os.path.normpath(path.parent / other))
        if imported not in parts:
            _add(imported, parts, (*above, path))
    parts[path] = _module(path, text, list(parts))


def _module(path: Path, text: str, before: list[Path]) -> str:
    def declare(match: re.Match[str]) -> str:
        number = before.index(Path(os.path.normpath(path.parent / match[2])))
        return f"const {{{_rename(match[1], ':')}}} = m{number};"

    exports = [f"{name}" for name in DECLARED.findall(text)]
    exports += [_swap(names) for names in LISTED.findall(text)]
    text = LISTED.sub("", DECLARED.sub("", IMPORT.sub(declare, text)))
    if left := LEFT.search(text):
        raise CorruptFileError(f"{path} has an import or export of a kind that is not joined: "
                               f"{left[0]}")  # fmt: skip
    return f"const m{len(before)} = (() => {{\n{text}\nreturn {{{', '.join(exports)}}};\n}})();\n"


def _rename(names: str, sign: str) -> str:
    """Rewrite ``a, b as c`` as ``a, b: c``."""
    return re.sub(r"\s+as\s+", f"{sign} ", names.strip())


def _swap(names: str) -> str:
    """Rewrite exports ``a as b`` as properties ``b: a``."""
    pairs = [name.split(" as ") for name in re.split(r"\s*,\s*", names.strip()) if name]
    return ", ".join(": ".join(reversed(pair)) for pair in pairs)
