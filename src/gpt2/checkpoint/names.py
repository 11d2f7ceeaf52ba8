"""The names and shapes of GPT-2's tensors, and other programs' names for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from gpt2.config import GPT2Config
from gpt2.errors import WeightError

T = TypeVar("T")

# Matrices that OpenAI stores as [inputs, outputs]; torch's Linear, and so nanoGPT and GGUF, as
# [outputs, inputs].
MATRICES = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
EMBEDDING, HEAD = "transformer.wte.weight", "lm_head.weight"


def expected_shapes(config: GPT2Config) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a language model with this configuration."""
    d, inner = config.n_embd, config.inner
    shapes: dict[str, tuple[int, ...]] = {
        EMBEDDING: (config.vocab_size, d),
        "transformer.wpe.weight": (config.n_positions, d),
    }
    maps = {
        "attn.c_attn": (d, 3 * d),
        "attn.c_proj": (d, d),
        "mlp.c_fc": (d, inner),
        "mlp.c_proj": (inner, d),
    }
    for layer in range(config.n_layer):
        for norm in ("ln_1", "ln_2"):
            shapes[f"transformer.h.{layer}.{norm}.weight"] = (d,)
            shapes[f"transformer.h.{layer}.{norm}.bias"] = (d,)
        for name, (inputs, outputs) in maps.items():
            shapes[f"transformer.h.{layer}.{name}.weight"] = (inputs, outputs)
            shapes[f"transformer.h.{layer}.{name}.bias"] = (outputs,)
    shapes["transformer.ln_f.weight"] = shapes["transformer.ln_f.bias"] = (d,)
    if not config.tie_word_embeddings:
        shapes[HEAD] = (config.vocab_size, d)
    return shapes


def canonical(tensors: Mapping[str, T]) -> dict[str, T]:
    """The tensors under their full names, without the mask buffers of old checkpoints."""
    named = {name.removeprefix("_orig_mod."): tensor for name, tensor in tensors.items()}
    bare = not any(name.startswith("transformer.") for name in named)
    renamed = {}
    for name, tensor in named.items():
        if name.endswith((".attn.bias", ".attn.masked_bias")):
            continue
        inside = name.split(".")[0] in ("wte", "wpe", "h", "ln_f")
        renamed[f"transformer.{name}" if bare and inside else name] = tensor
    return renamed


def check_shapes(
    tensors: Mapping[str, Any], config: GPT2Config, source: str, *, head: bool = True
) -> None:
    """Raise `WeightError` for missing or unexpected tensors, or shapes unlike the config's.

    Without ``head``, an untied head may be missing.
    """
    layers = min(config.n_layer, len(tensors) + 1)  # one more than possible, so some are missing
    expected = expected_shapes(config.replace(n_layer=layers))
    if not head and HEAD not in tensors:
        expected.pop(HEAD, None)
    lacking = [name for name in expected if name not in tensors]
    if len(lacking) == len(expected):
        names = _some([name[:80] for name in tensors]) or "none"
        raise WeightError(f"{source} has none of GPT-2's tensors; its names are {names}.")
    if lacking:
        raise WeightError(f"{source} lacks {_some(lacking)}, which its configuration requires.")
    unknown = [n for n in tensors if n.startswith("transformer.") and n not in expected]
    if unknown:
        raise WeightError(f"{source} has {_some(unknown)}, which GPT-2 does not use.")
    for name, shape in expected.items():
        stored = tuple(tensors[name].shape)
        if stored != shape:
            raise WeightError(
                f"{source}: {name} has the shape {list(stored)}, but its configuration requires "
                f"{list(shape)}."
            )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
