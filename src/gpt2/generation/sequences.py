"""`Sequence`: one text being generated; ``generate``'s loop and the server's scheduler step it.

A step takes one or more sequences, each with its own options: an engine reads the ``ids`` that its
cache lacks, the logits go to `Sequence.choose` (or the engine itself draws with `Sequence.noise`,
if `gpt2.generation.shortcut` allows it), and the token goes to `Sequence.append`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from gpt2.config import GPT2Config
from gpt2.generation import arrays, pipeline
from gpt2.generation.arrays import Array, Processor
from gpt2.generation.config import GenerationConfig
from gpt2.generation.limits import check_ids, end_of
from gpt2.generation.policy import Policy
from gpt2.generation.prompts import seeds_of
from gpt2.generation.sampling import Noise, check
from gpt2.generation.stopping import Ending, Stopping

Finish = Ending | Literal["length", "criterion", "cancelled"]


class Sequence:
    """One text: its ids, how its tokens are chosen, and when it ends.

    Args:
        prompt: the ids it continues, at least one, without padding.
        policy: how its tokens are chosen.
        stopping: the reasons to end before ``new`` tokens are generated.
        new: the maximum number of tokens that may follow the prompt.
        noise: decides its draws; None means the global generator, or no sampling.

    Attributes:
        ids: the prompt and the tokens after it; after the end, possibly padding.
        begin: the number of prompt ids.
        finish: the reason why it ended; None while it continues.
        end: the number of ids when it ended.
    """

    __slots__ = ("begin", "draws", "end", "finish", "ids", "limit", "policy", "stopping")

    def __init__(
        self,
        prompt: Iterable[int],
        policy: Policy,
        stopping: Stopping,
        new: int,
        noise: Noise | None = None,
    ) -> None:
        self.ids = list(prompt)
        self.begin = len(self.ids)
        self.limit = self.begin + new
        self.policy, self.stopping, self.draws = policy, stopping, noise
        self.finish: Finish | None = None
        self.end: int | None = None

    @property
    def left(self) -> int:
        """The number of tokens that may still follow."""
        return self.limit - len(self.ids)

    @property
    def text(self) -> list[int]:
        """The prompt and the generated tokens up to the end."""
        return self.ids[: self.end]

    @property
    def new(self) -> list[int]:
        """The generated tokens up to the end."""
        return self.ids[self.begin : self.end]

    def noise(self) -> float | None:
        """The number in [0, 1) that decides the next token; None without a seed."""
        return None if self.draws is None else self.draws(len(self.ids))

    def choose(self, logits: Array) -> int:
        """Choose the next token from the model's logits [1, V], for a policy with only this row.

        Raises `InputError` if no token can be chosen.
        """
        policy, noise, logits = self.policy, self.noise(), arrays.float32(logits)
        scores = pipeline.apply(policy.chain, arrays.integers(logits, [self.ids]), logits)
        return check(policy.choose(scores, None if noise is None else [noise]).tolist())[0]

    def append(self, token: int) -> None:
        """Append a token, and check whether it is the last."""
        ids = self.ids
        ids.append(token)
        if self.finish is None:
            finish = self.stopping.ending(ids) or ("length" if len(ids) == self.limit else None)
            if finish is not None:
                self.stop(finish)

    def stop(self, finish: Finish) -> None:
        """End the sequence with its current tokens, unless it has already ended."""
        if self.finish is None:
            self.finish, self.end = finish, len(self.ids)


def single(
    config: GPT2Config,
    options: GenerationConfig,
    prompt: list[int],
    *,
    row: int = 0,
    processors: Iterable[Processor] = (),
    tokenizer: Any = None,
) -> Sequence:
    """A sequence that is stepped individually, whatever else is computed in the same step.

    Args:
        config: the model's configuration.
        options: the options of this text; beams and ``num_return_sequences`` are ignored.
        prompt: the ids it continues.
        row: with ``options.seed``, selects the noise, like the index of a text in
            ``num_return_sequences``.
        processors: further functions (ids [1, T], scores [1, V]) -> scores.
        tokenizer: for ``stop_strings``.

    Raises:
        OptionError: an id outside the vocabulary, a list of seeds, or stop strings without a
            tokenizer.
        InputError: the options leave no token to generate.
        ContextLengthError: more tokens than the model has positions for.
    """
    check_ids(options, config.vocab_size)
    end = end_of(options, len(prompt), len(prompt), config.n_positions)
    chain = pipeline.build(
        options, len(prompt), end, [0], None, list(processors), config.vocab_size
    )
    noise = None
    if options.do_sample and options.seed is not None:
        (seed,) = seeds_of(options.seed, 1)
        noise = Noise(seed, row)
    stopping = Stopping(options, tokenizer)
    return Sequence(prompt, Policy(options, chain), stopping, end - len(prompt), noise)
