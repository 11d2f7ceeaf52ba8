"""What a run learns: a folder that `gpt2 prepare` wrote, or text that is prepared, as rows."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from gpt2.errors import InputError
from gpt2.tokenizer import Tokenizer, train_tokenizer
from gpt2.tokenizer.training import read_pieces
from gpt2.training.batches import Batch, Held, Source, Whole, Windows
from gpt2.training.data import TokenData, prepare
from gpt2.training.data.manifest import FILE
from gpt2.training.data.overlap import texts_of

VALIDATION = "validation"
ROWS = 64  # of a batch when tokens are only counted
SEARCHED = 20_000_000  # tokens of the training text in which copies are looked for


@dataclasses.dataclass
class Data:
    """What is learned.

    Attributes:
        source: the rows of each step.
        held: what to validate on; None: nothing.
        identity: tells it from other data.
        tokens: places that are learned in an epoch.
        passes: batches over all of it once.
        texts: it as text, in parts, for the search for copies; searched: how much, in words.
        length: tokens of a row.
        prompt: what samples may begin with.
        notes: what the user should know.
    """

    source: Source
    held: Held | None
    identity: dict[str, Any]
    tokens: int
    passes: Callable[[], Iterator[Batch]]
    texts: Callable[[], Iterable[str]]
    length: int
    searched: str = "all of it was searched"
    prompt: str = "\n"
    notes: list[str] = dataclasses.field(default_factory=list)


def prepared(
    source: str | os.PathLike[str],
    folder: Path,
    tokenizer: str | os.PathLike[str],
    vocab_size: int | None,
    note: Callable[[str], None],
) -> Path:
    """The folder of token shards: ``source`` itself, or ``folder``, made from the text it names.

    Its files are compared with their hashes.

    Args:
        source: a prepared folder, or whatever `gpt2 prepare` takes.
        folder: where the shards go if they are made here.
        tokenizer: of text that is prepared here.
        vocab_size: learn a vocabulary of that many tokens from the text instead.
        note: is told what is done.
    """
    if (Path(source) / FILE).exists():
        return verified(Path(source))
    if vocab_size is not None:
        tokenizer = folder / "vocabulary"
        if not (tokenizer / "vocab.json").exists():
            note(f"learning a vocabulary of {vocab_size:,} tokens from {source}")
            pieces = read_pieces([Path(source)])
            train_tokenizer(pieces, vocab_size, joined=True).save_pretrained(tokenizer)
    note(
        f"{source} is no prepared folder: preparing it in {folder}, with the tokenizer {tokenizer}"
    )
    prepare([source], folder / "tokens", Tokenizer.from_pretrained(tokenizer), note=note)
    return verified(folder / "tokens")


def verified(folder: Path) -> Path:
    """The folder, every shard in it compared with its SHA-256, about a second for each GB.

    Raises `CorruptFileError` for one that differs.
    """
    for tokens in (TokenData(folder), held_out(folder)):
        if tokens is not None:
            tokens.verify()
    return folder


def held_out(folder: Path, tokenizer: Tokenizer | None = None) -> TokenData | None:
    """The validation split, or None where there is none."""
    try:
        return TokenData(folder, VALIDATION, tokenizer)
    except InputError:
        return None


def identity(data: TokenData) -> dict[str, Any]:
    """What tells one prepared text from another: a hash over the hashes of its shards."""
    total = hashlib.sha256()
    for manifest in data.manifests:
        for shard in manifest.splits[data.split].shards:
            total.update(shard.sha256.encode())
    return {"sha256": total.hexdigest(), "tokens": len(data)}


def windows(
    tokens: TokenData, held: TokenData | None, length: int, batch_size: int, seed: int
) -> Data:
    """A prepared text in rows of ``length`` tokens, ``batch_size`` a step; ``held`` validates."""
    whole, part = Whole(tokens, length, ROWS), SEARCHED / len(tokens)
    return Data(
        source=Windows(tokens, length, batch_size, seed),
        held=None if held is None else Whole(held, length, batch_size),
        identity=identity(tokens),
        tokens=len(tokens),
        passes=lambda: (whole.batch(n) for n in range(len(whole))),
        texts=lambda: texts_of(tokens, SEARCHED),
        length=length,
        searched=f"its first {part:.0%} were searched" if part < 1 else Data.searched,
    )
