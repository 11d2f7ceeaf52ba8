"""The decoding loop: process the logits, choose, append, stop; greedy decoding and sampling."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpt2.engine import Engine
from gpt2.generation import arrays, pipeline
from gpt2.generation.arrays import Array, Processor
from gpt2.generation.config import GenerationConfig
from gpt2.generation.context import Context
from gpt2.generation.prefix import KeptTexts
from gpt2.generation.prompts import Prompts, fill_id
from gpt2.generation.sampling import Chooser, Uniforms, checked, from_global
from gpt2.generation.shortcut import Shortcut, shortcut
from gpt2.generation.stopping import Stopping

NOISES = 32  # steps whose noise is computed together


@dataclass
class Record:
    """The scores and logits of each step, where they were asked for."""

    scores: list[Array] | None = None
    logits: list[Array] | None = None

    def add(self, scores: Array, logits: Array) -> None:
        """Keep what is wanted of one step."""
        if self.scores is not None:
            self.scores.append(scores)
        if self.logits is not None:
            self.logits.append(logits)

    @property
    def steps(self) -> tuple[Array, ...] | None:
        """The scores so far, as criteria get them."""
        return None if self.scores is None else tuple(self.scores)

    def kept(self) -> tuple[tuple[Array, ...] | None, tuple[Array, ...] | None]:
        """Scores and logits as ``generate`` returns them."""
        return self.steps, None if self.logits is None else tuple(self.logits)

    @property
    def wanted(self) -> bool:
        """Whether anything is kept, so that finished rows are computed too."""
        return self.scores is not None or self.logits is not None


@dataclass
class Job:
    """One call of ``generate``, everything decided."""

    engine: Engine
    options: GenerationConfig
    prompts: Prompts
    copies: int  # rows for each prompt
    max_length: int  # T at which decoding ends, padding included
    chain: Sequence[Processor]
    stopping: Stopping
    choose: Chooser
    noise: Uniforms | None = None  # what it draws with; None is the global generator
    record: Record = field(default_factory=Record)
    on_tokens: Callable[[Array], None] | None = None  # a streamer's put
    kept: KeptTexts | None = None  # texts read before
    ids: Array = None  # [R, T + new], of the engine's kind: the result
    ends: dict[int, int] = field(default_factory=dict)  # row -> new tokens, where it ended
    _context: Context | None = None

    @property
    def new(self) -> int:
        """The most tokens that may follow."""
        return self.max_length - self.prompts.ids.shape[1]

    def context(self) -> Context:
        """The engine's cache for this job."""
        window, whole = self.options.long == "window", self.wants_cache
        kept = None if whole else self.kept  # a cache that is handed over is nobody else's
        made = Context(self.engine, self.prompts.rows, self.copies, self.new, window, kept, whole)
        self._context = made
        return made

    @property
    def wants_cache(self) -> bool:
        """Whether the cache is part of the result."""
        return self.options.return_dict_in_generate and self.options.use_cache

    def cache(self) -> Any:
        """The cache as part of the result, None where it is none."""
        return self._context.cache if self._context and self.wants_cache else None

    def close(self) -> None:
        """Hand back what the context borrowed."""
        if self._context is not None:
            self._context.close()

    def ended(self, row: int, length: int) -> None:
        """Say that a row ends with its ``length`` tokens; what follows is padding."""
        self.ends.setdefault(row, length - len(self.prompts.rows[row // self.copies]))

    def rows(self) -> list[list[int]]:
        """The result without any padding: each row's prompt and what was written of it."""
        prompts, found = self.prompts.rows, self.new_rows()
        each = len(found) // len(prompts)
        return [prompts[r // each] + row for r, row in enumerate(found)]

    def new_rows(self) -> list[list[int]]:
        """What was written of each row, to its own end."""
        found = self.ids[:, self.prompts.ids.shape[1] :].tolist()
        return [row[: self.ends.get(r)] for r, row in enumerate(found)]

    def shortcut(self) -> Shortcut | None:
        """How the engine chooses by itself, where it may."""
        return None if self.record.wanted else shortcut(self.engine, self.options, self.chain)

    def canvas(self, like: Array) -> Array:
        """Room for the whole result [R, max_length], the prompts in place."""
        ids = np.repeat(self.prompts.ids, self.copies, axis=0)
        room = np.full((len(ids), self.new), fill_id(self.options), dtype=np.int64)
        return arrays.integers(like, np.concatenate([ids, room], axis=1))


def decode(job: Job) -> Iterator[list[int]]:
    """Run a job token by token; yields the new tokens of all rows, and leaves ``job.ids``.

    A finished row gets padding and is computed no further.
    """
    short = job.shortcut()
    return _by_scores(job) if short is None else _by_engine(job, short)


def _by_scores(job: Job) -> Iterator[list[int]]:
    """From all logits. A device is waited for once a step, where the tokens come to the host."""
    context = job.context()
    logits = context.prefill()
    canvas = job.canvas(logits)
    fill = fill_id(job.options)
    live = list(range(len(context.rows)))  # the rows that go on
    done = [False] * len(live)
    for t in range(job.prompts.ids.shape[1], job.max_length):
        scores = pipeline.apply(job.chain, canvas[:, :t], logits)
        job.record.add(scores, logits)
        chosen = _choose(job, scores, context, done, fill)
        canvas[:, t] = chosen
        job.ids = canvas[:, : t + 1]
        tokens = checked(chosen.tolist())  # the one wait
        for row, token in zip(context.rows, tokens, strict=True):
            row.append(token)
        if job.on_tokens is not None:
            job.on_tokens(chosen)
        done = _stopped(job, context, done, job.ids)
        yield tokens
        if all(done) or t + 1 == job.max_length:
            return
        logits, live = _next(job, context, chosen, logits, live, done)


def _by_engine(job: Job, choose: Shortcut) -> Iterator[list[int]]:
    """From the second token on by the engine's own choice.

    A pass over the weights leaves nothing else in the processor's caches, so each object that a
    step touches costs several times what it seems to: there are lists and no arrays here.
    """
    context = job.context()
    logits = context.prefill()
    fill, rows, stopping = fill_id(job.options), context.rows, job.stopping
    begin = [len(row) for row in rows]
    noise = _noises(job, begin)
    step = choose.stepper(context.cache)
    done = [False] * len(rows)

    def ids() -> Array:
        new = np.asarray([row[n:] for row, n in zip(rows, begin, strict=True)], dtype=np.int64)
        return np.concatenate([np.repeat(job.prompts.ids, job.copies, axis=0), new], axis=1)

    scores = pipeline.apply(job.chain, job.canvas(logits)[:, : -job.new], logits)
    tokens = checked(_choose(job, scores, context, done, fill).tolist())
    for left in range(job.new - 1, -1, -1):
        for row, token in enumerate(tokens):
            rows[row].append(token)
            if token in stopping.eos:
                done[row] = True
                job.ended(row, len(rows[row]))
        if job.on_tokens is not None:
            job.on_tokens(np.asarray(tokens, dtype=np.int64))
        if stopping.by_more_than_eos:
            done = _stopped(job, context, done, ids)
        yield tokens
        if not left or False not in done:
            break
        if stopping.eos and True in done:
            tokens = _chosen_for_some(choose, context, next(noise), done, fill)
        elif context.window:
            tokens = choose(context.cache, context.unread(), None, next(noise), "last")
        else:
            tokens = step(tokens, next(noise))
    job.ids = ids()


def _noises(job: Job, lengths: list[int]) -> Iterator[list[float]]:
    """What each step after the first draws with; rows have ``lengths`` tokens before the first."""
    for t in itertools.count(1):
        if not job.options.do_sample:
            yield []
        elif job.noise is None:
            yield from_global(lengths)
        elif t % NOISES == 1:  # a function of the position: some at a time
            yield from [job.noise([n + t + i for n in lengths]) for i in range(NOISES)]


def _chosen_for_some(
    choose: Shortcut, context: Context, noise: list[float], done: list[bool], fill: int
) -> list[int]:
    """The next tokens of the rows that go on; the filling for finished ones."""
    rows = [r for r, ended in enumerate(done) if not ended]
    noise = [noise[r] for r in rows] if noise else []
    tokens = [fill] * len(done)
    chosen = choose(context.cache, context.unread(rows), rows, noise, "last")
    for row, token in zip(rows, chosen, strict=True):
        tokens[row] = token
    return tokens


def _choose(job: Job, scores: Array, context: Context, done: list[bool], fill: int) -> Array:
    positions = [len(row) for row in context.rows]
    pads = bool(job.stopping.eos) and any(done)  # transformers pads only where there is an eos
    if not pads:
        return job.choose(scores, positions)
    flags = arrays.booleans(scores, done)
    if job.options.do_sample:  # whatever is drawn for a finished row, something must be possible
        scores = arrays.where(flags[:, None], 0 * flags[:, None], scores)
    return arrays.where(flags, fill, job.choose(scores, positions))


def _stopped(
    job: Job, context: Context, done: list[bool], ids: Array | Callable[[], Array]
) -> list[bool]:
    now = job.stopping.finished(context.rows, ids, job.record.steps)
    for row, ends in enumerate(now):
        if ends:
            job.ended(row, len(context.rows[row]))
    return [a or b for a, b in zip(done, now, strict=True)]


def _next(
    job: Job, context: Context, chosen: Array, logits: Array, live: list[int], done: list[bool]
) -> tuple[Array, list[int]]:
    """The next logits [R, V]; those of finished rows stay what they were."""
    if job.record.wanted or not job.stopping.eos:
        return context.extend(chosen), live
    going = [r for r in live if not done[r]]
    if len(going) == len(done):
        return context.extend(chosen), going
    index = arrays.integers(chosen, going)
    logits = arrays.copy(logits)  # the engine's own array may not be ours to write to
    logits[index] = context.extend(chosen[index], going)
    return logits, going
