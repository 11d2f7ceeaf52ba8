"""Names that only transformers has say so where they are imported."""

from __future__ import annotations

import pytest
import transformers

import gpt2
from gpt2.errors import ElsewhereError, UnsupportedError

NAMES = (
    "Trainer", "TrainingArguments", "TrainerCallback", "Seq2SeqTrainer", "EarlyStoppingCallback",
    "DataCollatorForLanguageModeling", "DataCollatorWithPadding", "default_data_collator",
    "LogitsProcessor", "LogitsProcessorList", "StoppingCriteria", "StoppingCriteriaList",
    "MaxLengthCriteria", "get_linear_schedule_with_warmup", "PreTrainedTokenizer",
    "PreTrainedTokenizerFast", "BitsAndBytesConfig", "DynamicCache", "StaticCache", "logging",
    "HfArgumentParser", "GPT2DoubleHeadsModel", "GPT2ForTokenClassification",
    "AutoModelForMaskedLM", "TextGenerationPipeline",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_an_import_says_where_the_name_is(name: str) -> None:
    assert hasattr(transformers, name)
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


def test_other_names_are_plain_attributes_that_are_not_there() -> None:
    for name in ("nothing", "__path", "Tokenizers", "pytest_plugins"):
        assert not hasattr(gpt2, name)
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from gpt2 import nothing")
