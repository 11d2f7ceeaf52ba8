"""One call of a tokenizer: its texts encoded, cut, framed by special tokens and padded."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from gpt2.errors import OptionError, UnsupportedError
from gpt2.tokenizer import arguments, inputs, template
from gpt2.tokenizer.encoding import Encoding, Piece

if TYPE_CHECKING:
    from gpt2.tokenizer.base import Tokenizer

_NAMES = {"ids": "input_ids", "type_ids": "token_type_ids", "offsets": "offset_mapping"}


class Job:
    """One call: its texts, how they are cut, framed and padded."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        items: list[inputs.Item],
        limits: arguments.Limits,
        plain: bool,
        special: bool,
        overflow: bool,
    ) -> None:
        self.tokenizer, self.items, self.limits = tokenizer, items, limits
        self.plain, self.special, self.overflow = plain, special, overflow
        self.lengths: list[int] = []

    def columns(self, names: list[str]) -> dict[str, list[Any]]:
        """The columns with these names, under their names in the result."""
        encodings = self.run(detail="offsets" in names)
        self.lengths = list(map(len, encodings))
        columns = {_NAMES.get(n, n): [getattr(e, n) for e in encodings] for n in names}
        if self.overflow:
            columns["overflow_to_sample_mapping"] = self.rows
        return columns

    def run(self, detail: bool) -> list[Encoding]:
        """The encodings, padded; with ``detail`` also tokens, characters and words."""
        frame = self.tokenizer.template.frame
        encodings = [frame(pieces, self.special) for pieces in self._cut(self._pieces(detail))]
        if self.limits.pad != arguments.NOT_PADDED:
            width = self.limits.width(max(map(len, encodings), default=0))
            for one in encodings:
                one.pad(width, self.limits.fill, self.limits.pad_side)
        if detail:
            for one in encodings:
                one.tokens = self.tokenizer.convert_ids_to_tokens(one.ids)
        return encodings

    def _pieces(self, detail: bool) -> list[list[Piece]]:
        texts = [text for item in self.items for text in item]
        if detail or any(isinstance(text, list) for text in texts):
            pieces = iter([self._encode(text) for text in texts])
        else:
            many = self.tokenizer._encode_many([str(t) for t in texts], self.plain)
            pieces = iter([Piece(ids) for ids in many])
        return [[next(pieces) for _ in item] for item in self.items]

    def _encode(self, text: inputs.Text) -> Piece:
        """Encode a text, or a list of words whose indices become the word numbers."""
        whole = Piece([], [], [])
        for n, word in enumerate([text] if isinstance(text, str) else text):
            piece = self.tokenizer._piece(word, self.plain)
            whole.ids += piece.ids
            whole.offsets += piece.offsets  # type: ignore[operator]
            words = piece.words if isinstance(text, str) else [n] * len(piece.ids)
            whole.words += words  # type: ignore[operator]
        space = self.tokenizer.template.trim
        if space is None:
            return whole
        return template.trim_offsets(whole, self.tokenizer.convert_ids_to_tokens(whole.ids), space)

    def _cut(self, items: list[list[Piece]]) -> list[list[Piece]]:
        """The pieces of each row of the result; ``rows`` holds the index of each row's text."""
        limits, windows = self.limits, []
        self.rows: list[int] = []
        for n, pieces in enumerate(items):
            for row in [pieces] if limits.cut == arguments.NOT_CUT else self._windows(pieces):
                windows.append(row)
                self.rows.append(n)
        return windows

    def _windows(self, pieces: list[Piece]) -> list[list[Piece]]:
        assert self.limits.length is not None
        added = self.tokenizer.template.count_special(len(pieces) == 2) if self.special else 0
        if added > self.limits.length:
            raise OptionError(
                f"max_length={self.limits.length} has no room for the {added} special tokens "
                "around a text: use add_special_tokens=False to leave them out."
            )
        windows = arguments.cut(pieces, self.limits.length - added, self.limits)
        if not self.overflow:
            return [[each[0] for each in windows]]
        if sum(len(each) > 1 for each in windows) > 1:
            raise UnsupportedError(
                "return_overflowing_tokens for a pair requires truncation='only_first' or "
                "'only_second': otherwise both texts would have several windows."
            )
        return [list(row) for row in itertools.product(*windows)]
