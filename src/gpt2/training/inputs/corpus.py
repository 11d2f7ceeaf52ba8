"""Training text as rows: from a folder that `gpt2 prepare` wrote, or text that it prepares here."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from gpt2.data import PrepareConfig, TokenData, prepare, sources
from gpt2.data.folder import OtherPreparationError
from gpt2.data.formats import Reading
from gpt2.data.manifest import FILE
from gpt2.data.overlap import texts_of
from gpt2.errors import InputError, OptionError
from gpt2.files import read_json_object, reported, write_json
from gpt2.tokenizer import Tokenizer, train_tokenizer
from gpt2.training.config import Start
from gpt2.training.inputs.batches import Batch, Held, Source, Whole, Windows

VALIDATION, DATA = "validation", "data"
ROWS = 64  # rows per batch when tokens are only counted
SEARCHED = 20_000_000  # tokens of the training text to search for copies


@dataclasses.dataclass
class Data:
    """The training data of a run.

    Attributes:
        source: the rows of each step.
        held: the validation set, or None.
        identity: distinguishes it from other data.
        tokens: the number of trained positions in an epoch.
        passes: yields the batches of one full pass.
        texts: the data as text, in parts, for the search for copies; searched: how much of it, in
            words.
        length: the number of tokens in a row.
        prompt: a possible prompt for samples.
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


def prepare_corpus(
    source: str | os.PathLike[str],
    folder: Path,
    tokenizer: str | os.PathLike[str],
    vocab_size: int | None = None,
    *,
    config: PrepareConfig | None = None,
    start: Start = Start(),
    note: Callable[[str], None] = lambda line: None,
) -> Path:
    """The folder of token shards: ``source`` itself, or one in the run's folder prepared from it.

    A resumed run keeps the text that it started with. A new run prepares the text again if the text
    or the options of the preparation changed. The shards are checked against their hashes.

    Args:
        source: a prepared folder, or any source that `gpt2 prepare` accepts.
        folder: the folder of the run; shards that are made here go into its ``data/tokens``.
        tokenizer: for text that is prepared here.
        vocab_size: learn a vocabulary of that many tokens from the text instead.
        config: the options of the preparation.
        start: whether the run resumes or overwrites.
        note: called with messages about what is done.

    Raises what `prepare` raises, and `OptionError` if a run would resume with a different text.
    """
    if (Path(source) / FILE).exists():
        return verify_shards(Path(source))
    tokens = folder / DATA / "tokens"
    if start.resume and (tokens / FILE).exists() and not _is_there(source):
        note(f"{source} no longer exists: resuming with the text prepared from it, {tokens}")
        return verify_shards(tokens)
    if vocab_size is not None:
        tokenizer = _vocabulary(source, folder, vocab_size, config or PrepareConfig(), start, note)
    note(f"{source} is not prepared: preparing it in {tokens} with the tokenizer {tokenizer}")
    anew = not start.resume or start.allow_changes
    if os.fspath(source) == sources.STDIN and (tokens / FILE).exists() and not anew:
        return verify_shards(tokens)  # it cannot be read again
    try:
        prepare([source], tokens, Tokenizer.from_pretrained(tokenizer), config,
                replace=anew, written=folder, note=note)  # fmt: skip
    except OtherPreparationError as error:
        raise OptionError(
            f"{folder} was started with different data ({', '.join(error.differ)}). To resume "
            f"with the original data, name {tokens} in place of {source}; to resume with the "
            "current data, use --allow-changes."
        ) from None
    return verify_shards(tokens)


def _is_there(source: str | os.PathLike[str]) -> bool:
    return Path(source).exists() or sources.is_stream(os.fspath(source))


def _vocabulary(
    source: str | os.PathLike[str],
    folder: Path,
    size: int,
    config: PrepareConfig,
    start: Start,
    note: Callable[[str], None],
) -> Path:
    """The folder of a vocabulary learned from the text, learned again if text or size changed."""
    place = folder / DATA / "vocabulary"
    if os.fspath(source) == sources.STDIN:
        raise OptionError(
            "standard input can be read only once: prepare it first, or name a tokenizer."
        )
    files = sources.find([os.fspath(source)], folder)
    made = {"vocab_size": size, "encoding": config.encoding, "field": config.field,
            "text": sources.fingerprint(files)}  # fmt: skip
    record = place / "made.json"
    before = read_json_object(record) if record.exists() else None
    if before == made:
        return place
    if before is not None and start.resume and not start.allow_changes:
        what = "text" if before.get("vocab_size") == size else "--vocab-size"
        raise OptionError(
            f"{folder} was started with a vocabulary of another {what}: to resume with the "
            f"original data, keep --vocab-size unchanged and name {folder / DATA / 'tokens'} as "
            "the data."
        )
    note(f"learning a vocabulary of {size:,} tokens from {source}")
    reading = Reading(encoding=config.encoding, fields=config.fields)
    learned = train_tokenizer(sources.texts(files, reading), size)
    with reported(place):
        shutil.rmtree(place, ignore_errors=True)
    learned.save_pretrained(place)
    write_json(record, made)
    return place


def verify_shards(folder: Path) -> Path:
    """Check every shard in a folder against its SHA-256, about a second per GB; returns the folder.

    Raises `CorruptFileError` for a shard that differs.
    """
    for tokens in (TokenData(folder), held_out(folder)):
        if tokens is not None:
            tokens.verify()
    return folder


def held_out(folder: Path, tokenizer: Tokenizer | None = None) -> TokenData | None:
    """The validation split, or None if the folder has none."""
    try:
        return TokenData(folder, VALIDATION, tokenizer)
    except InputError:
        return None


def identity(data: TokenData) -> dict[str, Any]:
    """Identifies a prepared text by a hash over the hashes of its shards."""
    total = hashlib.sha256()
    for manifest in data.manifests:
        for shard in manifest.splits[data.split].shards:
            total.update(shard.sha256.encode())
    return {"sha256": total.hexdigest(), "tokens": len(data)}


def windows(
    tokens: TokenData, held: TokenData | None, length: int, batch_size: int, seed: int
) -> Data:
    """A prepared text in rows of ``length`` tokens, ``batch_size`` per step; ``held`` validates."""
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
