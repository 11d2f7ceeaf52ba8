"""How GPT-2 learns, in numpy: the backward pass of `gpt2.reference`, AdamW, and the loop.

Each piece of the forward pass has its derivative here, under its name with ``backward``, and they
run in reverse. Such a function is given dy, the gradient of the loss by what the piece returned,
and what the piece was called with; it adds the gradients of the piece's weights to ``grads`` and
returns dx, the gradient by the piece's input. What it needs of the forward pass it computes again.

Sources:
[V]   Vaswani et al. 2017, "Attention Is All You Need"
[R19] Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"
[L]   Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import erf, pi, sqrt

import numpy as np
import numpy.typing as npt

from gpt2 import reference
from gpt2.checkpoint.names import expected_shapes
from gpt2.config import GPT2Config
from gpt2.errors import InputError, TrainingError
from gpt2.reference import Array, Weights, layer_norm, linear, softmax

Gradients = dict[str, Array]  # by the weights' names


def gelu_tanh_slope(x: Array) -> Array:
    """The derivative of `gpt2.reference.gelu_tanh`, by the product rule and the chain rule."""
    t = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * sqrt(2 / pi) * (1 + 3 * 0.044715 * x**2)


def gelu_slope(x: Array) -> Array:
    """The normal distribution function, and x times its density."""
    below = 0.5 * (1 + np.vectorize(erf, otypes=[x.dtype])(x / sqrt(2)))
    return below + x * np.exp(-(x**2) / 2) / sqrt(2 * pi)


def silu_slope(x: Array) -> Array:
    """s + x s (1 - s), where s is the logistic function of x."""
    s = 1 / (1 + np.exp(-x))
    return s + x * s * (1 - s)


SLOPES: dict[Callable[[Array], Array], Callable[[Array], Array]] = {
    reference.gelu_tanh: gelu_tanh_slope,
    reference.gelu: gelu_slope,
    reference.silu: silu_slope,
    reference.relu: lambda x: (x > 0).astype(x.dtype),
    np.tanh: lambda x: 1 - np.tanh(x) ** 2,
}


def linear_backward(dy: Array, x: Array, weights: Weights, name: str, grads: Gradients) -> Array:
    """Of y = x W + b."""
    grads[f"{name}.weight"] += x.T @ dy  # [inputs, outputs]
    grads[f"{name}.bias"] += dy.sum(0)
    return dy @ weights[f"{name}.weight"].T


def layer_norm_backward(
    dy: Array, x: Array, weights: Weights, name: str, epsilon: float, grads: Gradients
) -> Array:
    """Mean and variance depend on x too: what dy has along 1 and along the result is taken off."""
    deviation = np.sqrt(x.var(-1, keepdims=True) + epsilon)  # [T, 1]
    normal = (x - x.mean(-1, keepdims=True)) / deviation  # [T, D]
    grads[f"{name}.weight"] += (dy * normal).sum(0)
    grads[f"{name}.bias"] += dy.sum(0)
    dn = dy * weights[f"{name}.weight"]
    along = normal * (dn * normal).mean(-1, keepdims=True)
    return (dn - dn.mean(-1, keepdims=True) - along) / deviation


def attention_backward(
    dy: Array, x: Array, weights: Weights, name: str, config: GPT2Config, layer: int,
    grads: Gradients,
) -> Array:  # fmt: skip
    """Of `gpt2.reference.attention`; the mask needs nothing: where p is 0, so is its gradient."""
    T, H, d = len(x), config.n_head, config.head_dim
    scale = config.attention_scale(layer)
    qkv = linear(x, weights, f"{name}.c_attn")
    q, k, v = qkv.reshape(T, 3, H, d).transpose(1, 2, 0, 3)  # each [H, T, d]
    future = np.triu(np.ones((T, T), bool), 1)
    p = softmax(np.where(future, -np.inf, q @ k.transpose(0, 2, 1) * scale))  # [H, T, T]
    joined = (p @ v).transpose(1, 0, 2).reshape(T, H * d)

    dj = linear_backward(dy, joined, weights, f"{name}.c_proj", grads)  # [T, D]
    do = dj.reshape(T, H, d).transpose(1, 0, 2)  # of p @ v: [H, T, d]
    dp, dv = do @ v.transpose(0, 2, 1), p.transpose(0, 2, 1) @ do
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) * scale  # through the softmax: [H, T, T]
    dq, dk = ds @ k, ds.transpose(0, 2, 1) @ q
    dqkv = np.stack([dq, dk, dv]).transpose(2, 0, 1, 3).reshape(T, 3 * H * d)
    return linear_backward(dqkv, x, weights, f"{name}.c_attn", grads)


def mlp_backward(
    dy: Array, x: Array, weights: Weights, name: str, config: GPT2Config, grads: Gradients
) -> Array:
    """Two linear maps with the slope of the activation between them."""
    activation = reference.ACTIVATIONS[config.activation_function]
    before = linear(x, weights, f"{name}.c_fc")  # [T, 4 D]
    dh = linear_backward(dy, activation(before), weights, f"{name}.c_proj", grads)
    return linear_backward(dh * SLOPES[activation](before), x, weights, f"{name}.c_fc", grads)


def block_backward(
    dy: Array, x: Array, weights: Weights, config: GPT2Config, layer: int, grads: Gradients
) -> Array:
    """A residual passes dy on as it is, and adds what comes back through its sub-block."""
    name, epsilon = f"transformer.h.{layer}", config.layer_norm_epsilon
    n1 = layer_norm(x, weights, f"{name}.ln_1", epsilon)
    middle = x + reference.attention(n1, weights, f"{name}.attn", config, layer, None)
    n2 = layer_norm(middle, weights, f"{name}.ln_2", epsilon)

    d = mlp_backward(dy, n2, weights, f"{name}.mlp", config, grads)
    dy = dy + layer_norm_backward(d, middle, weights, f"{name}.ln_2", epsilon, grads)
    d = attention_backward(dy, n1, weights, f"{name}.attn", config, layer, grads)
    return dy + layer_norm_backward(d, x, weights, f"{name}.ln_1", epsilon, grads)


def loss_and_gradients(
    weights: Weights, config: GPT2Config, ids: npt.ArrayLike
) -> tuple[float, Gradients]:
    """The mean of -log p(next token) over one text, in nats, and its gradient by every weight.

    The text is its own label: the logits after token t are judged by token t + 1. Raises
    `InputError` for fewer than two ids.
    """
    tokens = np.asarray(ids)
    if tokens.ndim != 1 or len(tokens) < 2:
        raise InputError(f"a loss needs one row of two ids or more, found shape {tokens.shape}.")
    seen, next_, T = tokens[:-1], tokens[1:], len(tokens) - 1
    epsilon, grads = config.layer_norm_epsilon, {n: np.zeros_like(w) for n, w in weights.items()}
    stream = [weights["transformer.wte.weight"][seen] + weights["transformer.wpe.weight"][:T]]
    for layer in range(config.n_layer):  # what each block was given is kept
        stream.append(reference.block(stream[-1], weights, config, layer, None))  # [T, D]
    normal = layer_norm(stream[-1], weights, "transformer.ln_f", epsilon)
    head = "transformer.wte.weight" if config.tie_word_embeddings else "lm_head.weight"
    z = normal @ weights[head].T  # [T, V]
    log_p = z - z.max(-1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(-1, keepdims=True))
    loss = -log_p[np.arange(T), next_].mean()

    dz = np.exp(log_p)  # by the logits: the probabilities, less 1 at the token that came
    dz[np.arange(T), next_] -= 1
    dz /= T
    grads[head] += dz.T @ normal
    dx = layer_norm_backward(
        dz @ weights[head], stream[-1], weights, "transformer.ln_f", epsilon, grads
    )
    for layer in reversed(range(config.n_layer)):
        dx = block_backward(dx, stream[layer], weights, config, layer, grads)
    grads["transformer.wpe.weight"][:T] += dx
    np.add.at(grads["transformer.wte.weight"], seen, dx)  # a token that comes twice gets both
    return float(loss), grads


def new_weights(config: GPT2Config, seed: int) -> dict[str, Array]:
    """As GPT-2 begins: normal of deviation 0.02, what writes to the stream less so [R19, 2.3]."""
    random, weights = np.random.default_rng(seed), {}
    for name, shape in expected_shapes(config).items():
        deep = sqrt(2 * config.n_layer) if name.endswith("c_proj.weight") else 1
        drawn = random.normal(0, config.initializer_range / deep, shape)
        constant = np.ones(shape) if ".ln_" in name else np.zeros(shape)
        matrix = len(shape) == 2
        weights[name] = drawn if matrix else constant * name.endswith("weight")
    return {name: value.astype(np.float32) for name, value in weights.items()}


class AdamW:
    """Adam with decoupled weight decay: [L] algorithm 2, decay on matrices only.

    A step divides each gradient's running mean by the root of the running mean of its square, so
    every weight moves by about ``rate``, however large its gradient is.
    """

    def __init__(
        self, rate: float = 1e-3, betas: tuple[float, float] = (0.9, 0.95), decay: float = 0.1,
        epsilon: float = 1e-8,
    ) -> None:  # fmt: skip
        self.rate, self.betas, self.decay, self.epsilon = rate, betas, decay, epsilon
        self.means: Gradients = {}
        self.squares: Gradients = {}
        self.steps = 0

    def step(self, weights: dict[str, Array], grads: Gradients) -> None:
        """Change the weights in place."""
        self.steps += 1
        a, b = self.betas
        for name, g in grads.items():
            w = weights[name]
            zero = np.zeros_like(g)
            m = self.means[name] = a * self.means.get(name, zero) + (1 - a) * g
            s = self.squares[name] = b * self.squares.get(name, zero) + (1 - b) * g**2
            m, s = m / (1 - a**self.steps), s / (1 - b**self.steps)  # they began at 0
            if w.ndim == 2:
                w -= self.rate * self.decay * w
            w -= self.rate * m / (np.sqrt(s) + self.epsilon)


def train(
    weights: dict[str, Array], config: GPT2Config, ids: npt.ArrayLike, *, steps: int, seed: int = 0,
    length: int = 64, batch: int = 4, rate: float = 1e-3, decay: float = 0.1, clip: float = 1.0,
) -> Iterator[float]:  # fmt: skip
    """Change the weights in place, a step at a time; yields the loss before each.

    Each step reads ``batch`` windows of ``length`` + 1 tokens from places of ``ids`` that ``seed``
    chooses, takes the mean of their gradients, and shortens it to a norm of ``clip`` if it is
    longer. Raises `InputError` where the ids are fewer than a window, `TrainingError` where a loss
    is not finite.
    """
    text, random, optimizer = np.asarray(ids), np.random.default_rng(seed), AdamW(rate, decay=decay)
    if not 1 <= length <= config.n_positions or len(text) <= length:
        raise InputError(
            f"a window of {length} + 1 tokens does not fit in a text of {len(text)} tokens or in a "
            f"context of {config.n_positions}: choose a smaller length."
        )
    for step in range(steps):
        starts = random.integers(0, len(text) - length, batch)
        rows = [loss_and_gradients(weights, config, text[s : s + length + 1]) for s in starts]
        loss = sum(loss for loss, _ in rows) / batch
        if not np.isfinite(loss):
            raise TrainingError(f"the loss of step {step} is {loss}: choose a smaller rate.")
        grads = {name: np.mean([g[name] for _, g in rows], 0) for name in weights}
        norm = sqrt(sum(float((g**2).sum()) for g in grads.values()))
        shorter = min(1, clip / (norm + 1e-6))
        optimizer.step(weights, {name: g * shorter for name, g in grads.items()})
        yield loss
