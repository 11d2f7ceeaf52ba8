"""`merge`: combines the parts of a preparation into the folder that a single run would write.

Texts are put in the order of the sources. Duplicates are removed and token shards are cut here,
because only here do all texts pass. What is held out was already known to each part. Memory: the
rows of `TOGETHER` documents.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.data import manifest, shards, sources
from gpt2.data.encode import SPLITS, TEXT, TEXTS
from gpt2.data.filters import DEDUPLICATE
from gpt2.data.folder import PROGRESS, check_made, check_same, clear, key_of, lock_output, publish
from gpt2.data.manifest import TOKENIZER, Manifest, Part, Split
from gpt2.data.seen import Seen
from gpt2.data.tokens import map_file, verify
from gpt2.errors import CorruptFileError, InputError, MissingFileError, OptionError
from gpt2.files import path_of, remote, reported
from gpt2.parts import Part as Said
from gpt2.parts import Shard, check_target, whole

TOGETHER = 1 << 18  # documents of a file that are sorted at a time
Tick = Callable[[int, int], None]  # texts done, texts in total


def merge(
    folders: Sequence[str | os.PathLike[str]],
    target: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Tick = lambda done, total: None,
    note: Callable[[str], None] = lambda line: None,
) -> Manifest:
    """Merge the parts of a preparation.

    Args:
        folders: the folders that `prepare` wrote for each ``shard``, in any order.
        target: the folder to write; it is byte for byte what a single run writes.

    Raises:
        OptionError: a part is missing, repeated or of a different preparation; ``target`` is a
            part, or holds a different preparation.
        CorruptFileError: a part is damaged.
        InputError: there is no text in any part.
    """
    target = path_of(target)
    check_target([path_of(folder) for folder in folders], target)
    parts = [_Part(path_of(folder)) for folder in folders]
    parts = [parts[at] for at in whole([part.describe() for part in parts])]
    merged = _merge_manifests(parts)
    if overwrite:
        clear(target)
    with lock_output(target) as partial:
        if (target / manifest.FILE).exists():
            stored = Manifest.read(target)
            check_same(target, key_of(stored), key_of(merged))
            note(f"{remote.address_of(target)} is already merged")
            return stored
        if check_made(target, partial, key_of(merged)):
            return publish(target, partial)
        if (partial / PROGRESS).exists():
            raise OptionError(
                f"{target} contains an unfinished preparation: choose another folder, or use "
                "--overwrite to start over."
            )
        shards.remove_others(partial, [])
        _write(parts, merged, partial, progress)
        if not any(split.documents for split in merged.splits.values()):
            raise InputError(f"no text was found in {', '.join(merged.sources)}.")
        _copy(parts[0].folder / TOKENIZER, partial / TOKENIZER)
        merged.write(partial)
        return publish(target, partial)


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a folder to ``target``. Raises `MissingFileError`, `WriteError`."""
    if not source.is_dir():
        raise MissingFileError(f"{source} is missing: copy this part again, or prepare it again.")
    with reported(target):
        shutil.rmtree(target, ignore_errors=True)
        for path in source.rglob("*"):
            if path.is_file():
                at = target / path.relative_to(source)
                at.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, at)


