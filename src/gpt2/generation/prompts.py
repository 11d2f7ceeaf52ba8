"""Conversion of the inputs of ``generate`` to rows of ids, and of results to the caller's type.

An engine reads no padding: a row holds the ids that its attention mask keeps. Processors, criteria
and results see the caller's columns, padding included, followed by the new tokens.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.errors import GPT2Warning, InputError, OptionError, show
from gpt2.generation import arrays
from gpt2.generation.config import GenerationConfig, plain, token_list
from gpt2.generation.tokenizing import adopt

Ids = npt.NDArray[np.int64]


@dataclass
class Prompts:
    """The prompts of one call."""

    rows: list[list[int]]  # what the engine reads of each prompt: its tokens without padding
    ids: Ids  # [len(rows), T], the columns as passed; shorter rows are padded on the left
    starts: list[int]  # the column at which each row's padding on the left ends
    kind: Callable[[Any], Any]  # converts an array of the engine's type to the caller's
    text: Callable[[list[list[int]]], Any] | None = None  # rows -> text, if the prompts were text


def read(inputs: Any, mask: Any, options: GenerationConfig, tokenizer: Any) -> Prompts:
    """Convert any type of prompt to `Prompts`.

    Args:
        inputs: one or more texts; ids as lists, a numpy array or a torch tensor, [T] or [rows, T];
            None to start a new text.
        mask: numbers or booleans in the shape of ``inputs``, 0 for padding.
        options: for the bos, eos and pad ids.
        tokenizer: for text.

    Raises:
        InputError: an empty prompt without a bos id, values that are not ids, or a mask of a
            different shape, for a text, or without a 1.
    """
    if inputs is None:
        inputs = [[]]
    if _is_text(inputs):
        if mask is not None:
            raise InputError(
                "attention_mask can be used only with token ids: leave it out for a text, which "
                "has no padding."
            )
        return _read_text(inputs, options, tokenizer)
    given = _rows_of(inputs)
    if mask is not None:
        kept = _read_mask(mask, given)
    elif arrays.is_array(inputs):
        kept = _find_padding(given, options)
    else:
        kept = [[True] * len(row) for row in given]
    given = [_start(row, options) for row in given]
    kept = [flags or [True] for flags in kept]
    rows = [list(compress(*pair)) for pair in zip(given, kept, strict=True)]
    ids = pad(given, fill_id(options))
    if not given and arrays.is_array(inputs):
        ids = np.empty((0, inputs.shape[-1]), np.int64)  # no rows, but the caller's columns
    starts = [ids.shape[1] - len(flags) + flags.index(True) for flags in kept]
    return Prompts(rows, ids, starts, _kind_of(inputs))


def fill_id(options: GenerationConfig) -> int:
    """The id that rows are padded with: pad, else eos, else 0."""
    ids = [options.pad_token_id, *token_list(options.eos_token_id), 0]
    return next(i for i in ids if i is not None and 0 <= i < 2**63)


def pad(rows: Sequence[Sequence[int]], fill: int) -> Ids:
    """Combine rows of ids into one array, padded on the left."""
    out = np.full((len(rows), max(map(len, rows), default=0)), fill, dtype=np.int64)
    for target, row in zip(out, rows, strict=True):
        try:
            target[len(target) - len(row) :] = row
        except OverflowError:
            raise InputError(
                f"a token id has more than 63 bits: {show(max(row, key=abs))}."
            ) from None
    return out


def _is_text(inputs: Any) -> bool:
    return isinstance(inputs, str) or (
        isinstance(inputs, (list, tuple))
        and bool(inputs)
        and all(isinstance(i, str) for i in inputs)
    )


def _read_text(inputs: Any, options: GenerationConfig, tokenizer: Any) -> Prompts:
    if tokenizer is None:
        raise InputError(
            "a text prompt requires a tokenizer: set model.tokenizer, or pass token ids."
        )
    single = isinstance(inputs, str)
    texts = [inputs] if single else list(inputs)
    tokenizer = adopt(tokenizer)
    rows = [_start(tokenizer.encode_prompt(text), options) for text in texts]

    def text(rows: list[list[int]]) -> Any:
        decoded = [tokenizer.decode(row, skip_special_tokens=True) for row in rows]
        return decoded[0] if single and len(decoded) == 1 else decoded

    ids = pad(rows, fill_id(options))
    return Prompts(rows, ids, [ids.shape[1] - len(row) for row in rows], arrays.to_numpy, text)


def _rows_of(inputs: Any) -> list[list[int]]:
    if arrays.is_array(inputs) and (
        inputs.ndim not in (1, 2) or arrays.to_numpy(inputs).dtype.kind not in "iu"
    ):
        raise InputError(
            f"ids must be integers [T] or [rows, T], found {inputs.dtype} of shape "
            f"{list(inputs.shape)}."
        )
    rows = _nest(inputs)
    if rows is None:
        raise InputError(f"a prompt must be text or token ids, found {type(inputs).__name__}.")
    if not all(isinstance(i, (int, np.integer)) for row in rows for i in row):
        raise InputError("a prompt of ids must contain integers, one list of them per row.")
    return [[int(i) for i in row] for row in rows]


def _nest(values: Any) -> list[list[Any]] | None:
    """Convert an array or lists to a list of rows (a flat one is a single row), or None."""
    if arrays.is_array(values):
        values = values.tolist() if values.ndim != 1 else [values.tolist()]
    if not isinstance(values, (list, tuple)):
        return None
    values = [value.tolist() if arrays.is_array(value) else value for value in values]
    rows = values if not values or any(isinstance(v, (list, tuple)) for v in values) else [values]
    if not all(isinstance(row, (list, tuple)) for row in rows):
        return None
    return [plain(row) for row in rows]


def _read_mask(mask: Any, rows: list[list[int]]) -> list[list[bool]]:
    """Whether each id's mask is nonzero."""
    given = _nest(mask)
    shape = None if given is None else [len(row) for row in given]
    if given is None or shape != [len(row) for row in rows]:
        raise InputError(
            f"attention_mask must have the shape of the ids: {len(rows)} rows of "
            f"{_lengths(rows)}, found {_lengths(given)}."
        )
    if not all(isinstance(i, (int, float, np.number, np.bool_)) for row in given for i in row):
        raise InputError("attention_mask must contain numbers or booleans, with 0 for padding.")
    kept = [[bool(i) for i in row] for row in given]
    if not all(any(flags) or not flags for flags in kept):
        raise InputError("attention_mask masks every token of a row.")
    return kept


def _lengths(rows: list[list[Any]] | None) -> str:
    if rows is None:
        return "something else"
    return ", ".join(sorted({str(len(row)) for row in rows})) or "none"


def _find_padding(rows: list[list[int]], options: GenerationConfig) -> list[list[bool]]:
    """Mark what is not padding, if the ids show it, by the rules of transformers."""
    fill = options.pad_token_id
    if fill is not None and fill not in token_list(options.eos_token_id):
        kept = [[i != fill for i in row] for row in rows]
        return [flags if any(flags) else [True] * len(flags) for flags in kept]
    if len(rows) > 1 and any(row[:1] == [fill_id(options)] for row in rows):
        warnings.warn(
            "A batch that seems to be padded has no attention_mask. Its padding token also ends "
            "texts, so the padding is read as text. Pass attention_mask.",
            GPT2Warning,
            stacklevel=5,
        )
    return [[True] * len(row) for row in rows]


def _start(row: list[int], options: GenerationConfig) -> list[int]:
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
        raise OptionError(
            f"seed must be one number, or a list of one for each of the {prompts} prompts."
        )
    return seeds
