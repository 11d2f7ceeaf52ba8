"""`GPT2Tokenizer`: text to ids and back, with the names and defaults of transformers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from gpt2.errors import GPT2Warning, InputError, OptionError, TokenizerError, UnsupportedError
from gpt2.tokenizer import encoding, vocabulary
from gpt2.tokenizer.added import Finder, Part
from gpt2.tokenizer.bpe import END_OF_TEXT, merge_parts, split, to_bytes, to_signs, well_formed
from gpt2.tokenizer.encoding import BatchEncoding
from gpt2.tokenizer.fast import FastBPE, check_merges, threads
from gpt2.tokenizer.special import SpecialTokens
from gpt2.tokenizer.stream import StreamDecoder
from gpt2.tokenizer.vocabulary import AddedToken, Vocabulary

NO_LIMIT = int(1e30)  # transformers' value of model_max_length for "none"
BATCH_CHARACTERS = 1 << 16  # a batch with less text is not worth threads
SLOW_CHARACTERS = 2048  # so much text is encoded before the tables of the fast library are built
_HUB = ("revision", "cache_dir", "local_files_only", "token")
_IGNORED = ("use_fast", "trust_remote_code")  # asked of other models; nothing changes here
_ABSENT = ("text_pair", "text_target", "is_split_into_words", "return_overflowing_tokens", "stride")


class GPT2Tokenizer(SpecialTokens):
    """GPT-2's byte-level BPE tokenizer.

    Args:
        vocab: token -> id as in vocab.json, or the path of such a file.
        merges: the pairs in order, or the path of a merges.txt.
        bos_token, eos_token, unk_token, pad_token: special tokens; those the vocabulary lacks
            are added to it.
        errors: how `decode` treats bytes that are no UTF-8, as for `bytes.decode`.
        add_prefix_space: treat the first word as if a space were before it.
        add_bos_token: begin every sequence with ``bos_token``.
        split_special_tokens: read special tokens in a text as plain text.
        model_max_length: the limit that ``truncation=True`` uses.
        padding_side, truncation_side: "left" or "right".
        added: id -> token found in the text before it is split into words.

    A literal ``<|endoftext|>`` in a text becomes the special token, as in transformers. A lone
    surrogate in a text becomes U+FFFD. Raises `TokenizerError` for a vocabulary that does not fit.
    """

    model_input_names = ("input_ids", "attention_mask")

    def __init__(
        self,
        vocab: Mapping[str, int] | str | os.PathLike[str],
        merges: Sequence[tuple[str, str] | str] | str | os.PathLike[str],
        *,
        bos_token: Any = END_OF_TEXT,
        eos_token: Any = END_OF_TEXT,
        unk_token: Any = END_OF_TEXT,
        pad_token: Any = None,
        errors: str = "replace",
        add_prefix_space: bool = False,
        add_bos_token: bool = False,
        split_special_tokens: bool = False,
        model_max_length: int | None = None,
        padding_side: str = "right",
        truncation_side: str = "right",
        added: Mapping[int, AddedToken] | None = None,
        **others: Any,
    ) -> None:
        self._vocab, self._merges = _read_pair(vocab, merges)
        self._roles, self._more = {}, []
        self._slow_left = SLOW_CHARACTERS
        self._added = dict(added or {})
        self._check_added()
        self.errors = errors
        self.add_prefix_space = add_prefix_space
        self.add_bos_token = add_bos_token
        self.split_special_tokens = split_special_tokens
        self.model_max_length = NO_LIMIT if model_max_length is None else model_max_length
        self.padding_side = encoding.side(padding_side, "padding_side")
        self.truncation_side = encoding.side(truncation_side, "truncation_side")
        self.init_kwargs = others
        self._index()
        roles = {"bos": bos_token, "eos": eos_token, "unk": unk_token, "pad": pad_token}
        more = {k[:-6]: others.pop(k) for k in list(others) if k in SpecialTokens.OTHER_ROLES}
        extra = [*(others.pop("additional_special_tokens", None) or [])]
        extra += [*(others.pop("extra_special_tokens", None) or [])]
        named = {f"{role}_token": token for role, token in (roles | more).items() if token}
        self.add_special_tokens({**named, "additional_special_tokens": extra})

    # Files

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike[str], *inputs: Any, **options: Any
    ) -> GPT2Tokenizer:
        """Read a folder, or a model of the hub or of this package by its name.

        Other options are those of the class and overrule the files.

        Raises `MissingFileError`, `CorruptFileError`, `TokenizerError`, `HubError`.
        """
        hub = {key: options.pop(key) for key in _HUB if key in options}
        subfolder = options.pop("subfolder", "")
        for key in _IGNORED:
            options.pop(key, None)
        folder = Path(name)
        if not folder.is_dir():
            from gpt2.hub import resolve

            folder = resolve(name, allow_patterns=[*vocabulary.FILES], **hub)
        found = vocabulary.read(folder / subfolder)
        settings = {k: v for k, v in found.settings.items() if k not in _NOT_OPTIONS} | options
        tokenizer = cls(found.vocab, found.merges, added=found.added, **settings)
        tokenizer.name_or_path = str(name)
        return tokenizer

    def save_pretrained(self, folder: str | os.PathLike[str]) -> tuple[str, ...]:
        """Write a folder that transformers reads too; the paths written. Raises `WriteError`."""
        settings = {
            **{k: v for k, v in self.init_kwargs.items() if _is_json(v)},
            **self.special_tokens_map,
            "pad_token": self.pad_token,
            "errors": self.errors,
            "add_prefix_space": self.add_prefix_space,
            "add_bos_token": self.add_bos_token,
            "model_max_length": self.model_max_length,
            "padding_side": self.padding_side,
            "truncation_side": self.truncation_side,
        }
        if self.split_special_tokens:
            settings["split_special_tokens"] = True
        content = Vocabulary(self._vocab, self._merges, self._added, settings)
        return tuple(map(str, vocabulary.write(Path(folder), content)))

    # The vocabulary

    @property
    def vocab_size(self) -> int:
        """Tokens of the vocabulary file, without those added to it."""
        return len(self._vocab)

    def __len__(self) -> int:
        return len(self._ids)

    def get_vocab(self) -> dict[str, int]:
        """Token -> id, the added ones included."""
        return dict(self._ids)

    @property
    def vocab(self) -> dict[str, int]:
        """Token -> id, the added ones included."""
        return self.get_vocab()

    @property
    def merges(self) -> list[tuple[str, str]]:
        """The merges in the order learned, spelled as in merges.txt."""
        return list(self._merges)

    def token_bytes(self, token: int) -> bytes:
        """The bytes an id stands for. Raises `TokenizerError` for an unknown id."""
        try:
            return self._bytes[token]
        except (KeyError, TypeError):
            raise TokenizerError(self._unknown(token)) from None

    def convert_tokens_to_ids(self, tokens: str | Iterable[str]) -> Any:
        """The id of a token, or of each; an unknown one gets the id of ``unk_token``."""
        if isinstance(tokens, str):
            return self._ids.get(tokens, self.unk_token_id)
        return [self._ids.get(token, self.unk_token_id) for token in tokens]

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The token of an id, or of each, as the vocabulary writes it ('Ġ' for a space)."""
        ids = _plain(ids)
        if isinstance(ids, int):
            return self._token(ids)
        skip = self._special_ids if skip_special_tokens else frozenset()
        return [self._token(i) for i in ids if i not in skip]

    def convert_tokens_to_string(self, tokens: Iterable[str]) -> str:
        """The text of tokens written as the vocabulary writes them."""
        return b"".join(map(_as_bytes, tokens)).decode(errors=self.errors)

    # Text to ids

    def __call__(
        self,
        text: str | Sequence[str],
        *,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        return_attention_mask: bool = True,
        return_offsets_mapping: bool = False,
        return_special_tokens_mask: bool = False,
        return_token_type_ids: bool = False,
        split_special_tokens: bool | None = None,
        **unknown: Any,
    ) -> BatchEncoding:
        """The ids of a text, or of each of several.

        Args:
            text: one text, or a list of them.
            add_special_tokens: matters only if ``add_bos_token`` is set.
            padding: True or "longest", "max_length", or False.
            truncation: True cuts to ``max_length``, or to ``model_max_length`` without one; a
                ``max_length`` alone cuts too, False never does.
            pad_to_multiple_of: pad further to a multiple of this.
            return_tensors: "pt", "np", or None for lists.
            return_offsets_mapping: add (start, end) in characters for each token.
            split_special_tokens: read special tokens in the text as plain text.

        Raises:
            InputError: the text is neither a string nor a list of strings; rows that do not fit.
            OptionError: an option with a wrong value, or an unknown one.
            TokenizerError: padding is asked for and there is no pad token.
        """
        _refuse(unknown)
        one = isinstance(text, str)
        texts = [text] if isinstance(text, str) else _check_texts(text)
        plain = self.split_special_tokens if split_special_tokens is None else split_special_tokens
        bos = self._prefix() if add_special_tokens and self.add_bos_token else []
        rows, offsets = self._rows(texts, plain, return_offsets_mapping)
        columns: dict[str, list[Any]] = {"input_ids": [bos + row for row in rows] if bos else rows}
        if return_token_type_ids:
            columns["token_type_ids"] = [[0] * len(row) for row in columns["input_ids"]]
        if return_attention_mask:
            columns["attention_mask"] = [[1] * len(row) for row in columns["input_ids"]]
        if return_special_tokens_mask:
            mask = [1] * len(bos)
            columns["special_tokens_mask"] = [mask + [0] * len(row) for row in rows]
        if return_offsets_mapping:
            columns["offset_mapping"] = [[(0, 0)] * len(bos) + row for row in offsets]
        self._cut(columns, truncation, max_length)
        self._pad(columns, padding, max_length, pad_to_multiple_of, padding_side)
        if one and return_tensors is None:
            return BatchEncoding({name: rows[0] for name, rows in columns.items()})
        return BatchEncoding(encoding.to_arrays(columns, return_tensors))

    def encode(self, text: str, *, return_tensors: str | None = None, **options: Any) -> Any:
        """The ids of one text: a list, or an array [1, T] with ``return_tensors``."""
        if not isinstance(text, str):
            raise InputError(
                f"encode takes one text, found {type(text).__name__}; call the "
                f"tokenizer itself with a list of texts."
            )
        if return_tensors is None and not options and not self.add_bos_token:
            return self._encode(text, self.split_special_tokens)  # the short way for a short text
        return self(text, return_tensors=return_tensors, return_attention_mask=False, **options)[
            "input_ids"
        ]

    def tokenize(self, text: str, **options: Any) -> list[str]:
        """The tokens of a text as the vocabulary writes them ('Ġ' for a space)."""
        tokens: list[str] = self.convert_ids_to_tokens(self.encode(text, **options))
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
        if not isinstance(encoded, Mapping):
            encoded = {
                name: [row[name] for row in encoded] for name in (encoded[0] if encoded else ())
            }
        if "input_ids" not in encoded:
            raise InputError(f"pad needs 'input_ids', found {', '.join(encoded) or 'nothing'}.")
        columns = {name: _plain(rows) for name, rows in encoded.items()}
        rows = columns["input_ids"]
        one = bool(rows) and not isinstance(rows[0], list) and not hasattr(rows[0], "tolist")
        columns = {
            n: [value] if one else [_plain(v) for v in value] if isinstance(value, list) else value
            for n, value in columns.items()
        }
        if return_attention_mask is not False and "attention_mask" not in columns:
            columns["attention_mask"] = [[1] * len(row) for row in columns["input_ids"]]
        self._pad(columns, padding, max_length, pad_to_multiple_of, padding_side)
        if one and return_tensors is None:
            columns = {name: value[0] for name, value in columns.items()}
        return BatchEncoding(encoding.to_arrays(columns, return_tensors))

    # Ids to text

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
    ) -> Any:
        """The text of ids (an int, a list, an array); of a batch of them, a list of texts.

        Raises `TokenizerError` for an id the vocabulary does not have.
        """
        if clean_up_tokenization_spaces:
            warnings.warn(
                "clean_up_tokenization_spaces=True would corrupt the text of a byte-level "
                "tokenizer; it is ignored, as in transformers.",
                GPT2Warning,
                stacklevel=2,
            )
        ids = _plain(token_ids)
        ids = [ids] if isinstance(ids, int) else ids
        if not isinstance(ids, list):
            raise TokenizerError(f"ids must be whole numbers, found {ids!r}.")
        if ids and isinstance(ids[0], list):
            return [self.decode(row, skip_special_tokens) for row in ids]
        if skip_special_tokens:
            ids = [i for i in ids if i not in self._special_ids]
        return b"".join(map(self.token_bytes, ids)).decode(errors=self.errors)

    def batch_decode(
        self,
        sequences: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
    ) -> list[str]:
        """The texts of several rows of ids."""
        texts = self.decode(sequences, skip_special_tokens, clean_up_tokenization_spaces)
        return [texts] if isinstance(texts, str) and len(sequences) else list(texts)

    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        """A decoder that takes ids one at a time and never shows half a character."""
        skip = self._special_ids if skip_special_tokens else frozenset()
        return StreamDecoder(self.token_bytes, skip, self.errors)

    # Within

    @cached_property
    def _fast(self) -> FastBPE:
        table = self._vocab_bytes
        try:
            merges = [(table[left], table[right]) for left, right in self._merges]
        except KeyError as error:
            raise TokenizerError(
                f"Vocabulary and merges do not belong together: a merge uses {error.args[0]!r}, "
                f"which the vocabulary lacks."
            ) from None
        return FastBPE({token: self._vocab[sign] for sign, token in table.items()}, merges)

    @property
    def _vocab_bytes(self) -> dict[str, bytes]:
        return {sign: _as_bytes(sign) for sign in self._vocab}

    def _index(self) -> None:
        """Rebuild what follows from the vocabulary and the added tokens."""
        more = {token.content: i for i, token in self._added.items()}
        self._ids = self._vocab if more.items() <= self._vocab.items() else self._vocab | more
        self._tokens = {i: token for token, i in self._ids.items()}
        added = {i: token.content.encode() for i, token in self._added.items()}
        self._bytes = _Bytes(self._tokens, added)
        self._special_ids = frozenset(i for i, token in self._added.items() if token.special)
        self._finder = Finder(self._added)
        self._plain_finder = Finder({i: t for i, t in self._added.items() if not t.special})

    def _check_added(self) -> None:
        by_id = {i: token for token, i in self._vocab.items()}
        for i, token in self._added.items():
            if by_id.get(i, token.content) != token.content:
                raise TokenizerError(
                    f"The added token {token.content!r} and the token {by_id[i]!r} of the "
                    f"vocabulary have the same id {i}."
                )

    def _token(self, i: int) -> str:
        try:
            return self._tokens[i]
        except (KeyError, TypeError):
            raise TokenizerError(self._unknown(i)) from None

    def _unknown(self, i: object) -> str:
        highest = max(self._tokens, default=-1)
        return f"No token has the id {i!r}: this vocabulary's ids are 0 to {highest}."

    def _prefix(self) -> list[int]:
        if self.bos_token_id is None:
            raise TokenizerError("add_bos_token is set and there is no bos_token.")
        return [self.bos_token_id]

    def _rows(
        self, texts: list[str], plain: bool, with_offsets: bool
    ) -> tuple[list[list[int]], list[list[tuple[int, int]]]]:
        if with_offsets:
            pairs = [self._with_offsets(well_formed(text), plain) for text in texts]
            return [ids for ids, _ in pairs], [offsets for _, offsets in pairs]
        if len(texts) > 1 and sum(map(len, texts)) >= BATCH_CHARACTERS:
            pool = threads(len(texts))
            if pool:
                with pool:
                    return list(pool.map(lambda text: self._encode(text, plain), texts)), []
        return [self._encode(text, plain) for text in texts], []

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        check_merges(self._vocab, self._merges)
        return {pair: rank for rank, pair in enumerate(self._merges)}

    def _encode_short(self, text: str) -> list[int]:
        """As `bpe` defines it; a token that the vocabulary lacks is left to the fast library."""
        found: list[int] = []
        for word in split(well_formed(text)):
            tokens = merge_parts(list(to_signs(word.encode())), self._ranks)
            if any(token not in self._vocab for token in tokens):
                return self._fast.encode(text)
            found += [self._vocab[token] for token in tokens]
        return found

    def _encode(self, text: str, plain: bool) -> list[int]:
        if "_fast" not in self.__dict__ and len(text) < self._slow_left:
            self._slow_left -= len(text)
            encode = self._encode_short
        else:
            encode = self._fast.encode
        parts = self._parts(text, plain)
        if len(parts) == 1 and parts[0][2] is None:
            return encode(self._spaced(text))
        ids: list[int] = []
        for start, end, token in parts:
            if token is None:
                ids += encode(self._spaced(text[start:end]))
            else:
                ids.append(token)
        return ids

    def _parts(self, text: str, plain: bool) -> list[Part]:
        return (self._plain_finder if plain else self._finder).split(text)

    def _spaced(self, text: str) -> str:
        return f" {text}" if self.add_prefix_space and not text.startswith(" ") else text

    def _with_offsets(self, text: str, plain: bool) -> tuple[list[int], list[tuple[int, int]]]:
        ids: list[int] = []
        offsets: list[tuple[int, int]] = []
        for start, end, token in self._parts(text, plain):
            if token is not None:
                ids.append(token)
                offsets.append((start, end))
                continue
            part = text[start:end]
            spaced = self._spaced(part)
            new = self._fast.encode(spaced)
            owner = [start + at for at, sign in enumerate(part) for _ in sign.encode()]
            owner = [start] * (len(spaced) - len(part)) + owner
            at = 0
            for i in new:
                after = at + len(self._bytes[i])
                offsets.append((owner[at], owner[after - 1] + 1))
                at = after
            ids += new
        return ids, offsets

    def _cut(
        self, columns: dict[str, list[Any]], truncation: bool | str | None, limit: int | None
    ) -> None:
        if truncation not in (None, True, False, "longest_first", "only_first", "do_not_truncate"):
            raise OptionError(f"truncation must be True or False, found {truncation!r}.")
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise OptionError(f"max_length must be at least 1, found {limit!r}.")
        if truncation in (False, "do_not_truncate") or (truncation is None and limit is None):
            return
        length = self.model_max_length if limit is None else limit
        for rows in columns.values():
            rows[:] = [encoding.cut(row, length, self.truncation_side) for row in rows]

    def _pad(
        self,
        columns: dict[str, list[Any]],
        padding: bool | str,
        limit: int | None,
        multiple: int | None,
        on_side: str | None,
    ) -> None:
        if padding not in (True, False, "longest", "max_length", "do_not_pad"):
            raise OptionError(
                f"padding must be True, 'longest', 'max_length' or False, found {padding!r}."
            )
        if padding in (False, "do_not_pad"):
            return
        if self.pad_token_id is None:
            raise TokenizerError(
                "Padding needs a pad token and GPT-2 has none: set "
                "tokenizer.pad_token = tokenizer.eos_token."
            )
        width = max(map(len, columns["input_ids"]), default=0)
        if padding == "max_length":
            width = self.model_max_length if limit is None else limit
            if width >= NO_LIMIT:
                raise OptionError("padding='max_length' needs max_length.")
        if multiple:
            width = -(-width // multiple) * multiple
        on_side = encoding.side(on_side or self.padding_side, "padding_side")
        encoding.pad_rows(columns, width, self.pad_token_id, on_side)


# What tokenizer_config.json may hold that is no option here.
_NOT_OPTIONS = (
    "tokenizer_class",
    "name_or_path",
    "special_tokens_map_file",
    "tokenizer_file",
    "vocab_file",
    "merges_file",
    "is_local",
    "local_files_only",
    "backend",
    "vocab",
    "merges",
    "added",
    "auto_map",
    "processor_class",
    "is_fast",
)


def _read_pair(vocab: Any, merges: Any) -> tuple[dict[str, int], list[tuple[str, str]]]:
    if isinstance(vocab, (str, os.PathLike)):
        vocab = vocabulary.read_vocab(Path(vocab))
    if isinstance(merges, (str, os.PathLike)):
        merges = vocabulary.read_merges(Path(merges))
    if not isinstance(vocab, Mapping):
        raise TokenizerError(f"vocab must map tokens to ids, found {type(vocab).__name__}.")
    pairs = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in merges]
    wrong = next((pair for pair in pairs if len(pair) != 2), None)
    if wrong is not None:
        raise TokenizerError(f"A merge must be two tokens, found {wrong!r}.")
    return dict(vocab), [(pair[0], pair[1]) for pair in pairs]


