"""Decode a text while it is being written, and never show half a character."""

from __future__ import annotations

import codecs
from collections.abc import Callable


class StreamDecoder:
    """Turns ids into text one at a time; what is shown, joined, is the decoded whole.

    A character's bytes may be spread over several tokens: its text comes with the last of them.

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
        """The text that this id completes, often but not always the token's own."""
        if token in self._skip:
            return ""
        data = self._token_bytes(token)
        if not self._within and data.isascii():  # most tokens
            return data.decode("ascii")
        text: str = self._decoder.decode(data)
        self._within = bool(self._decoder.getstate()[0])
        return text

    def flush(self) -> str:
        """What is left at the end: U+FFFD if a character was never completed. Starts anew."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        self._within = False
        return rest
