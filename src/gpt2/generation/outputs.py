"""What ``generate`` returns with ``return_dict_in_generate=True``: the fields of transformers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from gpt2.generation.arrays import Array


class _Output:
    """Fields by name, by key and by position; those that are None do not count."""

    attentions = hidden_states = None  # names of transformers; generating refuses their options

    def _present(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        del values["new_tokens"]  # not among transformers' fields
        return {name: value for name, value in values.items() if value is not None}

    def keys(self) -> Any:
        """The names of the fields that are there."""
        return self._present().keys()

    def values(self) -> Any:
        """The fields that are there."""
        return self._present().values()

    def items(self) -> Any:
        """Their names with them."""
        return self._present().items()

    def get(self, key: str, default: Any = None) -> Any:
        """The field of a name, or ``default``."""
        return self._present().get(key, default)

    def to_tuple(self) -> tuple[Any, ...]:
        """The fields that are there, in their order."""
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
    """Of greedy decoding and sampling; R rows, N new tokens.

    ``sequences`` [R, T + N]; ``scores`` (processed) and ``logits`` (raw) are N arrays [R, V].
    ``past_key_values`` is the engine's cache: all but the last token of each row, without padding,
    with room for the model's whole context. None with ``use_cache=False``.
    ``new_tokens``, an attribute alone, are each row's new ids up to its end, as lists.
    """

    sequences: Array
    scores: tuple[Array, ...] | None = None
    logits: tuple[Array, ...] | None = None
    past_key_values: Any = None
    new_tokens: list[list[int]] = dataclasses.field(default_factory=list, repr=False)


@dataclasses.dataclass
class GenerateBeamDecoderOnlyOutput(_Output):
    """Of beam search; R = prompts x num_return_sequences, B = prompts x num_beams.

    ``sequences`` [R, T + N]; ``sequences_scores`` [R]; ``scores`` and ``logits`` N arrays [B, V];
    ``beam_indices`` [R, N]: the row of ``scores`` each token came from, -1 after the end;
    ``past_key_values`` the cache of the B rows, of the beams that were going on last;
    ``new_tokens`` as above.
    """

    sequences: Array
    sequences_scores: Array | None = None
    scores: tuple[Array, ...] | None = None
    logits: tuple[Array, ...] | None = None
    beam_indices: Array | None = None
    past_key_values: Any = None
    new_tokens: list[list[int]] = dataclasses.field(default_factory=list, repr=False)
