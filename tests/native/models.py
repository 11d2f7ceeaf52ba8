"""Random models for the native engine's tests, small and of awkward sizes."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gpt2.config import GPT2Config
from tests import tiny

Weights = dict[str, npt.NDArray[np.float32]]

# Nothing divides by 16 here: vectors, panels and groups all have ends.
AWKWARD = GPT2Config(
    vocab_size=101,
    n_positions=90,
    n_embd=36,
    n_layer=3,
    n_head=3,
    n_inner=50,
    activation_function="gelu",
    tie_word_embeddings=False,
    scale_attn_by_inverse_layer_idx=True,
)
# Everything divides by 32, the context is longer than one piece of a call.
EVEN = GPT2Config(vocab_size=160, n_positions=700, n_embd=64, n_layer=2, n_head=2)


def random_weights(config: GPT2Config, seed: int = 0) -> Weights:
    return tiny.random_weights(config, seed, std=0.1, names=_names(config))


def _names(config: GPT2Config) -> list[str]:
    """All tensors, in the order in which their numbers are drawn."""
    parts = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
    modules = [f"transformer.h.{i}.{part}" for i in range(config.n_layer) for part in parts]
    modules.append("transformer.ln_f")
    head = [] if config.tie_word_embeddings else ["lm_head.weight"]
    tables = ["transformer.wte.weight", "transformer.wpe.weight", *head]
    return tables + [f"{module}.{kind}" for module in modules for kind in ("weight", "bias")]


@cache
def weights_of(which: str) -> Weights:
    return random_weights({"awkward": AWKWARD, "even": EVEN}[which])


def kernels_here() -> list[str]:
    """The kernels this processor runs."""
    flags = _cpu_flags()
    found = ["generic"]
    if {"avx2", "fma"} <= flags:
        found.append("avx2")
    if {"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni"} <= flags:
        found.append("avx512")
        if {"amx_tile", "amx_int8"} <= flags and platform.system() == "Linux":
            found.append("amx")
    if platform.machine() in ("aarch64", "arm64"):
        found.append("neon_base")
        if "asimddp" in flags or platform.system() == "Darwin":
            found.append("neon")
    return found


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next(
        (set(line.split()) for line in lines if line.startswith(("flags", "Features"))), set()
    )
