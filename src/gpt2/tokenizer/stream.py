"""Decode a text while it is being generated, without ever splitting a character."""

from __future__ import annotations

import abc
import codecs
from collections.abc import Callable, Sequence


class StreamDecoder(abc.ABC):
    """Turns ids into text one at a time; the pieces concatenate to the decoded text."""

    @abc.abstractmethod
    def push(self, token: int) -> str:
        """The text that this id completes, often but not always the token's own."""

    @abc.abstractmethod
    def follow(self, ids: Sequence[int]) -> None:
        """Set the ids that the text continues; they are not shown."""

    @abc.abstractmethod
    def flush(self) -> str:
        """The remaining text at the end; resets the decoder."""


class ByteDecoder(StreamDecoder):
    """Decodes tokens that are bytes. The bytes of a character may be spread over several tokens:
    it is shown with the last of them.

    Args:
        token_bytes: id -> the bytes of the token (`GPT2Tokenizer.token_bytes`).
        skip: ids that are not shown (special tokens).
        errors: how to handle bytes that are not UTF-8, as for `bytes.decode`.
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
        self._within = False  # whether inside a character

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
        """Do nothing: bytes do not depend on earlier tokens."""

    def flush(self) -> str:
        """The remaining text: U+FFFD if a character was never completed. Resets the decoder."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        self._within = False
        return rest


class TextDecoder(StreamDecoder):
    """Decodes tokens that are texts; the first one may be shown differently from the others.

    Args:
        shown: (id, whether it is the first) -> its text.
        skip: ids that are not shown (special tokens).
        clean: the clean-up function for the full text.
        held: the strings ``clean`` replaces; the beginning of one at the end is held back.
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
        return self._more(self._whole[: _find_cut(self._whole, self._held)])

    def follow(self, ids: Sequence[int]) -> None:
        """Set the ids that the text continues; they are not shown."""
        for token in ids:
            self.push(token)
        self._more(self._whole)

    def flush(self) -> str:
        """The remaining text at the end; resets the decoder."""
        rest = self._more(self._whole)
        self._whole, self._given, self._first = "", 0, True
        return rest

    def _more(self, text: str) -> str:
        cleaned = self._clean(text)
        new, self._given = cleaned[self._given :], max(self._given, len(cleaned))
        return new


def _find_cut(text: str, parts: Sequence[str]) -> int:
    """Where the end of the text begins that could, with more text, contain one of the parts."""
    cut = len(text)
    while crossing := [n for part in parts if (n := _crossing(text, cut, part))]:
        cut -= max(crossing)
    return cut


def _crossing(text: str, cut: int, part: str) -> int:
    """How far before ``cut`` a possible occurrence of ``part`` begins that would end after it."""
    for n in range(min(len(part) - 1, cut), 0, -1):
        rest = text[cut - n : cut - n + len(part)]
        if part.startswith(rest):
            return n
    return 0
