"""Serves a LoRA adapter as a separate model next to its base model."""

from __future__ import annotations

from typing import Any

from gpt2.errors import OptionError
from gpt2.extras import need
from gpt2.hub import resolve


def adapt(base: Any, name: str, folder: str) -> Any:
    """Merge an adapter into the weights of a new model.

    Args:
        base: the model from `gpt2.load`; on the native engine the two models share the memory of
            the weights that the adapter does not change.
        name: the name that the base was loaded by.
        folder: the folder of the adapter, in PEFT's format.

    Raises:
        OptionError: the engine does not support adapters.
        GPT2Error: as raised by `load_lora`.
    """
    need("torch", "a LoRA adapter")
    from gpt2.model import GPT2LMHeadModel
    from gpt2.model.lora import load_lora, merge_lora

    if base.name == "reference":
        raise OptionError("only the native and torch engines can serve adapters.")
    network = GPT2LMHeadModel.from_pretrained(resolve(name))
    changed = [f"{part}.weight" for part in load_lora(network, folder)]
    merge_lora(network)
    if base.name == "torch":
        made = network.to(device=base.device, dtype=base.dtype).eval()
        made.tokenizer = base.tokenizer
    else:
        weights = {n: t.detach().numpy() for n, t in network.state_dict().items()}
        made = base.sibling(weights, changed)
    made.generation_config = base.generation_config
    made.sidecar = base.sidecar
    return made
