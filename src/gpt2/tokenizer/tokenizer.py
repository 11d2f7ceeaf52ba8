"""`GPT2Tokenizer`: byte-level BPE, with the names and defaults of transformers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

from gpt2.errors import GPT2Warning, TokenizerError
from gpt2.tokenizer import template, tokenizer_json, vocabulary
from gpt2.tokenizer.added import Finder, Part
from gpt2.tokenizer.base import Tokenizer
from gpt2.tokenizer.bpe import END_OF_TEXT, merge_parts, split, to_bytes, to_signs, well_formed
from gpt2.tokenizer.encoding import Piece
from gpt2.tokenizer.fast import FastBPE, check_merges, threads
from gpt2.tokenizer.stream import ByteDecoder, StreamDecoder
from gpt2.tokenizer.template import Template
from gpt2.tokenizer.training import apart, build_tokenizer, train, train_like
from gpt2.tokenizer.vocabulary import AddedToken, Vocabulary

BATCH_CHARACTERS = 1 << 16  # a smaller batch is not worth starting threads
SLOW_CHARACTERS = 2048  # the amount of text encoded before building the fast library's tables


class GPT2Tokenizer(Tokenizer):
    """GPT-2's byte-level BPE tokenizer.

    Args:
        vocab: token -> id as in vocab.json, or the path of such a file (also ``vocab_file``).
        merges: the pairs in order, or the path of a merges.txt (also ``merges_file``).
        tokenizer_file, tokenizer_object: instead of both, a tokenizer.json or an object of the
            `tokenizers` library.
        bos_token, eos_token, unk_token, pad_token: special tokens; added to the vocabulary if it
            lacks them.
        errors: how `decode` handles bytes that are not UTF-8, as for `bytes.decode`.
        add_prefix_space: treat the first word as if a space preceded it.
        add_bos_token, add_eos_token: start or end every text with ``bos_token`` or ``eos_token``.
        added: id -> token matched in the text before it is split into words.
        template: the special tokens around a text, instead of add_bos_token and add_eos_token.
        others: the further arguments of `Tokenizer`.

    A literal ``<|endoftext|>`` in a text becomes the special token, as in transformers. A lone
    surrogate in a text becomes U+FFFD. Raises `TokenizerError` for an inconsistent vocabulary.
    """

    KIND = "BPE"
    ROLE_DEFAULTS: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("bos_token", "eos_token", "unk_token"), END_OF_TEXT
    )
    vocab_files_names: ClassVar[Mapping[str, str]] = {
        "vocab_file": "vocab.json", "merges_file": "merges.txt",
    }  # fmt: skip

    def __init__(
        self,
        vocab: Mapping[str, int] | str | os.PathLike[str] | None = None,
        merges: Sequence[tuple[str, str] | str] | str | os.PathLike[str] | None = None,
        *,
        bos_token: Any = END_OF_TEXT,
        eos_token: Any = END_OF_TEXT,
        unk_token: Any = END_OF_TEXT,
        pad_token: Any = None,
        errors: str = "replace",
        add_prefix_space: bool = False,
        add_bos_token: bool = False,
        add_eos_token: bool = False,
        added: Mapping[int, AddedToken] | None = None,
        template: Template | None = None,
        **others: Any,
    ) -> None:
        stored = _read_vocabulary(vocab, merges, others)
        self._merges = stored.merges
        self._made = {a + b for a, b in stored.merges}
        self._slow_left = SLOW_CHARACTERS
        self.errors = _handler(errors)
        self.add_prefix_space = add_prefix_space
        roles = {"bos": bos_token, "eos": eos_token, "unk": unk_token, "pad": pad_token}
        framed = template or stored.template
        super().__init__(stored.vocab, {**stored.added, **(added or {})}, roles, framed, others)
        if add_bos_token or add_eos_token:
            self._frame(add_bos_token, add_eos_token)

    @classmethod
    def _make(
        cls, stored: Vocabulary, template: Template | None, settings: dict[str, Any]
    ) -> GPT2Tokenizer:
        return cls(stored.vocab, stored.merges, added=stored.added, template=template, **settings)

    def _content(self) -> Vocabulary:
        content = super()._content()
        content.merges = self._merges
        content.settings |= {
            "errors": self.errors,
            "add_prefix_space": self.add_prefix_space,
            "add_bos_token": self.add_bos_token,
        }
        return content

    @property
    def settings(self) -> list[Any]:
        """The settings, apart from the vocabulary, that determine a text's ids."""
        flags = [self.add_prefix_space, self.add_bos_token, self.split_special_tokens]
        return [*flags, self.eos_token, *super().settings]

    @property
    def add_bos_token(self) -> bool:
        """Whether ``bos_token`` is added at the start of a text."""
        return self.bos_token_id is not None and self.bos_token_id in self.template.first

    @add_bos_token.setter
    def add_bos_token(self, value: bool) -> None:
        self._frame(value, self.add_eos_token)

    @property
    def add_eos_token(self) -> bool:
        """Whether ``eos_token`` is added at the end of a text."""
        return self.eos_token_id is not None and self.eos_token_id in self.template.last

    @add_eos_token.setter
    def add_eos_token(self, value: bool) -> None:
        self._frame(self.add_bos_token, value)

    def _frame(self, bos: bool, eos: bool) -> None:
        """Set the template for the two options."""
        for asked, role in ((bos, "bos"), (eos, "eos")):
            if asked and role not in self._roles:
                raise TokenizerError(f"add_{role}_token is set, but there is no {role}_token.")
        ends = [
            [(self._roles[role], self._ids[self._roles[role]])] if asked else []
            for asked, role in ((bos, "bos"), (eos, "eos"))
        ]
        self.template = template.around(*ends)

    @property
    def merges(self) -> list[tuple[str, str]]:
        """The merges in the order learned, spelled as in merges.txt."""
        return list(self._merges)

    def token_bytes(self, token: int) -> bytes:
        """The bytes of a token; empty for an id without a token."""
        return self._bytes[token]

    def convert_tokens_to_string(self, tokens: Iterable[str]) -> str:
        """The text of tokens in the vocabulary's spelling."""
        return b"".join(map(_as_bytes, tokens)).decode(errors=self.errors)

    def encode_text(self, text: str) -> list[int]:
        """Encode a text without matching any added token in it."""
        return self._encoder(len(text))(self._add_space(text))

    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        """A decoder that takes ids one at a time and never splits a character."""
        skip = self._special_ids if skip_special_tokens else frozenset()
        return ByteDecoder(self.token_bytes, skip, self.errors)

    def train_new_from_iterator(
        self, text_iterator: Iterable[Any], vocab_size: int, **options: Any
    ) -> GPT2Tokenizer:
        """Train a tokenizer with the same special tokens and settings on other texts.

        Args:
            text_iterator: texts, or lists of texts.
            vocab_size: the total number of ids.
            options: ``new_special_tokens``, further special tokens; ``min_frequency``.

        Raises `OptionError`, `InputError`.
        """
        return train_like(self, text_iterator, vocab_size, **options)

    # Within

    def _decode(self, ids: list[int], clean_up: bool | None) -> str:
        if clean_up:
            warnings.warn(
                "clean_up_tokenization_spaces=True would corrupt the text of a byte-level "
                "tokenizer; it is ignored, as in transformers.",
                GPT2Warning,
                stacklevel=3,
            )
        return b"".join(map(self.token_bytes, ids)).decode(errors=self.errors)

    @cached_property
    def _fast(self) -> FastBPE:
        table = {sign: _as_bytes(sign) for sign in self._vocab}
        try:
            merges = [(table[left], table[right]) for left, right in self._merges]
        except KeyError as error:
            raise TokenizerError(
                f"vocabulary and merges do not belong together: a merge uses {error.args[0]!r}, "
                f"which the vocabulary lacks."
            ) from None
        return FastBPE({token: self._vocab[sign] for sign, token in table.items()}, merges)

    def _index(self) -> None:
        super()._index()
        added = {i: token.content.encode() for i, token in self._added.items()}
        self._bytes = _Bytes(self._tokens, added)
        self._finder = Finder(self._added)
        self._plain_finder = Finder({i: t for i, t in self._added.items() if not t.special})

    def _is_itself(self, token: str) -> bool:
        return vocabulary.is_own_spelling(token)

    def _is_ordinary(self, token: str) -> bool:
        """Whether the token is made by a merge, or is a byte."""
        return token in self._vocab and (token in self._made or len(token) == 1)

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        check_merges(self._vocab, self._merges)
        return {pair: rank for rank, pair in enumerate(self._merges)}

    def _encode_short(self, text: str) -> list[int]:
        """Encode by the definition in `bpe`; with missing tokens, use the fast library instead."""
        ids: list[int] = []
        for word in split(well_formed(text)):
            tokens = merge_parts(list(to_signs(word.encode())), self._ranks)
            if any(token not in self._vocab for token in tokens):
                return self._fast.encode(text)
            ids += [self._vocab[token] for token in tokens]
        return ids

    def _encoder(self, length: int) -> Callable[[str], list[int]]:
        """The function that encodes a text of this length without added tokens."""
        if "_fast" not in self.__dict__ and length < self._slow_left:
            self._slow_left -= length
            return self._encode_short
        return self._fast.encode

    def _encode(self, text: str, plain: bool) -> list[int]:
        encode = self._encoder(len(text))
        parts = self._parts(text, plain)
        if len(parts) == 1 and parts[0][2] is None:
            return encode(self._add_space(text))
        ids: list[int] = []
        for start, end, token in parts:
            if token is None:
                ids += encode(self._add_space(text[start:end]))
            else:
                ids.append(token)
        return ids

    def _encode_many(self, texts: list[str], plain: bool) -> list[list[int]]:
        if len(texts) > 1 and sum(map(len, texts)) >= BATCH_CHARACTERS:
            pool = threads(len(texts))
            if pool:
                with pool:
                    return list(pool.map(lambda text: self._encode(text, plain), texts))
        return [self._encode(text, plain) for text in texts]

    def _parts(self, text: str, plain: bool) -> list[Part]:
        return (self._plain_finder if plain else self._finder).split(text)

    def _add_space(self, text: str) -> str:
        return f" {text}" if self.add_prefix_space and not text.startswith(" ") else text

    def _piece(self, text: str, plain: bool) -> Piece:
        text = well_formed(text)
        piece = Piece([], [], [])
        word = 0
        for start, end, token in self._parts(text, plain):
            part = Piece([token], [(start, end)], [0]) if token is not None else None
            part = part or self._words(text[start:end], start)
            piece.ids += part.ids
            piece.offsets += part.offsets  # type: ignore[operator]
            piece.words += [word + n for n in part.words or ()]  # type: ignore[operator]
            word += part.words[-1] + 1 if part.words else 0
        return piece

    def _words(self, part: str, start: int) -> Piece:
        """Encode a part without added tokens, with the characters and word of each token."""
        spaced = self._add_space(part)
        ids = self._fast.encode(spaced)
        owner = [start + at for at, sign in enumerate(part) for _ in sign.encode()]
        owner = [start] * (len(spaced) - len(part)) + owner
        word_of = [n for n, word in enumerate(split(spaced)) for _ in range(len(word.encode()))]
        ends = list(accumulate(len(self._bytes[i]) for i in ids))
        begins = [0, *ends[:-1]]
        offsets = [(owner[a], owner[b - 1] + 1) for a, b in zip(begins, ends, strict=True)]
        return Piece(ids, offsets, [word_of[a] for a in begins[: len(ids)]])


