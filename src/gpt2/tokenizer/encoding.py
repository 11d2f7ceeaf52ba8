"""The results of a tokenizer call: the encoding of one text or pair, and a batch of them."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from gpt2.errors import UnsupportedError
from gpt2.tokenizer import rows

Offsets = list[tuple[int, int]]


class CharSpan(NamedTuple):
    """Characters ``start`` to ``end`` (exclusive) of a text."""

    start: int
    end: int


class TokenSpan(NamedTuple):
    """Tokens ``start`` to ``end`` (exclusive) of an encoding."""

    start: int
    end: int


@dataclasses.dataclass
class Piece:
    """A text as ids, with the characters and the word number of each id if requested."""

    ids: list[int]
    offsets: Offsets | None = None
    words: list[int] | None = None

    def window(self, start: int, stop: int) -> Piece:
        """The tokens from ``start`` to ``stop``."""
        offsets = None if self.offsets is None else self.offsets[start:stop]
        words = None if self.words is None else self.words[start:stop]
        return Piece(self.ids[start:stop], offsets, words)


@dataclasses.dataclass
class Encoding:
    """One text or pair with its special tokens. Lists have one entry per token.

    ``word_ids`` and ``sequence_ids`` are None for special tokens and padding. ``tokens``,
    ``offsets`` and ``word_ids`` are empty unless they were requested.
    """

    ids: list[int] = dataclasses.field(default_factory=list)
    type_ids: list[int] = dataclasses.field(default_factory=list)
    special_tokens_mask: list[int] = dataclasses.field(default_factory=list)
    attention_mask: list[int] = dataclasses.field(default_factory=list)
    sequence_ids: list[int | None] = dataclasses.field(default_factory=list)
    offsets: Offsets = dataclasses.field(default_factory=list)
    word_ids: list[int | None] = dataclasses.field(default_factory=list)
    tokens: list[str] = dataclasses.field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_sequences(self) -> int:
        """1 for a text, 2 for a pair."""
        return len({i for i in self.sequence_ids if i is not None}) or 1

    def add_piece(self, piece: Piece, sequence: int, type_id: int) -> None:
        """Append a text's tokens."""
        n = len(piece.ids)
        self._extend(piece.ids, type_id, 0, sequence)
        self.offsets += piece.offsets or []
        self.word_ids += piece.words if piece.words is not None else [None] * n

    def add_special(self, ids: list[int], type_id: int) -> None:
        """Append special tokens."""
        self._extend(ids, type_id, 1, None)
        self.offsets += [(0, 0)] * len(ids)
        self.word_ids += [None] * len(ids)

    def _extend(self, ids: list[int], type_id: int, special: int, sequence: int | None) -> None:
        n = len(ids)
        self.ids += ids
        self.type_ids += [type_id] * n
        self.special_tokens_mask += [special] * n
        self.attention_mask += [1] * n
        self.sequence_ids += [sequence] * n

    def pad(self, width: int, fill: int, side: str) -> None:
        """Pad every list to ``width``; longer ones are unchanged."""
        columns: dict[str, Any] = {
            "ids": fill, "type_ids": 0, "special_tokens_mask": 1, "attention_mask": 0,
            "sequence_ids": None, "offsets": (0, 0), "word_ids": None,
        }  # fmt: skip
        for name, value in columns.items():
            setattr(self, name, rows.pad_row(getattr(self, name), width, value, side))

    def char_to_token(self, char: int, sequence: int = 0) -> int | None:
        """The token that covers a character of a text, or None."""
        for at, (start, end) in enumerate(self.offsets):
            if self.sequence_ids[at] == sequence and start <= char < end:
                return at
        return None

    def token_to_chars(self, token: int) -> CharSpan | None:
        """The characters of a token; None for special tokens and padding."""
        return None if self.sequence_ids[token] is None else CharSpan(*self.offsets[token])

    def word_to_tokens(self, word: int, sequence: int = 0) -> TokenSpan | None:
        """The tokens of a word, or None."""
        places = [
            at
            for at, number in enumerate(self.word_ids)
            if number == word and self.sequence_ids[at] == sequence
        ]
        return TokenSpan(places[0], places[-1] + 1) if places else None

    def word_to_chars(self, word: int, sequence: int = 0) -> CharSpan | None:
        """The characters of a word, or None."""
        span = self.word_to_tokens(word, sequence)
        return CharSpan(self.offsets[span[0]][0], self.offsets[span[1] - 1][1]) if span else None


