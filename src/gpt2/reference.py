"""GPT-2 in numpy: the forward pass, and nothing else. Read this first.

Shapes stand at the line ends: T tokens, D = n_embd, H heads, d = D / H, V = vocab_size. It is
written to be read, and is the oracle the fast engines are tested against.

Sources:
[V]   Vaswani et al. 2017, "Attention Is All You Need"
[R18] Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training"
[R19] Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"
[B]   Ba et al. 2016, "Layer Normalization"
[H]   Hendrycks and Gimpel 2016, "Gaussian Error Linear Units"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import erf, pi, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.config import GPT2Config

Array = npt.NDArray[np.floating[Any]]
Weights = Mapping[str, Array]  # by the checkpoint's names: "transformer.h.0.attn.c_attn.weight"
Cache = list[tuple[Array, Array]]  # one (keys, values) a layer, each [H, T, d]


def gelu_tanh(x: Array) -> Array:
    """The approximation GPT-2 was trained with: [H] section 2."""
    return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


def gelu(x: Array) -> Array:
    """x times the normal distribution function of x: [H] section 2."""
    return 0.5 * x * (1 + np.vectorize(erf, otypes=[x.dtype])(x / sqrt(2)))


def silu(x: Array) -> Array:
    """x times the logistic function of x."""
    return x / (1 + np.exp(-x))


def relu(x: Array) -> Array:
    """The positive part."""
    return np.maximum(x, 0)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "gelu": gelu,
    "silu": silu,
    "swish": silu,
    "relu": relu,
    "tanh": np.tanh,
}


def softmax(x: Array) -> Array:
    """Over the last axis; the maximum is taken off first so that exp cannot overflow."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x: Array, weights: Weights, name: str, epsilon: float) -> Array:
    """Each position to mean 0 and variance 1, then a learned gain and bias: [B] eq. 4."""
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)  # [T, 1]
    normal = (x - mean) / np.sqrt(variance + epsilon)  # [T, D]
    return normal * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def linear(x: Array, weights: Weights, name: str) -> Array:
    """x W + b; the checkpoint keeps W as [inputs, outputs]."""
    return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attention(
    x: Array, weights: Weights, name: str, config: GPT2Config, layer: int, cache: Cache | None
) -> Array:
    """Masked multi-head self-attention: [V] eq. 1 and section 3.2.2."""
    T, H, d = len(x), config.n_head, config.head_dim
    qkv = linear(x, weights, f"{name}.c_attn")  # [T, 3 D]
    q, k, v = qkv.reshape(T, 3, H, d).transpose(1, 2, 0, 3)  # each [H, T, d]
    if cache is not None:
        past_k, past_v = cache[layer]
        k, v = np.concatenate([past_k, k], 1), np.concatenate([past_v, v], 1)  # [H, S, d]
        cache[layer] = k, v
    scores = q @ k.transpose(0, 2, 1) * config.attention_scale(layer)  # [H, T, S]
    S = k.shape[1]
    future = np.triu(np.ones((T, S), bool), S - T + 1)  # a position sees itself and those before
    attended = softmax(np.where(future, -np.inf, scores)) @ v  # [H, T, d]
    joined = attended.transpose(1, 0, 2).reshape(T, H * d)  # [T, D]
    return linear(joined, weights, f"{name}.c_proj")


def mlp(x: Array, weights: Weights, name: str, config: GPT2Config) -> Array:
    """The position-wise feed-forward network: [V] eq. 2, with GELU as in [R18] section 4.1."""
    activation = ACTIVATIONS[config.activation_function]
    hidden = activation(linear(x, weights, f"{name}.c_fc"))  # [T, 4 D]
    return linear(hidden, weights, f"{name}.c_proj")  # [T, D]


def block(x: Array, weights: Weights, config: GPT2Config, layer: int, cache: Cache | None) -> Array:
    """One layer; the norms stand at the input of each sub-block: [R19] section 2.3."""
    name, epsilon = f"transformer.h.{layer}", config.layer_norm_epsilon
    normal = layer_norm(x, weights, f"{name}.ln_1", epsilon)
    x = x + attention(normal, weights, f"{name}.attn", config, layer, cache)
    return x + mlp(layer_norm(x, weights, f"{name}.ln_2", epsilon), weights, f"{name}.mlp", config)


def empty_cache(config: GPT2Config, dtype: npt.DTypeLike = np.float32) -> Cache:
    """The keys and values of no token yet."""
    nothing = np.zeros((config.n_head, 0, config.head_dim), dtype)
    return [(nothing, nothing)] * config.n_layer


def forward(
    weights: Weights, config: GPT2Config, ids: npt.ArrayLike, cache: Cache | None = None
) -> Array:
    """The logits of the next token after each of ``ids``: [R18] eq. 2.

    With a cache, ``ids`` go on from what it holds, and it grows by them in place.
    """
    tokens = np.asarray(ids)  # [T]
    start = 0 if cache is None else cache[0][0].shape[1]
    positions = np.arange(start, start + len(tokens))  # [T]
    x = weights["transformer.wte.weight"][tokens] + weights["transformer.wpe.weight"][positions]
    for layer in range(config.n_layer):
        x = block(x, weights, config, layer, cache)  # [T, D]
    x = layer_norm(x, weights, "transformer.ln_f", config.layer_norm_epsilon)
    head = "transformer.wte.weight" if config.tie_word_embeddings else "lm_head.weight"
    return x @ weights[head].T  # [T, V]: the head is the embedding again, [V] section 3.4
