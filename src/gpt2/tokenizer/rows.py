"""Rows of numbers: padding, conversion to arrays, and validation of counts."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from gpt2.errors import InputError, OptionError
from gpt2.extras import needed

# Name in the result -> the padding value; input_ids are padded with the pad token's id.
FILL: dict[str, Any] = {
    "attention_mask": 0,
    "special_tokens_mask": 1,
    "token_type_ids": 0,
    "offset_mapping": (0, 0),
    "labels": -100,
}
SIDES = ("left", "right")


def side(value: str, name: str) -> str:
    """Return the value if it is "left" or "right". Raises `OptionError`."""
    if value not in SIDES:
        raise OptionError(f"{name} must be 'left' or 'right', found {value!r}.")
    return value


def whole(value: Any, name: str, minimum: int) -> int:
    """Return the value as an int if it is an integer (also numpy's). Raises `OptionError`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = minimum - 1
    if isinstance(value, bool) or number < minimum:
        raise OptionError(f"{name} must be an integer of at least {minimum}, found {value!r}.")
    return number


def plain(values: Any) -> Any:
    """Convert arrays and numpy integers to lists and ints, tuples to lists."""
    if hasattr(values, "tolist"):
        return values.tolist()
    if isinstance(values, (list, tuple, range)):
        return [value if isinstance(value, int) else plain(value) for value in values]
    return values


def pad_row(row: list[Any], width: int, fill: Any, on_side: str) -> list[Any]:
    """Pad the row to ``width``; a longer one is unchanged."""
    more = [fill] * (width - len(row))
    return [*row, *more] if on_side == "right" else [*more, *row]


def pad_rows(columns: dict[str, list[Any]], width: int, fill: Any, on_side: str) -> None:
    """Pad all rows of the known columns to ``width``, in place."""
    for name, column in columns.items():
        if name == "input_ids" or name in FILL:
            value = fill if name == "input_ids" else FILL[name]
            column[:] = [pad_row(row, width, value, on_side) for row in column]


def to_arrays(columns: dict[str, Any], kind: str | None) -> dict[str, Any]:
    """Return the columns as lists (None), numpy arrays ("np") or torch tensors ("pt") of int64.

    Raises `OptionError` for another kind, `InputError` for rows of different lengths,
    `MissingDependencyError` if torch is requested but not installed.
    """
    kind = getattr(kind, "value", kind)  # transformers' TensorType
    if kind is None:
        return columns
    if kind not in ("pt", "np"):
        raise OptionError(f"return_tensors must be 'pt', 'np' or None, found {kind!r}.")
    for rows in columns.values():
        _check_even(rows)
    return {name: _array(rows, kind) for name, rows in columns.items()}


def _array(rows: Any, kind: str) -> Any:
    if kind == "np":
        import numpy as np

        return np.array(rows, dtype=np.int64)
    with needed("return_tensors='pt'", "or ask for return_tensors='np'"):
        import torch
    if isinstance(rows, torch.Tensor):
        return rows
    return torch.tensor(rows, dtype=torch.int64)


def _check_even(rows: Any) -> None:
    lengths = {len(row) for row in rows if isinstance(row, Sequence)}
    if len(lengths) > 1:
        raise InputError(
            f"the rows have {min(lengths)} to {max(lengths)} tokens and cannot form one array: "
            "pass padding=True (and truncation=True for a limit), or leave out return_tensors."
        )
