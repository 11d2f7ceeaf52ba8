"""The interface between the models and everything above them.

An engine turns token ids into logits and stores the tokens it has read in a KV cache. Decoding,
scoring and serving depend only on these protocols; the torch model, the native engine and the numpy
reference each implement them. There is no padding: every row of a cache has its own length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from gpt2.config import GPT2Config

Logits = Literal["last", "all", "none"]


class KVCache(Protocol):
    """The keys and values of ``rows`` independent sequences.

    ``lengths[r]`` is the number of tokens in row ``r``, and the position of its next token. An
    empty row costs only memory.
    """

    @property
    def rows(self) -> int:
        """The number of sequences."""

    @property
    def capacity(self) -> int:
        """The number of tokens that fit in a row."""

    @property
    def lengths(self) -> list[int]:
        """The number of tokens in each row."""

    def gather(self, sources: Sequence[int]) -> None:
        """Replace each row ``r`` by a copy of the previous row ``sources[r]`` (for beams, or
        several samples of a prompt).

        ``len(sources)`` must be ``rows``.
        """

    def copy(self, source: int, target: int, length: int) -> None:
        """Replace row ``target`` by a copy of the first ``length`` tokens of another row.

        No other row is changed.
        """

    def truncate(self, row: int, length: int) -> None:
        """Drop all but the first ``length`` tokens of a row; 0 releases it."""


@runtime_checkable
class Engine(Protocol):
    """A GPT-2 model that turns token ids into logits."""

    @property
    def name(self) -> str:
        """The engine's name in `gpt2.load`: native, torch or reference."""

    @property
    def config(self) -> GPT2Config:
        """The model's configuration."""

    @property
    def dtype(self) -> Any:
        """The precision of the weights: a name, or a torch dtype."""

    @property
    def exact_pieces(self) -> bool:
        """Whether a row's logits are bit-identical however its text is split into calls."""

    def new_cache(self, rows: int, capacity: int | None = None) -> Any:
        """Create an empty `KVCache` for this engine; capacity None means ``n_positions``."""

    def extend(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        logits: Logits = "last",
    ) -> Any:
        """Append tokens to rows of the cache and return their logits.

        Args:
            cache: a cache from this engine's `new_cache`.
            ids: the new tokens of each row, ``len(rows)`` sequences of integers whose lengths
                may differ but are at least 1; or an array [len(rows), T] of the engine's type.
            rows: the rows to extend, each at most once, in any order; None means all.
            logits: ``"last"`` for the logits after each row's last token, [len(rows), vocab_size];
                ``"all"`` for those after every new token, [sum of lengths, vocab_size], row after
                row; ``"none"`` to only fill the cache.

        Returns:
            A floating-point array of the engine's type (numpy float32; torch on the model's
            device), or None for ``"none"``.

        Raises:
            ContextLengthError: a row would grow beyond ``capacity`` or ``n_positions``.
            InputError: an id outside the vocabulary, an empty row, or rows that do not match.
        """


@dataclass(frozen=True)
class Sampling:
    """How a token is sampled: the options of the same names; the defaults disable each."""

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
        """Whether an option is enabled that depends on the probabilities themselves."""
        cuts = 0 < self.epsilon_cutoff < 1 or 0 < self.eta_cutoff < 1
        return self.typical_p < 1 or cuts or self.renormalize_logits


@runtime_checkable
class ChoosingEngine(Protocol):
    """An `Engine` that also chooses tokens itself, faster than it could return all logits.

    It chooses exactly the tokens that `gpt2.generation` would choose from the logits of ``extend``.
    Each method extends the cache and raises errors as ``extend`` does; ``logits`` is "last" or
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
        """Return the k largest logits: int32 ids [R, k] and float32 values [R, k].

        The largest come first, ties in order of their ids, NaN before everything.
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
        """Sample a token for each row of logits with its number of ``noise`` in [0, 1).

        Options that depend on the probabilities themselves need a ``top_k`` from 1 to ``most_top``.
        Raises `InputError` if the best logit of a row is not finite.
        """

    def stepper(
        self, cache: Any, sampling: Sampling | None
    ) -> Callable[[list[int], list[float]], list[int]]:
        """Prepare `extend_draw` with one token per row for many steps.

        Returns a function of the rows' tokens and their noise. With ``sampling`` None, the next
        tokens are the most probable ones, as in `extend_top`, and the noise is empty. The arguments
        are not checked.
        """


@runtime_checkable
class ScoringEngine(Protocol):
    """An `Engine` that scores given tokens without returning all logits."""

    score_tokens: int  # the best number of new tokens per call

    def extend_logprobs(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        *,
        targets: Sequence[Any] | Any,
    ) -> tuple[Any, Any]:
        """Extend as ``extend`` does, and score one target after each new token.

        Args:
            cache, ids, rows: as for ``extend``; so are the errors.
            targets: in the shape of ``ids``, the token to score after each new token, or -1 for
                none.

        Returns:
            numpy arrays [sum of lengths]: float32 log-probabilities (natural logarithms), and
            whether the target is the most probable token (among equals, the lowest id). 0.0 and
            False if the target is -1.
        """


Choice = Literal["none", "given", "largest", "drawn"]


@dataclass(frozen=True, slots=True)
class Ask:
    """The request for one new token.

    Args:
        choice: no token, ``token`` itself, the most probable one (among equals, the lowest id), or
            a sampled one.
        token: for "given".
        sampling, noise: for "drawn": the sampling options, and a number in [0, 1).
        top: if set, return the log-probabilities of the token and of this many largest ones.
        logits: whether to return all logits.
    """

    choice: Choice = "none"
    token: int = -1
    sampling: Sampling = Sampling()
    noise: float = 0.0
    top: int | None = None
    logits: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The engine's answer for one token.

    ``token`` is None if none was requested or none can be chosen. Log-probabilities are natural
    logarithms under the model's own distribution; None if not requested, and NaN if the logits are
    not finite. For any token it is float32(logit - largest - log_sum), computed in float64:
    ``largest + log_sum`` is the logarithm of the sum of exp(logit).
    """

    token: int | None
    logprob: float | None = None
    top_ids: tuple[int, ...] = ()  # the largest ones, best first, ties by lower id
    top_logprobs: tuple[float, ...] = ()
    largest: float = 0.0
    log_sum: float = 0.0
    logits: Any = None  # float32 [vocab_size], in memory of its own


@runtime_checkable
class AskedEngine(Protocol):
    """An `Engine` that answers a separate request for each row, as a server needs.

    An answer does not depend on the other rows of the call.
    """

    most_top: int  # the largest ``top`` of an `Ask`

    def extend_asked(
        self,
        cache: Any,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None,
        asks: Sequence[tuple[int, Ask]],
    ) -> list[Answer]:
        """Extend as ``extend`` does, and answer requests after some of the new tokens.

        Args:
            cache, ids, rows: as for ``extend``; so are the errors.
            asks: each request with the index of its new token, counted over all rows, ascending.
        """
