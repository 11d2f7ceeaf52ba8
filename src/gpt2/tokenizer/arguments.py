"""The padding and truncation options of a call, with transformers' defaults."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from gpt2.errors import OptionError, TokenizerError
from gpt2.tokenizer import rows
from gpt2.tokenizer.encoding import Piece

NO_LIMIT = int(1e30)  # transformers' value of model_max_length for "none"
_LARGE = int(1e20)
LONGEST, FULL, NOT_PADDED = "longest", "max_length", "do_not_pad"
EVENLY, FIRST, SECOND, NOT_CUT = "longest_first", "only_first", "only_second", "do_not_truncate"


class Limited(Protocol):
    """The attributes of a tokenizer that matter here."""

    model_max_length: int
    padding_side: str
    truncation_side: str

    @property
    def pad_token_id(self) -> int | None:
        """The id used for padding."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """How rows are truncated (``cut``, to ``length`` tokens) and padded (``pad``)."""

    pad: str
    cut: str
    length: int | None
    multiple: int | None
    pad_side: str
    cut_side: str
    fill: int
    stride: int

    def width(self, longest: int) -> int:
        """The width that rows are padded to."""
        width = self.length or 0 if self.pad == FULL else longest
        return -(-width // self.multiple) * self.multiple if self.multiple else width


def read(
    tokenizer: Limited,
    padding: Any = False,
    truncation: Any = None,
    max_length: Any = None,
    multiple: Any = None,
    side: str | None = None,
    stride: Any = 0,
) -> Limits:
    """Parse the options. Raises `OptionError`, or `TokenizerError` without a pad token."""
    pad = _way(padding, "padding", (LONGEST, FULL, NOT_PADDED))
    cut = _way(truncation, "truncation", (EVENLY, FIRST, SECOND, NOT_CUT))
    length = None if max_length is None else rows.whole(max_length, "max_length", 1)
    multiple = None if multiple is None else rows.whole(multiple, "pad_to_multiple_of", 1)
    if length is not None and padding is False and truncation is None:
        cut = EVENLY  # a length without other options truncates
    if length is None and tokenizer.model_max_length < _LARGE:
        length = int(tokenizer.model_max_length)
    if length is None:
        cut = NOT_CUT
        if pad == FULL:
            raise OptionError("padding='max_length' requires max_length.")
    if pad != NOT_PADDED and tokenizer.pad_token_id is None:
        raise TokenizerError(
            "padding requires a pad token, but this tokenizer has none: set tokenizer.pad_token = "
            "tokenizer.eos_token."
        )
    if multiple and length and cut != NOT_CUT and pad != NOT_PADDED and length % multiple:
        raise OptionError(
            f"max_length={length} is not a multiple of pad_to_multiple_of={multiple}, so rows "
            "cannot be truncated to one and padded to the other."
        )
    return Limits(
        pad,
        cut,
        length,
        multiple,
        rows.side(side or tokenizer.padding_side, "padding_side"),
        tokenizer.truncation_side,
        tokenizer.pad_token_id or 0,
        rows.whole(stride, "stride", 0),
    )


def _way(value: Any, name: str, ways: tuple[str, ...]) -> str:
    """Normalise a mode of padding or truncation: True means the first, False and None the last."""
    value = getattr(value, "value", value)  # a transformers enumeration
    if value is None or isinstance(value, bool):
        return ways[0] if value else ways[-1]
    if value not in ways:
        known = ", ".join(map(repr, ways[:-1]))
        raise OptionError(f"{name} must be True, False or one of {known}, found {value!r}.")
    return str(value)


def cut(pieces: list[Piece], room: int, limits: Limits) -> list[list[Piece]]:
    """Split each text into windows, so that the first ones, which are kept, have ``room`` tokens.

    Raises `OptionError` if the text that may be truncated is too short, or the stride too long.
    """
    lengths = [len(piece.ids) for piece in pieces]
    excess = sum(lengths) - room
    if excess <= 0:
        return [[piece] for piece in pieces]
    if limits.cut == EVENLY:
        wanted = [room] if len(pieces) == 1 else _share(lengths, room)
    else:
        at = 0 if limits.cut == FIRST else 1
        if at >= len(pieces) or lengths[at] <= excess:
            raise OptionError(
                f"truncation={limits.cut!r} cannot truncate {lengths} tokens to {room}: the text "
                "that it may truncate is too short."
            )
        wanted = [n - excess if i == at else n for i, n in enumerate(lengths)]
    return [_windows(p, n, limits) for p, n in zip(pieces, wanted, strict=True)]


def _share(lengths: list[int], room: int) -> list[int]:
    """The lengths of a pair after cutting the longer one first."""
    short, long = sorted(lengths)
    long = short if short > room else max(short, room - short)
    if short + long > room:
        short = room // 2
        long = short + room % 2
    return [long, short] if lengths[0] > lengths[1] else [short, long]


def _windows(piece: Piece, length: int, limits: Limits) -> list[Piece]:
    total = len(piece.ids)
    if length >= total:
        return [piece]
    if length == 0:
        return [piece.window(0, 0), piece]
    if limits.stride >= length:
        raise OptionError(f"stride={limits.stride} must be below the {length} tokens of a window.")
    step = length - limits.stride
    if limits.cut_side == "right":
        starts = range(0, max(total - limits.stride, 1), step)
        spans = [(start, min(start + length, total)) for start in starts]
    else:
        stops = range(total, max(limits.stride, 0), -step)
        spans = [(max(stop - length, 0), stop) for stop in stops]
    return [piece.window(start, stop) for start, stop in spans]
