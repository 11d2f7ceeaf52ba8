"""What `gpt2 train` trains on: a folder that `gpt2 prepare` wrote, or text that it prepares."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gpt2.errors import InputError
from gpt2.tokenizer import GPT2Tokenizer, train_tokenizer
from gpt2.tokenizer.training import read_pieces
from gpt2.training.data import TokenData, prepare
from gpt2.training.data.manifest import FILE

TRAIN, VALIDATION = "train", "validation"
LOOKED_AT = 1 << 22  # tokens decoded at a time


def prepared(
    source: str | os.PathLike[str],
    folder: Path,
    tokenizer: str | os.PathLike[str],
    vocab_size: int | None,
    note: Callable[[str], None],
) -> Path:
    """The folder of token shards: ``source`` itself, or ``folder``, made from the text it names.

    Args:
        source: a prepared folder, or whatever `gpt2 prepare` takes.
        folder: where the shards go if they are made here.
        tokenizer: of text that is prepared here.
        vocab_size: learn a vocabulary of that many tokens from the text instead.
        note: is told what is done.
    """
    if (Path(source) / FILE).exists():
        return Path(source)
    if vocab_size is not None:
        tokenizer = folder / "vocabulary"
        if not (tokenizer / "vocab.json").exists():
            note(f"learning a vocabulary of {vocab_size:,} tokens from {source}")
            train_tokenizer(read_pieces([Path(source)]), vocab_size).save_pretrained(tokenizer)
    note(
        f"{source} is no prepared folder: preparing it in {folder}, with the tokenizer {tokenizer}"
    )
    prepare([source], folder / "tokens", GPT2Tokenizer.from_pretrained(tokenizer), note=note)
    return folder / "tokens"


def held_out(folder: Path, tokenizer: GPT2Tokenizer | None = None) -> TokenData | None:
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


def texts(data: TokenData, most: int) -> Iterator[str]:
    """The first ``most`` tokens as text again, in parts."""
    tokenizer = data.tokenizer()
    for start in range(0, min(most, len(data)), LOOKED_AT):
        yield tokenizer.decode(data.run(start, min(LOOKED_AT, most - start, len(data) - start)))
