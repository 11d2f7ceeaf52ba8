"""The decoding loop: the next tokens have different sources, but are all handled alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from gpt2.generation import arrays, speculative
from gpt2.generation.arrays import Array
from gpt2.generation.job import Job
from gpt2.generation.policy import Shortcut
from gpt2.generation.prompts import fill_id
from gpt2.generation.sampling import check, from_global
from gpt2.generation.speculative import Drafter, Steps


def decode(job: Job, draft: Drafter | None = None) -> Iterator[list[int]]:
    """Run a job token by token; yields the new tokens of all rows. The result is ``job.ids()``.

    A finished row gets padding and is no longer computed. ``draft`` drafts tokens for one row.
    """
    context = job.open()
    try:
        with closing(_tokens(job, draft)) as steps:
            for tokens in steps:
                job.append(tokens)
                yield tokens
                if not job.unfinished:
                    return
    finally:  # also if the caller stops early
        context.close()


def _tokens(job: Job, draft: Drafter | None) -> Steps:
    if draft is not None:
        return speculative.tokens(job, draft)
    short = job.shortcut()
    return _from_scores(job) if short is None else _from_engine(job, short)


def _from_scores(job: Job) -> Steps:
    """Choose from all logits. The only wait for a device is when a step's tokens are copied."""
    logits = job.prefill()
    while True:
        chosen = job.choose(logits)
        yield check(chosen.tolist())  # the only wait
        logits = _next(job, chosen, logits)


def _next(job: Job, chosen: Array, logits: Array) -> Array:
    """The next logits [R, V]; those of finished rows stay unchanged."""
    rows = job.unfinished
    if job.record.wanted or not job.stopping.eos or len(rows) == len(chosen):
        return job.context.extend(chosen)
    index = arrays.integers(chosen, rows)
    logits = arrays.copy(logits)  # the engine's own array may not be ours to write to
    logits[index] = job.context.extend(chosen[index], rows)
    return logits


def _from_engine(job: Job, choose: Shortcut) -> Steps:
    """Let the engine choose from the second token on.

    A pass over the weights evicts everything else from the CPU caches, so each object that a step
    touches costs several times what it seems to: hence lists instead of arrays here.
    """
    tokens = check(job.choose(job.prefill()).tolist())
    context, count, pads = job.context, len(tokens), bool(job.stopping.eos)
    step = choose.stepper(context.cache)
    while True:
        yield tokens
        noise = job.noise()
        if noise is None:
            noise = from_global(count) if job.options.do_sample else []
        if pads and len(rows := job.unfinished) < count:
            tokens = _for_some(job, choose, rows, noise)
        elif context.window:
            tokens = choose(context.cache, context.unread(), None, noise, "last")
        else:
            tokens = step(tokens, noise)


def _for_some(job: Job, choose: Shortcut, rows: list[int], noise: list[float]) -> list[int]:
    """The next tokens of ``rows``; padding for the others."""
    context = job.context
    noise = [noise[r] for r in rows] if noise else []
    tokens = [fill_id(job.options)] * len(context.rows)
    chosen = choose(context.cache, context.unread(rows), rows, noise, "last")
    for row, token in zip(rows, chosen, strict=True):
        tokens[row] = token
    return tokens
