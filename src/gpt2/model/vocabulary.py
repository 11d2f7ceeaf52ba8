"""A vocabulary that grows or shrinks: the rows of the embedding and of an untied head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gpt2.errors import InputError

SPREAD = 1e-9  # of the old rows' covariance, as in transformers: new tokens are nearly alike


def new_size(current: int, wanted: int | None, multiple: int | None) -> int:
    """The number of rows: ``wanted`` (None: as now), up to a multiple. Raises `InputError`."""
    size = current if wanted is None else wanted
    for name, value in (("a vocabulary", size), ("pad_to_multiple_of", multiple)):
        if value is not None and (type(value) is bool or not hasattr(value, "__index__")):
            raise InputError(f"{name} takes an integer, found {value!r}.")
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1, found {value!r}.")
    size = int(size)
    return size if multiple is None else -(-size // int(multiple)) * int(multiple)


@torch.no_grad()
def resized(old: Tensor, rows: int, std: float | None) -> nn.Parameter:
    """The first rows of ``old`` [V, D], and new ones where it had fewer.

    The new are drawn around the mean of the old (Hewitt 2021, "Initializing new word embeddings for
    pretrained language models"), or with ``std`` around zero.
    """
    kept = min(rows, len(old))
    made = old.new_empty(rows, old.shape[1])
    made[:kept] = old[:kept]
    if rows > kept:
        made[kept:] = _around_mean(old, rows - kept) if std is None else made[kept:].normal_(0, std)
    return nn.Parameter(made, old.requires_grad)


def _around_mean(old: Tensor, count: int) -> Tensor:
    """``count`` draws from a normal distribution with the old rows' mean and direction."""
    wide = old.detach().float()
    mean = wide.mean(0)
    centred = wide - mean
    spread = SPREAD * (centred.T @ centred / len(wide))  # [D, D]
    factor, failed = torch.linalg.cholesky_ex(spread)
    if bool(failed):  # fewer old rows than their width: no distribution, so the mean itself
        return mean.expand(count, -1).to(old.dtype)
    noise = torch.randn(count, len(mean), device=old.device)
    return (mean + noise @ factor.T).to(old.dtype)
