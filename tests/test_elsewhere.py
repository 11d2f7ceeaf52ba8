"""Names that only transformers has say so where they are imported."""

from __future__ import annotations

import importlib
import importlib.util
import re

import pytest
import transformers
from transformers.models.gpt2 import modeling_gpt2

import gpt2
from gpt2.errors import ElsewhereError, UnsupportedError
from tests.conftest import ROOT

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


MODULES = (
    "models.gpt2", "models.gpt2.modeling_gpt2", "models.auto", "models.gpt2.tokenization_gpt2",
    "pytorch_utils", "generation.utils", "generation.logits_process", "generation.streamers",
    "generation.stopping_criteria", "generation.configuration_utils", "trainer", "trainer_utils",
    "training_args", "modeling_utils", "modeling_outputs", "configuration_utils", "cache_utils",
    "tokenization_utils_base", "tokenization_utils", "optimization", "activations", "utils",
    "utils.logging", "data.data_collator", "integrations", "trainer_callback", "hf_argparser",
    "pipelines.base", "pipelines.pt_utils", "image_utils", "quantizers", "masking_utils",
)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_transformers_says_where_it_is(name: str) -> None:
    assert importlib.import_module(f"transformers.{name}")
    for code in (f"import gpt2.{name}", f"from gpt2.{name} import GPT2LMHeadModel"):
        with pytest.raises(ElsewhereError) as caught:
            exec(code)
        assert str(caught.value).startswith("there is no module gpt2.")
        assert "\n" not in str(caught.value)


def test_no_module_of_this_package_is_taken_for_one_of_transformers() -> None:
    for path in (ROOT / "src/gpt2").rglob("*.py"):
        if path.name not in ("__init__.py", "__main__.py"):
            name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
            assert importlib.util.find_spec(name), name
    with pytest.raises(ModuleNotFoundError, match="No module named"):
        importlib.import_module("gpt2.nothing")


def test_models_that_transformers_dropped() -> None:
    for name in ("TFGPT2LMHeadModel", "FlaxGPT2LMHeadModel"):
        with pytest.raises(ElsewhereError, match="use GPT2LMHeadModel"):
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
