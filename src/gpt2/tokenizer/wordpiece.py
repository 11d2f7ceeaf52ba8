"""`BertTokenizer`: WordPiece through the `tokenizers` library, as used by Chinese GPT-2 models."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from gpt2.errors import TokenizerError
from gpt2.extras import need
from gpt2.tokenizer import template, tokenizer_json, vocabulary
from gpt2.tokenizer.base import Tokenizer
from gpt2.tokenizer.bpe import well_formed
from gpt2.tokenizer.encoding import Piece
from gpt2.tokenizer.stream import StreamDecoder, TextDecoder
from gpt2.tokenizer.template import Template
from gpt2.tokenizer.tokenizer_json import PREFIX
from gpt2.tokenizer.vocabulary import AddedToken, Vocabulary

_ROLES = {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"}
_AFTER = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")


class BertTokenizer(Tokenizer):
    """A WordPiece tokenizer: cleans the text, separates Chinese characters, splits words ('##').

    Args:
        vocab: token -> id, or the path of a vocab.txt (also ``vocab_file``).
        do_lower_case: convert the text to lower case.
        tokenize_chinese_chars: make each Chinese character a word.
        strip_accents: remove accents; None means only if the text is lower-cased.
        unk_token, sep_token, pad_token, cls_token, mask_token: special tokens; added to the
            vocabulary if it lacks them.
        tokenizer_file, tokenizer_object: instead of ``vocab``.
        added: id -> token matched in the text before it is split into words.
        others: the further arguments of `Tokenizer`.

    A text is placed between ``cls_token`` and ``sep_token``. Raises `TokenizerError` for an
    inconsistent vocabulary, `MissingDependencyError` without the library.
    """

    KIND = "WordPiece"
    ROLE_DEFAULTS: ClassVar[Mapping[str, str]] = {f"{k}_token": v for k, v in _ROLES.items()}
    model_input_names = ("input_ids", "token_type_ids", "attention_mask")
    vocab_files_names: ClassVar[Mapping[str, str]] = {
        "vocab_file": "vocab.txt", "tokenizer_file": "tokenizer.json",
    }  # fmt: skip

    def __init__(
        self,
        vocab: Mapping[str, int] | str | os.PathLike[str] | None = None,
        do_lower_case: bool = True,
        unk_token: Any = "[UNK]",
        sep_token: Any = "[SEP]",
        pad_token: Any = "[PAD]",
        cls_token: Any = "[CLS]",
        mask_token: Any = "[MASK]",
        tokenize_chinese_chars: bool = True,
        strip_accents: bool | None = None,
        *,
        bos_token: Any = None,
        eos_token: Any = None,
        added: Mapping[int, AddedToken] | None = None,
        **others: Any,
    ) -> None:
        stored = _read_vocabulary(vocab, others)
        self.do_lower_case = do_lower_case
        self.tokenize_chinese_chars = tokenize_chinese_chars
        self.strip_accents = strip_accents
        self._unknown = str(AddedToken.of(unk_token or "[UNK]"))
        _library()
        roles = {
            "bos": bos_token, "eos": eos_token, "unk": unk_token, "sep": sep_token,
            "pad": pad_token, "cls": cls_token, "mask": mask_token,
        }  # fmt: skip
        super().__init__(stored.vocab, {**stored.added, **(added or {})}, roles, None, others)
        if self.cls_token is not None and self.sep_token is not None:
            cls, sep = self._roles["cls"], self._roles["sep"]
            self.template = template.bert((cls, self._ids[cls]), (sep, self._ids[sep]))
        elif stored.template is not None:
            self.template = stored.template

    @classmethod
    def _make(
        cls, stored: Vocabulary, template: Template | None, settings: dict[str, Any]
    ) -> BertTokenizer:
        made = cls(stored.vocab, added=stored.added, **settings)
        if stored.settings.get("tokenizer_class") in vocabulary.GENERIC and template is not None:
            made.template = template
        return made

    def _content(self) -> Vocabulary:
        content = super()._content()
        content.settings |= {
            "do_lower_case": self.do_lower_case,
            "tokenize_chinese_chars": self.tokenize_chinese_chars,
            "strip_accents": self.strip_accents,
            "unk_token": self._unknown,
        }
        return content

    @property
    def settings(self) -> list[Any]:
        """The settings, apart from the vocabulary, that determine a text's ids."""
        flags = ["WordPiece", self.do_lower_case, self.tokenize_chinese_chars, self.strip_accents]
        return [*flags, self._unknown, self.split_special_tokens, *super().settings]

    def token_bytes(self, token: int) -> bytes:
        """The bytes `decode` adds for an id after another one; empty for an unknown id."""
        return self._decode_token(token, False).encode()

    def source_bytes(self, token: int) -> int:
        """The number of bytes of the text that a token covers, without the space before a word."""
        return len(self._tokens.get(token, "").removeprefix(PREFIX).encode())

    def convert_tokens_to_string(self, tokens: Iterable[str]) -> str:
        """The text of tokens in the vocabulary's spelling."""
        return str(self._core.decoder.decode(list(tokens)))

    def encode_text(self, text: str) -> list[int]:
        """Encode a text without matching any added token in it."""
        words = self._core.pre_tokenizer.pre_tokenize_str(
            self._core.normalizer.normalize_str(well_formed(text))
        )
        return self._renumber([t.id for word, _ in words for t in self._core.model.tokenize(word)])

    def stream_decoder(self, skip_special_tokens: bool = False) -> StreamDecoder:
        """A decoder that takes ids one at a time; its pieces concatenate to the decoded text."""
        skip = self._special_ids if skip_special_tokens else frozenset()
        held = _AFTER if self.clean_up_tokenization_spaces else ()
        return TextDecoder(self._decode_token, skip, clean_up if held else str, held)

    # Within

    def _decode_token(self, token: int, first: bool) -> str:
        text = self._tokens.get(token)
        if text is None:
            return ""
        if first:
            return self.convert_tokens_to_string([text])
        return self.convert_tokens_to_string(["x", text])[1:]

    def _index(self) -> None:
        super()._index()
        content = self._content()
        data = tokenizer_json.write(content) | {"added_tokens": [], "post_processor": None}
        self._core = _library().Tokenizer.from_str(json.dumps(data))
        tokens = [_library().AddedToken(
            t.content, single_word=t.single_word, lstrip=t.lstrip, rstrip=t.rstrip,
            normalized=t.normalized, special=t.special,
        ) for _, t in sorted(self._added.items())]  # fmt: skip
        self._core.add_tokens(tokens)
        theirs = {i: self._core.token_to_id(t.content) for i, t in self._added.items()}
        self._moved = {ours: i for i, ours in theirs.items() if ours not in (i, None)}
        # A token that is matched in the lower-cased text is decoded in lower case.
        self._tokens |= {i: self._core.id_to_token(ours) for i, ours in theirs.items()}

    def _is_itself(self, token: str) -> bool:
        return True

    def _is_ordinary(self, token: str) -> bool:
        return False  # as in transformers, a token with a role is always matched before splitting

    def _encode_text(self, text: str, plain: bool) -> Any:
        if self._core.encode_special_tokens != plain:
            self._core.encode_special_tokens = plain
        try:
            return self._core.encode(well_formed(text), add_special_tokens=False)
        except Exception as error:  # the library has no exception class of its own
            raise TokenizerError(f"{error}: a word in the text requires it.") from None

    def _encode(self, text: str, plain: bool) -> list[int]:
        return self._renumber(self._encode_text(text, plain).ids)

    def _piece(self, text: str, plain: bool) -> Piece:
        piece = self._encode_text(text, plain)
        return Piece(self._renumber(piece.ids), list(piece.offsets), list(piece.word_ids))

    def _renumber(self, ids: list[int]) -> list[int]:
        """Map the library's ids, which number added tokens after the vocabulary, to the files'."""
        return [self._moved.get(i, i) for i in ids] if self._moved else ids

    def _decode(self, ids: list[int], clean_up_: bool | None) -> str:
        text = self.convert_tokens_to_string([self._tokens[i] for i in ids])
        asked = self.clean_up_tokenization_spaces if clean_up_ is None else clean_up_
        return clean_up(text) if asked else text


def clean_up(text: str) -> str:
    """Remove spaces before English punctuation and contractions, as transformers does."""
    for part in _AFTER:
        text = text.replace(part, part.strip())
    return text


def _read_vocabulary(vocab: Any, others: dict[str, Any]) -> Vocabulary:
    """The vocabulary from the constructor's arguments, in any form."""
    vocab = others.pop("vocab_file", None) if vocab is None else vocab
    if stored := tokenizer_json.read_argument(vocab, others, "WordPiece"):
        return stored
    if isinstance(vocab, (str, os.PathLike)):
        vocab = vocabulary.read_lines(Path(vocab))
    if not isinstance(vocab, Mapping):
        raise TokenizerError(f"vocab must map tokens to ids, found {type(vocab).__name__}.")
    return Vocabulary("WordPiece", dict(vocab))


@cache
def _library() -> Any:
    return need("tokenizers", "The WordPiece tokenizer of this model")


BertTokenizerFast = BertTokenizer
