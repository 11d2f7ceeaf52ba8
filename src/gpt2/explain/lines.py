"""The lines of `gpt2.reference` that compute what a page shows, found by their text."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

# Item -> a piece of the first line that computes it, and of the last line if there are several.
PLACES = {
    "embed": ('x = weights["transformer.wte.weight"]', None),
    "q": ("qkv = linear", "q, k, v = qkv"),
    "scores": ("scores = q @ k", None),
    "pattern": ("scores = q @ k", "attended = softmax"),
    "softmax": ("e = np.exp(x", "return e / e.sum"),
    "heads": ("attended = softmax", "return linear(joined"),
    "attn": ("x = x + attention(", None),
    "mlp": ("hidden = activation(", "return linear(hidden"),
    "stream": ("normal = layer_norm(x, weights, f", "return x + mlp("),
    "logits": ('x = layer_norm(x, weights, "transformer.ln_f"', "return x @ weights[head].T"),
}


def reference_lines() -> dict[str, dict[str, Any]]:
    """For each item: the number of its first line in reference.py, and the lines."""
    lines = files("gpt2").joinpath("reference.py").read_text("utf-8").splitlines()

    def at(piece: str) -> int:
        return next(i for i, line in enumerate(lines) if piece in line)

    return {
        name: {"line": at(first) + 1, "text": "\n".join(lines[at(first) : at(last or first) + 1])}
        for name, (first, last) in PLACES.items()
    }
