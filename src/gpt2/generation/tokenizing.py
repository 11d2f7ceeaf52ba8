"""`Tokenizer`: the interface decoding needs, and the adapter for other libraries' tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class StreamDecoder(Protocol):
    """Turns ids into text one at a time, and never splits a character."""

    def follow(self, ids: Sequence[int], /) -> None:
        """Set the ids that the text continues; they are not shown."""

    def push(self, token: int, /) -> str:
        """The text that this id completes."""

    def flush(self) -> str:
        """The remaining text at the end."""


class Tokenizer(Protocol):
    """A tokenizer as decoding uses it; `gpt2.tokenizer.Tokenizer` is one."""

    def encode_prompt(self, text: str) -> list[int]:
        """The ids of a text to be continued."""

    def encode_more(self, text: str) -> list[int]:
        """The ids of a text that continues another."""

    def decode(self, token_ids: Any, skip_special_tokens: bool = False) -> Any:
        """The text of ids."""

    def token_bytes(self, token: int) -> bytes:
        """The bytes of a token."""

    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        """A decoder for a text while it is generated."""


def adopt(tokenizer: Any) -> Tokenizer:
    """Return a tokenizer with these methods; a transformers tokenizer lacks some and is wrapped."""
    return tokenizer if hasattr(tokenizer, "stream_decoder") else _Foreign(tokenizer)


class _Foreign:
    """Wraps a tokenizer that has ``encode``, ``decode`` and ``convert_ids_to_tokens``."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def encode_prompt(self, text: str) -> list[int]:
        return self.tokenizer.encode(text)

    def encode_more(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def decode(self, token_ids: Any, skip_special_tokens: bool = False) -> Any:
        return self.tokenizer.decode(token_ids, skip_special_tokens=skip_special_tokens)

    def token_bytes(self, token: int) -> bytes:
        text = self.tokenizer.convert_ids_to_tokens(token) or ""
        from gpt2.tokenizer.bpe import byte_to_unicode  # only for another library's tokenizer

        signs = {sign: byte for byte, sign in byte_to_unicode().items()}
        if all(character in signs for character in text):
            return bytes(signs[character] for character in text)
        return str(text).encode()

    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        return Redecoder(self.tokenizer, {"skip_special_tokens": skip_special_tokens})


class Redecoder:
    """A stream decoder for any tokenizer with ``decode``; it decodes all ids each time."""

    def __init__(self, tokenizer: Any, options: dict[str, Any]) -> None:
        self.tokenizer = tokenizer
        self.options = options
        self.ids: list[int] = []
        self.shown = ""

    def follow(self, ids: Sequence[int]) -> None:
        """Set the ids that the text continues."""
        self.ids = list(ids)
        self.shown = self.tokenizer.decode(self.ids, **self.options)

    def push(self, token: int) -> str:
        """The text that this id completes."""
        self.ids.append(token)
        text = self.tokenizer.decode(self.ids, **self.options)
        return "" if text.endswith("\ufffd") else self._rest(text)

    def flush(self) -> str:
        """The remaining text; resets the decoder."""
        text = self._rest(self.tokenizer.decode(self.ids, **self.options))
        self.ids, self.shown = [], ""
        return text

    def _rest(self, text: str) -> str:
        piece, self.shown = text[len(self.shown) :], text
        return piece
