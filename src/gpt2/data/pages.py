"""Detects pages that would make the text extraction very slow.

Its time grows with the square of the nesting depth of tags and of the number of attributes of one
tag. A browser nests 512 deep.
"""

from __future__ import annotations

import html
import re
from collections import Counter

DEEPEST, MOST_ATTRIBUTES = 1000, 2000
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>?")
# Tags without an end tag, or that end where the next one begins: they never nest.
_FLAT = frozenset(
    b"area base br col embed hr img input link meta source track wbr "
    b"p li dt dd tr td th thead tbody tfoot option".split()
)
_VALUE = re.compile(rb"""=\s*("[^"]*"|'[^']*')""")  # it may contain any character
_BETWEEN = re.compile(rb"[\s/]+")
_UNSHOWN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_ANY = re.compile(r"<[^<>]*>")


def is_ordinary(page: bytes) -> bool:
    """Whether nesting depth and attributes per tag are within what an ordinary page needs."""
    if any(_is_crowded(tag[3]) for text in (page, _VALUE.sub(b" ", page))
           for tag in _TAG.finditer(text)):  # fmt: skip
        return False
    open_tags: Counter[bytes] = Counter()
    depth = 0
    for tag in _TAG.finditer(page):
        closing, name, rest = tag[1], tag[2].lower(), tag[3]
        if name in _FLAT or rest.endswith(b"/"):
            continue
        if not closing:
            open_tags[name] += 1
            depth += 1
        elif open_tags[name]:
            open_tags[name] -= 1
            depth -= 1
        if depth > DEEPEST:
            return False
    return True


def _is_crowded(rest: bytes) -> bool:
    """Whether a tag has too many attributes, with or without values."""
    if len(rest) < 2 * MOST_ATTRIBUTES:
        return False
    return len(_BETWEEN.split(_VALUE.sub(b" ", rest))) > MOST_ATTRIBUTES


def without_tags(page: str) -> str:
    """All text of a page, including menus and similar parts."""
    text = html.unescape(_ANY.sub("\n", _UNSHOWN.sub("\n", page)))
    return "\n".join(line for line in map(str.strip, text.splitlines()) if line)
