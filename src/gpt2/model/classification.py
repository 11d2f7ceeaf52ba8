"""GPT-2 with a classification head on each text's last token."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2.config import GPT2Config
from gpt2.errors import InputError
from gpt2.model.cache import TorchCache
from gpt2.model.checks import as_rows
from gpt2.model.gpt2 import GPT2Model
from gpt2.model.outputs import SequenceClassifierOutput
from gpt2.model.pretrained import PreTrainedModel


class GPT2ForSequenceClassification(PreTrainedModel):
    """GPT-2 with a linear layer ``score`` [labels, D] on the last token that is not padding.

    ``config.num_labels`` (default 2) is 1 for regression; ``config.problem_type`` may select the
    loss, as in transformers.
    """

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(config)
        config = self.config
        self.num_labels = config.num_labels
        self.transformer = GPT2Model(config)
        self.score = nn.Linear(config.n_embd, self.num_labels, bias=False)
        if not self.score.weight.is_meta:
            nn.init.normal_(self.score.weight, std=config.initializer_range)

    def forward(
        self,
        input_ids: Tensor | None = None,
        past_key_values: TorchCache | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        **more: Any,
    ) -> Any:
        """Return logits [B, labels] for ``input_ids`` [B, T], and the loss for ``labels`` [B]."""
        input_ids = as_rows(input_ids)
        hidden = self.transformer(
            input_ids,
            past_key_values,
            attention_mask,
            token_type_ids,
            position_ids,
            inputs_embeds,
            use_cache,
            output_attentions,
            output_hidden_states,
            True,
            **more,
        )
        scores = self.score(hidden.last_hidden_state)  # [B, T, labels]
        logits = scores[
            torch.arange(len(scores), device=scores.device), self._last(input_ids, scores)
        ]
        output = SequenceClassifierOutput(
            loss=None if labels is None else self._loss(logits, labels),
            logits=logits,
            past_key_values=hidden.past_key_values,
            hidden_states=hidden.hidden_states,
            attentions=hidden.attentions,
        )
        return output if self.config.resolve("return_dict", return_dict) else output.to_tuple()

    def _last(self, input_ids: Tensor | None, scores: Tensor) -> Tensor:
        """The position of each row's last token that is not ``pad_token_id``."""
        pad = self.config.pad_token_id
        if pad is None and len(scores) > 1:
            raise InputError(
                "several texts require config.pad_token_id, which shows where each text ends."
            )
        if pad is None or input_ids is None:
            return torch.full((len(scores),), scores.shape[1] - 1, device=scores.device)
        places = torch.arange(scores.shape[1], device=scores.device)
        return ((input_ids != pad) * places).argmax(-1)

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        kind = self.config.problem_type
        if kind is None:
            whole = labels.dtype in (torch.long, torch.int)
            kind = "single_label_classification" if whole else "multi_label_classification"
            kind = "regression" if self.num_labels == 1 else kind
            self.config.problem_type = kind  # saved: pipelines choose softmax or sigmoid by it
        if kind == "regression":
            return F.mse_loss(logits.squeeze(), labels.squeeze().to(logits.dtype))
        if kind == "single_label_classification":
            return F.cross_entropy(logits.view(-1, self.num_labels), labels.view(-1))
        return F.binary_cross_entropy_with_logits(logits, labels)