def _read_vocabulary(vocab: Any, merges: Any, others: dict[str, Any]) -> Vocabulary:
    """The vocabulary from the constructor's arguments, in any form."""
    vocab = others.pop("vocab_file", None) if vocab is None else vocab
    merges = others.pop("merges_file", None) if merges is None else merges
    if stored := tokenizer_json.read_argument(vocab, others, "BPE"):
        return stored
    if isinstance(vocab, (str, os.PathLike)):
        vocab = vocabulary.read_vocab(Path(vocab))
    if isinstance(merges, (str, os.PathLike)):
        merges = vocabulary.read_merges(Path(merges))
    if not isinstance(vocab, Mapping):
        raise TokenizerError(f"vocab must map tokens to ids, found {type(vocab).__name__}.")
    if merges is None:
        raise TokenizerError("merges must be a list of pairs, or merges_file= a merges.txt.")
    pairs = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in merges]
    wrong = next((pair for pair in pairs if len(pair) != 2), None)
    if wrong is not None:
        raise TokenizerError(f"a merge must be a pair of tokens, found {wrong!r}.")
    return Vocabulary("BPE", dict(vocab), [(pair[0], pair[1]) for pair in pairs])


def _handler(errors: Any) -> str:
    """Return the value if it names an error handler of `bytes.decode`."""
    try:
        b"\xff".decode("utf-8", errors)
    except UnicodeDecodeError:  # "strict" is one
        pass
    except (LookupError, TypeError, ValueError):
        raise TokenizerError(
            f"errors must be 'replace', 'ignore', 'strict' or another handler of bytes.decode, "
            f"found {errors!r}."
        ) from None
    return str(errors)


