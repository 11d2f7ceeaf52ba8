"""`prepare`: turns sources into token shards in one pass, and resumes after a kill.

One thread reads documents in order. A pool of threads filters and tokenises them (the tokenizer
releases the GIL). The first thread takes the results in the same order, removes duplicates and
writes. So the files depend only on the sources and the options, not on threads, speed or kills.

Everything is written into the folder ``.partial``. Every few seconds the shards are fsynced, and
then ``progress.json``, which stores a position in the sources and the sizes up to which the shards
are valid for it. Anything written later is cut off when the work resumes. At the end the manifest
is written and the files move to their place, the manifest last.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from gpt2.data import filters, manifest, seen, shards, sources
from gpt2.data.cut import Cut
from gpt2.data.encode import SPLITS, TEXT, TEXTS, Encoded, Encoder, dtype_of
from gpt2.data.folder import (
    PROGRESS,
    Key,
    Progress,
    check_made,
    check_same,
    clear,
    differences,
    key_of,
    lock_output,
    publish,
)
from gpt2.data.formats import FORMATS, Document, Reading
from gpt2.data.holdout import FEW, Held, Item, choose
from gpt2.data.manifest import TOKENIZER, Made, Manifest, Part, Split
from gpt2.data.sources import Position
from gpt2.errors import InputError, OptionError
from gpt2.files import path_of, remote, write_json
from gpt2.files.detect import TextFiles, check_encoding
from gpt2.files.records import read_record
from gpt2.machine import processors
from gpt2.options import option, validate
from gpt2.parts import Shard
from gpt2.tokenizer import Tokenizer

BATCH = 1 << 19  # characters per batch of a thread


@dataclasses.dataclass
class PrepareConfig(TextFiles):
    """The options of turning text into token shards."""

    format: str = option(
        "auto", "Format of the files; auto uses the file extension.", choices=("auto", *FORMATS)
    )
    filter: str | list[str] | None = option(
        None, f"Filter to apply, in the order given: {', '.join(filters.FILTERS)}."
    )
    validation: float = option(
        0.01,
        "Fraction of the text to hold out for validation.",
        minimum=0,
        maximum=0.5,
        off=0,
    )
    validation_by: Literal["auto", "document", "tail"] = option(
        "auto",
        "What to hold out: whole documents (by their hash) or the tail of each. auto takes the "
        f"tail if there are fewer than {FEW} documents, or few and long ones.",
    )
    shard_tokens: int = option(
        100_000_000, "Tokens per shard; the document that reaches this ends the shard.", minimum=1
    )
    licence: str | None = option(None, "Licence of the text, recorded in the manifest.")
    streaming: bool = option(True, "Stream datasets of the Hugging Face Hub without storing them.")
    threads: int | None = option(None, "Number of tokenizer threads.", minimum=1, unset="all cores")
    save_every: float = option(5.0, "Seconds between checkpoints to resume from.", minimum=0)

    def __post_init__(self) -> None:
        validate(self)
        check_encoding(self.encoding)
        filters.check(self.filters)

    @property
    def filters(self) -> list[str]:
        """The names of the filters."""
        return [self.filter] if isinstance(self.filter, str) else list(self.filter or [])

    def decisive(self) -> dict[str, Any]:
        """The options that affect the contents of the files."""
        idle = ("threads", "save_every", "streaming")
        return {name: v for name, v in dataclasses.asdict(self).items() if name not in idle}


@dataclasses.dataclass(frozen=True)
class Tick:
    """The total progress of a preparation; ``total`` is in bytes, if the source sizes are known."""

    documents: int
    tokens: int
    read: int
    total: int | None


def prepare(
    names: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    tokenizer: Tokenizer,
    config: PrepareConfig | None = None,
    *,
    overwrite: bool = False,
    replace: bool = False,
    shard: Shard | None = None,
    written: Path | None = None,
    progress: Callable[[Tick], None] | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> Manifest:
    """Turn text into token shards; resumes if an earlier call was killed.

    Args:
        names: files, folders, archives, "-" (standard input), "hub:NAME[:CONFIG[:SPLIT]]".
        folder: the output folder; the manifest lists its contents.
        tokenizer: documents end with its `end_of_text`.
        overwrite: start over, even if the folder holds a preparation.
        replace: start over if the folder holds a different preparation, or one of standard input.
        shard: make only this part, for `gpt2.data.merging.merge`.
        written: the folder whose files are not used as sources, by default ``folder``.
        progress: called from time to time.
        note: called with messages for the user: that it resumes, that binary files are left out.

    Raises:
        OptionError: the folder holds a different preparation, or a complete one of standard input.
        InputError: no document was found, or the sources changed while the work was interrupted.
        ModelFileError: a source is missing or damaged, or the disk is full.
        MissingDependencyError: a source needs a library that is not installed.
    """
    config = config or PrepareConfig()
    folder = path_of(folder)
    files = sources.find([os.fspath(name) for name in names], written or folder)
    part = _part(files, shard) if shard else None
    content = sources.hash_of([part.listing, part.files]) if part else sources.fingerprint(files)
    key = Key(content, config.decisive(), manifest.fingerprint(tokenizer))
    if part:
        key.options["shard"] = part.shard
    once = any(file.name == sources.STDIN for file in files)
    if overwrite or (replace and (once or differences(folder, key))):
        clear(folder)
    with lock_output(folder) as partial:
        if (folder / manifest.FILE).exists():
            stored = Manifest.read(folder)
            check_same(folder, key_of(stored), key)
            if once:
                raise OptionError(
                    f"{remote.address_of(folder)} is complete, and what standard input holds "
                    "cannot be compared with it: choose another folder, or use --overwrite."
                )
            note(f"{remote.address_of(folder)} is already prepared")
            return stored
        progress_file = partial / PROGRESS
        saved: Progress | None = None
        if progress_file.exists():
            saved = read_record(Progress, progress_file)
            check_same(folder, saved.key, key)
        if not check_made(folder, partial, key):
            job = _Job(files, partial, tokenizer, config, saved, key, part, progress, note)
            job.run()
            job.describe([remote.public(os.fspath(name)) for name in names]).write(partial)
        return publish(folder, partial)


def _part(files: Sequence[sources.File], shard: Shard) -> Part:
    """The description of a shard; only the files that it reads are hashed."""
    cut = Cut(files, shard)
    read = {str(at): sources.identify(file) for at, file in enumerate(files) if cut.touches(at)}
    return Part(str(shard), Held(False), sources.listing(files), read)


class _Batch:
    """Documents for a thread and the position after them."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.places: list[tuple[int, int]] = []  # (file, number in the file)
        self.characters = 0
        self.read = 0

    def add(self, document: Document, file: int, number: int) -> None:
        self.documents.append(document)
        self.characters += len(document)
        self.places.append((file, number))

    @property
    def position(self) -> Position:
        return Position(*self.places[-1], sources.check_of(self.documents[-1]))


