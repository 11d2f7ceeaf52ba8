"""The methods that custom decoding loops call on a language model, under transformers' names."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class OwnLoops:
    """A base class of `GPT2LMHeadModel`."""

    def prepare_inputs_for_generation(
        self,
        input_ids: Tensor,
        next_sequence_length: int | None = None,
        past_key_values: Any = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        is_first_iteration: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """The arguments of ``forward`` for one step of a custom decoding loop."""
        last = slice(-(next_sequence_length or 0), None)
        made: dict[str, Any] = {"input_ids": input_ids[:, last]}
        if inputs_embeds is not None and is_first_iteration:
            made = {"input_ids": None, "inputs_embeds": inputs_embeds[:, last]}
        given = {"past_key_values": past_key_values, "attention_mask": attention_mask}
        made.update({name: value for name, value in given.items() if value is not None})
        return {**made, **{name: value for name, value in more.items() if name != "labels"}}
