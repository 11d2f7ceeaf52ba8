"""Files that torch.save wrote: pytorch_model.bin and nanoGPT's ckpt.pt. No code in them is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.checkpoint.mapped import Stored, as_stored
from gpt2.checkpoint.names import EMBEDDING, HEAD, MATRICES, canonical
from gpt2.config import GPT2Config
from gpt2.errors import CorruptFileError, MissingFileError, UnsupportedError
from gpt2.extras import needed

# nanoGPT's model_args -> ours; it has no dropout in the file that matters for use.
NANOGPT_ARGS = {
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
    "block_size": "n_positions",
    "vocab_size": "vocab_size",
}
SCALES = ("scale_attn_weights", "scale_attn_by_inverse_layer_idx")


def read_pickle(path: Path) -> dict[str, Any]:
    """What a file holds: tensors and plain containers only.

    Raises `CorruptFileError` for a damaged file or one that asks to run code.
    """
    with needed(f"Reading {path.name}", "or gpt2 convert it to safetensors elsewhere"):
        import torch
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except FileNotFoundError:
        raise MissingFileError(f"{path} is not there.") from None
    except Exception as error:  # torch raises many kinds for a damaged or hostile file
        reason = str(error).split("\n")[0]
        raise CorruptFileError(f"{path} could not be read safely: {reason}") from None
    if not isinstance(content, dict):
        raise CorruptFileError(f"{path} holds a {type(content).__name__}, not a model's weights.")
    return content


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def store(tensors: Mapping[str, Any]) -> dict[str, Stored]:
    """Torch tensors as `Stored`, sharing their memory."""
    import torch

    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise CorruptFileError(f"{name} is a {type(tensor).__name__}, not a tensor.")
    return {name: as_stored(tensor) for name, tensor in tensors.items()}


def is_nanogpt(content: Mapping[str, Any]) -> bool:
    """Whether a file's content is a checkpoint of nanoGPT."""
    return "model" in content and "model_args" in content


def from_nanogpt(content: Mapping[str, Any]) -> tuple[GPT2Config, dict[str, Stored]]:
    """nanoGPT's checkpoint with our configuration and layout.

    Its Linear keeps [outputs, inputs]; a model without biases gets zeros. It has no end-of-text of
    its own: the configuration names GPT-2's where the vocabulary has room for it.
    """
    arguments = content["model_args"]
    lacking = [name for name in NANOGPT_ARGS if name not in arguments]
    if lacking:
        raise CorruptFileError(f"the checkpoint's model_args lack {', '.join(lacking)}.")
    shape = {ours: arguments[theirs] for theirs, ours in NANOGPT_ARGS.items()}
    end = 50256 if shape["vocab_size"] > 50256 else None
    dropout = arguments.get("dropout", 0.0)
    config = GPT2Config(
        **shape,
        activation_function="gelu",  # torch's exact GELU, nn.GELU()
        bos_token_id=end,
        eos_token_id=end,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
    )
    tensors = canonical(store(content["model"]))
    for name, tensor in list(tensors.items()):
        if name.endswith(MATRICES):
            tensors[name] = Stored(np.ascontiguousarray(tensor.array.T), tensor.kind)
            width = tensors[name].shape[1]
            _zeros(tensors, name.replace(".weight", ".bias"), width, tensor.kind)
        elif ".ln_" in name and name.endswith(".weight"):
            _zeros(tensors, name.replace(".weight", ".bias"), tensor.shape[0], tensor.kind)
    return config, tensors


def _zeros(tensors: dict[str, Stored], name: str, width: int, kind: str) -> None:
    if name not in tensors:
        tensors[name] = Stored(np.zeros(width, tensors[EMBEDDING].array.dtype), kind)


def to_nanogpt(config: GPT2Config, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ckpt.pt that nanoGPT's sample.py loads. Tensors are torch's.

    Raises `UnsupportedError` for what nanoGPT's model cannot be.
    """
    plain = GPT2Config()
    for name in ("tie_word_embeddings", "layer_norm_epsilon", *SCALES):
        if getattr(config, name) != getattr(plain, name):
            raise UnsupportedError(f"nanoGPT has no {name}={getattr(config, name)!r}.")
    if config.inner != 4 * config.n_embd:
        raise UnsupportedError(f"nanoGPT's MLP is 4 * n_embd wide, this one {config.inner}.")
    arguments = {theirs: getattr(config, ours) for theirs, ours in NANOGPT_ARGS.items()}
    state = {n: t.t().contiguous() if n.endswith(MATRICES) else t for n, t in tensors.items()}
    state[HEAD] = state[EMBEDDING]
    return {"model": state, "model_args": {**arguments, "bias": True, "dropout": 0.0}}
