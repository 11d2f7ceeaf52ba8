"""Decoding: from logits to text, for every engine.

`config` declares the options; `processors` and `warpers` apply them to the scores, in the order
that `pipeline` defines; `policy` and `sampling` choose a token; a text being generated is a
`Sequence` (`sequences`), and `loop` advances those of one call (`job`) together, from scores, the
engine's own choice or drafts (`speculative`); `beams` is beam search; `prompts` converts inputs and
results; an engine with ``generate`` is a `LanguageModel`.
"""

from gpt2.generation.classes import (
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from gpt2.generation.config import GenerationConfig
from gpt2.generation.language_model import LanguageModel
from gpt2.generation.outputs import GenerateBeamDecoderOnlyOutput, GenerateDecoderOnlyOutput
from gpt2.generation.streaming import TextIteratorStreamer, TextStreamer

GenerationMixin = LanguageModel  # its name in transformers

__all__ = [
    "GenerateBeamDecoderOnlyOutput",
    "GenerateDecoderOnlyOutput",
    "GenerationConfig",
    "GenerationMixin",
    "LanguageModel",
    "LogitsProcessor",
    "LogitsProcessorList",
    "StoppingCriteria",
    "StoppingCriteriaList",
    "TextIteratorStreamer",
    "TextStreamer",
]
