"""``manifest.json``: the contents of a folder of token shards. It is present only if complete."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from gpt2.data.holdout import Held
from gpt2.data.shards import Shard, Writer
from gpt2.errors import CorruptFileError, MissingFileError, OptionError
from gpt2.files import write_json
from gpt2.files.records import read_record
from gpt2.parts import Shard as ShardOf
from gpt2.tokenizer import Tokenizer

FILE = "manifest.json"
PARTIAL = ".partial"  # the subfolder that holds everything until it is complete
TOKENIZER = "tokenizer"
FORMAT = "gpt2 tokens 1"
DTYPES = ("<u2", "<u4")  # of tokens: any other value is rejected


@dataclasses.dataclass
class Split:
    """The shards of a split and the bytes of its text (tokens and bytes give bits per byte)."""

    tokens: int
    documents: int
    bytes: int
    shards: list[Shard]

    @classmethod
    def of(cls, writer: Writer) -> Split:
        """Describe what a writer has written."""
        shards = writer.shards
        tokens, documents = sum(s.tokens for s in shards), sum(s.documents for s in shards)
        return cls(tokens, documents, writer.bytes, shards)

    def __post_init__(self) -> None:
        for name in ("tokens", "documents"):
            declared, counted = getattr(self, name), sum(getattr(s, name) for s in self.shards)
            if declared != counted:
                raise CorruptFileError(
                    f"its shards have {counted} {name}, but it declares {declared}."
                )


@dataclasses.dataclass
class Made:
    """The tokenizer that made the tokens: its name and its `fingerprint`."""

    name: str
    sha256: str


@dataclasses.dataclass
class Part:
    """Describes a folder that is one shard of a preparation, to be merged with the others.

    Attributes:
        shard: the number of the shard and of all shards, such as "2/4".
        held: what is held out, decided from the beginning of all sources.
        listing: a hash of the kinds and sizes of all sources.
        files: the files that this shard reads, by number: kind and hash.
    """

    shard: str
    held: Held
    listing: str
    files: dict[str, list[str]]

    def __post_init__(self) -> None:
        try:
            ShardOf.parse(self.shard)
        except OptionError as error:
            raise CorruptFileError(str(error)) from None


@dataclasses.dataclass
class Manifest:
    """The contents of the folder.

    Attributes:
        dtype: of the tokens, in numpy's notation: "<u2" or "<u4".
        vocab_size: of the tokenizer.
        end_of_text: the id of the token that ends every document.
        tokenizer: its name and `fingerprint`; the tokenizer itself is in ``tokenizer/``.
        licence: the licence of the text, as given by the user.
        sources, options: what it was made from, and with which options.
        counts: the documents read, empty, duplicate, and with bytes that are not text.
        splits: "train" and "validation".
        sources_fingerprint: a hash of the contents of the sources.
        part: set if the folder is one shard of the work; its ``splits`` then also have ``texts``
            (`encode.TEXT`).
    """

    dtype: str
    vocab_size: int
    end_of_text: int
    tokenizer: Made
    licence: str | None
    sources: list[str]
    options: dict[str, Any]
    counts: dict[str, int]
    splits: dict[str, Split]
    sources_fingerprint: str = ""
    format: str = FORMAT
    part: Part | None = None

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise CorruptFileError(f"dtype must be one of {DTYPES}, found {self.dtype!r:.40}.")
        if not 0 <= self.end_of_text < 1 << 32:  # ids may have gaps: beyond vocab_size too
            raise CorruptFileError(f"end_of_text {self.end_of_text} is not a token id.")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder. Raises `MissingFileError`, `CorruptFileError`."""
        path = folder / FILE
        if not path.exists():
            if (folder / PARTIAL).is_dir():
                raise MissingFileError(
                    f"the preparation in {folder} is unfinished: run the same gpt2 prepare "
                    "command again to resume it."
                )
            raise MissingFileError(
                f"{folder} contains no prepared text (no {FILE}): run gpt2 prepare SOURCE -o "
                f"{folder}."
            )
        return read_record(cls, path, FORMAT)

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder, atomically. Raises `WriteError`."""
        content = dataclasses.asdict(self)
        if self.part is None:
            del content["part"]
        write_json(folder / FILE, content)


def fingerprint(tokenizer: Tokenizer) -> str:
    """A SHA-256 of everything that determines the ids of a text."""
    added = [
        [i, token.content, token.lstrip, token.rstrip, token.single_word]
        for i, token in tokenizer.added_tokens_decoder.items()
    ]
    content = {
        "vocab": sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]),
        "merges": tokenizer.merges,
        "added": added,
        "settings": tokenizer.settings,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()
