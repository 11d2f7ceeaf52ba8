"""Encodes a document as tokens, a hash and a split: a pure function that runs in any thread."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from gpt2.data.filters import Filter
from gpt2.data.formats import HTML, Document, page_text
from gpt2.data.holdout import Held, is_held_out
from gpt2.errors import TokenizerError
from gpt2.tokenizer import Tokenizer
from gpt2.tokenizer.bpe import well_formed

TRAIN, VALIDATION = "train", "validation"
SPLITS = (TRAIN, VALIDATION)
REPLACED = "\ufffd"
# A text of a part: the file and the number of its document, its hash, and the numbers of tokens and
# bytes that it adds to each split, in the order of `SPLITS`. This is all that merging needs to
# order texts.
TEXTS = "texts"
TEXT = np.dtype([("file", "<u4"), ("number", "<u8"), ("digest", "V16"), ("replaced", "?"),
                 ("tokens", "<u4", 2), ("bytes", "<u4", 2)])  # fmt: skip


@dataclasses.dataclass
class Encoded:
    """A document as tokens.

    Attributes:
        digest: 16 bytes that identify its text.
        parts: (split, ids with the end-of-text token, bytes of text); there are two if every
            document gives its end to the validation split.
        replaced: whether it held bytes that are invalid in its encoding.
        document: the number of its document in the batch.
    """

    digest: bytes
    parts: list[tuple[str, np.ndarray, int]]
    replaced: bool
    document: int = 0

    def row(self, file: int, number: int) -> np.ndarray:
        """The text as a `TEXT` array [1], with the position of its document."""
        counts = {split: (len(ids), size) for split, ids, size in self.parts}
        tokens, bytes_ = zip(*(counts.get(split, (0, 0)) for split in SPLITS), strict=True)
        return np.array([(file, number, self.digest, self.replaced, tokens, bytes_)], TEXT)


@dataclasses.dataclass(frozen=True)
class Encoder:
    """Turns the documents of a source into `Encoded` ones.

    Attributes:
        share: the fraction of the text that goes to the validation split.
        held: whether that is the end of every document, or some complete documents.
    """

    tokenizer: Tokenizer
    filtered: Filter
    share: float
    dtype: np.dtype[Any]
    held: Held

    def batch(self, documents: Sequence[Document]) -> tuple[list[Encoded], int]:
        """Encode documents; returns them and the number of empty ones."""
        encoded: list[Encoded] = []
        empty = 0
        for number, document in enumerate(documents):
            for text in self.texts(document):
                if text and not text.isspace():
                    encoded.append(self.encode(text))
                    encoded[-1].document = number
                else:
                    empty += 1
        return encoded, empty

    def texts(self, document: Document) -> list[str]:
        """Split a document into texts at the end-of-text token, written out."""
        text = page_text(document) if isinstance(document, HTML) else document
        end = str(self.tokenizer.end_of_text)
        return self.filtered(text).split(end)

    def encode(self, text: str) -> Encoded:
        """Encode a text; its hash decides its split."""
        text = well_formed(text)
        digest = _digest(text)
        if self.held.tail:
            at = max(1, int(len(text) * (1 - self.share)))
            parts = [(TRAIN, text[:at]), (VALIDATION, text[at:])]
        else:
            parts = [(VALIDATION if is_held_out(digest, self.held.below) else TRAIN, text)]
        encoded = [(split, self._ids(part), len(part.encode())) for split, part in parts if part]
        return Encoded(digest, encoded, REPLACED in text)

    def digests(self, document: Document) -> list[bytes]:
        """The hashes of a document's texts."""
        texts = self.texts(document)
        return [_digest(well_formed(text)) for text in texts if text and not text.isspace()]

    def _ids(self, text: str) -> np.ndarray:
        ids: list[int] = self.tokenizer.encode_prompt(text)
        array = np.empty(len(ids) + 1, self.dtype)
        array[:-1] = ids
        array[-1] = self.tokenizer.end_of_text_id
        return array


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def dtype_of(tokenizer: Tokenizer) -> np.dtype[Any]:
    """uint16 if every id fits, else uint32. Raises `TokenizerError` without an end-of-text
    token."""
    if tokenizer.end_of_text_id is None:
        raise TokenizerError(
            "the tokenizer has neither eos_token nor sep_token; one of them must end each document."
        )
    highest = tokenizer.highest_id
    return np.dtype("<u2" if highest < 1 << 16 else "<u4")
