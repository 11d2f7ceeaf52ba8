"""GPT-2 in PyTorch: training, GPUs and research. Read `gpt2.model.gpt2` first."""

from __future__ import annotations

from gpt2.extras import needed

with needed("This", "without it, gpt2.load('gpt2-mini') runs the bundled model"):
    import torch as _torch  # noqa: F401

from gpt2.model.cache import TorchCache
from gpt2.model.classification import GPT2ForSequenceClassification
from gpt2.model.gpt2 import GPT2LMHeadModel, GPT2Model
from gpt2.model.outputs import CausalLMOutput, ModelOutput
from gpt2.model.pretrained import PreTrainedModel

GPT2PreTrainedModel = PreTrainedModel  # its name in transformers

__all__ = [
    "CausalLMOutput",
    "GPT2ForSequenceClassification",
    "GPT2LMHeadModel",
    "GPT2Model",
    "GPT2PreTrainedModel",
    "ModelOutput",
    "PreTrainedModel",
    "TorchCache",
]


def __getattr__(name: str) -> object:
    from gpt2.elsewhere import missing

    raise missing(name) or AttributeError(f"module 'gpt2.model' has no attribute {name!r}")
