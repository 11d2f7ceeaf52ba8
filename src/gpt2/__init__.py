"""A complete GPT-2: read it, run it, train it, fine-tune it, evaluate it and serve it.

The public names are imported on first use, so ``import gpt2`` is instant and loads neither torch
nor any other heavy dependency.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gpt2.elsewhere import watch_imports

__version__ = "0.1.0"

# Public name -> the module that defines it.
_HOME = {
    "GPT2Config": "gpt2.config",
    "GPT2Error": "gpt2.errors",
    "BatchEncoding": "gpt2.tokenizer",
    "GPT2Tokenizer": "gpt2.tokenizer",
    "GPT2TokenizerFast": "gpt2.tokenizer",
    "BertTokenizer": "gpt2.tokenizer",
    "BertTokenizerFast": "gpt2.tokenizer",
    "GenerationConfig": "gpt2.generation",
    "GenerationMixin": "gpt2.generation",
    "LanguageModel": "gpt2.generation",
    "LogitsProcessor": "gpt2.generation",
    "LogitsProcessorList": "gpt2.generation",
    "StoppingCriteria": "gpt2.generation",
    "StoppingCriteriaList": "gpt2.generation",
    "TextStreamer": "gpt2.generation",
    "TextIteratorStreamer": "gpt2.generation",
    "AddedToken": "gpt2.tokenizer",
    "GPT2Model": "gpt2.model",
    "GPT2LMHeadModel": "gpt2.model",
    "GPT2ForSequenceClassification": "gpt2.model",
    "GPT2PreTrainedModel": "gpt2.model",
    "PreTrainedModel": "gpt2.model",
    "AutoConfig": "gpt2.auto",
    "AutoTokenizer": "gpt2.auto",
    "AutoModel": "gpt2.auto",
    "AutoModelForCausalLM": "gpt2.auto",
    "AutoModelForSequenceClassification": "gpt2.auto",
    "pipeline": "gpt2.pipelines",
    "TextGenerationPipeline": "gpt2.pipelines",
    "set_seed": "gpt2.auto",
    "load": "gpt2.loading",
    "trace": "gpt2.explain.trace",
    "answer": "gpt2.tasks",
    "summarize": "gpt2.tasks",
    "translate": "gpt2.tasks",
    "write": "gpt2.tasks",
}
__all__ = ["__version__", *_HOME]

if TYPE_CHECKING:  # for editors and type checkers; a test keeps it in sync with _HOME
    from gpt2.auto import AutoConfig as AutoConfig
    from gpt2.auto import AutoModel as AutoModel
    from gpt2.auto import AutoModelForCausalLM as AutoModelForCausalLM
    from gpt2.auto import AutoModelForSequenceClassification as AutoModelForSequenceClassification
    from gpt2.auto import AutoTokenizer as AutoTokenizer
    from gpt2.auto import set_seed as set_seed
    from gpt2.config import GPT2Config as GPT2Config
    from gpt2.errors import GPT2Error as GPT2Error
    from gpt2.explain.trace import trace as trace
    from gpt2.generation import GenerationConfig as GenerationConfig
    from gpt2.generation import GenerationMixin as GenerationMixin
    from gpt2.generation import LanguageModel as LanguageModel
    from gpt2.generation import LogitsProcessor as LogitsProcessor
    from gpt2.generation import LogitsProcessorList as LogitsProcessorList
    from gpt2.generation import StoppingCriteria as StoppingCriteria
    from gpt2.generation import StoppingCriteriaList as StoppingCriteriaList
    from gpt2.generation import TextIteratorStreamer as TextIteratorStreamer
    from gpt2.generation import TextStreamer as TextStreamer
    from gpt2.loading import load as load
    from gpt2.model import GPT2ForSequenceClassification as GPT2ForSequenceClassification
    from gpt2.model import GPT2LMHeadModel as GPT2LMHeadModel
    from gpt2.model import GPT2Model as GPT2Model
    from gpt2.model import GPT2PreTrainedModel as GPT2PreTrainedModel
    from gpt2.model import PreTrainedModel as PreTrainedModel
    from gpt2.pipelines import TextGenerationPipeline as TextGenerationPipeline
    from gpt2.pipelines import pipeline as pipeline
    from gpt2.tasks import answer as answer
    from gpt2.tasks import summarize as summarize
    from gpt2.tasks import translate as translate
    from gpt2.tasks import write as write
    from gpt2.tokenizer import AddedToken as AddedToken
    from gpt2.tokenizer import BatchEncoding as BatchEncoding
    from gpt2.tokenizer import BertTokenizer as BertTokenizer
    from gpt2.tokenizer import BertTokenizerFast as BertTokenizerFast
    from gpt2.tokenizer import GPT2Tokenizer as GPT2Tokenizer
    from gpt2.tokenizer import GPT2TokenizerFast as GPT2TokenizerFast


watch_imports()


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        from gpt2.elsewhere import missing  # not above: it would become a name of this package

        raise missing(name) or AttributeError(f"module 'gpt2' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
