"""The outputs of ``generate`` with ``return_dict_in_generate=True``: transformers' fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from gpt2.generation.arrays import Array


class _Output:
    """Gives access to the fields by name, key and position; those that are None are skipped."""

    attentions = hidden_states = None  # fields of transformers; ``generate`` rejects their options

    def _present(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        del values["new_tokens"]  # not among transformers' fields
        return {name: value for name, value in values.items() if value is not None}

    def keys(self) -> Any:
        """The names of the fields that are not None."""
        return self._present().keys()

    def values(self) -> Any:
        """The fields that are not None."""
        return self._present().values()

    def items(self) -> Any:
        """The pairs of name and field."""
        return self._present().items()

    def get(self, key: str, default: Any = None) -> Any:
        """The field with this name, or ``default``."""
        return self._present().get(key, default)

    def to_tuple(self) -> tuple[Any, ...]:
        """The fields that are not None, in order."""
        return tuple(self._present().values())

    def __len__(self) -> int:
        return len(self._present())

    def __getitem__(self, key: str | int | slice) -> Any:
        return self._present()[key] if isinstance(key, str) else self.to_tuple()[key]

    def __contains__(self, key: str) -> bool:
        return key in self._present()

    def __iter__(self) -> Iterator[str]:
        return iter(self._present())


@dataclasses.dataclass
class GenerateDecoderOnlyOutput(_Output):
    """The output of greedy decoding and sampling; R rows, N new tokens.

    ``sequences`` is [R, T + N]; ``scores`` (processed) and ``logits`` (raw) are N arrays [R, V].
    ``past_key_values`` is the engine's cache: all but the last token of each row, without padding,
    with room for the model's full context. None with ``use_cache=False``.
    ``new_tokens``, only an attribute, holds each row's new ids up to its end, as lists.
    """

    sequences: Array
    scores: tuple[Array, ...] | None = None
    logits: tuple[Array, ...] | None = None
    past_key_values: Any = None
    new_tokens: list[list[int]] = dataclasses.field(default_factory=list, repr=False)


@dataclasses.dataclass
class GenerateBeamDecoderOnlyOutput(_Output):
    """The output of beam search; R = prompts x num_return_sequences, B = prompts x num_beams.

    ``sequences`` is [R, T + N]; ``sequences_scores`` [R]; ``scores`` and ``logits`` are N arrays
    [B, V]; ``beam_indices`` [R, N] is the row of ``scores`` each token came from, -1 after the end;
    ``past_key_values`` is the cache of the B rows, for the beams that were active last;
    ``new_tokens`` as above.
    """

    sequences: Array
    sequences_scores: Array | None = None
    scores: tuple[Array, ...] | None = None
    logits: tuple[Array, ...] | None = None
    beam_indices: Array | None = None
    past_key_values: Any = None
    new_tokens: list[list[int]] = dataclasses.field(default_factory=list, repr=False)
