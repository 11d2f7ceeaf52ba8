"""Names of transformers that a snippet may use: Auto classes, `pipeline`, `set_seed`."""

from __future__ import annotations

import importlib
import os
import random
from collections.abc import Sequence
from typing import Any

from gpt2.config import GPT2Config
from gpt2.errors import InputError, OptionError, UnsupportedError
from gpt2.tokenizer import Tokenizer

AutoTokenizer = Tokenizer


class AutoConfig:
    """`from_pretrained` gives a `GPT2Config`."""

    @staticmethod
    def from_pretrained(name: str | os.PathLike[str], **options: Any) -> Any:
        """The configuration in a folder, of a bundled model or on the hub."""
        return GPT2Config.from_pretrained(name, **options)


class AutoModel:
    """`from_pretrained` and `from_config` give a `GPT2Model`."""

    kind = "GPT2Model"

    @classmethod
    def from_pretrained(cls, name: str | os.PathLike[str], **options: Any) -> Any:
        """The model of a name; see `PreTrainedModel.from_pretrained`."""
        return getattr(importlib.import_module("gpt2.model"), cls.kind).from_pretrained(
            name, **options
        )

    @classmethod
    def from_config(cls, config: GPT2Config, **options: Any) -> Any:
        """A new model; of the options ``dtype`` and ``attn_implementation`` are known."""
        return getattr(importlib.import_module("gpt2.model"), cls.kind)._from_config(
            config, **options
        )


class AutoModelForCausalLM(AutoModel):
    """The same for a `GPT2LMHeadModel`."""

    kind = "GPT2LMHeadModel"


class AutoModelForSequenceClassification(AutoModel):
    """The same for a `GPT2ForSequenceClassification`."""

    kind = "GPT2ForSequenceClassification"


class TextGenerationPipeline:
    """Prompts to continued texts, in the form of transformers' pipeline."""

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer

    def __call__(
        self, text_inputs: str | Sequence[str], *, return_full_text: bool = True, **options: Any
    ) -> list[Any]:
        """A list of {"generated_text": ...}; for several prompts, such a list for each.

        Options are those of ``generate``; of length, 256 new tokens unless one says otherwise.
        """
        if not isinstance(text_inputs, str):
            return [self(t, return_full_text=return_full_text, **options) for t in text_inputs]
        if not text_inputs:
            raise InputError("the prompt is empty: give at least a character.")
        if not {"max_length", "max_new_tokens", "generation_config"} & set(options):
            room = self.model.config.n_positions - len(self.tokenizer.encode(text_inputs))
            options["max_new_tokens"] = max(1, min(256, room))
        ids = self.tokenizer.encode(text_inputs, return_tensors="pt").to(self.model.device)
        rows = self.model.generate(ids, tokenizer=self.tokenizer, **options)
        prompt = self.tokenizer.decode(ids[0], skip_special_tokens=True)
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
        cut = 0 if return_full_text else len(prompt)
        return [{"generated_text": text[cut:]} for text in texts]


def pipeline(
    task: str,
    model: Any = "gpt2",
    tokenizer: Tokenizer | str | None = None,
    *,
    device: Any = None,
    **options: Any,
) -> TextGenerationPipeline:
    """``pipeline("text-generation", model="gpt2")``; other tasks raise `UnsupportedError`."""
    if task != "text-generation":
        raise UnsupportedError(
            f"the task {task!r} is not here, only 'text-generation'; transformers has others."
        )
    if isinstance(model, (str, os.PathLike)):
        tokenizer = tokenizer or Tokenizer.from_pretrained(model)
        model = AutoModelForCausalLM.from_pretrained(model, **options)
    elif options:
        raise OptionError(f"{', '.join(options)} are for loading; the model is loaded already.")
    if isinstance(tokenizer, str):
        tokenizer = Tokenizer.from_pretrained(tokenizer)
    tokenizer = tokenizer or getattr(model, "tokenizer", None)
    if tokenizer is None:
        raise InputError("a model object needs its tokenizer: pipeline(task, model, tokenizer).")
    return TextGenerationPipeline(model.to(device) if device is not None else model, tokenizer)


def set_seed(seed: int) -> None:
    """Seed random, numpy and, where it is installed, torch (all devices)."""
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        import torch
    except ImportError:
        return
    torch.manual_seed(seed)
