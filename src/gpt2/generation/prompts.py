"""The border: what a caller hands to ``generate`` becomes rows of ids, and results go back.

Inside there is no padding. A caller's padded batch is taken apart by its attention mask here, and
put together again, padded on the left as transformers wants it, for processors and results.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.errors import GPT2Warning, InputError, OptionError
from gpt2.generation import arrays
from gpt2.generation.config import GenerationConfig, token_list

Ids = npt.NDArray[np.int64]


@dataclass
class Prompts:
    """What is to be continued."""

    rows: list[list[int]]  # the tokens of each prompt, without padding
    ids: Ids  # [len(rows), T], padded on the left
    kind: Callable[[Any], Any]  # an array of the engine's kind -> one of the caller's
    text: Callable[[Any], Any] | None = None  # ids -> text, where the prompts were text

    def deliver(self, ids: Any) -> Any:
        """What the caller gets for the ids of a result."""
        return self.kind(ids) if self.text is None else self.text(ids)

    @property
    def starts(self) -> list[int]:
        """Where each row's padding ends."""
        return [self.ids.shape[1] - len(row) for row in self.rows]


def read(inputs: Any, mask: Any, options: GenerationConfig, tokenizer: Any) -> Prompts:
    """Any kind of prompt as `Prompts`.

    Args:
        inputs: a text or several; ids as lists, a numpy array or a torch tensor, [T] or [rows, T];
            None for the beginning of a text.
        mask: 1 for the tokens of ``inputs`` that count, 0 for padding.
        options: for its bos, eos and pad ids.
        tokenizer: for text.

    Raises:
        InputError: an empty prompt without a bos id, values that are no ids, a mask of another
            shape or without a 1.
    """
    if inputs is None:
        inputs = [[]]
    if _is_text(inputs):
        return _read_text(inputs, options, tokenizer)
    rows = _rows_of(inputs)
    if mask is not None:
        rows = _masked(rows, mask)
    elif arrays.is_array(inputs):
        rows = _without_padding(rows, options)
    rows = [_started(row, options) for row in rows]
    return Prompts(rows, pad(rows, fill_id(options)), _kind_of(inputs))


def fill_id(options: GenerationConfig) -> int:
    """The id that fills up rows: pad, else eos, else 0."""
    ids = [options.pad_token_id, *token_list(options.eos_token_id), 0]
    return next(i for i in ids if i is not None)


def pad(rows: Sequence[Sequence[int]], fill: int) -> Ids:
    """Rows of ids as one array, padded on the left."""
    out = np.full((len(rows), max(map(len, rows))), fill, dtype=np.int64)
    for target, row in zip(out, rows, strict=True):
        target[len(target) - len(row) :] = row
    return out


def _is_text(inputs: Any) -> bool:
    return isinstance(inputs, str) or (
        isinstance(inputs, (list, tuple))
        and bool(inputs)
        and all(isinstance(i, str) for i in inputs)
    )


def _read_text(inputs: Any, options: GenerationConfig, tokenizer: Any) -> Prompts:
    if tokenizer is None:
        raise InputError("a text prompt needs a tokenizer: set model.tokenizer, or pass ids.")
    single = isinstance(inputs, str)
    texts = [inputs] if single else list(inputs)
    rows = [_started(tokenizer.encode(text), options) for text in texts]

    def text(ids: Any) -> Any:
        decoded = [tokenizer.decode(row, skip_special_tokens=True) for row in ids.tolist()]
        return decoded[0] if single and len(decoded) == 1 else decoded

    return Prompts(rows, pad(rows, fill_id(options)), arrays.to_numpy, text)


def _rows_of(inputs: Any) -> list[list[int]]:
    values = inputs
    if arrays.is_array(inputs):
        if inputs.ndim not in (1, 2) or arrays.to_numpy(inputs).dtype.kind not in "iu":
            raise InputError(
                f"ids must be whole numbers [T] or [rows, T], found {inputs.dtype} of shape "
                f"{list(inputs.shape)}."
            )
        values = inputs.tolist()
    if not isinstance(values, (list, tuple)):
        raise InputError(f"a prompt is text or ids, found {type(inputs).__name__}.")
    nested = any(isinstance(row, (list, tuple)) or arrays.is_array(row) for row in values)
    rows = [list(row) for row in values] if nested else [list(values)]
    if not rows or not all(isinstance(i, (int, np.integer)) for row in rows for i in row):
        raise InputError("a prompt of ids must hold whole numbers, a list of them for each row.")
    return [[int(i) for i in row] for row in rows]


def _masked(rows: list[list[int]], mask: Any) -> list[list[int]]:
    kept = _rows_of(mask)
    if [len(row) for row in kept] != [len(row) for row in rows]:
        raise InputError("attention_mask must have the shape of the ids.")
    chosen = [
        [i for i, keep in zip(*pair, strict=True) if keep] for pair in zip(rows, kept, strict=True)
    ]
    if not all(chosen):
        raise InputError("attention_mask hides every token of a row.")
    return chosen


def _without_padding(rows: list[list[int]], options: GenerationConfig) -> list[list[int]]:
    """Take out the padding where it can be told from the text, as transformers does."""
    fill = options.pad_token_id
    if fill is not None and fill not in token_list(options.eos_token_id):
        stripped = [[i for i in row if i != fill] for row in rows]
        return [short or row for short, row in zip(stripped, rows, strict=True)]
    if len(rows) > 1 and any(row[:1] == [fill_id(options)] for row in rows):
        warnings.warn(
            "A batch that seems padded came without attention_mask, and the padding is also the "
            "end of text: it is read as text. Pass attention_mask.",
            GPT2Warning,
            stacklevel=5,
        )
    return rows


def _started(row: list[int], options: GenerationConfig) -> list[int]:
    if row:
        return row
    if options.bos_token_id is None:
        raise InputError("the prompt is empty and the model has no bos_token_id to start from.")
    return [options.bos_token_id]


def _kind_of(inputs: Any) -> Callable[[Any], Any]:
    if not arrays.is_torch(inputs):
        return arrays.to_numpy

    def as_tensor(x: Any) -> Any:
        import torch  # the caller's own

        return torch.as_tensor(x, device=inputs.device)

    return as_tensor


def seeds_of(seed: int | list[int], prompts: int) -> list[int]:
    """A seed for each prompt."""
    seeds = [seed] * prompts if isinstance(seed, int) else seed
    if len(seeds) != prompts:
        raise OptionError(f"seed needs one number, or one for each of {prompts} prompts.")
    return seeds