class BatchEncoding(dict[str, Any]):
    """A dictionary whose values are also attributes: ``encoding.input_ids``.

    Results that need the text again (``tokens()``, ``word_ids()``, ``char_to_token()`` and similar
    ones) are computed on demand.

    Args:
        data: the values.
        encoding: the `Encoding` of each row, or of the only one.
        tensor_type, prepend_batch_axis: see `convert_to_tensors`.
        n_sequences: 1 for texts, 2 for pairs; by default, what the encodings are.
    """

    _source: Callable[[], list[Encoding]] | None = None
    _n_sequences: int | None = None

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        encoding: Any = None,
        tensor_type: str | None = None,
        prepend_batch_axis: bool = False,
        n_sequences: int | None = None,
    ) -> None:
        super().__init__(data or {})
        self.__dict__["_n_sequences"] = n_sequences
        if encoding is not None:
            each = list(encoding) if isinstance(encoding, (list, tuple)) else [encoding]
            self.with_source(lambda: each)
        self.convert_to_tensors(tensor_type, prepend_batch_axis)

    def __getitem__(self, key: Any) -> Any:
        """A value by name, an `Encoding` by index, several by slice (without the text: all values,
        sliced).
        """
        if isinstance(key, int):
            return self.encodings[key]
        if isinstance(key, slice):
            if self._source is not None:
                return self.encodings[key]
            return {name: value[key] for name, value in self.items()}
        return super().__getitem__(key)

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"this encoding has no {name!r}; it has {', '.join(self)}.")

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> BatchEncoding:
        return self._with(copy.deepcopy(dict(self), memo))

    def __or__(self, other: Any) -> Any:
        return self._with({**self, **other}) if isinstance(other, Mapping) else NotImplemented

    def copy(self) -> BatchEncoding:
        """A copy with the same values."""
        return self._with(self)

    __copy__ = copy

    def _with(self, values: Mapping[str, Any]) -> BatchEncoding:
        """The same encodings with other values."""
        made = type(self)(values)
        made.__dict__.update(self.__dict__)
        return made

    @property
    def data(self) -> dict[str, Any]:
        """The values as a plain dictionary."""
        return dict(self)

    @property
    def is_fast(self) -> bool:
        """Whether `tokens` and similar methods work: not after pickling or ``pad``."""
        return self._source is not None

    @property
    def encodings(self) -> list[Encoding]:
        """An `Encoding` for each row. Raises `UnsupportedError` after pickling or ``pad``."""
        if self._source is None:
            raise UnsupportedError(
                "this encoding no longer has its text (it was pickled, or created by "
                "tokenizer.pad): call the tokenizer to get tokens, words and characters."
            )
        encodings = self.__dict__.get("_found")
        if encodings is None:
            encodings = self.__dict__["_found"] = self._source()
        return encodings

    def with_source(self, source: Callable[[], list[Encoding]]) -> BatchEncoding:
        """Set the function that computes the encodings. Returns self."""
        self.__dict__["_source"] = source
        return self

    @property
    def n_sequences(self) -> int | None:
        """1 for texts, 2 for pairs."""
        if self._n_sequences is not None:
            return self._n_sequences
        return self.encodings[0].n_sequences if self.encodings else None

    def tokens(self, batch_index: int = 0) -> list[str]:
        """The tokens of a row in the vocabulary's spelling."""
        return self.encodings[batch_index].tokens

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """The number of each token's word in its text; None for special tokens."""
        return self.encodings[batch_index].word_ids

    def sequence_ids(self, batch_index: int = 0) -> list[int | None]:
        """0 or 1, the text of the pair that each token belongs to; None for special tokens."""
        return self.encodings[batch_index].sequence_ids

    def char_to_token(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """``([row,] character)``: the token that covers it, or None."""
        row, char = self._at(batch_or_char_index, char_index)
        return self.encodings[row].char_to_token(char, sequence_index)

    def token_to_chars(
        self, batch_or_token_index: int, token_index: int | None = None
    ) -> CharSpan | None:
        """``([row,] token)``: its characters, or None."""
        row, token = self._at(batch_or_token_index, token_index)
        return self.encodings[row].token_to_chars(token)

    def token_to_word(
        self, batch_or_token_index: int, token_index: int | None = None
    ) -> int | None:
        """``([row,] token)``: the number of its word, or None."""
        row, token = self._at(batch_or_token_index, token_index)
        return self.encodings[row].word_ids[token]

    def token_to_sequence(
        self, batch_or_token_index: int, token_index: int | None = None
    ) -> int | None:
        """``([row,] token)``: the text of the pair that it belongs to, or None."""
        row, token = self._at(batch_or_token_index, token_index)
        return self.encodings[row].sequence_ids[token]

    def word_to_tokens(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> TokenSpan | None:
        """``([row,] word)``: its tokens, or None."""
        row, word = self._at(batch_or_word_index, word_index)
        return self.encodings[row].word_to_tokens(word, sequence_index)

    def word_to_chars(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> CharSpan | None:
        """``([row,] word)``: its characters, or None."""
        row, word = self._at(batch_or_word_index, word_index)
        return self.encodings[row].word_to_chars(word, sequence_index)

    def char_to_word(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """``([row,] character)``: the number of its word, or None."""
        row, char = self._at(batch_or_char_index, char_index)
        token = self.encodings[row].char_to_token(char, sequence_index)
        return None if token is None else self.encodings[row].word_ids[token]

    @staticmethod
    def _at(first: int, second: int | None) -> tuple[int, int]:
        return (0, first) if second is None else (first, second)

    def convert_to_tensors(
        self, tensor_type: str | None = None, prepend_batch_axis: bool = False
    ) -> BatchEncoding:
        """Convert the values to arrays ("np") or tensors ("pt") in place; None leaves them as they
        are. Returns self."""
        if tensor_type is None:
            return self
        columns = {n: [v] if prepend_batch_axis else v for n, v in self.items()}
        self.update(rows.to_arrays(columns, tensor_type))
        return self

    def to(self, device: Any, **options: Any) -> BatchEncoding:
        """Move the tensors to a device; other values are unchanged. Returns self."""
        for name, value in self.items():
            if hasattr(value, "to"):
                self[name] = value.to(device, **options)
        return self

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()
