"""Names that transformers has and this package does not: a one-line hint what to do instead."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from types import ModuleType

from gpt2.errors import ElsewhereError

_CLASSES = (
    r"((Seq2Seq)?Train(er|ing)\w*|\w*DataCollator\w*|default_data_collator|\w*Callback|"
    r"get_\w*schedule\w*|get_scheduler|\w*LogitsProcessor(List)?|\w*LogitsWarper|\w*Criteria(List)?|"
    r"\w*Streamer|AutoModel\w*|GPT2\w+|PreT?rained\w+|\w*Cache|[A-Z]\w+Config|[A-Z]\w+Pipeline|"
    r"HfArgumentParser|logging|enable_full_determinism|is_\w+_available|Adafactor|Pipeline|"
    r"[A-Z]\w+(For[A-Z]\w+|LMHeadModel|Model|Tokenizer(Fast)?|Output(With\w+)?)|"
    r"EvalPrediction|Auto(FeatureExtractor|ImageProcessor|Processor)|(CONFIG|(SAFE_)?WEIGHTS)_NAME|"
    r"MODEL_FOR_\w+_MAPPING(_NAMES)?|SchedulerType|IntervalStrategy|TensorType)"
)

# Submodules of transformers that people import from.
_MODULES = (
    r"gpt2\.(models(\.\w+)?|generation\.(utils|\w+_utils|logits_process|stopping_criteria|streamers|"
    r"candidate_generator|watermarking|continuous_batching|beam_\w+|flax_\w+|tf_\w+)|"
    r"data\.(data_collator|datasets|metrics|processors)|pipelines\.(base|\w+_\w+)|\w+_utils(_\w+)?|"
    r"utils|trainer|trainer_\w+|training_args\w*|modeling_\w+|tokenization_\w+|activations\w*|"
    r"cache_utils|optimization|integrations|file_utils|hf_argparser|quantizers|loss|commands|onnx|"
    r"deepspeed|kernels|configuration_\w+|convert_slow_\w+|dependency_versions_\w+|monkey_patching|"
    r"\w+_conversion|\w+_mapping|core_model_loading|distributed|sagemaker|time_series_\w+|cli)"
)

# Alternatives to names of transformers that do not work with this package's models.
_NOTES = {
    "BitsAndBytesConfig": "weights of 8 and 4 bits are made by `gpt2 quantize MODEL`",
    "DynamicCache": "model.new_cache(rows) makes a cache, or leave past_key_values out",
    "StaticCache": "model.new_cache(rows) makes a cache of a fixed size",
    "GPT2Attention": "gpt2.model.gpt2.CausalSelfAttention is its attention",
    "GPT2Block": "gpt2.model.gpt2.Block is its block",
    "GPT2MLP": "gpt2.model.gpt2.MLP is its MLP",
    "Conv1D": "gpt2.model.gpt2.Conv1D is its linear layer",
    "AdamW": "use torch.optim.AdamW; transformers no longer has its own",
    "AutoModelWithLMHead": "use AutoModelForCausalLM; transformers no longer has the old name",
    "GPT2LMHead": "GPT2LMHeadModel is the model with its head",
}


class Modules:
    """The last finder in ``sys.meta_path``, asked for modules that no other one has found."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Raise `ElsewhereError` for a module that only transformers has."""
        if name.startswith("gpt2.") and re.fullmatch(_MODULES, name):
            theirs = "transformers" + name[4:]
            raise ElsewhereError(
                f"there is no module {name}: import everything from gpt2 itself (`from gpt2 "
                f"import GPT2LMHeadModel`); `from {theirs} import ...` can be used alongside it."
            )


def watch_imports() -> None:
    """Make imports of transformers' submodules from ``gpt2`` raise a helpful error."""
    if Modules not in sys.meta_path:
        sys.meta_path.append(Modules)


def missing(name: str) -> Exception | None:
    """The error for a name of transformers; None for a name that it does not have either."""
    if name.startswith(("TFGPT2", "FlaxGPT2")):
        return ElsewhereError(
            f"{name} was removed from transformers 5; use {name[name.index('GPT2') :]}."
        )
    if name in _NOTES:
        return ElsewhereError(f"{name} is not in gpt2: {_NOTES[name]}.")
    if not re.fullmatch(_CLASSES, name):
        return None
    if name.startswith("GPT2") or name.endswith(("TokenClassification", "QuestionAnswering")):
        return ElsewhereError(f"{name} is not in gpt2; transformers.{name} loads the same folders.")
    return ElsewhereError(
        f"{name} is not in gpt2; `from transformers import {name}` can be used alongside gpt2."
    )