class _Part:
    """The rows and tokens of a part, memory-mapped.

    Attributes:
        texts: `TEXT` rows, in the order of the sources.
        at: the number of tokens of each split taken so far.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.manifest = folder, Manifest.read(folder)
        if self.manifest.part is None:
            raise InputError(f"{folder} was not prepared as a shard, so there is nothing to merge.")
        self.part: Part = self.manifest.part
        self.texts = self._map(TEXTS, TEXT)
        tokens = np.dtype(self.manifest.dtype)
        self.tokens = [self._map(split, tokens) for split in SPLITS]
        self.at = [0 for _ in SPLITS]
        if [int(self.texts["tokens"][:, n].sum()) for n in range(2)] != list(map(len, self.tokens)):
            raise CorruptFileError(
                f"the tokens in {folder} do not match its texts: prepare it again with gpt2 "
                "prepare --overwrite."
            )

    def _map(self, split: str, dtype: np.dtype[Any]) -> np.ndarray:
        """The single shard of a split."""
        if split not in self.manifest.splits:
            raise CorruptFileError(f"{self.folder} lacks the split {split}.")
        files = [map_file(self.folder / s.file, dtype, s.tokens)
                 for s in self.manifest.splits[split].shards]  # fmt: skip
        return files[0] if files else np.empty(0, dtype)

    def describe(self) -> Said:
        """Describe the preparation that this is a part of."""
        manifest, part = self.manifest, self.part
        options = {name: value for name, value in manifest.options.items() if name != "shard"}
        work = {"sources": part.listing, "tokenizer": manifest.tokenizer.sha256, **options}
        return Said(str(self.folder), Shard.parse(part.shard), work | {"held": vars(part.held)})

    def verify(self) -> None:
        """Raise `CorruptFileError` if a file has changed."""
        for split in self.manifest.splits.values():
            for shard in split.shards:
                verify(self.folder, shard)


def _merge_manifests(parts: Sequence[_Part]) -> Manifest:
    """The manifest of the merged folder, still without counts and splits."""
    known: dict[int, tuple[list[str], _Part]] = {}
    for part in parts:
        for at, file in part.part.files.items():
            before, other = known.setdefault(int(at), (file, part))
            if before != file:
                raise InputError(
                    f"{other.folder} and {part.folder} read different contents from source file "
                    f"{int(at) + 1}: prepare both again."
                )
    content = sources.hash_of([known[at][0] for at in sorted(known)])
    first = parts[0].manifest
    options = {name: value for name, value in first.options.items() if name != "shard"}
    return dataclasses.replace(
        first, options=options, part=None, counts={}, splits={}, sources_fingerprint=content
    )


def _write(parts: Sequence[_Part], merged: Manifest, partial: Path, progress: Tick) -> None:
    """Write all texts in order as shards, and enter them in the manifest."""
    limit = int(merged.options["shard_tokens"])
    dtype = np.dtype(merged.dtype)
    writers = [shards.Writer(partial, split, dtype, limit) for split in SPLITS]
    filters = merged.options["filter"] or []
    seen = Seen(partial / "seen.sqlite") if DEDUPLICATE in filters else None
    counts = Counter(dict.fromkeys(("read", "empty", "duplicates", "undecodable"), 0))
    for part in parts:
        part.verify()
        counts.update({name: part.manifest.counts.get(name, 0) for name in ("read", "empty")})
    total, done = sum(len(part.texts) for part in parts), 0
    try:
        for texts, tokens in _in_order(parts):
            digests = texts["digest"].tobytes()
            sizes = texts["bytes"].tolist()
            for n, replaced in enumerate(texts["replaced"].tolist()):
                if seen and not seen.add(digests[16 * n : 16 * n + 16]):
                    counts["duplicates"] += 1
                    continue
                counts["undecodable"] += replaced
                for writer, ids, size in zip(writers, tokens[n], sizes[n], strict=True):
                    if len(ids):
                        writer.append(ids, size)
            for writer in writers:
                writer.flush()
            done += len(texts)
            progress(done, total)
        for writer in writers:
            writer.finish()
    finally:
        for writer in writers:
            writer.abandon()
        if seen:
            seen.close()
    merged.counts = dict(counts)
    for name, writer in zip(SPLITS, writers, strict=True):
        merged.splits[name] = Split.of(writer)


Block = tuple[np.ndarray, list[list[np.ndarray]]]  # texts, and the tokens of each by split


def _in_order(parts: Sequence[_Part]) -> Iterator[Block]:
    """The texts of all parts in the order of the sources, in blocks of one file's documents."""
    starts = [0 for _ in parts]
    while left := [n for n, part in enumerate(parts) if starts[n] < len(part.texts)]:
        heads = {n: parts[n].texts[starts[n]] for n in left}
        file = min(int(head["file"]) for head in heads.values())
        here = [n for n in left if heads[n]["file"] == file]
        border = min(int(heads[n]["number"]) for n in here) + TOGETHER
        blocks = []
        for n in here:
            end = _end(parts[n].texts, starts[n], file, border)
            blocks.append(_take(parts[n], starts[n], end))
            starts[n] = end
        texts = np.concatenate([block[0] for block in blocks])
        tokens = [ids for block in blocks for ids in block[1]]
        order = np.argsort(texts["number"], kind="stable")
        yield texts[order], [tokens[n] for n in order]


def _end(texts: np.ndarray, start: int, file: int, border: int) -> int:
    """The first index from ``start`` in another file or with a document number >= ``border``."""
    for at in range(start, len(texts), TOGETHER):
        part = texts[at : at + TOGETHER]
        ahead = (part["file"] != file) | (part["number"] >= border)
        if ahead.any():
            return at + int(ahead.argmax())
    return len(texts)


def _take(part: _Part, start: int, end: int) -> Block:
    texts = np.array(part.texts[start:end])
    columns = []
    for n, tokens in enumerate(part.tokens):
        ends = part.at[n] + np.cumsum(texts["tokens"][:, n], dtype=np.int64)
        edges = [part.at[n], *ends.tolist()]
        columns.append([tokens[a:b] for a, b in pairwise(edges)])
        part.at[n] = edges[-1]
    return texts, [list(ids) for ids in zip(*columns, strict=True)]
