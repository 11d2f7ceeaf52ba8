"""`Job`: one call of ``generate`` with all inputs resolved, and its state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpt2.engine import Engine
from gpt2.generation import arrays, pipeline, prompts, sampling
from gpt2.generation.arrays import Array, Processor
from gpt2.generation.config import GenerationConfig
from gpt2.generation.context import Context
from gpt2.generation.limits import check_ids, check_memory, end_of
from gpt2.generation.policy import Policy, Shortcut
from gpt2.generation.prefix import KeptTexts
from gpt2.generation.prompts import Prompts, fill_id, seeds_of
from gpt2.generation.sequences import Sequence as Text
from gpt2.generation.stopping import Criterion, Stopping, judge


@dataclass
class Record:
    """The scores and logits of each step, if requested."""

    scores: list[Array] | None = None
    logits: list[Array] | None = None

    def add(self, scores: Array, logits: Array) -> None:
        """Keep the requested values of one step."""
        if self.scores is not None:
            self.scores.append(scores)
        if self.logits is not None:
            self.logits.append(logits)

    @property
    def steps(self) -> tuple[Array, ...] | None:
        """The scores so far, in the form that criteria receive."""
        return None if self.scores is None else tuple(self.scores)

    def collect(self) -> tuple[tuple[Array, ...] | None, tuple[Array, ...] | None]:
        """Scores and logits as ``generate`` returns them."""
        return self.steps, None if self.logits is None else tuple(self.logits)

    @property
    def wanted(self) -> bool:
        """Whether anything is kept, so that finished rows must be computed too."""
        return self.scores is not None or self.logits is not None


@dataclass
class Job:
    """Sequences that are generated together: R = prompts x copies rows, one token each per step.

    T is the width of the prompts, padding included.
    """

    engine: Engine
    policy: Policy
    prompts: Prompts
    copies: int  # rows per prompt
    new: int  # the maximum number of new tokens
    sequences: list[Text]
    stopping: Stopping
    criteria: Sequence[Criterion]  # the user's custom criteria
    record: Record
    kept: KeptTexts | None = None  # texts read before
    on_tokens: Callable[[Array], None] | None = None  # a streamer's put
    context: Context = field(init=False)
    canvas: Array = field(init=False)  # [R, T + new], of the engine's array type
    filled: int = field(init=False)  # the number of its columns that are up to date

    @property
    def options(self) -> GenerationConfig:
        """The options of all rows."""
        return self.policy.options

    @property
    def width(self) -> int:
        """T."""
        return self.prompts.ids.shape[1]

    def open(self) -> Context:
        """Create the engine's cache for this job."""
        window, whole = self.options.long == "window", self.wants_cache
        kept = None if whole else self.kept  # a cache that is returned must not be shared
        rows = [sequence.ids for sequence in self.sequences]
        self.context = Context(self.engine, rows, self.copies, self.new, window, kept, whole)
        return self.context

    @property
    def wants_cache(self) -> bool:
        """Whether the cache is part of the result."""
        return self.options.return_dict_in_generate and self.options.use_cache

    @property
    def cache(self) -> Any:
        """The cache as part of the result, or None if it is not."""
        return self.context.cache if self.wants_cache else None

    def prefill(self) -> Array:
        """Read the prompts and return their logits [R, V]."""
        logits = self.context.prefill()
        ids = np.repeat(self.prompts.ids, self.copies, axis=0)
        room = np.full((len(ids), self.new), fill_id(self.options), dtype=np.int64)
        self.canvas = arrays.integers(logits, np.concatenate([ids, room], axis=1))
        self.filled = self.width
        return logits

    def ids(self) -> Array:
        """All rows so far, [R, T + n] with n new tokens, of the engine's array type."""
        begin, end = self.filled, self.width + self.new - self.sequences[0].left
        if begin < end:
            late = begin - end
            columns = [sequence.ids[late:] for sequence in self.sequences]
            self.canvas[:, begin:end] = arrays.integers(self.canvas, columns)
            self.filled = end
        return self.canvas[:, :end]

    def noise(self) -> list[float] | None:
        """The noise that decides each row's next token; None without a seed."""
        if self.sequences[0].draws is None:
            return None
        return [sequence.noise() for sequence in self.sequences]  # type: ignore[misc]

    def choose(self, logits: Array) -> Array:
        """The next token of every row [R] from logits [R, V]; padding for finished ones."""
        scores = pipeline.apply(self.policy.chain, self.ids(), logits)
        self.record.add(scores, logits)
        done = [sequence.finish is not None for sequence in self.sequences]
        if not (self.stopping.eos and any(done)):  # transformers pads only where there is an eos
            return self.policy.choose(scores, self.noise())
        flags = arrays.booleans(scores, done)
        if self.options.do_sample:  # a finished row needs at least one possible token too
            scores = arrays.where(flags[:, None], 0 * flags[:, None], scores)
        chosen = self.policy.choose(scores, self.noise())
        return arrays.where(flags, fill_id(self.options), chosen)

    def append(self, tokens: list[int]) -> None:
        """Append a step's tokens to the rows, stream them, and check which rows end."""
        for sequence, token in zip(self.sequences, tokens, strict=True):
            sequence.append(token)
        if self.on_tokens is not None:
            self.on_tokens(np.asarray(tokens, dtype=np.int64))
        if self.criteria:
            ends = judge(self.criteria, self.ids(), self.record.steps)
            for sequence, ended in zip(self.sequences, ends, strict=True):
                if ended:
                    sequence.stop("criterion")

    @property
    def unfinished(self) -> list[int]:
        """The rows that continue."""
        return [r for r, sequence in enumerate(self.sequences) if sequence.finish is None]

    def shortcut(self) -> Shortcut | None:
        """How the engine itself chooses tokens, or None if it cannot."""
        return None if self.record.wanted else self.policy.shortcut(self.engine)


