"""Speculative decoding: draft some tokens, check them all in one pass, keep the correct ones.

A draft token is accepted if it is the token that would have been chosen without it, drawn with the
same noise: so the output is the same as without drafts, also under sampling, and only the time
differs. (Leviathan et al. 2022, arXiv 2211.17192, preserve the distribution instead.) Drafts come
from the text so far (prompt lookup: Saxena 2023) or from a smaller model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from gpt2.engine import Engine
from gpt2.errors import OptionError
from gpt2.generation import arrays, pipeline, sampling
from gpt2.generation.context import Context
from gpt2.generation.job import Job
from gpt2.generation.prefix import count_common

Steps = Generator[list[int], None, None]  # yields the next token of every row
Drafter = Callable[[Sequence[int], int], list[int]]  # (tokens so far, at most) -> draft tokens


def drafter(job: Job, assistant: Any) -> Drafter | None:
    """The drafter for this job, or None. Raises `OptionError` if the job does not allow one."""
    o = job.options
    if assistant is None and o.prompt_lookup_num_tokens is None:
        return None
    if len(job.prompts.rows) * job.copies > 1:
        raise OptionError(
            "an assistant model and prompt lookup support only one prompt and one text at a time: "
            "leave out num_beams, num_return_sequences and batches, or leave out speculative "
            "decoding."
        )
    if assistant is None:
        limit = job.engine.config.n_positions  # no text has more tokens to draft or to match
        tokens = min(o.prompt_lookup_num_tokens or 1, limit)
        return AdaptiveDraft(PromptLookup(tokens, min(o.max_matching_ngram_size, limit)), tokens)
    if assistant.config.vocab_size != job.engine.config.vocab_size:
        raise OptionError(
            f"the assistant's vocabulary has {assistant.config.vocab_size} tokens, the model's "
            f"{job.engine.config.vocab_size}: they must be the same."
        )
    return Assistant(assistant, job)


class PromptLookup:
    """Drafts the tokens that followed the most recent occurrence of the text's last n-gram.

    Tables of where each run of up to ``ngram`` tokens last occurred grow with the text.
    """

    def __init__(self, tokens: int, ngram: int) -> None:
        self.tokens = tokens
        self.ngram = ngram
        self.row: Sequence[int] = []
        self.known = 0  # runs that end up to here are in the tables
        self.places: list[dict[tuple[int, ...], int]] = []  # a run of n tokens -> where it ends

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        """At most ``most`` draft tokens; none if no ending of ``row`` occurred before."""
        self._read(row)
        end = len(row)
        for n in range(min(self.ngram, end - 1), 0, -1):
            start = self.places[n - 1].get(tuple(row[end - n :]))
            if start is not None:
                return list(row[start : start + min(self.tokens, most)])
        return []

    def _read(self, row: Sequence[int]) -> None:
        """Add the runs that end before the last token of a row, which only grows."""
        if row is not self.row or len(row) <= self.known:
            self.row, self.known = row, 0
            self.places = [{} for _ in range(self.ngram)]
        for end in range(self.known + 1, len(row)):
            for n in range(1, min(self.ngram, end) + 1):
                self.places[n - 1][tuple(row[end - n : end])] = end
        self.known = len(row) - 1


class AdaptiveDraft:
    """Adapts the draft length to what pays off, and pauses drafting while no token is accepted.

    The acceptance rate of recent drafts estimates that of the next one; a pass over n draft tokens
    is assumed to cost ``COST`` n more than a pass without any.
    """

    COST = 0.1  # roughly measured on the native engine, for one row and up to ten draft tokens
    FADE = 0.85  # the decay of older drafts' weight, at each draft
    PAUSES = (4, 64)  # tokens without a draft after a failure: the first time, and at most

    def __init__(self, draft: Drafter, tokens: int) -> None:
        self.draft, self.tokens = draft, tokens
        self.right, self.wrong = 0.5, 0.5
        self.pause, self.resume = self.PAUSES[0], 0
        self.start, self.last = 0, list[int]()

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        """At most ``most`` draft tokens."""
        self._learn(row)
        if len(row) < self.resume:
            return []
        wanted = max(1, self.worth())  # after a pause, try one
        self.start, self.last = len(row), self.draft(row, min(wanted, most))
        return self.last

    def worth(self) -> int:
        """The draft length with the most tokens per unit of time; 0 if drafting does not pay."""
        p, tokens, best = self.right / (self.right + self.wrong), 1.0, (1.0, 0)
        for n in range(1, self.tokens + 1):
            tokens += p**n
            best = max(best, (tokens / (1 + self.COST * n), n))
        return best[1]

    def _learn(self, row: Sequence[int]) -> None:
        if not self.last:
            return
        right = count_common(self.last, row[self.start :])
        self.right = self.FADE * self.right + right
        self.wrong = self.FADE * self.wrong + (right < len(self.last))
        self.last = []
        if right:
            self.pause = self.PAUSES[0]
        elif not self.worth():
            self.resume = len(row) + self.pause
            self.pause = min(2 * self.pause, self.PAUSES[1])


class Assistant:
    """Drafts the tokens that a smaller model would generate, with the same noise if seeded."""

    def __init__(self, engine: Engine, job: Job) -> None:
        o = job.options
        self.engine = engine
        self.tokens = o.num_assistant_tokens
        self.cache = engine.new_cache(1)
        self.read: list[int] = []
        self.draws = job.sequences[0].draws
        self.chain = pipeline.build(o, job.width, job.width + job.new)

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        """At most ``most`` draft tokens; none if the assistant's context is full."""
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
                break  # the assistant can choose none: the model decides
            text += guess
        return text[len(row) :]

    def _forget_beyond(self, row: Sequence[int]) -> None:
        """Truncate the cache to what it shares with the row, without the row's last token."""
        same = count_common(self.read, row[:-1])
        if same < len(self.read):
            self.cache.truncate(0, same)
            del self.read[same:]


def tokens(job: Job, draft: Drafter) -> Steps:
    """The tokens of a job with one row, for `gpt2.generation.loop`; drafts are read with them.

    Raises `OptionError` if the text could outgrow its context.
    """
    context, (sequence,) = job.context, job.sequences
    if context.window:
        raise OptionError(
            "long='window' cannot be combined with speculative decoding: leave out one of them."
        )
    # The global generator yields one number per token: rejected drafts must not consume any.
    endless = job.options.do_sample and sequence.draws is None
    short = None if endless else job.shortcut()
    lines = job.prefill()  # logits; from the second pass on, tokens if the engine chooses
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
    """Remove rejected draft tokens from the cache."""
    context.cache.truncate(0, min(length, context.cache.lengths[0]))
