"""Control tokens in what a caller passes to a chat template: marked before the template runs, and
then encoded as plain text, so that only the template itself writes control tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gpt2.errors import InputError, OptionError
from gpt2.tokenizer import arguments
from gpt2.tokenizer.added import any_of
from gpt2.tokenizer.encoding import BatchEncoding, Piece

if TYPE_CHECKING:
    from gpt2.tokenizer.base import Tokenizer

_START, _END = "\U000f0000", "\U000f0001"  # transformers' marks, of the private use area
_OPTIONS = ("padding", "truncation", "max_length", "return_tensors", "pad_to_multiple_of",
            "padding_side", "return_attention_mask", "verbose")  # fmt: skip


def mark(value: Any, control: Sequence[str]) -> Any:
    """Put marks around the control tokens in the strings of plain data, except in keys.

    Marks that are already there are removed: they must not pass for ours.
    """
    pattern = any_of(control)
    return value if pattern is None else _mark(value, pattern)


def _mark(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(rf"{_START}\g<0>{_END}", value.replace(_START, "").replace(_END, ""))
    if isinstance(value, dict):
        return {key: _mark(item, pattern) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_mark(item, pattern) for item in value)
    return value


def encode(tokenizer: Tokenizer, given: str | list[str], options: dict[str, Any]) -> BatchEncoding:
    """Encode rendered conversations with marks, one or a batch, without special tokens around them.

    Raises `OptionError` for an option that needs the places of the tokens in the text.
    """
    for name, value in options.items():
        if name not in _OPTIONS and value:
            raise OptionError(f"sanitize_control_tokens cannot be combined with {name}.")
    how = {name: options[name] for name in _OPTIONS if name in options}
    truncation = how.pop("truncation", False)
    limits = arguments.read(
        tokenizer,
        how.get("padding", False),
        truncation,
        how.get("max_length"),
        how.get("pad_to_multiple_of"),
        how.get("padding_side"),
    )
    rows = [_ids(tokenizer, text) for text in ([given] if isinstance(given, str) else given)]
    if limits.cut != arguments.NOT_CUT:
        assert limits.length is not None
        rows = [arguments.cut([Piece(ids)], limits.length, limits)[0][0].ids for ids in rows]
    one = isinstance(given, str) and how.get("return_tensors") is None
    return tokenizer.pad({"input_ids": rows[0] if one else rows}, **how)


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a text with marks. A mark that the template has separated from its token only
    keeps the texts around it apart."""
    tokens = any_of(tokenizer.added_tokens_encoder)
    marked = f"{_START}({tokens.pattern}){_END}|" if tokens else ""
    ids: list[int] = []
    at = 0
    for match in re.finditer(f"{marked}[{_START}{_END}]", text):
        ids += tokenizer.encode_more(text[at : match.start()])
        at = match.end()
        token = match[0][1:-1]
        if not token:
            continue
        as_text = tokenizer.encode_text(token)
        if tokenizer.convert_tokens_to_ids(token) in as_text:
            raise InputError(
                f"the conversation contains {token!r}, which this tokenizer cannot encode as plain "
                "text: remove it."
            )
        ids += as_text
    return ids + tokenizer.encode_more(text[at:])
