"""Names that only transformers has say so where they are imported."""

from __future__ import annotations

import importlib
import re

import pytest
import transformers
from transformers.models.gpt2 import modeling_gpt2

import gpt2
from gpt2.errors import ElsewhereError, UnsupportedError

NAMES = (
    "Trainer", "TrainingArguments", "TrainerCallback", "Seq2SeqTrainer", "EarlyStoppingCallback",
    "DataCollatorForLanguageModeling", "DataCollatorWithPadding", "default_data_collator",
    "LogitsProcessor", "LogitsProcessorList", "StoppingCriteria", "StoppingCriteriaList",
    "MaxLengthCriteria", "get_linear_schedule_with_warmup", "PreTrainedTokenizer",
    "PreTrainedTokenizerFast", "BitsAndBytesConfig", "DynamicCache", "StaticCache", "logging",
    "HfArgumentParser", "GPT2DoubleHeadsModel", "GPT2ForTokenClassification",
    "AutoModelForMaskedLM", "TextGenerationPipeline", "BatchEncoding", "GenerationMixin",
    "PreTrainedModel", "PreTrainedConfig", "Adafactor", "Pipeline", "LlamaForCausalLM", "BertModel",
    "T5Tokenizer", "EvalPrediction", "AutoProcessor", "MODEL_FOR_CAUSAL_LM_MAPPING", "Conv1D",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_an_import_says_where_the_name_is(name: str) -> None:
    assert hasattr(transformers, name) or hasattr(transformers.pytorch_utils, name)
    if name in gpt2.__all__:
        pytest.skip("it is here")
    with pytest.raises(ElsewhereError) as caught:
        exec(f"from gpt2 import {name}")
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, UnsupportedError)
    assert str(caught.value).startswith(f"{name} is not in gpt2")
    assert "\n" not in str(caught.value)


def test_models_that_transformers_dropped() -> None:
    for name in ("TFGPT2LMHeadModel", "FlaxGPT2LMHeadModel"):
        with pytest.raises(ElsewhereError, match="GPT2LMHeadModel is here"):
            getattr(gpt2, name)


def test_old_names_are_told_their_new_ones() -> None:
    for name, now in (("AdamW", "torch.optim"), ("AutoModelWithLMHead", "AutoModelForCausalLM")):
        assert not hasattr(transformers, name)
        with pytest.raises(ElsewhereError, match=now):
            getattr(gpt2, name)


def test_parts_of_the_model_are_named_where_they_are() -> None:
    for name in ("GPT2Attention", "GPT2Block", "GPT2MLP", "Conv1D"):
        assert hasattr(modeling_gpt2, name)
        with pytest.raises(ElsewhereError) as caught:
            getattr(gpt2, name)
        module, part = re.search(r"(gpt2\.model\.gpt2)\.(\w+)", str(caught.value)).groups()
        assert hasattr(importlib.import_module(module), part)


def test_other_names_are_plain_attributes_that_are_not_there() -> None:
    for name in ("nothing", "__path", "Tokenizers", "pytest_plugins"):
        assert not hasattr(gpt2, name)
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from gpt2 import nothing")
