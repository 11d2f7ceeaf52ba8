"""Named filters that can be applied to the text of a document before it is tokenised.

To add a filter, write a function from text to text and add an entry to `FILTERS`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence

from gpt2.errors import OptionError

Filter = Callable[[str], str]
DEDUPLICATE = "dedup"  # needs all documents, so it is not a function of one text: see seen.py

# The marks in new and old Project Gutenberg files: "*** START OF THIS PROJECT GUTENBERG EBOOK",
# "***START OF THE PROJECT ...", "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS".
_START = re.compile(
    r"^[ \t]*\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG.*(?:\n.*\*\*\*[ \t\r]*$)?"
    r"|^\*+ ?END ?\*+ ?THE SMALL PRINT!.*$",
    re.IGNORECASE | re.MULTILINE,
)
_END = re.compile(
    r"^[ \t]*(?:\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG"
    r"|End of (?:the |this )?Project Gutenberg)",
    re.IGNORECASE | re.MULTILINE,
)
# A first paragraph that credits whoever typed the book in.
_CREDIT = re.compile(
    r"\s*(?:Produced by|E-?text prepared by|This e-?text was|Transcribed (?:from|by)|"
    r"Prepared by)\b(?:.|\n(?![ \t\r]*\n))*",
    re.IGNORECASE,
)


def gutenberg(text: str) -> str:
    """Remove the header and footer of a Project Gutenberg book; other text is unchanged."""
    # Use the last mark: in older files the small print ends after the first one.
    start = deque(_START.finditer(text, 0, min(len(text), 60_000)), 1)
    begin = start[0].end() if start else 0
    if start and (credit := _CREDIT.match(text, begin)):
        begin = credit.end()
    end = _END.search(text, begin)
    if not start and (end is None or end.start() < len(text) // 2):
        return text  # perhaps an essay about Project Gutenberg
    return text[begin : end.start() if end else len(text)].strip() + "\n"


def newlines(text: str) -> str:
    r"""Convert line ends to ``\n``."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


FILTERS: dict[str, tuple[Filter | None, str]] = {
    "newlines": (newlines, "line ends of Windows and old Macs become \\n"),
    "gutenberg": (gutenberg, "Project Gutenberg's header, footer and licence go"),
    DEDUPLICATE: (None, "a document that came before, byte for byte, goes"),
}


def check(names: Sequence[str]) -> None:
    """Raise `OptionError` for an unknown filter."""
    for name in names:
        if name not in FILTERS:
            raise OptionError(f"there is no filter {name!r}; the filters are {', '.join(FILTERS)}.")


def chain(names: Sequence[str]) -> Filter:
    """Combine the named filters into one function, in the given order."""
    functions = [function for name in names if (function := FILTERS[name][0])]

    def filtered(text: str) -> str:
        for function in functions:
            text = function(text)
        return text

    return filtered
