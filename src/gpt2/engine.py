"""The one seam between the models and everything above them.

An engine turns token ids into logits and keeps what it has seen in a cache. Decoding, scoring and
serving are written against these two protocols alone; the torch model, the native engine and the
numpy reference each fulfil them. There is no padding: every row of a cache has its own length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from gpt2.config import GPT2Config

Logits = Literal["last", "all", "none"]


class KVCache(Protocol):
    """The keys and values of ``rows`` independent sequences.

    ``lengths[r]`` is the number of tokens row ``r`` holds; the next token of that row takes that
    position. A row that is empty costs nothing but its memory.
    """

    @property
    def rows(self) -> int:
        """How many sequences fit."""

    @property
    def capacity(self) -> int:
        """How many tokens fit in a row."""

    @property
    def lengths(self) -> list[int]:
        """Tokens held, a number per row."""

    def gather(self, sources: Sequence[int]) -> None:
        """Let row ``r`` become a copy of what row ``sources[r]`` was (beams; samples of a prompt).

        ``len(sources)`` must be ``rows``.
        """

    def copy(self, source: int, target: int, length: int) -> None:
        """Let row ``target`` become a copy of the first ``length`` tokens of another row.

        No other row is touched.
        """

    def truncate(self, row: int, length: int) -> None:
        """Forget all but the first ``length`` tokens of a row; 0 releases it."""


@runtime_checkable
class Engine(Protocol):
    """A GPT-2 model that continues token ids."""

    @property
    def name(self) -> str:
        """What `gpt2.load` calls this engine: native, torch or reference."""

    @property
    def config(self) -> GPT2Config:
        """The model's shape."""

    @property
    def dtype(self) -> Any:
        """The precision of the weights: its name, or torch's type."""

    @property
    def exact_pieces(self) -> bool:
        """Whether a row's logits are the same bits however its text is cut into calls."""

    def new_cache(self, rows: int, capacity: int | None = None) -> Any:
        """An empty `KVCache` of this engine's kind; capacity None means ``n_positions``."""

    def extend(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        logits: Logits = "last",
    ) -> Any:
        """Append tokens to rows of the cache and return their logits.

        Args:
            cache: what `new_cache` of this engine returned.
            ids: the new tokens of each row, ``len(rows)`` sequences of integers whose lengths
                may differ but are at least 1; or an array [len(rows), T] of the engine's own kind.
            rows: the rows that take part, each once, in any order; None means all.
            logits: ``"last"`` for the logits after each row's last token, [len(rows), vocab_size];
                ``"all"`` for those after every new token, [sum of lengths, vocab_size], row after
                row; ``"none"`` to fill the cache only.

        Returns:
            A floating array of the engine's own kind (numpy float32; torch on the model's device),
            or None for ``"none"``.

        Raises:
            ContextLengthError: a row would grow past ``capacity`` or ``n_positions``.
            InputError: an id outside the vocabulary, an empty row, or rows that do not match.
        """


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn: options of the same names, at their values that do nothing."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    epsilon_cutoff: float = 0.0
    eta_cutoff: float = 0.0
    renormalize_logits: bool = False

    @property
    def by_probability(self) -> bool:
        """Whether an option is on that looks at probabilities as such."""
        cuts = 0 < self.epsilon_cutoff < 1 or 0 < self.eta_cutoff < 1
        return self.typical_p < 1 or cuts or self.renormalize_logits


@runtime_checkable
class ChoosingEngine(Protocol):
    """An `Engine` that also chooses from its logits, sooner than they could be handed over.

    What it chooses is exactly what `gpt2.generation` would from the logits of ``extend``. Each
    method extends the cache as ``extend`` does and raises what it raises; ``logits`` is "last" or
    "all".
    """

    most_top: int  # the largest k of `extend_top`

    def extend_top(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        k: int = 1,
        logits: Logits = "last",
    ) -> tuple[Any, Any]:
        """The k largest logits: int32 ids [R, k] and float32 values [R, k].

        Largest first, equal ones by lower id, NaN before all.
        """

    def extend_draw(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None,
        sampling: Sampling,
        noise: Sequence[float],
        logits: Logits = "last",
    ) -> list[int]:
        """A token for each line of logits, drawn with its number of ``noise`` in [0, 1).

        Options that look at probabilities as such need a ``top_k`` from 1 to ``most_top``.
        Raises `InputError` where the best logit of a line is not finite.
        """

    def stepper(
        self, cache: Any, sampling: Sampling | None
    ) -> Callable[[list[int], list[float]], list[int]]:
        """`extend_draw` of one token in every row, made ready for many steps.

        Returns a function of the rows' tokens and their noise; for None the next tokens are the
        likeliest, as of `extend_top`, and there is no noise. The numbers are not checked.
        """


@runtime_checkable
class ScoringEngine(Protocol):
    """An `Engine` that tells how probable given tokens are without handing over all logits."""

    score_tokens: int  # how many new tokens one call had best take

    def extend_logprobs(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        *,
        targets: Sequence[Any] | Any,
    ) -> tuple[Any, Any]:
        """Extend as ``extend`` does, and score one token after each new one.

        Args:
            cache, ids, rows: as for ``extend``, which tells what is raised too.
            targets: of the shape of ``ids``: the token whose probability is wanted after each new
                one, or -1 where none is.

        Returns:
            numpy arrays [sum of lengths]: float32 natural logarithms of the probabilities, and
            whether the token is the most probable one (of equals the lowest id). 0.0 and False
            where the target is -1.
        """


Choice = Literal["none", "given", "largest", "drawn"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted after one new token.

    Args:
        choice: no token, ``token`` itself, the likeliest (of equals the lowest id), or one drawn.
        token: for "given".
        sampling, noise: for "drawn": how, and a number in [0, 1).
        top: log-probabilities are wanted: of the token, and of so many of the largest.
        logits: all of them are wanted.
    """

    choice: Choice = "none"
    token: int = -1
    sampling: Sampling = Sampling()
    noise: float = 0.0
    top: int | None = None
    logits: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine found after one token.

    ``token`` is None where none was asked for or none can be chosen. Natural logarithms of
    probabilities are of the model's own distribution; None where they were not asked for, and NaN
    where the logits are not finite. That of any token is float32(logit - largest - log_sum), of
    float64: ``largest + log_sum`` is the logarithm of the sum of exp(logit).
    """

    token: int | None
    logprob: float | None = None
    top_ids: tuple[int, ...] = ()  # the largest, best first, of equals the lower id first
    top_logprobs: tuple[float, ...] = ()
    largest: float = 0.0
    log_sum: float = 0.0
    logits: Any = None  # float32 [vocab_size], its own memory


@runtime_checkable
class AskedEngine(Protocol):
    """An `Engine` whose rows each have a wish of their own: rows of a server.

    What it answers does not depend on the rows beside it.
    """

    most_top: int  # the largest ``top`` of an `Ask`

    def extend_asked(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None,
        asks: Sequence[tuple[int, Ask]],
    ) -> list[Answer]:
        """Extend as ``extend`` does, and answer what is asked after some of the new tokens.

        Args:
            cache, ids, rows: as for ``extend``, which tells what is raised too.
            asks: with each the number of its new token, counted over all rows; ascending.
        """
