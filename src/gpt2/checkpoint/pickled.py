"""Files written by torch.save: pytorch_model.bin, nanoGPT's ckpt.pt. Code in them is never run."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.checkpoint.mapped import Stored, as_stored
from gpt2.checkpoint.names import EMBEDDING, HEAD, MATRICES, canonical
from gpt2.config import GELU_TANH, GPT2Config
from gpt2.errors import ConfigError, CorruptFileError, UnsupportedError, WeightError
from gpt2.extras import needed
from gpt2.files import open_regular, stand_in

# nanoGPT's model_args -> ours; dropout is handled separately.
NANOGPT_ARGS = {
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
    "block_size": "n_positions",
    "vocab_size": "vocab_size",
}
END = 50256  # <|endoftext|> of GPT-2's vocabulary
READ = ("float64", "float32", "float16", "bfloat16",
        "int64", "int32", "int16", "int8", "uint8", "bool")  # fmt: skip
SCALES = ("scale_attn_weights", "scale_attn_by_inverse_layer_idx")


def read_pickle(path: Path) -> dict[str, Any]:
    """Read the contents of a file: only tensors and plain containers.

    Raises `CorruptFileError` for a damaged file or one that would run code.
    """
    with needed(
        f"Reading {path.name}", "or convert it to safetensors on another machine with gpt2 convert"
    ):
        import torch
    with open_regular(path) as file:
        head = file.read(512)
    stand_in(path, head)
    zipped = head.startswith(b"PK")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except Exception as error:  # torch raises many types for a damaged or malicious file
        raise CorruptFileError(f"{path} {_reason(error, head)}") from None
    if not isinstance(content, dict):
        raise CorruptFileError(f"{path} contains a {type(content).__name__}, not model weights.")
    return content


def _reason(error: Exception, head: bytes) -> str:
    """Why torch did not read a file, in our words: torch advises running the code in it."""
    words = str(error).split("\n")
    refused = re.search(r"GLOBAL (\S+) was not an allowed global", str(error))
    if refused:
        return (
            f"could not be read safely: it contains {refused[1].rstrip('.,')} as well as tensors. "
            "Save only the weights: torch.save(model.state_dict(), file)."
        )
    if not head:
        return "is empty."
    if isinstance(error, (pickle.UnpicklingError, KeyError)) or not words[0]:
        return "could not be read safely: it is damaged, or was not written by torch.save."
    return f"could not be read safely: {words[0].split('. ')[0].rstrip('.')}."


def store(tensors: Mapping[Any, Any], path: Path) -> dict[str, Stored]:
    """Convert the torch tensors of a file to `Stored` by full name, sharing their memory.

    Raises `CorruptFileError` for a value that is not a tensor, `WeightError` for tensors that are
    not dense arrays in memory.
    """
    for name in tensors:
        if not isinstance(name, str):
            raise CorruptFileError(f"{path} has a name that is not a string: {name!r:.80}.")
    return {name: _convert(tensor, name, path) for name, tensor in canonical(tensors).items()}


def _convert(tensor: Any, name: str, path: Path) -> Stored:
    import torch

    if not isinstance(tensor, torch.Tensor):
        wrapped = ": the weights may be nested one level deeper" if isinstance(tensor, dict) else ""
        raise CorruptFileError(
            f"{path}: {name} is a {type(tensor).__name__}, not a tensor{wrapped}."
        )
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized or tensor.is_meta:
        kinds = {"quantised": tensor.is_quantized, "meta": tensor.is_meta}
        kind = next((word for word, so in kinds.items() if so), "sparse or nested")
        raise WeightError(f"{path}: {name} is a {kind} tensor; only dense tensors are supported.")
    if str(tensor.dtype).removeprefix("torch.") not in READ:
        raise WeightError(f"{path}: {name} has the type {tensor.dtype}, which is not supported.")
    if tensor.nbytes > tensor.untyped_storage().nbytes():
        raise WeightError(
            f"{path}: {name} of shape {list(tensor.shape)} is an expanded view of a smaller "
            "tensor: call contiguous() on it before saving."
        )
    return as_stored(tensor)


def is_nanogpt(content: Mapping[str, Any]) -> bool:
    """Whether a file's contents are a checkpoint of nanoGPT."""
    return "model" in content and "model_args" in content


