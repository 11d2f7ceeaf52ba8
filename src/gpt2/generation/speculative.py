"""Speculative decoding: guess some tokens, check them all in one pass, keep those that are right.

A guess is right when it is the token that would have been chosen without it, drawn with the same
noise: so the text is the same as without, under sampling too, and only the time differs. (Leviathan
et al. 2022, arXiv 2211.17192, keep the distribution instead.) Guesses come from the text so far
(prompt lookup: Saxena 2023) or from a smaller model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from gpt2.engine import Engine
from gpt2.errors import OptionError
from gpt2.generation import arrays, pipeline, sampling
from gpt2.generation.context import Context
from gpt2.generation.job import Job

Steps = Generator[list[int], None, None]  # each the next token of every row
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
        limit = job.engine.config.n_positions  # no text has more to guess or to match
        tokens = min(o.prompt_lookup_num_tokens or 1, limit)
        return AdaptiveDraft(PromptLookup(tokens, min(o.max_matching_ngram_size, limit)), tokens)
    if assistant.config.vocab_size != job.engine.config.vocab_size:
        raise OptionError(
            f"the assistant's vocabulary has {assistant.config.vocab_size} tokens, the model's "
            f"{job.engine.config.vocab_size}: they must be the same."
        )
    return Assistant(assistant, job)


class PromptLookup:
    """Guesses what followed the last time the text ended as it does now.

    Where each run of up to ``ngram`` tokens was last seen is kept in tables that grow along.
    """

    def __init__(self, tokens: int, ngram: int) -> None:
        self.tokens = tokens
        self.ngram = ngram
        self.row: Sequence[int] = []
        self.known = 0  # runs that end by here are in the tables
        self.places: list[dict[tuple[int, ...], int]] = []  # of n tokens -> where they end

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        """At most ``most`` guesses; none where no ending of ``row`` stood before."""
        self._read(row)
        end = len(row)
        for n in range(min(self.ngram, end - 1), 0, -1):
            start = self.places[n - 1].get(tuple(row[end - n :]))
            if start is not None:
                return list(row[start : start + min(self.tokens, most)])
        return []

    def _read(self, row: Sequence[int]) -> None:
        """Take in the runs that end before the last token of a row, which only grows."""
        if row is not self.row or len(row) <= self.known:
            self.row, self.known = row, 0
            self.places = [{} for _ in range(self.ngram)]
        for end in range(self.known + 1, len(row)):
            for n in range(1, min(self.ngram, end) + 1):
                self.places[n - 1][tuple(row[end - n : end])] = end
        self.known = len(row) - 1


class AdaptiveDraft:
    """Asks for as many guesses as have been worth their time, and for none while none were right.

    What was right of the last guesses tells how probable the next ones are; a pass over n of them
    is taken to cost ``COST`` n more than a pass over none.
    """

    COST = 0.1  # about that on the native engine, for one row and up to ten guesses
    FADE = 0.85  # what older guesses count for, at each draft
    PAUSES = (4, 64)  # tokens without guesses after a failure: the first time, and at most

    def __init__(self, draft: Drafter, tokens: int) -> None:
        self.draft, self.tokens = draft, tokens
        self.right, self.wrong = 0.5, 0.5
        self.pause, self.resume = self.PAUSES[0], 0
        self.start, self.last = 0, list[int]()

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        """At most ``most`` guesses."""
        self._learn(row)
        if len(row) < self.resume:
            return []
        wanted = max(1, self.worth())  # after a pause one is tried
        self.start, self.last = len(row), self.draft(row, min(wanted, most))
        return self.last

    def worth(self) -> int:
        """How many guesses give the most tokens for the time; 0 where none does."""
        p, tokens, best = self.right / (self.right + self.wrong), 1.0, (1.0, 0)
        for n in range(1, self.tokens + 1):
            tokens += p**n
            best = max(best, (tokens / (1 + self.COST * n), n))
        return best[1]

    def _learn(self, row: Sequence[int]) -> None:
        if not self.last:
            return
        pairs = zip(self.last, row[self.start :], strict=False)
        right = next((i for i, (a, b) in enumerate(pairs) if a != b), len(self.last))
        self.right = self.FADE * self.right + right
        self.wrong = self.FADE * self.wrong + (right < len(self.last))
        self.last = []
        if right:
            self.pause = self.PAUSES[0]
        elif not self.worth():
            self.resume = len(row) + self.pause
            self.pause = min(2 * self.pause, self.PAUSES[1])


class Assistant:
    """Guesses what a smaller model would write, with the same noise where there is a seed."""

    def __init__(self, engine: Engine, job: Job) -> None:
        o = job.options
        self.engine = engine
        self.tokens = o.num_assistant_tokens
        self.cache = engine.new_cache(1)
        self.read: list[int] = []
        self.draws = job.sequences[0].draws
        self.chain = pipeline.build(o, job.width, job.width + job.new)

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
            if self.draws is None:
                guess = sampling.greedy(scores).tolist()
            else:
                guess = sampling.draw(scores, [self.draws(len(text))]).tolist()
            if sampling.NONE in guess:
                break  # it has none: the model decides
            text += guess
        return text[len(row) :]

    def _forget_beyond(self, row: Sequence[int]) -> None:
        """Keep of what was read what the row begins with, but for its last token at least."""
        pairs = zip(self.read, row[:-1], strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(row) - 1)
        same = min(same, len(self.read))
        if same < len(self.read):
            self.cache.truncate(0, same)
            del self.read[same:]


def tokens(job: Job, draft: Drafter) -> Steps:
    """The tokens of a job with one row, for `gpt2.generation.loop`: guesses are read along.

    Raises `OptionError` where the text could outgrow its context.
    """
    context, (sequence,) = job.context, job.sequences
    if context.window:
        raise OptionError("long='window' does not go together with guessed tokens: leave out one.")
    # The global generator gives a number a token: none may be taken for guesses that are wrong.
    endless = job.options.do_sample and sequence.draws is None
    short = None if endless else job.shortcut()
    lines = job.prefill()  # logits; from the second pass on tokens where the engine chooses
    ids, guesses = sequence.ids, list[int]()
    try:
        while True:
            for i in range(len(lines)):
                chosen = lines[i : i + 1]
                if not isinstance(chosen, list):
                    chosen = sampling.check(job.choose(chosen).tolist())
                yield chosen
                if i < len(guesses) and guesses[i] != ids[-1]:
                    break
            _forget_beyond(context, len(ids) - 1)
            guesses = draft(ids, sequence.left - 1)
            new = [[ids[-1], *guesses]]
            if short is None:
                lines = arrays.float32(job.engine.extend(context.cache, new, logits="all"))
            else:
                draws = sequence.draws
                noise = [] if draws is None else [draws(len(ids) + i) for i in range(len(new[0]))]
                lines = short(context.cache, new, None, noise, "all")
    finally:
        _forget_beyond(context, len(ids) - 1)


def _forget_beyond(context: Context, length: int) -> None:
    """Take guesses that are no part of the text out of the cache."""
    context.cache.truncate(0, min(length, context.cache.lengths[0]))
