"""`Writer`: a model that writes for a task. Prompts are texts here; what is new comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpt2.errors import ContextLengthError, InputError
from gpt2.generation.config import token_list
from gpt2.generation.streaming import decoder


class Writer:
    """Runs prompts on an engine with its tokenizer.

    Args:
        model: what `gpt2.load` gives.

    Attributes:
        limit: tokens of the context.
        tokens: how many were written so far.
    """

    def __init__(self, model: Any) -> None:
        if getattr(model, "tokenizer", None) is None:
            raise InputError("the model has no tokenizer: load it with gpt2.load(folder).")
        self.model, self.tokenizer = model, model.tokenizer
        self.limit: int = model.config.n_positions
        self.tokens = 0
        self._ends = set(token_list(model.generation_config.eos_token_id))

    def size(self, text: str) -> int:
        """How many tokens a text takes inside a longer one."""
        return len(self.tokenizer.encode(" " + text))

    def room(self, new: int, *around: str) -> int:
        """Tokens left for a text beside ``new`` ones and the prompt's own words.

        Raises `ContextLengthError` where nothing sensible is left.
        """
        left = self.limit - new - sum(map(self.size, around))
        if left < 8:
            raise ContextLengthError(
                f"this model's context of {self.limit} tokens leaves no room beside the prompt's "
                f"own {sum(map(self.size, around))} and {new} new ones: use a model with a longer "
                "context, or a shorter question or prompt."
            )
        return left

    def write(
        self,
        prompt: str,
        new: int,
        until: Callable[[str], bool] | None = None,
        **decoding: Any,
    ) -> str:
        """Continue a prompt by at most ``new`` tokens; the text ends where ``until`` says of what
        is written so far that it is enough."""
        ids = self._ids(prompt, new)
        text = decoder(self.tokenizer, skip_special_tokens=True)
        written = ""
        steps = self.model.stream(ids, max_new_tokens=new, **decoding)
        for token in steps:
            self.tokens += 1
            written += text.push(int(token))
            if until is not None and until(written):
                steps.close()
                return written
        return written + str(text.flush())

    def write_all(self, prompts: Sequence[str], new: int, **decoding: Any) -> list[str]:
        """Continue several prompts together; what they begin with in common is read once."""
        rows = [self._ids(prompt, new) for prompt in prompts]
        written = self.model.generate(rows, max_new_tokens=new, **decoding).tolist()
        start = max(map(len, rows))
        return [self._text(row[start:]) for row in written]

    def cut(self, text: str, most: int) -> str:
        """A text's beginning of at most ``most`` tokens."""
        ids = self.tokenizer.encode(text)
        if len(ids) <= most:
            return text
        return str(self.tokenizer.decode(ids[:most])).rstrip("\ufffd")

    def _ids(self, prompt: str, new: int) -> list[int]:
        ids: list[int] = list(self.tokenizer.encode(prompt))
        if len(ids) + new > self.limit + 1:
            raise ContextLengthError(
                f"a prompt of {len(ids)} tokens and {new} new ones do not fit in this model's "
                f"context of {self.limit}."
            )
        return ids

    def _text(self, ids: Sequence[int]) -> str:
        end = next((at for at, token in enumerate(ids) if token in self._ends), len(ids))
        self.tokens += end
        return str(self.tokenizer.decode(list(ids[:end]), skip_special_tokens=True))
