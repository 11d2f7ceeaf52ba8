"""`Writer`: runs a model for a task, from prompts as text to the new text."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import regex

from gpt2.errors import ContextLengthError, InputError
from gpt2.generation import LanguageModel, arrays
from gpt2.generation.config import token_list
from gpt2.generation.streaming import decoder
from gpt2.tasks.extract import Spans
from gpt2.tasks.repetition import Composer
from gpt2.tasks.sentences import flat, spans
from gpt2.tasks.words import CHARACTER

_WORD_START = regex.compile(rf"(?<=\s)\S|{CHARACTER}", regex.V1)


@dataclass(frozen=True)
class Scored:
    """A generated line, and the model's log-probability of each of its tokens.

    ``ends`` has the number of characters of the text up to the end of each token.
    """

    text: str
    logprobs: Sequence[float] = ()
    ends: Sequence[int] = ()

    @property
    def joint(self) -> float:
        """The probability of the full line."""
        return math.exp(sum(self.logprobs)) if self.logprobs else 0.0

    @property
    def mean(self) -> float:
        """The geometric mean of the tokens' probabilities."""
        return math.exp(sum(self.logprobs) / len(self.logprobs)) if self.logprobs else 0.0

    def first_sentence(self) -> Scored:
        """The first sentence of the line, with the tokens up to its end."""
        if not self.text:
            return self
        start, end = spans(self.text)[0]
        count = bisect_left(self.ends, end) + 1
        return Scored(flat(self.text[start:end]), self.logprobs[:count], self.ends[:count])


class Writer:
    """Runs prompts on an engine with its tokenizer.

    Args:
        model: a model from `gpt2.load`.

    Attributes:
        limit: the context length in tokens.
        ends: ids that end a text.
        tokens: the number of tokens written so far.
    """

    def __init__(self, model: LanguageModel) -> None:
        if model.tokenizer is None:
            raise InputError("the model has no tokenizer: load the model with gpt2.load(folder).")
        self.model, self.tokenizer = model, model.tokenizer
        self.limit: int = model.config.n_positions
        self.tokens = 0
        self.ends = set(token_list(model.generation_config.eos_token_id))

    def size(self, text: str) -> int:
        """The number of tokens that a text takes inside a longer one."""
        return len(self.tokenizer.encode_more(" " + text))

    def room(self, new: int, *around: str) -> int:
        """The number of tokens left for a text besides ``new`` ones and the words of the prompt.

        Raises `ContextLengthError` if too few are left to be useful.
        """
        left = self.limit - new - sum(map(self.size, around))
        if left < 8:
            raise ContextLengthError(
                f"this model's context of {self.limit} tokens has no room left after the prompt's "
                f"{sum(map(self.size, around))} tokens and {new} new tokens: use a model with a "
                "longer context, or a shorter question or prompt."
            )
        return left

    def write(
        self,
        prompt: str,
        new: int,
        until: Callable[[str], bool] | None = None,
        **decoding: Any,
    ) -> str:
        """Continue a prompt by at most ``new`` tokens, until ``until`` accepts the text so far."""
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

    def write_all(self, prompts: Sequence[str], new: Sequence[int], **decoding: Any) -> list[str]:
        """Continue several prompts together, each by at most its own number of new tokens.

        Their common prefix is computed once; a text does not depend on the others in the batch.
        """
        rows = [self._ids(prompt, max(new)) for prompt in prompts]
        written = self.model.generate(rows, max_new_tokens=max(new), **decoding).tolist()
        longest = max(map(len, rows))
        return [self._text(row[longest:][:most]) for row, most in zip(written, new, strict=True)]

    def compose(self, prompt: str, composer: Composer, **decoding: Any) -> str:
        """Write a full text under a `Composer`, until it stops."""
        self.model.generate(
            [list(self.tokenizer.encode_prompt(prompt))],
            logits_processor=[composer.process],
            stopping_criteria=[composer.stop],
            **decoding,
        )
        self.tokens += composer.tokens
        return composer.text

    def score(self, prompt: str, new: int, spans: Spans | None = None, **decoding: Any) -> Scored:
        """Continue a prompt to the end of the line, with the log-probability of each token.

        ``spans`` restricts the line to these; the probabilities are still the model's own.
        """
        ids, stops = self._ids(prompt, new), self.ends
        if spans:
            decoding |= {"prefix_allowed_tokens_fn": spans.after(len(ids))}
            decoding |= {"eos_token_id": spans.end}
            stops = {spans.end}
        output = self.model.generate(
            [ids],
            max_new_tokens=new,
            return_dict_in_generate=True,
            output_logits=True,
            **decoding,
        )
        written, count = b"", 0
        logprobs: list[float] = []
        ends: list[int] = []
        after = output.sequences[0].tolist()[len(ids) :]
        for token, logits in zip(after, output.logits, strict=False):
            new_bytes = b"" if token in stops else self.tokenizer.token_bytes(token)
            line = new_bytes.split(b"\n")[0]
            if line:
                written += line
                scores = arrays.to_numpy(logits)[0].astype(np.float64)
                logprobs.append(float(arrays.log_softmax(scores)[token]))
                ends.append(len(written.decode("utf-8", "ignore").lstrip()))
            if line != new_bytes or token in stops:
                break
            count += 1
        self.tokens += count
        text = spans.text(after[:count]) if spans else written.decode("utf-8", "ignore").strip()
        return Scored(text, logprobs, ends)

    def cut(self, text: str, most: int) -> str:
        """The beginning of a text, at most ``most`` tokens."""
        ids = self.tokenizer.encode_more(text)
        if len(ids) <= most:
            return text
        return str(self.tokenizer.decode(ids[:most])).rstrip("\ufffd")

    def tail(self, text: str, most: int) -> str:
        """The last words of a text, at most ``most`` tokens."""
        encoding = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        offsets = encoding["offset_mapping"]
        if len(offsets) < most:  # one is reserved for a possible leading space
            return text
        # A character of several tokens is left out if it does not fit.
        last = max(offsets[1 - most][0], offsets[-most][1]) if most > 1 else len(text)
        start = _WORD_START.search(text, last)
        return text[(start.start() if start else last) :]

    def _ids(self, prompt: str, new: int) -> list[int]:
        ids: list[int] = list(self.tokenizer.encode_prompt(prompt))
        if len(ids) + new > self.limit + 1:
            raise ContextLengthError(
                f"a prompt of {len(ids)} tokens and {new} new tokens exceed this model's context "
                f"length of {self.limit}."
            )
        return ids

    def _text(self, ids: Sequence[int]) -> str:
        end = next((at for at, token in enumerate(ids) if token in self.ends), len(ids))
        self.tokens += end
        return str(self.tokenizer.decode(list(ids[:end]), skip_special_tokens=True))
