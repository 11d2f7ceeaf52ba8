"""Resizing the vocabulary: the rows of the embedding and of an untied head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gpt2.errors import InputError

SPREAD = 1e-9  # scales the old rows' covariance, as in transformers: new rows are nearly equal


def new_size(current: int, wanted: int | None, multiple: int | None) -> int:
    """The number of rows: ``wanted`` (None: unchanged), rounded up to a multiple.

    Raises `InputError`.
    """
    size = current if wanted is None else wanted
    for name, value in (("the vocabulary size", size), ("pad_to_multiple_of", multiple)):
        if value is not None and (type(value) is bool or not hasattr(value, "__index__")):
            raise InputError(f"{name} must be an integer, found {value!r}.")
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1, found {value!r}.")
    size = int(size)
    return size if multiple is None else -(-size // int(multiple)) * int(multiple)


@torch.no_grad()
def resize(old: Tensor, rows: int, std: float | None) -> nn.Parameter:
    """The first ``rows`` rows of ``old`` [V, D], with new ones appended if it has fewer.

    New rows are drawn around the mean of the old ones (Hewitt 2021, "Initializing new word
    embeddings for pretrained language models"), or with ``std`` around zero.
    """
    kept = min(rows, len(old))
    made = old.new_empty(rows, old.shape[1])
    made[:kept] = old[:kept]
    if rows > kept:
        made[kept:] = _around_mean(old, rows - kept) if std is None else made[kept:].normal_(0, std)
    return nn.Parameter(made, old.requires_grad)


def _around_mean(old: Tensor, count: int) -> Tensor:
    """Draw ``count`` rows from a normal distribution with the old rows' mean and covariance times
    `SPREAD`."""
    wide = old.detach().float()
    mean = wide.mean(0)
    centred = wide - mean
    spread = SPREAD * (centred.T @ centred / len(wide))  # [D, D]
    factor, failed = torch.linalg.cholesky_ex(spread)
    if bool(failed):  # fewer old rows than their width: the covariance is singular, use the mean
        return mean.expand(count, -1).to(old.dtype)
    noise = torch.randn(count, len(mean), device=old.device)
    return (mean + noise @ factor.T).to(old.dtype)
