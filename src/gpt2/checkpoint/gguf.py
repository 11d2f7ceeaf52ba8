"""GGUF, the file format of llama.cpp: one file with the weights and the vocabulary.

Format: ggml's docs/gguf.md; names: llama.cpp's architecture "gpt2".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import as_stored
from gpt2.checkpoint.names import MATRICES
from gpt2.config import GELU_TANH, GPT2Config
from gpt2.errors import OptionError, UnsupportedError
from gpt2.extras import needed
from gpt2.files import atomic, reported
from gpt2.precision import STORED, short

# Our name of a precision -> GGUF's type of a matrix, and of a file that mostly uses it.
TYPES = {
    "fp32": ("F32", "ALL_F32"),
    "fp16": ("F16", "MOSTLY_F16"),
    "bf16": ("BF16", "MOSTLY_BF16"),
    "q8_0": ("Q8_0", "MOSTLY_Q8_0"),
}
NAMES = {
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
    "lm_head": "output",
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5  # llama.cpp's token types


def write_gguf(
    path: str | Path,
    config: GPT2Config,
    tensors: Mapping[str, Any],
    *,
    dtype: str = "fp32",
    vocabulary: tuple[Mapping[str, int], Sequence[tuple[str, str]]] | None = None,
    special: Sequence[int] = (),
    added: Sequence[int] = (),
    add_bos: bool = False,
    name: str = "gpt2",
) -> None:
    """Write a file that llama.cpp loads.

    Args:
        path: the file.
        config, tensors: from `read_checkpoint`.
        dtype: the precision of the matrices: fp32, fp16, bf16 or q8_0; the rest is fp32.
        vocabulary: tokens as in vocab.json, and the merges; without it llama.cpp only accepts ids.
        special: the ids of special tokens.
        added: the ids of tokens that are matched in a text before it is split into words.
        add_bos: whether the bos token is added at the start of a text.
        name: the name shown by llama.cpp.

    Raises:
        MissingDependencyError: the package gguf is not installed.
        UnsupportedError: llama.cpp's GPT-2 does not support the configuration.
        WeightError: a value is out of the range of the precision.
        OptionError, WriteError.
    """
    with needed("Writing GGUF"):
        import gguf
    dtype = short(dtype)
    _check(config, dtype)
    path = Path(path)
    kind = gguf.GGMLQuantizationType[TYPES[dtype][0]]
    with atomic(path) as part:
        writer = gguf.GGUFWriter(part, "gpt2")
        _describe(writer, config, name, int(gguf.LlamaFileType[TYPES[dtype][1]]))
        _add_tokens(writer, config, vocabulary, special, added)
        writer.add_add_bos_token(add_bos)
        for tensor_name, tensor in tensors.items():
            numbers = as_stored(tensor).round_to("F32", tensor_name).numpy()
            values = _matrix(tensor_name, numbers)
            wide = values.ndim == 1 or tensor_name == "transformer.wpe.weight"
            if wide or (dtype == "q8_0" and values.shape[-1] % 32):  # a block is 32 values
                writer.add_tensor(gguf_name(tensor_name), values)
            else:
                _check_range(values, dtype, tensor_name)
                packed = gguf.quants.quantize(values, kind)
                writer.add_tensor(gguf_name(tensor_name), packed, raw_dtype=kind)
        with reported(path):
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()


def gguf_name(name: str) -> str:
    """transformer.h.0.attn.c_attn.weight -> blk.0.attn_qkv.weight."""
    module, _, kind = name.rpartition(".")
    layer = re.fullmatch(r"transformer\.h\.(\d+)\.(.+)", module)
    known = NAMES.get(layer.group(2) if layer else module)
    if known is None:
        raise UnsupportedError(
            f"{name} cannot be stored in GGUF: its GPT-2 format has no such tensor."
        )
    return f"blk.{layer.group(1)}.{known}.{kind}" if layer else f"{known}.{kind}"


def _check(config: GPT2Config, dtype: str) -> None:
    if dtype not in TYPES:
        raise OptionError(f"GGUF can be written as {', '.join(TYPES)}, found {dtype!r}.")
    if config.activation_function not in GELU_TANH:
        raise UnsupportedError(
            "llama.cpp's GPT-2 supports only the activation gelu_new, not "
            f"{config.activation_function}."
        )
    if not config.scale_attn_weights or config.scale_attn_by_inverse_layer_idx:
        raise UnsupportedError("llama.cpp supports only attention scaled by 1/sqrt(head_dim).")


def _check_range(values: npt.NDArray[np.float32], dtype: str, name: str) -> None:
    """Raise `WeightError` if a value, or the scale of a block in q8_0, is out of range."""
    if dtype != "q8_0":
        as_stored(values).round_to(STORED[dtype], name)
        return
    with np.errstate(over="ignore"):
        scales = (np.abs(values).reshape(-1, 32).max(1) / np.float32(127)).astype(np.float16)
    as_stored(scales).check_finite(name, "in q8_0")


def _matrix(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Transpose a matrix to ggml's layout, [outputs, inputs]."""
    return np.ascontiguousarray(values.T if name.endswith(MATRICES) else values)


def _describe(writer: Any, config: GPT2Config, name: str, file_type: int) -> None:
    writer.add_name(name)
    writer.add_file_type(file_type)
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.n_positions)
    writer.add_embedding_length(config.n_embd)
    writer.add_feed_forward_length(config.inner)
    writer.add_block_count(config.n_layer)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)


def _add_tokens(
    writer: Any,
    config: GPT2Config,
    vocabulary: tuple[Mapping[str, int], Sequence[tuple[str, str]]] | None,
    special: Sequence[int],
    added: Sequence[int],
) -> None:
    if vocabulary is None:
        writer.add_tokenizer_model("none")
        return
    ids, merges = vocabulary
    tokens = {i: token for token, i in ids.items()}
    names = [tokens.get(i, f"[unused {i}]") for i in range(config.vocab_size)]
    kind_of = {**dict.fromkeys(tokens, NORMAL), **dict.fromkeys(added, USER_DEFINED),
               **dict.fromkeys(special, CONTROL)}  # fmt: skip
    kinds = [kind_of.get(i, UNUSED) for i in range(config.vocab_size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(names)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    if (bos := config.token_id("bos_token_id")) is not None:
        writer.add_bos_token_id(bos)
    if config.eos_token_ids:
        writer.add_eos_token_id(config.eos_token_ids[0])
