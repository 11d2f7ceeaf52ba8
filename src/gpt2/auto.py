"""Names of transformers that snippets use: the Auto classes and `set_seed`."""

from __future__ import annotations

import importlib
import os
import random
from typing import Any

from gpt2.config import GPT2Config
from gpt2.tokenizer import Tokenizer

AutoTokenizer = Tokenizer


class AutoConfig:
    """`from_pretrained` returns a `GPT2Config`."""

    @staticmethod
    def from_pretrained(
        pretrained_model_name_or_path: str | os.PathLike[str], **options: Any
    ) -> Any:
        """Load the configuration of a folder, a bundled model or a hub model."""
        return GPT2Config.from_pretrained(pretrained_model_name_or_path, **options)


class AutoModel:
    """`from_pretrained` and `from_config` return a `GPT2Model`."""

    kind = "GPT2Model"

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **options: Any
    ) -> Any:
        """Load a model by name; see `PreTrainedModel.from_pretrained`."""
        return getattr(importlib.import_module("gpt2.model"), cls.kind).from_pretrained(
            pretrained_model_name_or_path, **options
        )

    @classmethod
    def from_config(cls, config: GPT2Config, **options: Any) -> Any:
        """Create a new model; the options are ``dtype`` and ``attn_implementation``."""
        return getattr(importlib.import_module("gpt2.model"), cls.kind)._from_config(
            config, **options
        )


class AutoModelForCausalLM(AutoModel):
    """`from_pretrained` and `from_config` return a `GPT2LMHeadModel`."""

    kind = "GPT2LMHeadModel"


class AutoModelForSequenceClassification(AutoModel):
    """`from_pretrained` and `from_config` return a `GPT2ForSequenceClassification`."""

    kind = "GPT2ForSequenceClassification"


def set_seed(seed: int, deterministic: bool = False) -> None:
    """Seed random, numpy and, if it is installed, torch (all devices).

    ``deterministic`` also restricts torch to algorithms whose results can be repeated.
    """
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        import torch
    except ImportError:
        return
    torch.manual_seed(seed)
    if deterministic:
        torch.use_deterministic_algorithms(True)