def plan(
    engine: Engine,
    inputs: Any,
    options: GenerationConfig,
    *,
    mask: Any = None,
    processors: Sequence[Processor] = (),
    criteria: Sequence[Criterion] = (),
    allowed: Callable[[int, Array], Any] | None = None,
    tokenizer: Any = None,
    kept: KeptTexts | None = None,
) -> Job:
    """Resolve and check the arguments of a call of ``generate``.

    Raises the errors that ``generate`` raises before it computes anything.
    """
    config = engine.config
    check_ids(options, config.vocab_size)
    read = prompts.read(inputs, mask, options, tokenizer)
    T, longest = read.ids.shape[1], max(map(len, read.rows), default=0)
    end = end_of(options, T, longest, config.n_positions)
    check_memory(options, config, len(read.rows), longest, end)
    copies = max(options.num_beams, options.num_return_sequences)
    starts = [start for start in read.starts for _ in range(copies)]
    chain = pipeline.build(options, T, end, starts, allowed, list(processors), config.vocab_size)
    policy, stopping = Policy(options, chain), Stopping(options, tokenizer)
    record = Record()
    if options.return_dict_in_generate:
        record = Record([] if options.output_scores else None,
                        [] if options.output_logits else None)  # fmt: skip
    sequences = [
        Text(row, policy, stopping, end - T, noise)
        for row, noises in zip(read.rows, _noises(options, len(read.rows), copies), strict=True)
        for noise in noises
    ]
    return Job(engine, policy, read, copies, end - T, sequences, stopping, list(criteria), record,
               kept)  # fmt: skip


def _noises(
    options: GenerationConfig, count: int, copies: int
) -> list[list[sampling.Noise | None]]:
    """The noise of each prompt's rows."""
    if options.seed is None or not options.do_sample:
        return [[None] * copies for _ in range(count)]
    seeds = seeds_of(options.seed, count)
    return [[sampling.Noise(seed, row) for row in range(copies)] for seed in seeds]
