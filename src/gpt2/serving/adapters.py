"""A LoRA adapter as a model of its own, beside the base that it changes."""

from __future__ import annotations

from typing import Any

from gpt2.errors import OptionError
from gpt2.extras import need
from gpt2.hub import resolve


def adapted(base: Any, name: str, folder: str) -> Any:
    """A model with an adapter in its weights.

    Args:
        base: the model as `gpt2.load` gave it; on the native engine what the adapter leaves as it
            is stays in its memory alone.
        name: what it was loaded by.
        folder: of the adapter, in PEFT's form.

    Raises:
        OptionError: an engine that takes none.
        GPT2Error: what `load_lora` raises.
    """
    need("torch", "a LoRA adapter")
    from gpt2.model import GPT2LMHeadModel
    from gpt2.model.lora import load_lora, merge_lora

    if base.name == "reference":
        raise OptionError("adapters are served on the native and the torch engine.")
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
