"""Decoding: from logits to text, for every engine.

`config` declares the options; `processors` and `warpers` are what they do to the scores and
`pipeline` their order; `policy` and `sampling` choose a token; a text being written is a `Sequence`
(`sequences`), and `loop` writes those of one call (`job`) together, from scores, the engine's own
choice or guesses (`speculative`); `beams` searches; `prompts` is the border to the caller; an
engine that writes is a `LanguageModel`.
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
