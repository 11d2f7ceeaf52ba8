"""`Tokenizer`: what users call, with the names and defaults of transformers.

Two classes implement it: `GPT2Tokenizer` (byte-level BPE) and `BertTokenizer` (WordPiece, which
Chinese GPT-2 models use). All else works on a `Tokenizer` and does not know which.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gpt2.errors import InputError, OptionError, TokenizerError
from gpt2.tokenizer import arguments, inputs, rows
from gpt2.tokenizer.encoding import BatchEncoding, Piece
from gpt2.tokenizer.job import Job
from gpt2.tokenizer.kept import Kept
from gpt2.tokenizer.stream import StreamDecoder


class Tokenizer(Kept):
    """A tokenizer of either kind; `from_pretrained` gives the one that the files are of."""

    # Text to ids

    def __call__(
        self,
        text: Any = None,
        text_pair: Any = None,
        *,
        text_target: Any = None,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        split_special_tokens: bool | None = None,
        **unknown: Any,
    ) -> BatchEncoding:
        """The ids of a text or a pair, or of each of several.

        Args:
            text: one text, or a list of them.
            text_pair: a second text for each, after which special tokens come as the files say.
            text_target: texts whose ids become ``labels``.
            add_special_tokens: whether the special tokens around a text come, where there are any.
            padding: True or "longest", "max_length", or False.
            truncation: True or "longest_first" cuts to ``max_length``, or to ``model_max_length``
                without one, of a pair "only_first" and "only_second" the one; a ``max_length``
                alone cuts too, unless padding is asked for; False never does.
            stride: tokens that a window shares with the one before (return_overflowing_tokens).
            is_split_into_words: each text is a list of words.
            pad_to_multiple_of: pad further to a multiple of this.
            return_tensors: "pt", "np", or None for lists.
            return_overflowing_tokens: give what is cut as further rows.
            return_offsets_mapping: add (start, end) in characters for each token.
            return_length: add the number of tokens of each row.
            split_special_tokens: read special tokens in the text as plain text.

        Raises:
            InputError: the text is neither a string nor a list of strings; rows that do not fit.
            OptionError: an option with a wrong value, or an unknown one.
            TokenizerError: padding is asked for and there is no pad token.
        """
        _refuse(unknown)
        same: dict[str, Any] = {
            "padding": padding,
            "truncation": truncation,
            "max_length": max_length,
            "return_tensors": return_tensors,
            "add_special_tokens": add_special_tokens,
            "pad_to_multiple_of": pad_to_multiple_of,
            "padding_side": padding_side,
        }
        if text is None and text_target is not None:
            return self(text_target, **same)
        items, several = inputs.read(text, text_pair, is_split_into_words)
        limits = arguments.read(
            self, padding, truncation, max_length, pad_to_multiple_of, padding_side, stride
        )
        plain = self.split_special_tokens if split_special_tokens is None else split_special_tokens
        job = Job(self, items, limits, plain, add_special_tokens, return_overflowing_tokens)
        wanted = {
            "ids": True,
            "type_ids": self._wanted(return_token_type_ids, "token_type_ids"),
            "attention_mask": self._wanted(return_attention_mask, "attention_mask"),
            "special_tokens_mask": return_special_tokens_mask,
            "offsets": return_offsets_mapping,
        }
        columns = job.columns([name for name, is_wanted in wanted.items() if is_wanted])
        one = not (several or return_tensors or return_overflowing_tokens)
        if one:
            columns = {name: column[0] for name, column in columns.items()}
        if return_length:
            columns["length"] = job.lengths
        if text_target is not None:
            columns["labels"] = self(text_target, **same)["input_ids"]
        result = BatchEncoding(rows.to_arrays(columns, return_tensors))
        return result.with_source(lambda: job.run(detail=True))

    def _wanted(self, asked: bool | None, name: str) -> bool:
        return name in self.model_input_names if asked is None else asked

    def encode(
        self,
        text: Any,
        text_pair: Any = None,
        add_special_tokens: bool = True,
        *,
        return_tensors: str | None = None,
        **options: Any,
    ) -> Any:
        """The ids of one text or pair: a list, or an array [1, T] with ``return_tensors``."""
        if not isinstance(text, str) and not options.get("is_split_into_words"):
            raise InputError(
                f"encode takes one text, found {type(text).__name__}; call the "
                f"tokenizer itself with a list of texts."
            )
        simple = text_pair is None and return_tensors is None and not options
        if simple and not (add_special_tokens and self.template.added(pair=False)):
            return self._encode(text, self.split_special_tokens)  # the short way for a short text
        return self(text, text_pair, add_special_tokens=add_special_tokens,
                    return_tensors=return_tensors, return_attention_mask=False,
                    **options)["input_ids"]  # fmt: skip

    def encode_prompt(self, text: str) -> list[int]:
        """The ids of a text to be continued: after the special tokens that come before a text."""
        return [*self.template.first, *self._encode(text, self.split_special_tokens)]

    def encode_more(self, text: str) -> list[int]:
        """The ids of a text that continues another: without special tokens around it."""
        return self._encode(text, self.split_special_tokens)

    def tokenize(self, text: str, pair: str | None = None, **options: Any) -> list[str]:
        """The tokens of a text as the vocabulary writes them, without those around it."""
        options = {"add_special_tokens": False, **options}
        tokens: list[str] = self.convert_ids_to_tokens(self.encode(text, pair, **options))
        return tokens

    def pad(
        self,
        encoded: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        padding: bool | str = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
        verbose: bool = True,
    ) -> BatchEncoding:
        """Pad what calls returned (a mapping, or a list of them) to rows of one length."""
        columns, one = inputs.columns(encoded)
        if self._wanted(return_attention_mask, "attention_mask"):
            masks = [[1] * len(row) for row in columns["input_ids"]]
            columns.setdefault("attention_mask", masks)
        limits = arguments.read(self, padding, False, max_length, pad_to_multiple_of, padding_side)
        if limits.pad != arguments.NOT_PADDED:
            width = limits.width(max(map(len, columns["input_ids"]), default=0))
            rows.pad_rows(columns, width, limits.fill, limits.pad_side)
        if one and return_tensors is None:
            columns = {name: value[0] for name, value in columns.items()}
        return BatchEncoding(rows.to_arrays(columns, return_tensors))

    def get_special_tokens_mask(
        self,
        token_ids_0: Sequence[int],
        token_ids_1: Sequence[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 for special tokens, 0 for others: of ids as they are, or of what would come around."""
        if already_has_special_tokens:
            if token_ids_1 is not None:
                raise OptionError("already_has_special_tokens is for one row: no token_ids_1.")
            special = set(self.all_special_ids)
            return [int(i in special) for i in rows.plain(token_ids_0)]
        parts = [p for p in (token_ids_0, token_ids_1) if p is not None]
        pieces = [Piece(list(rows.plain(part))) for part in parts]
        return self.template.frame(pieces, special=True).special_tokens_mask

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """How many special tokens come around a text, or a pair."""
        return self.template.added(pair)

    @property
    def max_len_single_sentence(self) -> int:
        """How many tokens of a text fit into ``model_max_length``."""
        return self.model_max_length - self.template.added(pair=False)

    @property
    def max_len_sentences_pair(self) -> int:
        """How many tokens of a pair fit into ``model_max_length``."""
        return self.model_max_length - self.template.added(pair=True)

    # Ids to text

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        spaces_between_special_tokens: bool = True,
        **unknown: Any,
    ) -> Any:
        """The text of ids (an int, a list, an array); of a batch of them, a list of texts.

        An id without a token is shown as nothing: models have rows of their embedding that stand
        for none. ``spaces_between_special_tokens`` changes nothing, as in transformers.

        Raises `TokenizerError` for what is no id.
        """
        unknown.pop("use_source_tokenizer", None)
        if unknown:
            raise OptionError(f"decode has no option {next(iter(unknown))!r}.")
        if isinstance(token_ids, Mapping):
            token_ids = token_ids["input_ids"]
        ids = rows.plain(token_ids)
        ids = [ids] if isinstance(ids, int) else ids
        if not isinstance(ids, list):
            raise TokenizerError(f"ids must be integers, found {ids!r}.")
        if ids and isinstance(ids[0], list):
            return [
                self.decode(row, skip_special_tokens, clean_up_tokenization_spaces) for row in ids
            ]
        known = [i for i in ids if self._is_known(i)]
        if skip_special_tokens:
            known = [i for i in known if i not in self._special_ids]
        return self._decode(known, clean_up_tokenization_spaces)

    def batch_decode(
        self,
        sequences: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **options: Any,
    ) -> list[str]:
        """The texts of several rows of ids."""
        texts = self.decode(sequences, skip_special_tokens, clean_up_tokenization_spaces, **options)
        return [texts] if isinstance(texts, str) and len(sequences) else list(texts)

    @abc.abstractmethod
    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        """A decoder that takes ids one at a time and never shows half a character."""

    # Within

    @abc.abstractmethod
    def _encode(self, text: str, plain: bool) -> list[int]:
        """The ids of a text, without the special tokens around it."""

    @abc.abstractmethod
    def _piece(self, text: str, plain: bool) -> Piece:
        """The same with the characters and the word of each token."""

    @abc.abstractmethod
    def _decode(self, ids: list[int], clean_up: bool | None) -> str:
        """The text of known ids."""

    def _encode_many(self, texts: list[str], plain: bool) -> list[list[int]]:
        return [self._encode(text, plain) for text in texts]

    def _is_known(self, i: Any) -> bool:
        if i in self._tokens:
            return True
        if isinstance(i, int) and i >= 0:
            return False
        raise TokenizerError(f"an id must be an integer of at least 0, found {i!r}.")

    @abc.abstractmethod
    def convert_tokens_to_string(self, tokens: Iterable[str]) -> str:
        """The text of tokens written as the vocabulary writes them."""

    @abc.abstractmethod
    def token_bytes(self, token: int) -> bytes:
        """What an id adds to a text, as bytes; nothing for an id without a token."""

    def source_bytes(self, token: int) -> int:
        """How many bytes of an encoded text an id stands for."""
        return len(self.token_bytes(token))


def _refuse(unknown: dict[str, Any]) -> None:
    unknown.pop("verbose", None)
    if unknown:
        raise OptionError(f"the tokenizer has no option {next(iter(unknown))!r}.")