class _Bytes(dict[int, bytes]):
    """Id -> the bytes of the token, computed on first access."""

    def __init__(self, tokens: Mapping[int, str], added: Mapping[int, bytes]) -> None:
        super().__init__(added)
        self._spelled = tokens

    def __missing__(self, i: int) -> bytes:
        spelled = self._spelled.get(i)
        if spelled is None:
            return b""
        content = self[i] = _as_bytes(spelled)
        return content


def _as_bytes(token: str) -> bytes:
    try:
        return to_bytes(token)
    except TokenizerError:  # a special token of the vocabulary file, such as '<对话>'
        return token.encode()


def train_tokenizer(
    texts: Iterable[str],
    vocab_size: int,
    *,
    min_frequency: int = 2,
    joined: bool = False,
    progress: Callable[[int], None] | None = None,
) -> GPT2Tokenizer:
    """Train a tokenizer with ``vocab_size`` ids on texts; raises as `gpt2.tokenizer.train` does.

    Each text is a separate document, unless ``joined`` is set: then the texts are pieces of one
    text that may be cut anywhere.
    """
    texts = texts if joined else apart(texts)
    vocab, merges = train(texts, vocab_size, min_frequency=min_frequency, progress=progress)
    return build_tokenizer(GPT2Tokenizer, vocab, merges, [AddedToken(END_OF_TEXT, special=True)])


GPT2TokenizerFast = GPT2Tokenizer
