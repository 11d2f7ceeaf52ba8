"""What decoding loops of people's own ask of a language model, under transformers' names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gpt2.errors import InputError


class OwnLoops:
    """Inherited by `GPT2LMHeadModel`."""

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
        """What ``forward`` takes for one step of a decoding loop of one's own."""
        last = slice(-(next_sequence_length or 0), None)
        made: dict[str, Any] = {"input_ids": input_ids[:, last]}
        if inputs_embeds is not None and is_first_iteration:
            made = {"input_ids": None, "inputs_embeds": inputs_embeds[:, last]}
        given = {"past_key_values": past_key_values, "attention_mask": attention_mask}
        made.update({name: value for name, value in given.items() if value is not None})
        return {**made, **{name: value for name, value in more.items() if name != "labels"}}

    def compute_transition_scores(
        self,
        sequences: Tensor,
        scores: Sequence[Tensor],
        beam_indices: Tensor | None = None,
        normalize_logits: bool = False,
    ) -> Tensor:
        """The scores [R, N] of the tokens that were chosen in ``generate``'s N steps.

        ``sequences`` [R, T + N], ``scores`` (N of [B, V]) and, of beam search, ``beam_indices``
        [R, N] are of its output with ``return_dict_in_generate`` and ``output_scores``.
        ``normalize_logits`` makes them logarithms of probabilities. Steps after a beam's end are 0.
        Raises `InputError` where there are no scores.
        """
        if not scores:
            raise InputError("there are no scores: generate with output_scores=True.")
        steps = torch.stack([torch.as_tensor(step) for step in scores], 1)  # [B, N, V]
        if normalize_logits:
            steps = steps.log_softmax(-1)
        if beam_indices is None:
            rows = torch.arange(len(steps), device=steps.device)
            beam_indices = rows[:, None].expand(-1, steps.shape[1])
        ended = beam_indices < 0
        length = int((~ended).sum(-1).max())
        ended, beams = ended[:, :length], beam_indices[:, :length].clamp(min=0)
        chosen = sequences[:, -length:]
        when = torch.arange(length, device=steps.device)
        return steps[beams, when, chosen].masked_fill(ended, 0)
