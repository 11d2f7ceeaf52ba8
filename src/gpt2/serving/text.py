"""The text of an answer while its tokens come: never half a character, nothing of a stop string.

What is held back is text alone. Each token is told at once, with where it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.generation.streaming import decoder


class Text:
    """Of one row.

    Args:
        tokenizer: of the model.
        after: the prompt's ids.
        stops: texts at which the answer ends.
        keep_stop: leave the stop string in the text.
        start: characters that stand before (an echoed prompt).

    Attributes:
        stopped: a stop string is complete; no more tokens are wanted.
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
        self._length = start  # of all that is decoded, held back or not
        self.stopped = False

    def push(self, token: int) -> tuple[str, int]:
        """The text that a token sets free, and the place in the whole text where it begins."""
        offset = self._length
        return self._more(self._decoder.push(token)), offset

    def flush(self) -> str:
        """What was held back at the end, where no stop string came; half a character is U+FFFD."""
        text = self._more(self._decoder.flush()) + self._held
        self._held = ""
        return text

    def _more(self, new: str) -> str:
        if self.stopped:
            return ""
        self._length += len(new)
        text = self._held + new
        found = _first(text, self._stops)
        if found is not None:
            self.stopped, self._held = True, ""
            return text[: found[1] if self._keep else found[0]]
        free = len(text) - max((_begun(text, stop) for stop in self._stops), default=0)
        self._held = text[free:]
        return text[:free]


def _first(text: str, stops: Sequence[str]) -> tuple[int, int] | None:
    """Where the stop string stands that ends first; of those that end there the longest."""
    found = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    if not found:
        return None
    end, at = min(found)
    return at, end


def _begun(text: str, stop: str) -> int:
    """How many characters at the end of a text are the beginning of a stop string."""
    most = min(len(stop) - 1, len(text))
    return next((n for n in range(most, 0, -1) if text.endswith(stop[:n])), 0)