class _Job:
    """One run, from the beginning or from saved progress."""

    def __init__(
        self,
        files: Sequence[sources.File],
        partial: Path,
        tokenizer: Tokenizer,
        config: PrepareConfig,
        saved: Progress | None,
        key: Key,
        part: Part | None,
        progress: Callable[[Tick], None] | None,
        note: Callable[[str], None],
    ) -> None:
        self.partial, self.tokenizer, self.config, self.key = partial, tokenizer, config, key
        self.files, self.part, self.progress, self.note = files, part, progress, note
        cut = Cut(files, Shard.parse(part.shard)) if part else None
        self.reading = Reading(
            config.format, config.fields, config.encoding, str(tokenizer.end_of_text)
        )
        self.reader = sources.Reader(files, self.reading, config.streaming, cut)
        self.dtype = dtype_of(tokenizer)
        self.held: Held | None = None
        self.position = Position()
        self.counts: Counter[str] = Counter(read=0, empty=0, duplicates=0, undecodable=0)
        written: dict[str, shards.Written] = {}
        if saved is not None:
            self.held, self.position, written = saved.held, saved.position, saved.splits
            self.counts.update(saved.counts)
            note(f"resuming after {self.counts['read']:,} documents")
        limit = 1 << 62 if part else config.shard_tokens  # merging cuts the shards again
        self.writers = {
            split: shards.Writer(partial, split, self.dtype, limit, written.get(split))
            for split in SPLITS
        }
        if part:
            self.writers[TEXTS] = shards.Writer(partial, TEXTS, TEXT, limit, written.get(TEXTS))
        shards.remove_others(partial, [s for w in self.writers.values() for s in w.shards])
        self.seen = None
        if filters.DEDUPLICATE in config.filters and not part:
            self.seen = seen.Seen(partial / "seen.sqlite", saved.seen if saved else 0)

    def run(self) -> None:
        """Read, tokenise and write everything that remains."""
        try:
            documents = self.reader.documents(self.position)
            if self.held is None:
                documents = self._choose(documents)
            self.save()
            self._write(documents)
            for writer in self.writers.values():
                writer.finish()
            self.save()
        finally:
            for writer in self.writers.values():
                writer.abandon()
            if self.seen:
                self.seen.close()

    def _choose(self, documents: Iterator[Item]) -> Iterator[Item]:
        """Decide what to hold out from the first documents; returns this job's documents."""
        config, look = self.config, self._encoder(Held(False)).digests
        every = documents
        if self.part:
            reading = dataclasses.replace(self.reading, skipped={})
            every = sources.Reader(self.files, reading, config.streaming).documents(Position())
        self.held, every = choose(every, config.validation, config.validation_by, look)
        if self.held.tail and config.validation_by == "auto":
            self.note(
                "few documents: the tail of each is held out for validation (--validation-by)"
            )
        return documents if self.part else every

    def save(self) -> None:
        """Fsync the shards, then write the progress."""
        state = Progress(
            self.key,
            self.held,
            self.position,
            dict(self.counts),
            {split: writer.save() for split, writer in self.writers.items()},
            self.seen.save() if self.seen else 0,
        )
        write_json(self.partial / PROGRESS, dataclasses.asdict(state))

    def describe(self, names: list[str]) -> Manifest:
        """The manifest of what was written."""
        if not self.part and not any(writer.shards for writer in self.writers.values()):
            raise InputError(f"no text was found in {', '.join(names)}.")
        self.tokenizer.save_pretrained(self.partial / TOKENIZER)
        return Manifest(
            dtype=self.dtype.str,
            vocab_size=len(self.tokenizer),
            end_of_text=self.tokenizer.end_of_text_id or 0,
            tokenizer=Made(self.tokenizer.name_or_path, self.key.tokenizer),
            licence=self.config.licence,
            sources=names,
            options=self.key.options,
            counts=dict(self.counts),
            splits={split: Split.of(writer) for split, writer in self.writers.items()},
            sources_fingerprint=self.key.sources,
            part=self.part and dataclasses.replace(self.part, held=self.held or Held(False)),
        )

    def _write(self, documents: Iterator[Item]) -> None:
        encoder = self._encoder(self.held or Held(False))
        self.tokenizer.encode("a")  # builds its tables once, before the threads start
        threads = self.config.threads or processors()
        waiting: deque[tuple[_Batch, Future[tuple[list[Encoded], int]]]] = deque()
        held = 0  # characters in the queue, so that long documents do not pile up
        last_save = time.monotonic()
        with ThreadPoolExecutor(threads) as pool:
            try:
                for batch in self._batches(documents):
                    waiting.append((batch, pool.submit(encoder.batch, batch.documents)))
                    held += batch.characters
                    while len(waiting) > (threads if held > 2 * threads * BATCH else 2 * threads):
                        held -= waiting[0][0].characters
                        self._take(*waiting.popleft())
                    if time.monotonic() - last_save >= self.config.save_every:
                        self.save()
                        last_save = time.monotonic()
                while waiting:
                    self._take(*waiting.popleft())
            finally:
                for _, future in waiting:
                    future.cancel()

    def _encoder(self, held: Held) -> Encoder:
        chain = filters.chain(self.config.filters)
        return Encoder(self.tokenizer, chain, self.config.validation, self.dtype, held)

    def _batches(self, documents: Iterator[Item]) -> Iterator[_Batch]:
        batch = _Batch()
        for document, file, number in documents:
            batch.add(document, file, number)
            if batch.characters >= BATCH or len(batch.documents) >= 4096:
                batch.read = self.reader.read_so_far()
                yield batch
                batch = _Batch()
        for name, reason in self.reading.skipped.items():
            self.note(f"skipped, not text: {name} ({reason})")
        if batch.documents:
            batch.read = self.reader.read_so_far()
            yield batch

    def _take(self, batch: _Batch, future: Future[tuple[list[Encoded], int]]) -> None:
        """Write a finished batch and advance the position."""
        encoded, empty = future.result()
        for document in encoded:
            if self.seen and not self.seen.add(document.digest):
                self.counts["duplicates"] += 1
                continue
            self.counts["undecodable"] += document.replaced
            for split, ids, size in document.parts:
                self.writers[split].append(ids, size)
            if self.part:
                row = document.row(*batch.places[document.document])
                self.writers[TEXTS].append(row, 0)
        for writer in self.writers.values():
            writer.flush()
        self.counts["read"] += len(batch.documents)
        self.counts["empty"] += empty
        self.position = batch.position
        if self.progress:
            tokens = sum(s.tokens for split in SPLITS for s in self.writers[split].shards)
            self.progress(Tick(self.counts["read"], tokens, batch.read, self.reader.total))
