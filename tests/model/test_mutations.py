"""Small faults, planted one at a time: the comparison with transformers must see each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from gpt2.model.cache import Window
from gpt2.model.gpt2 import Block, Conv1D
from tests.model.torch_pairs import pair, same, tokens

pytestmark = pytest.mark.parity
Plant = Callable[[Any, pytest.MonkeyPatch], None]


def compare(ours: Any, theirs: Any) -> None:
    """Logits of a whole text, and of its end after a cache."""
    ids = tokens()
    same(ours(ids).logits, theirs(ids).logits)
    a = ours(ids[:, :5], use_cache=True).past_key_values
    b = theirs(ids[:, :5], use_cache=True).past_key_values
    same(ours(ids[:, 5:], past_key_values=a).logits, theirs(ids[:, 5:], past_key_values=b).logits)


def after(patch: pytest.MonkeyPatch, change: Callable[[Window], None]) -> None:
    """Let ``change`` alter every window once it is made."""
    made = Window.__init__

    def init(self: Window, *arguments: Any) -> None:
        made(self, *arguments)
        change(self)

    patch.setattr(Window, "__init__", init)


def gelu(model: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(model.transformer.h[1].mlp, "act", F.gelu)


def epsilon(model: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(model.transformer.h[1].ln_2, "eps", 1e-6)


def last_epsilon(model: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(model.transformer.ln_f, "eps", 1e-6)


def scale(model: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(model.transformer.h[1].attn, "scale", 24**-0.5)


def no_mask(model: Any, patch: pytest.MonkeyPatch) -> None:
    after(patch, lambda window: setattr(window, "causal", False))


def no_mask_after_cache(model: Any, patch: pytest.MonkeyPatch) -> None:
    after(patch, lambda window: setattr(window, "mask", None))


def blind_to_itself(model: Any, patch: pytest.MonkeyPatch) -> None:
    def change(window: Window) -> None:
        if window.mask is not None:
            columns = torch.arange(window.span)
            window.mask = (columns < window.positions[..., None])[:, None]

    after(patch, change)


def positions(model: Any, patch: pytest.MonkeyPatch) -> None:
    after(patch, lambda window: setattr(window, "positions", window.positions + 1))


def positions_after_cache(model: Any, patch: pytest.MonkeyPatch) -> None:
    def change(window: Window) -> None:
        window.positions = window.positions - window.start

    after(patch, change)


def swapped_norms(model: Any, patch: pytest.MonkeyPatch) -> None:
    block = model.transformer.h[1]
    block.ln_1, block.ln_2 = block.ln_2, block.ln_1


def norm_after(model: Any, patch: pytest.MonkeyPatch) -> None:
    def forward(self: Block, x: Any, window: Any, eager: bool) -> Any:
        y, _ = self.attn(x, window, eager)
        x = self.ln_1(x + y)
        return self.ln_2(x + self.mlp(x))

    patch.setattr(Block, "forward", forward)


def parallel_blocks(model: Any, patch: pytest.MonkeyPatch) -> None:
    def forward(self: Block, x: Any, window: Any, eager: bool) -> Any:
        y, _ = self.attn(self.ln_1(x), window, eager)
        return x + y + self.mlp(self.ln_2(x))

    patch.setattr(Block, "forward", forward)


def no_bias(model: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Conv1D, "forward", lambda self, x: x @ self.weight)


def no_last_norm(model: Any, patch: pytest.MonkeyPatch) -> None:
    model.transformer.ln_f = torch.nn.Identity()


def keys_for_queries(model: Any, patch: pytest.MonkeyPatch) -> None:
    def swapped(self: Conv1D, x: Any) -> Any:
        y = x @ self.weight + self.bias
        if y.shape[-1] != 3 * x.shape[-1]:
            return y
        q, k, v = y.chunk(3, -1)
        return torch.cat([k, q, v], -1)

    patch.setattr(Conv1D, "forward", swapped)


def untied(model: Any, patch: pytest.MonkeyPatch) -> None:
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach() * (1 + 1e-8))


FAULTS = [
    gelu, epsilon, last_epsilon, scale, no_mask, no_mask_after_cache, blind_to_itself, positions,
    positions_after_cache, swapped_norms, norm_after, parallel_blocks, no_bias, no_last_norm,
    keys_for_queries, untied,
]  # fmt: skip


def test_no_fault() -> None:
    compare(*pair())


@pytest.mark.parametrize("plant", FAULTS, ids=lambda fault: fault.__name__)
def test_fault_is_seen(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pair()
    plant(ours, monkeypatch)
    with pytest.raises(AssertionError, match="largest difference"):
        compare(ours, theirs)
