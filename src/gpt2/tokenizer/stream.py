"""Decode a text while it is being written, and never show half a character."""

from __future__ import annotations

import abc
import codecs
from collections.abc import Callable, Sequence


class StreamDecoder(abc.ABC):
    """Turns ids into text one at a time; what is shown, joined, is the decoded whole."""

    @abc.abstractmethod
    def push(self, token: int) -> str:
        """The text that this id completes, often but not always the token's own."""

    @abc.abstractmethod
    def follow(self, ids: Sequence[int]) -> None:
        """Say which ids the text continues; they are not shown."""

    @abc.abstractmethod
    def flush(self) -> str:
        """What is left at the end. Starts anew."""


class ByteDecoder(StreamDecoder):
    """Of tokens that are bytes. A character's bytes may be spread over several: its text comes
    with the last of them.

    Args:
        token_bytes: id -> the bytes of the token (`GPT2Tokenizer.token_bytes`).
        skip: ids that show nothing (special tokens).
        errors: what to do with bytes that are no UTF-8, as for `bytes.decode`.
    """

    def __init__(
        self,
        token_bytes: Callable[[int], bytes],
        skip: frozenset[int] = frozenset(),
        errors: str = "replace",
    ) -> None:
        self._token_bytes = token_bytes
        self._skip = skip
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors)
        self._within = False  # a character

    def push(self, token: int) -> str:
        """The text that this id completes."""
        if token in self._skip:
            return ""
        data = self._token_bytes(token)
        if not self._within and data.isascii():  # most tokens
            return data.decode("ascii")
        text: str = self._decoder.decode(data)
        self._within = bool(self._decoder.getstate()[0])
        return text

    def follow(self, ids: Sequence[int]) -> None:
        """Bytes do not depend on what was before."""

    def flush(self) -> str:
        """What is left at the end: U+FFFD if a character was never completed. Starts anew."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        self._within = False
        return rest


class TextDecoder(StreamDecoder):
    """Of tokens that are texts, of which the first is shown otherwise than those that follow.

    Args:
        shown: (id, whether it is the first) -> its text.
        skip: ids that show nothing (special tokens).
        clean: what is done to the whole text at its end.
        held: what ``clean`` looks for: the beginning of one at the end of the text waits.
    """

    def __init__(
        self,
        shown: Callable[[int, bool], str],
        skip: frozenset[int],
        clean: Callable[[str], str],
        held: Sequence[str],
    ) -> None:
        self._shown, self._skip, self._clean, self._held = shown, skip, clean, held
        self._whole, self._given, self._first = "", 0, True

    def push(self, token: int) -> str:
        """The text that this id completes."""
        if token in self._skip:
            return ""
        text = self._shown(token, self._first)
        self._first = self._first and not text
        self._whole += text
        return self._more(self._whole[: _settled(self._whole, self._held)])

    def follow(self, ids: Sequence[int]) -> None:
        """Say which ids the text continues; they are not shown."""
        for token in ids:
            self.push(token)
        self._more(self._whole)

    def flush(self) -> str:
        """What is left at the end. Starts anew."""
        rest = self._more(self._whole)
        self._whole, self._given, self._first = "", 0, True
        return rest

    def _more(self, text: str) -> str:
        cleaned = self._clean(text)
        new, self._given = cleaned[self._given :], max(self._given, len(cleaned))
        return new


def _settled(text: str, parts: Sequence[str]) -> int:
    """Where the text's end begins that, with what may follow, holds one of the parts."""
    cut = len(text)
    while crossing := [n for part in parts if (n := _crossing(text, cut, part))]:
        cut -= max(crossing)
    return cut


def _crossing(text: str, cut: int, part: str) -> int:
    """How far before ``cut`` an occurrence of ``part`` begins that ends after it, if it goes on."""
    for n in range(min(len(part) - 1, cut), 0, -1):
        rest = text[cut - n : cut - n + len(part)]
        if part.startswith(rest):
            return n
    return 0
