"""The inputs of a tokenizer: texts, pairs, lists of words, and rows to be padded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gpt2.errors import InputError
from gpt2.tokenizer import rows

Text = str | list[str]  # one text, or its words
Item = tuple[Text, ...]  # a text, or a pair


def read(text: Any, pair: Any, split: bool) -> tuple[list[Item], bool]:
    """Return the texts or pairs, and whether a batch was given. Raises `InputError`."""
    if not _is_many(text, split):
        one = _text(text, split, "A text")
        if pair is None:
            return [(one,)], False
        return [(one, _text(pair, split, "text_pair"))], False
    texts = [_text(t, split, f"Text {n} of the batch") for n, t in enumerate(text)]
    if pair is None:
        return [(one,) for one in texts], True
    if not _is_many(pair, split) or len(pair) != len(texts):
        raise InputError(
            f"text_pair must be a list of {len(texts)} texts like text, found {pair!r}."
        )
    pairs = [_text(p, split, f"text_pair[{n}]") for n, p in enumerate(pair)]
    return list(zip(texts, pairs, strict=True)), True


def _is_many(text: Any, split: bool) -> bool:
    listed = isinstance(text, (list, tuple))
    if not split:
        if listed or isinstance(text, str):
            return listed
        kind = type(text).__name__
        raise InputError(f"a text must be a string or a list of strings, found {kind}.")
    return listed and bool(text) and isinstance(text[0], (list, tuple))


def _text(text: Any, split: bool, what: str) -> Text:
    if not split:
        if not isinstance(text, str):
            raise InputError(f"{what} must be a string, found {type(text).__name__}.")
        return text
    if not isinstance(text, (list, tuple)) or not all(isinstance(word, str) for word in text):
        raise InputError(f"{what} must be a list of words (is_split_into_words), found {text!r}.")
    return list(text)


def columns(
    encoded: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> tuple[dict[str, list[Any]], bool]:
    """Convert rows to be padded to columns of lists; also returns whether it was a single row."""
    if not isinstance(encoded, Mapping):
        encoded = {n: [row[n] for row in encoded] for n in (encoded[0] if encoded else ())}
    if "input_ids" not in encoded:
        raise InputError(f"pad requires 'input_ids', found {', '.join(encoded) or 'nothing'}.")
    lists = {name: rows.plain(values) for name, values in encoded.items()}
    ids = lists["input_ids"]
    one = bool(ids) and not isinstance(ids[0], list) and not hasattr(ids[0], "tolist")
    return {
        name: [value]
        if one
        else [rows.plain(v) for v in value]
        if isinstance(value, list)
        else value
        for name, value in lists.items()
    }, one
