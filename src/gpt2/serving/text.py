"""Decodes the text of a stream, without incomplete characters or parts of a stop string.

Only text is held back. Each token is reported at once, with its start in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.generation.streaming import decoder


class Text:
    """The text of one row.

    Args:
        tokenizer: the tokenizer of the model.
        after: the ids of the prompt.
        stops: texts at which the completion ends.
        keep_stop: leave the stop string in the text.
        start: the number of characters before the text (an echoed prompt).

    Attributes:
        stopped: whether a stop string is complete, so that no more tokens are needed.
    """

    def __init__(
        self,
        tokenizer: Any,
        after: Sequence[int] = (),
        stops: Sequence[str] = (),
        *,
        keep_stop: bool = False,
        start: int = 0,
    ) -> None:
        self._decoder = decoder(tokenizer, after=after, skip_special_tokens=True)
        self._stops, self._keep = stops, keep_stop
        self._held = ""
        self._length = start  # length of all decoded text, including held-back text
        self.stopped = False

    def push(self, token: int) -> tuple[str, int]:
        """Add a token; returns the text it releases and the start of the token in the full text."""
        offset = self._length
        return self._more(self._decoder.push(token)), offset

    def flush(self) -> str:
        """The text still held back at the end; an incomplete character becomes U+FFFD."""
        text = self._more(self._decoder.flush()) + self._held
        self._held = ""
        return text

    def _more(self, new: str) -> str:
        if self.stopped:
            return ""
        self._length += len(new)
        text = self._held + new
        bounds = _first(text, self._stops)
        if bounds is not None:
            self.stopped, self._held = True, ""
            return text[: bounds[1] if self._keep else bounds[0]]
        free = len(text) - max((_begun(text, stop) for stop in self._stops), default=0)
        self._held = text[free:]
        return text[:free]


def _first(text: str, stops: Sequence[str]) -> tuple[int, int] | None:
    """The position of the stop string that ends first; the longest one if several end there."""
    ends = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    if not ends:
        return None
    end, at = min(ends)
    return at, end


def _begun(text: str, stop: str) -> int:
    """The number of characters at the end of a text that begin a stop string."""
    most = min(len(stop) - 1, len(text))
    return next((n for n in range(most, 0, -1) if text.endswith(stop[:n])), 0)
