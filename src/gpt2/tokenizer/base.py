"""`Tokenizer`: the public interface, with the names and defaults of transformers.

Two classes implement it: `GPT2Tokenizer` (byte-level BPE) and `BertTokenizer` (WordPiece, which
Chinese GPT-2 models use). The rest of the package works with either.
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
    """A tokenizer of either kind; `from_pretrained` returns the one that matches the files."""

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
        """Encode one text or pair, or a batch of them.

        Args:
            text: one text, or a list of texts.
            text_pair: a second text for each; the tokenizer files define the special tokens.
            text_target: texts whose ids become ``labels``.
            add_special_tokens: add the special tokens around a text, if the tokenizer has any.
            padding: True or "longest", "max_length", or False.
            truncation: True or "longest_first" truncates to ``max_length``, or by default to
                ``model_max_length``; "only_first" and "only_second" truncate only that text of a
                pair. By default, a ``max_length`` truncates unless padding is on; False never does.
            stride: tokens shared by consecutive windows (with return_overflowing_tokens).
            is_split_into_words: each text is a list of words.
            pad_to_multiple_of: pad further to a multiple of this.
            return_tensors: "pt", "np", or None for lists.
            return_overflowing_tokens: return the truncated tokens as further rows.
            return_offsets_mapping: add (start, end) in characters for each token.
            return_length: add the number of tokens in each row.
            split_special_tokens: encode special tokens in the text as plain text.

        Raises:
            InputError: the text is neither a string nor a list of strings, or rows of different
                lengths cannot form an array.
            OptionError: an unknown option, or an invalid value.
            TokenizerError: padding is requested without a pad token.
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
            "type_ids": self._returns(return_token_type_ids, "token_type_ids"),
            "attention_mask": self._returns(return_attention_mask, "attention_mask"),
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

    def _returns(self, asked: bool | None, name: str) -> bool:
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
        """Encode one text or pair to a list of ids, or an array [1, T] with ``return_tensors``."""
        if not isinstance(text, str) and not options.get("is_split_into_words"):
            raise InputError(
                f"encode takes one text, found {type(text).__name__}; call the "
                f"tokenizer itself with a list of texts."
            )
        simple = text_pair is None and return_tensors is None and not options
        if simple and not (add_special_tokens and self.template.count_special(pair=False)):
            return self._encode(text, self.split_special_tokens)  # the fast path
        return self(text, text_pair, add_special_tokens=add_special_tokens,
                    return_tensors=return_tensors, return_attention_mask=False,
                    **options)["input_ids"]  # fmt: skip

    def encode_prompt(self, text: str) -> list[int]:
        """Encode a text to be continued: only the special tokens before a text are added."""
        return [*self.template.first, *self._encode(text, self.split_special_tokens)]

    def encode_more(self, text: str) -> list[int]:
        """Encode a text that continues another, without special tokens."""
        return self._encode(text, self.split_special_tokens)

    @abc.abstractmethod
    def encode_text(self, text: str) -> list[int]:
        """Encode a text without matching any added token in it."""

    def tokenize(self, text: str, pair: str | None = None, **options: Any) -> list[str]:
        """The tokens of a text in the vocabulary's spelling, without special tokens around it."""
        options = {"add_special_tokens": False, **options}
        return self.convert_ids_to_tokens(self.encode(text, pair, **options))

    def pad(
        self,
        encoded_inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        padding: bool | str = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
        verbose: bool = True,
    ) -> BatchEncoding:
        """Pad the results of calls (a mapping, or a list of them) to rows of equal length."""
        columns, one = inputs.columns(encoded_inputs)
        if self._returns(return_attention_mask, "attention_mask"):
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
        """1 for special tokens and 0 for others, in the given ids or as they would be framed."""
        if already_has_special_tokens:
            if token_ids_1 is not None:
                raise OptionError(
                    "already_has_special_tokens supports only one row: leave out token_ids_1."
                )
            special = set(self.all_special_ids)
            return [int(i in special) for i in rows.plain(token_ids_0)]
        parts = [p for p in (token_ids_0, token_ids_1) if p is not None]
        pieces = [Piece(list(rows.plain(part))) for part in parts]
        return self.template.frame(pieces, special=True).special_tokens_mask

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """The number of special tokens added to a text, or to a pair."""
        return self.template.count_special(pair)

    @property
    def max_len_single_sentence(self) -> int:
        """The number of tokens of a text that fit into ``model_max_length``."""
        return self.model_max_length - self.template.count_special(pair=False)

    @property
    def max_len_sentences_pair(self) -> int:
        """The number of tokens of a pair that fit into ``model_max_length``."""
        return self.model_max_length - self.template.count_special(pair=True)

    # Ids to text

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        spaces_between_special_tokens: bool = True,
        **unknown: Any,
    ) -> Any:
        """Decode ids (an int, a list, an array) to a text, or a batch of them to a list of texts.

        An id without a token decodes to nothing: some models have more embedding rows than tokens.
        ``spaces_between_special_tokens`` has no effect, as in transformers.

        Raises `TokenizerError` for values that are not ids.
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
        """Decode several rows of ids to a list of texts."""
        texts = self.decode(sequences, skip_special_tokens, clean_up_tokenization_spaces, **options)
        return [texts] if isinstance(texts, str) and len(sequences) else list(texts)

    @abc.abstractmethod
    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        """A decoder that takes ids one at a time and never splits a character."""

    # Within

    @abc.abstractmethod
    def _encode(self, text: str, plain: bool) -> list[int]:
        """Encode a text, without the special tokens around it."""

    @abc.abstractmethod
    def _piece(self, text: str, plain: bool) -> Piece:
        """Encode a text, with the characters and the word of each token."""

    @abc.abstractmethod
    def _decode(self, ids: list[int], clean_up: bool | None) -> str:
        """Decode ids that have a token."""

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
        """The text of tokens in the vocabulary's spelling."""

    @abc.abstractmethod
    def token_bytes(self, token: int) -> bytes:
        """The bytes a token adds to a text; empty for an id without a token."""

    def source_bytes(self, token: int) -> int:
        """The number of bytes of the encoded text that a token covers."""
        return len(self.token_bytes(token))


def _refuse(unknown: dict[str, Any]) -> None:
    unknown.pop("verbose", None)
    if unknown:
        raise OptionError(f"the tokenizer has no option {next(iter(unknown))!r}.")
