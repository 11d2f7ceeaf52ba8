"""What a tokenizer call returns, and how its rows are cut, padded and made into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.errors import InputError, OptionError
from gpt2.extras import needed

# Name of a value of the result -> what a padded place holds; input_ids take the pad token's id.
FILL: dict[str, Any] = {
    "attention_mask": 0,
    "special_tokens_mask": 1,
    "token_type_ids": 0,
    "offset_mapping": (0, 0),
    "labels": -100,
}
SIDES = ("left", "right")


class BatchEncoding(dict[str, Any]):
    """A dictionary whose values are attributes too: ``encoding.input_ids``."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"This encoding has no {name!r}; it has {', '.join(self)}.")

    def to(self, device: Any, **options: Any) -> BatchEncoding:
        """Move the tensors to a device; other values stay as they are. Returns itself."""
        for name, value in self.items():
            if hasattr(value, "to"):
                self[name] = value.to(device, **options)
        return self


def side(value: str, name: str) -> str:
    """The value, if it is a side. Raises `OptionError`."""
    if value not in SIDES:
        raise OptionError(f"{name} must be 'left' or 'right', found {value!r}.")
    return value


def cut(row: list[Any], length: int, from_side: str) -> list[Any]:
    """The row without what is too much on one side."""
    if len(row) <= length:
        return row
    return row[:length] if from_side == "right" else row[len(row) - length :]


def pad_rows(columns: dict[str, list[Any]], width: int, fill: Any, on_side: str) -> None:
    """Bring every row of every column to ``width``, in place; longer rows stay."""
    for name, rows in columns.items():
        value = fill if name == "input_ids" else FILL.get(name)
        if name != "input_ids" and name not in FILL:
            continue
        for at, row in enumerate(rows):
            more = [value] * (width - len(row))
            rows[at] = [*row, *more] if on_side == "right" else [*more, *row]


def to_arrays(columns: dict[str, Any], kind: str | None) -> dict[str, Any]:
    """The columns as lists (None), numpy arrays ("np") or torch tensors ("pt"), of int64.

    Raises `OptionError` for another kind, `InputError` for rows of different lengths,
    `MissingDependencyError` where torch is asked for and not installed.
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
    return torch.tensor(rows, dtype=torch.int64)


def _check_even(rows: Any) -> None:
    lengths = {len(row) for row in rows if isinstance(row, Sequence)}
    if len(lengths) > 1:
        raise InputError(
            f"The rows have {min(lengths)} to {max(lengths)} tokens and make no array: pass "
            f"padding=True (and truncation=True for a limit), or leave out return_tensors."
        )
