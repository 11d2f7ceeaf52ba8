"""What calling a tokenizer returns, and how rows of ids become rectangles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gpt2.errors import InputError, MissingDependencyError, OptionError

FILL = {"attention_mask": 0, "offset_mapping": (0, 0)}  # what a padded place holds


class BatchEncoding(dict[str, Any]):
    """A dict whose keys are attributes too: ``model(**batch)``, ``batch.input_ids``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name!r} here, only {list(self)}.") from None

    def to(self, device: Any) -> BatchEncoding:
        """Move the tensors to a device, in place."""
        for name, value in self.items():
            if hasattr(value, "to"):
                self[name] = value.to(device)
        return self


def pad_rows(
    rows: Mapping[str, list[list[Any]]], length: int, side: str, pad_id: int
) -> dict[str, list[list[Any]]]:
    """Each row of each field filled up to ``length`` on one side."""
    padded = {}
    for name, field in rows.items():
        fill = FILL.get(name, pad_id)
        gaps = [[fill] * (length - len(row)) for row in field]
        both = zip(field, gaps, strict=True)
        padded[name] = [gap + row if side == "left" else row + gap for row, gap in both]
    return padded


def as_arrays(rows: Sequence[Any], kind: str) -> Any:
    """Rows of equal length as an array of ``kind``: "pt" or "np", 64-bit integers.

    Raises `InputError` for ragged rows, `MissingDependencyError` for "pt" without PyTorch.
    """
    lengths = {len(row) for row in rows if isinstance(row, (list, tuple))}
    if len(lengths) > 1:
        raise InputError(
            f"rows of {min(lengths)} to {max(lengths)} tokens make no rectangle: "
            "pass padding=True, or leave return_tensors out."
        )
    if kind == "pt":
        try:
            import torch
        except ImportError:
            raise MissingDependencyError(
                "return_tensors=\"pt\" needs PyTorch: pip install 'gpt2[torch]'. Without it, "
                "return_tensors=\"np\" gives numpy arrays, and gpt2.load('gpt2-mini') runs the "
                "model that ships with this package."
            ) from None
        return torch.tensor(rows, dtype=torch.long)
    if kind == "np":
        import numpy as np

        return np.asarray(rows, np.int64)
    raise OptionError(f'return_tensors must be "pt", "np" or None, found {kind!r}.')
