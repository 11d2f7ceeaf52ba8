"""Beam search and beam sampling, step for step as transformers does them.

The device computes log-probabilities and picks the best continuations; a few small numpy arrays
keep track of which beams continue and which are finished. B prompts, n beams, K candidates, V the
vocabulary size, T the prompts' length, N the maximum number of new tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.generation import arrays, pipeline, sampling
from gpt2.generation.arrays import Array
from gpt2.generation.job import Job
from gpt2.generation.prompts import fill_id, seeds_of
from gpt2.generation.sequences import Sequence as Text
from gpt2.generation.stopping import judge

OUT = np.float32(-1e9)  # a score that never wins; same value and rounding as in transformers
Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass
class Beams:
    """m sequences per prompt, best first once they have been selected by score."""

    ids: Ids  # [B, m, T + N]
    scores: Floats  # [B, m]
    origins: Ids  # [B, m, N]: the row of logits each new token came from, -1 for none
    finished: Flags  # [B, m]

    def take(self, index: Ids) -> Beams:
        """The sequences at ``index`` [B, k] of each prompt."""
        wide = index[:, :, None]
        return Beams(
            np.take_along_axis(self.ids, wide, 1),
            np.take_along_axis(self.scores, index, 1),
            np.take_along_axis(self.origins, wide, 1),
            np.take_along_axis(self.finished, index, 1),
        )

    def join(self, other: Beams) -> Beams:
        """These sequences followed by the others."""
        pairs = zip(self._parts(), other._parts(), strict=True)
        return Beams(*(np.concatenate(pair, 1) for pair in pairs))

    def best(self, m: int) -> Beams:
        """The m sequences with the highest scores."""
        return self.take(arrays.topk(self.scores, m)[1])

    def _parts(self) -> tuple[Any, ...]:
        return self.ids, self.scores, self.origins, self.finished


class Search:
    """One beam search; `run` performs it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        o = job.options
        self.B, self.n, self.T = len(job.prompts.rows), o.num_beams, job.width
        # enough candidates that n remain even if all the best ones end the text
        self.K = max(2, 1 + len(job.stopping.eos)) * self.n
        self.end = self.T + job.new  # T at which the search ends
        self.running = self._start()
        self.done = self._start()
        self.done.scores[:] = OUT
        self.hope = np.ones((self.B, 1), dtype=np.bool_)  # may a running beam still get in?

    def _start(self) -> Beams:
        room = np.full((self.B, self.job.new), fill_id(self.job.options), dtype=np.int64)
        ids = np.concatenate([self.job.prompts.ids, room], axis=1)
        scores = np.full((self.B, self.n), OUT, dtype=np.float32)
        scores[:, 0] = 0  # at first all beams are equal: only one may continue
        return Beams(
            np.repeat(ids[:, None], self.n, axis=1),
            scores,
            np.full((self.B, self.n, self.job.new), -1, dtype=np.int64),
            np.zeros((self.B, self.n), dtype=np.bool_),
        )

    def run(self) -> Beams:
        """The ``num_return_sequences`` best sequences of each prompt, best first."""
        context = self.job.open()
        logits = self.job.prefill()
        for t in range(self.T, self.end):
            candidates = self._candidates(logits, t)
            self._advance(candidates, t)
            rows = self.running.origins[:, :, t - self.T].reshape(-1)
            context.cache.gather(rows.tolist())
            if self._over(candidates, t + 1):
                break
            last = self.running.ids[:, :, t].reshape(-1)
            logits = context.extend(arrays.integers(logits, last))
        m = self.job.options.num_return_sequences
        return self.done.take(np.tile(np.arange(m), (self.B, 1)))

    def _candidates(self, logits: Array, t: int) -> Beams:
        """The K candidate continuations of each prompt, and whether each ends there."""
        scores = arrays.log_softmax(logits)  # [B n, V]
        if self.job.policy.chain:
            flat = self.running.ids[:, :, :t].reshape(self.B * self.n, t)
            scores = pipeline.apply(self.job.policy.chain, arrays.integers(scores, flat), scores)
        self.job.record.add(scores, logits)
        V = scores.shape[1]
        running = arrays.floats(scores, self.running.scores.reshape(-1, 1))
        total = (scores + running).reshape(self.B, self.n * V)
        values, index = self._pick(total, t)
        candidates = self.running.take(index // V)
        candidates.scores = values
        candidates.ids[:, :, t] = index % V
        candidates.origins[:, :, t - self.T] = index // V + self.n * np.arange(self.B)[:, None]
        candidates.finished = self._ends(candidates, t + 1, scores)
        return candidates

    def _pick(self, total: Array, t: int) -> tuple[Floats, Ids]:
        o = self.job.options
        if o.do_sample:
            seeds = None if o.seed is None else seeds_of(o.seed, self.B)
            positions = [len(row) + t - self.T for row in self.job.prompts.rows]
            index = sampling.several(total, self.K, seeds, positions)
            values = arrays.take(total, index)
        else:
            values, index = arrays.topk(total, self.K)
        values = arrays.to_numpy(values)
        if arrays.isnan(values).any():
            sampling.refuse_undecided()
        return values, arrays.to_numpy(index)

    def _ends(self, beams: Beams, length: int, like: Array) -> Flags:
        flat = beams.ids[:, :, :length].reshape(self.B * self.K, length)
        stopping, criteria = self.job.stopping, self.job.criteria
        tails = flat[:, -stopping.reach :].tolist()
        ends = np.asarray([stopping.ending(tail) is not None for tail in tails])
        if criteria:
            ends |= judge(criteria, arrays.integers(like, flat), self.job.record.steps)
        return ends.reshape(self.B, self.K) | (length >= self.end)

    def _advance(self, candidates: Beams, t: int) -> None:
        """Choose the beams that continue, and let finished ones compete for a place in `done`."""
        o = self.job.options
        shut = OUT * candidates.finished.astype(np.float32)
        self.running = replace(candidates, scores=candidates.scores + shut).best(self.n)
        finished = candidates.finished & (np.arange(self.K) < self.n)
        with np.errstate(over="ignore"):  # -3e38 over a length is -inf, which correctly loses
            scores = candidates.scores / self._penalty(t + 1 - self.T)
        full = self.done.finished.all(1, keepdims=True) & (o.early_stopping is True)
        for barred in (full, ~self.hope, ~finished):
            scores = scores + OUT * barred.astype(np.float32)
        self.done = self.done.join(replace(candidates, scores=scores, finished=finished)).best(
            self.n
        )

    def _penalty(self, length: int) -> Floats:
        return np.asarray(length**self.job.options.length_penalty, dtype=np.float32)

    def _over(self, candidates: Beams, length: int) -> bool:
        o = self.job.options
        optimist = o.early_stopping == "never" and o.length_penalty > 0
        steps = (self.end if optimist else length) - self.T
        possible = self.running.scores[:, :1] / self._penalty(steps)
        worst = np.where(self.done.finished, self.done.scores.min(1, keepdims=True), OUT)
        self.hope = self.hope & (possible > worst).any(1, keepdims=True)
        settled = o.early_stopping is True and bool(self.done.finished.all())
        return settled or not self.hope.any() or bool(candidates.finished.all())


def search(job: Job) -> Beams:
    """Run a job as a beam search and return the R best, [R, ...], as long as the longest.

    Afterwards ``job.sequences`` holds them without padding.
    """
    best = Search(job).run()
    each = best.ids.shape[1]
    flat = Beams(*(part.reshape(-1, *part.shape[2:]) for part in best._parts()))
    lengths = (flat.origins >= 0).sum(1)
    prompts = [row for row in job.prompts.rows for _ in range(each)]
    job.sequences = [Text(prompt, job.policy, job.stopping, job.new) for prompt in prompts]
    for sequence, ids, length in zip(job.sequences, flat.ids, lengths, strict=True):
        sequence.ids += ids[job.width : job.width + length].tolist()
    flat.ids = flat.ids[:, : job.width + lengths.max()]
    flat.origins = flat.origins[:, : lengths.max()]
    return flat
