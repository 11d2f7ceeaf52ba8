"""Find the added tokens of a vocabulary in a text, as the `tokenizers` library does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gpt2.tokenizer.signs import SPACES, is_in_word
from gpt2.tokenizer.vocabulary import AddedToken

Part = tuple[int, int, int | None]  # start, end (in characters), id or None for plain text


class Finder:
    """Splits a text at added tokens: non-normalized ones first, the longest among several."""

    def __init__(self, added: Mapping[int, AddedToken]) -> None:
        self._ids = {token.content: i for i, token in added.items() if token.content}
        self._tokens = {token.content: token for token in added.values()}
        plain = [t.content for t in added.values() if not t.normalized]
        normalized = [t.content for t in added.values() if t.normalized]
        self._stages = [p for p in (any_of(plain), any_of(normalized)) if p]

    def split(self, text: str) -> list[Part]:
        """The parts of a text in order, without empty ones."""
        parts: list[Part] = [(0, len(text), None)]
        for pattern in self._stages:
            if pattern.search(text):
                parts = [
                    part
                    for start, end, i in parts
                    for part in (
                        [(start, end, i)]
                        if i is not None
                        else self._find(pattern, text, start, end)
                    )
                ]
        return [part for part in parts if part[0] < part[1]]

    def _find(self, pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterable[Part]:
        at = start
        for match in pattern.finditer(text, start, end):
            token = self._tokens[match[0]]
            left, right = match.span()
            if left < at or (token.single_word and _inside_word(text, left, right, start, end)):
                continue
            if token.lstrip:
                left = at + len(text[at:left].rstrip(SPACES))
            if token.rstrip:
                right = end - len(text[right:end].lstrip(SPACES))
            yield at, left, None
            yield left, right, self._ids[match[0]]
            at = right
        yield at, end, None


def any_of(contents: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern for any of the tokens, the longest first; None without tokens."""
    longest_first = sorted(filter(None, contents), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _inside_word(text: str, left: int, right: int, start: int, end: int) -> bool:
    before = left > start and is_in_word(text[left - 1])
    return before or (right < end and is_in_word(text[right]))
