"""The output folder of a preparation: locking, publishing, and checking what it was made from."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gpt2.data import manifest, shards
from gpt2.data.holdout import Held
from gpt2.data.manifest import PARTIAL, TOKENIZER, Manifest
from gpt2.data.sources import Position
from gpt2.errors import OptionError
from gpt2.files import remove, reported
from gpt2.files.locks import lock
from gpt2.files.records import read_record

PROGRESS = "progress.json"


class OtherPreparationError(OptionError):
    """A folder holds a different preparation; ``differ`` lists the differences."""

    def __init__(self, message: str, differ: Sequence[str]) -> None:
        super().__init__(message)
        self.differ = differ


@dataclasses.dataclass(frozen=True)
class Key:
    """What determines the output: hashes of sources and tokenizer, and the options."""

    sources: str
    options: dict[str, Any]
    tokenizer: str


@dataclasses.dataclass
class Progress:
    """The progress up to which an unfinished preparation is valid, as in ``progress.json``."""

    key: Key
    held: Held | None
    position: Position
    counts: dict[str, int]
    splits: dict[str, shards.Written]
    seen: int


@contextlib.contextmanager
def lock_output(folder: Path) -> Iterator[Path]:
    """The folder for unfinished output, locked by this process.

    It is removed when everything is complete. If the work fails before a token is written, it is
    removed together with the folders that were made for it.
    """
    partial = folder / PARTIAL
    made = [p for p in (partial, *partial.parents) if not p.exists()]
    with reported(folder):
        partial.mkdir(parents=True, exist_ok=True)
        _check_links(partial)
    with lock(partial / "lock", f"Another gpt2 prepare is writing to {folder}."):
        try:
            yield partial
        except BaseException:
            if partial in made and not any(p.stat().st_size for p in partial.glob("*.bin")):
                shutil.rmtree(partial)
                with contextlib.suppress(OSError):  # another process has put something there
                    for place in made[1:]:
                        place.rmdir()
            raise
        finally:
            if (folder / manifest.FILE).exists():
                shutil.rmtree(partial, ignore_errors=True)


def _check_links(partial: Path) -> None:
    """Raise `OptionError` for a symbolic link: changes through it would affect another place."""
    if link := next((p for p in (partial, *partial.rglob("*")) if p.is_symlink()), None):
        raise OptionError(
            f"{link} is a symbolic link, which gpt2 prepare never creates: remove it."
        )


def publish(folder: Path, partial: Path) -> Manifest:
    """Move the finished files to their place, the manifest last. It may be killed and run again."""
    stored = Manifest.read(partial)
    with reported(folder):
        for name in [*_files(stored), TOKENIZER, manifest.FILE]:
            if (partial / name).exists():
                (partial / name).replace(folder / name)
    return stored


def check_made(folder: Path, partial: Path, asked: Key) -> bool:
    """Whether ``partial`` holds the complete preparation, so that only `publish` remains.

    Raises `OtherPreparationError` if it holds a different complete preparation.
    """
    if not (partial / manifest.FILE).exists():
        return False
    check_same(folder, key_of(Manifest.read(partial)), asked)
    return True


def key_of(stored: Manifest) -> Key:
    """What a complete folder was made from."""
    return Key(stored.sources_fingerprint, stored.options, stored.tokenizer.sha256)


def differences(folder: Path, asked: Key) -> list[str]:
    """The differences between a preparation in the folder, complete or not, and ``asked``."""
    progress = folder / PARTIAL / PROGRESS
    if (folder / manifest.FILE).exists():
        return _differ(key_of(Manifest.read(folder)), asked)
    if (folder / PARTIAL / manifest.FILE).exists():
        return _differ(key_of(Manifest.read(folder / PARTIAL)), asked)
    if progress.exists():
        return _differ(read_record(Progress, progress).key, asked)
    return []


def _differ(there: Key, asked: Key) -> list[str]:
    differ = [
        what for what in ("sources", "tokenizer") if getattr(there, what) != getattr(asked, what)
    ]
    if there.options.get("shard") != asked.options.get("shard"):
        differ = [what for what in differ if what != "sources"]  # each shard reads its own files
    for name, value in {"shard": None, **asked.options}.items():
        if there.options.get(name) != value:
            differ.append(f"{name} ({there.options.get(name)!r}, now {value!r})")
    return differ


def check_same(folder: Path, there: Key, asked: Key) -> None:
    """Raise `OtherPreparationError` if a folder holds a preparation that differs from ``asked``."""
    if differ := _differ(there, asked):
        raise OtherPreparationError(
            f"{folder} contains a preparation that differs in {', '.join(differ)}: choose another "
            "folder, or use --overwrite to start over.",
            differ,
        )


def clear(folder: Path) -> None:
    """Remove a preparation, complete or not, and nothing else."""
    partial = folder / PARTIAL
    with reported(folder):
        if (folder / manifest.FILE).exists():
            stored = Manifest.read(folder)
            (folder / manifest.FILE).unlink()  # first: without it the folder is incomplete
            for name in [*_files(stored), TOKENIZER]:
                remove(folder / name)
        elif (partial / manifest.FILE).exists():  # `publish` was killed: some files have moved
            for name in [*_files(Manifest.read(partial)), TOKENIZER]:
                if not (partial / name).exists():
                    remove(folder / name)
        if partial.is_dir():
            shutil.rmtree(partial)


def _files(stored: Manifest) -> list[str]:
    """The file names of a preparation's shards."""
    return [n for split in stored.splits.values() for s in split.shards for n in (s.file, s.ends)]