class _Bytes(dict[int, bytes]):
    """Id -> the bytes it stands for, worked out when first asked for."""

    def __init__(self, tokens: Mapping[int, str], added: Mapping[int, bytes]) -> None:
        super().__init__(added)
        self._spelled = tokens

    def __missing__(self, i: int) -> bytes:
        content = self[i] = _as_bytes(self._spelled[i])
        return content


def _as_bytes(token: str) -> bytes:
    try:
        return to_bytes(token)
    except TokenizerError:  # a special token of the vocabulary file, such as '<对话>'
        return token.encode()


def _plain(values: Any) -> Any:
    """Arrays and numpy integers as lists and ints; tuples as lists."""
    if hasattr(values, "tolist"):
        return values.tolist()
    if isinstance(values, (list, tuple, range)):
        return [value if isinstance(value, int) else _plain(value) for value in values]
    return values


def _check_texts(text: Any) -> list[str]:
    if not isinstance(text, (list, tuple)):
        kind = type(text).__name__
        raise InputError(f"A text must be a string or a list of strings, found {kind}.")
    for at, one in enumerate(text):
        if not isinstance(one, str):
            kind = type(one).__name__
            raise InputError(f"Text {at} of the batch must be a string, found {kind}.")
    return list(text)


def _refuse(unknown: dict[str, Any]) -> None:
    for name, value in unknown.items():
        if name == "verbose" or (name in _ABSENT and not value):
            continue
        if name in _ABSENT:
            raise UnsupportedError(f"GPT-2's tokenizer takes one text at a time: no {name}.")
        raise OptionError(f"The tokenizer has no option {name!r}.")


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool, list, dict))


GPT2TokenizerFast = GPT2Tokenizer
