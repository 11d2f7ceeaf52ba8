"""``manifest.json``: what a folder of token shards holds. Where it is, the folder is whole."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from gpt2.data.holdout import Held
from gpt2.data.shards import Shard
from gpt2.errors import CorruptFileError, MissingFileError, OptionError
from gpt2.files import read_json_object, write_json
from gpt2.files.records import record
from gpt2.parts import Shard as ShardOf
from gpt2.tokenizer import Tokenizer

FILE = "manifest.json"
PARTIAL = ".partial"  # the folder within, in which everything is until it is whole
TOKENIZER = "tokenizer"
FORMAT = "gpt2 tokens 1"
DTYPES = ("<u2", "<u4")  # of tokens: nothing else is read as such


@dataclasses.dataclass
class Split:
    """The shards of a split, and its text's bytes (tokens and bytes give bits per byte)."""

    tokens: int
    documents: int
    bytes: int
    shards: list[Shard]

    def __post_init__(self) -> None:
        for name in ("tokens", "documents"):
            declared, counted = getattr(self, name), sum(getattr(s, name) for s in self.shards)
            if declared != counted:
                raise CorruptFileError(f"its shards have {counted} {name}, it says {declared}.")


@dataclasses.dataclass
class Made:
    """The tokenizer that made the tokens: its name, and what `fingerprint` gives."""

    name: str
    sha256: str


@dataclasses.dataclass
class Part:
    """What makes a folder one shard of a preparation, to be merged with the others.

    Attributes:
        shard: which, as "2/4".
        held: what is held out, decided by the beginning of all sources.
        listing: a hash of all sources' kinds and sizes.
        files: those that this shard reads, by number: kind and hash.
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
    """What the folder holds.

    Attributes:
        dtype: of the tokens, as numpy writes it: "<u2" or "<u4".
        vocab_size: of the tokenizer.
        end_of_text: the id that ends every document.
        tokenizer: its name and `fingerprint`; the tokenizer itself is beside, in ``tokenizer/``.
        licence: what the user said about the text.
        sources, options: what it was made from, and how.
        counts: documents read, empty, duplicate, with bytes that were no text.
        splits: "train" and "validation".
        sources_fingerprint: a hash of what is in the sources.
        part: where it is one shard, whose ``splits`` have ``texts`` too (`encode.TEXT`).
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
            raise CorruptFileError(f"end_of_text {self.end_of_text} is no token id.")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read a folder's. Raises `MissingFileError`, `CorruptFileError`."""
        path = folder / FILE
        if not path.exists():
            if (folder / PARTIAL).is_dir():
                raise MissingFileError(
                    f"{folder} is not prepared to its end: run the same gpt2 prepare again, it "
                    "resumes where it stopped."
                )
            raise MissingFileError(
                f"{folder} holds no prepared text (no {FILE}): gpt2 prepare SOURCE -o {folder}."
            )
        content = read_json_object(path)
        if content.get("format") != FORMAT:
            raise CorruptFileError(
                f"{path} has the format {content.get('format')!r}, this version reads {FORMAT!r}."
            )
        return record(cls, content, str(path))

    def write(self, folder: Path) -> None:
        """Write it into a folder, whole or not at all. Raises `WriteError`."""
        content = dataclasses.asdict(self)
        if self.part is None:
            del content["part"]
        write_json(folder / FILE, content)


def fingerprint(tokenizer: Tokenizer) -> str:
    """A SHA-256 of all that decides which ids a text becomes."""
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