def from_nanogpt(content: Mapping[str, Any], path: Path) -> tuple[GPT2Config, dict[str, Stored]]:
    """Convert nanoGPT's checkpoint to our configuration and layout.

    Its Linear stores [outputs, inputs]; a model without biases gets zeros. It has no end-of-text
    token of its own: the configuration uses GPT-2's if the vocabulary is large enough.
    """
    for name in ("model", "model_args"):
        if not isinstance(content[name], Mapping):
            kind = type(content[name]).__name__
            raise CorruptFileError(f"{path}: {name} is a {kind}; in nanoGPT's files it is a dict.")
    config = _config(content["model_args"], path)
    tensors = store(content["model"], path)
    for name, tensor in list(tensors.items()):
        if name.endswith(MATRICES):
            tensors[name] = turned = _transpose(tensor, name, path)
            _zeros(tensors, name.replace(".weight", ".bias"), turned.shape[1], tensor)
        elif ".ln_" in name and name.endswith(".weight"):
            _zeros(tensors, name.replace(".weight", ".bias"), tensor.array.size, tensor)
    return config, tensors


def _config(arguments: Mapping[str, Any], path: Path) -> GPT2Config:
    lacking = [name for name in NANOGPT_ARGS if name not in arguments]
    if lacking:
        raise CorruptFileError(f"{path}: model_args lacks {', '.join(lacking)}.")
    shape = {ours: arguments[theirs] for theirs, ours in NANOGPT_ARGS.items()}
    dropout = arguments.get("dropout", 0.0)
    plain = {"bos_token_id": None, "eos_token_id": None}
    try:
        config = GPT2Config(
            **shape,
            **plain,
            activation_function="gelu",  # torch's exact GELU, nn.GELU()
            resid_pdrop=dropout,
            embd_pdrop=dropout,
            attn_pdrop=dropout,
        )
    except ConfigError as error:
        raise ConfigError(f"{path}, model_args: {error}") from None
    end = END if config.vocab_size > END else None
    return config.replace(bos_token_id=end, eos_token_id=end)


def _transpose(tensor: Stored, name: str, path: Path) -> Stored:
    if tensor.array.ndim != 2:
        raise WeightError(
            f"{path}: {name} has the shape {list(tensor.shape)}; a matrix is required."
        )
    return Stored(np.ascontiguousarray(tensor.array.T), tensor.kind)


def _zeros(tensors: dict[str, Stored], name: str, width: int, like: Stored) -> None:
    if name not in tensors:
        tensors[name] = Stored(np.zeros(width, like.array.dtype), like.kind)


def to_nanogpt(config: GPT2Config, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The contents of a ckpt.pt that nanoGPT's sample.py loads. Tensors are torch tensors.

    Raises `UnsupportedError` for a configuration that nanoGPT does not support.
    """
    if config.activation_function not in (*GELU_TANH, "gelu"):
        raise UnsupportedError(
            f"nanoGPT's model supports only GELU, not {config.activation_function}."
        )
    plain = GPT2Config()
    for name in ("tie_word_embeddings", "layer_norm_epsilon", *SCALES):
        if getattr(config, name) != getattr(plain, name):
            raise UnsupportedError(f"nanoGPT does not support {name}={getattr(config, name)!r}.")
    if config.inner != 4 * config.n_embd:
        raise UnsupportedError(
            f"nanoGPT's MLP has the width 4 * n_embd; this one has {config.inner}."
        )
    arguments = {theirs: getattr(config, ours) for theirs, ours in NANOGPT_ARGS.items()}
    state = {n: t.t().contiguous() if n.endswith(MATRICES) else t for n, t in tensors.items()}
    state[HEAD] = state[EMBEDDING]
    return {"model": state, "model_args": {**arguments, "bias": True, "dropout": 0.0}}
