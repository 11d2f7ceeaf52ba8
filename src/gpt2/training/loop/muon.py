"""Muon: momentum with orthogonalised updates, for the matrices of the blocks.

Sources: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks" (the
Newton-Schulz iteration and its coefficients); Liu et al. 2025, "Muon is Scalable for LLM Training",
section 2.2 (weight decay, and the scale 0.2 sqrt(max(n, m)) that gives an update the size of
AdamW's, so that both share a learning rate).

Matrices here are [inputs, outputs]; orthogonalisation works the same for either layout. ``c_attn``
holds three maps side by side, and each is orthogonalised separately. Matrices of the same shape go
through the iteration together as a batch: on a CPU in fp32, on a GPU in bf16.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from gpt2.training.loop.distributed import sharded_like, whole

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Jordan et al. 2024: steepest at 0, singular values ~1
STEPS = 5


def orthogonal(matrices: Tensor, steps: int = STEPS) -> Tensor:
    """Approximate U V^T of each matrix U S V^T: singular values between about 0.7 and 1.2.

    ``matrices`` [count, n, m] with n <= m; the result has the same shape, in the precision of the
    iteration.
    """
    x = matrices.to(torch.float32 if matrices.device.type == "cpu" else torch.bfloat16)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    n, m = x.shape[-2:]
    if m >= 2 * n and x.dtype == torch.float32:
        return _left_factor(x @ x.mT, steps) @ x
    for _ in range(steps):
        x = _polynomial(x @ x.mT) @ x
    return x


def _left_factor(gram: Tensor, steps: int) -> Tensor:
    """The matrix by which the full iteration multiplies x, from ``gram`` = x x^T [count, n, n].

    Each step is x <- p x, with p a polynomial of the Gram matrix, so x is needed only at the end:
    about half the operations for x of n x 4n. It needs fp32, because a Gram matrix squares small
    values.
    """
    factor = p = _polynomial(gram)
    for _ in range(steps - 1):
        gram = p @ gram @ p
        p = _polynomial(gram)
        factor = p @ factor
    return factor


def _polynomial(gram: Tensor) -> Tensor:
    a, b, c = COEFFICIENTS
    p = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    p.diagonal(dim1=-2, dim2=-1).add_(a)
    return p


class Muon(torch.optim.Optimizer):
    """Muon over matrices [inputs, outputs].

    ``parts`` of a parameter group is the number of side-by-side maps in each of its matrices.
    """

    def __init__(
        self, params: Iterable[Any], lr: float, momentum: float, weight_decay: float
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "parts": 1}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update the parameters that have gradients."""
        todo = [(p, group) for group in self.param_groups for p in group["params"]]
        todo = [(p, group) for p, group in todo if p.grad is not None]
        updates = [self._update(p, group["momentum"]) for p, group in todo]
        orthogonal = _orthogonalise(
            [whole(u).chunk(g["parts"], dim=1) for u, (_, g) in zip(updates, todo, strict=True)]
        )
        for (p, group), update, maps in zip(todo, updates, orthogonal, strict=True):
            joined = maps[0] if len(maps) == 1 else torch.cat(maps, dim=1)
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(sharded_like(joined.to(p.dtype), update), alpha=-group["lr"])

    def _update(self, p: Tensor, momentum: float) -> Tensor:
        """Nesterov momentum: the gradient mixed with an average that already includes it."""
        assert p.grad is not None
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        average = state["momentum"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(average, momentum)


def _orthogonalise(updates: list[tuple[Tensor, ...]]) -> list[list[Tensor]]:
    """Orthogonalise and scale each map of each update, batching maps of the same shape."""
    flat = [map_ for update in updates for map_ in update]
    shapes: dict[tuple[int, ...], list[int]] = {}
    for number, map_ in enumerate(flat):
        shapes.setdefault(tuple(sorted(map_.shape)), []).append(number)
    for shape, numbers in shapes.items():
        stack = torch.stack([_wide(flat[number]) for number in numbers])
        results = orthogonal(stack).mul_(0.2 * max(shape) ** 0.5)
        for number, result in zip(numbers, results, strict=True):
            flat[number] = result if flat[number].shape == result.shape else result.mT
    rest = iter(flat)
    return [[next(rest) for _ in update] for update in updates]


def _wide(matrix: Tensor) -> Tensor:
    return matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT
