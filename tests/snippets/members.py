"""Public names of transformers' objects that this package's have not, for the page of snippets."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import torch

from tests.tiny import write_tiny

HEAD = """
## Members that only transformers has

Public names that transformers' objects have and the ones here lack: multi-device plans, kernels,
PEFT adapters, remote code and the like. `model.to_transformers()`, which shares the weights, and
`tokenizer.to_transformers()` return objects that have them.
"""


def lacking() -> dict[str, list[str]]:
    """Of each kind of object the names, sorted."""
    import transformers

    import gpt2

    with tempfile.TemporaryDirectory() as folder:
        write_tiny(Path(folder))
        ours, theirs = _objects(gpt2, folder), _objects(transformers, folder)
    found = {
        kind: sorted(n for n in dir(there) if not n.startswith("_") and not _has(ours[kind], n))
        for kind, there in theirs.items()
    }
    return {kind: names for kind, names in found.items() if names}


def _objects(library: Any, folder: str) -> dict[str, Any]:
    model = library.GPT2LMHeadModel.from_pretrained(folder)
    tokenizer = library.GPT2Tokenizer.from_pretrained(folder)
    ids = torch.tensor([[1, 2, 3]])
    output = model(ids)
    return {
        "`GPT2LMHeadModel`": model,
        "`GPT2Config`": model.config,
        "`GenerationConfig`": model.generation_config,
        "`GPT2Tokenizer`": tokenizer,
        "what `model(...)` returns": output,
        "`past_key_values`": output.past_key_values,
        "what `generate` returns": model.generate(
            ids, max_new_tokens=2, do_sample=False, return_dict_in_generate=True
        ),
    }


def _has(found: Any, name: str) -> bool:
    """Whether a name is there, if only to say in a clear error what to do."""
    with contextlib.suppress(Exception):
        return hasattr(found, name)
    return True
