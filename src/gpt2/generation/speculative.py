"""Speculative decoding: guess some tokens, check them all in one pass, keep those that are right.

A guess is right when it is the token that would have been chosen without it, drawn with the same
noise: so the text is the same as without, under sampling too, and only the time differs. (Leviathan
et al. 2022, arXiv 2211.17192, keep the distribution instead.) Guesses come from the text so far
(prompt lookup: Saxena 2023) or from a smaller model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gpt2.engine import Engine
from gpt2.errors import OptionError
from gpt2.generation import arrays, pipeline, sampling
from gpt2.generation.loop import Job

Drafter = Callable[[Sequence[int], int], list[int]]  # (tokens so far, at most) -> guesses


def drafter(job: Job, assistant: Any) -> Drafter | None:
    """What guesses for this job, or None. Raises `OptionError` where guessing cannot be had."""
    o = job.options
    if assistant is None and o.prompt_lookup_num_tokens is None:
        return None
    if len(job.prompts.rows) * job.copies > 1:
        raise OptionError(
            "an assistant model and prompt lookup work on one prompt and one text at a time: leave "
            "out num_beams, num_return_sequences and batches, or the guessing."
        )
    if assistant is None:
        return PromptLookup(o.prompt_lookup_num_tokens or 1, o.max_matching_ngram_size)
    if assistant.config.vocab_size != job.engine.config.vocab_size:
        raise OptionError(
            f"the assistant's vocabulary has {assistant.config.vocab_size} tokens, the model's "
            f"{job.engine.config.vocab_size}: they must be the same."
        )
    return Assistant(assistant, job)


class PromptLookup:
    """Guesses what followed the last time the text ended as it does now."""

    def __init__(self, tokens: int, ngram: int) -> None:
        self.tokens = tokens
        self.ngram = ngram

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        """At most ``most`` guesses; none where no ending of ``row`` stood before."""
        ids = np.asarray(row)
        for n in range(min(self.ngram, len(row) - 1), 0, -1):
            same = np.ones(len(row) - n, dtype=np.bool_)  # does the run at i equal the ending?
            for j in range(n):
                same &= ids[j : j + len(same)] == ids[len(row) - n + j]
            found = np.flatnonzero(same)
            if len(found):
                start = found[-1] + n
                return ids[start : start + min(self.tokens, most)].tolist()
        return []


class Assistant:
    """Guesses what a smaller model would write, with the same noise where there is a seed."""

    def __init__(self, engine: Engine, job: Job) -> None:
        o = job.options
        self.engine = engine
        self.tokens = o.num_assistant_tokens
        self.cache = engine.new_cache(1)
        self.read: list[int] = []
        same_noise = o.do_sample and o.seed is not None
        self.choose = job.choose if same_noise else sampling.greedy
        self.chain = pipeline.build(o, job.prompts.ids.shape[1], job.max_length)

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        """At most ``most`` guesses; none where the assistant's context is full."""
        most = min(most, self.tokens, self.engine.config.n_positions - len(row))
        if most < 1:
            return []
        self._forget_beyond(row)
        text = list(row)
        while len(text) < len(row) + most:
            unread = text[len(self.read) :]
            logits = arrays.float32(self.engine.extend(self.cache, [unread]))
            self.read += unread
            scores = pipeline.apply(self.chain, arrays.integers(logits, [text]), logits)
            text += self.choose(scores, [len(text)]).tolist()
        return text[len(row) :]

    def _forget_beyond(self, row: Sequence[int]) -> None:
        """Keep of what was read what the row begins with, but for its last token at least."""
        pairs = zip(self.read, row[:-1], strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(row) - 1)
        same = min(same, len(self.read))
        if same < len(self.read):
            self.cache.truncate(0, same)
            del self.read[same:]


def decode(job: Job, draft: Drafter) -> Iterator[list[int]]:
    """As `gpt2.generation.loop.decode`, for one row, reading guesses along with each token."""
    context = job.context()
    if context.window:
        raise OptionError("long='window' does not go together with guessed tokens: leave out one.")
    logits = context.prefill()
    canvas = job.canvas(logits)
    row, t = context.rows[0], job.prompts.ids.shape[1]
    guesses: list[int] = []
    while True:
        for i in range(len(logits)):
            one = logits[i : i + 1]
            scores = pipeline.apply(job.chain, canvas[:, :t], one)
            job.record.add(scores, one)
            chosen = job.choose(scores, [len(row)])
            canvas[:, t] = chosen
            t += 1
            job.ids = canvas[:, :t]
            row += chosen.tolist()
            if job.on_tokens is not None:
                job.on_tokens(chosen)
            ended = job.stopping.finished([row], job.ids, job.record.steps)[0]
            yield row[-1:]
            if ended or t == job.max_length:
                return
            if i < len(guesses) and guesses[i] != row[-1]:
                break
        context.cache.truncate(0, len(row) - 1)  # the wrong guesses, if any
        guesses = draft(row, job.max_length - t - 1)
        ids = [[row[-1], *guesses]]
        logits = arrays.float32(job.engine.extend(context.cache, ids, logits="all"))
