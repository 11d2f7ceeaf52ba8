"""Names that transformers has and this package has not: the one line that says what to do."""

from __future__ import annotations

import re

from gpt2.errors import ElsewhereError

_CLASSES = re.compile(
    r"((Seq2Seq)?Train(er|ing)\w*|\w*DataCollator\w*|default_data_collator|\w*Callback|"
    r"get_\w*schedule\w*|get_scheduler|\w*LogitsProcessor(List)?|\w*LogitsWarper|\w*Criteria(List)?|"
    r"\w*Streamer|AutoModel\w*|GPT2\w+|PreTrained\w+|\w*Cache|[A-Z]\w+Config|[A-Z]\w+Pipeline|"
    r"HfArgumentParser|(LineBy)?\w*TextDataset|logging|enable_full_determinism|is_\w+_available)"
)

# What to do where transformers' own would not do beside this package's models.
_NOTES = {
    "BitsAndBytesConfig": "weights of 8 and 4 bits are made by `gpt2 quantize MODEL`",
    "DynamicCache": "model.new_cache(rows) makes a cache, or leave past_key_values out",
    "StaticCache": "model.new_cache(rows) makes a cache of a fixed size",
}


def missing(name: str) -> Exception | None:
    """The error for a name of transformers; None for one that it does not have either."""
    if name.startswith(("TFGPT2", "FlaxGPT2")):
        return ElsewhereError(
            f"{name} was removed from transformers 5; {name[name.index('GPT2') :]} is here."
        )
    if not _CLASSES.fullmatch(name):
        return None
    if name in _NOTES:
        return ElsewhereError(f"{name} is not in gpt2: {_NOTES[name]}.")
    if name.startswith("GPT2") or name.endswith(("TokenClassification", "QuestionAnswering")):
        return ElsewhereError(f"{name} is not in gpt2; transformers.{name} loads the same folders.")
    return ElsewhereError(
        f"{name} is not in gpt2; `from transformers import {name}` works beside gpt2."
    )
