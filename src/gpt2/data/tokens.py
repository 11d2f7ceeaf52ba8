"""`TokenData`: the token shards of a split as one memory-mapped sequence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.data.encode import TRAIN
from gpt2.data.manifest import TOKENIZER, Manifest, fingerprint
from gpt2.data.shards import ENDS, Shard
from gpt2.errors import CorruptFileError, InputError, MissingFileError, TokenizerError
from gpt2.files import path_of, sha256
from gpt2.files.locks import open_own
from gpt2.tokenizer import Tokenizer


class TokenData:
    """A split of prepared text: ``len(data)`` tokens; ``data[a:b]`` reads some of them.

    Args:
        folders: a folder that `prepare` wrote, or several made with the same tokenizer.
        split: "train" or "validation".
        tokenizer: the expected tokenizer, which is checked.

    Attributes:
        manifests: the manifests of the folders.
        vocab_size, end_of_text: of the tokenizer.
        bytes: the number of bytes of text, for bits per byte.

    Raises:
        MissingFileError: there is no prepared text, or a shard is missing.
        CorruptFileError: a shard is truncated; `verify` finds other damage.
        TokenizerError: the tokens come from a different tokenizer.
        InputError: the split is empty.
    """

    def __init__(
        self,
        folders: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        split: str = TRAIN,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        several = [folders] if isinstance(folders, (str, os.PathLike)) else list(folders)
        self.folders, self.split = [path_of(folder) for folder in several], split
        self.manifests = [Manifest.read(folder) for folder in self.folders]
        for folder, manifest in zip(self.folders, self.manifests, strict=True):
            if manifest.part:
                raise InputError(
                    f"{folder} is shard {manifest.part.shard} of a preparation: combine all "
                    "shards with gpt2 merge."
                )
        first = self.manifests[0]
        self.vocab_size, self.end_of_text = first.vocab_size, first.end_of_text
        self._check_tokenizers(tokenizer)
        self.bytes = sum(m.splits[split].bytes for m in self._with_split())
        self._shards: list[tuple[Path, Shard]] = []
        self._maps: list[np.ndarray] = []
        for folder, chosen in zip(self.folders, self._with_split(), strict=True):
            for shard in chosen.splits[split].shards:
                self._shards.append((folder, shard))
                dtype = np.dtype(chosen.dtype)
                self._maps.append(map_file(folder / shard.file, dtype, shard.tokens))
        if not self._maps:
            raise InputError(
                f"{', '.join(map(str, several))}: the {split} split is empty. Prepare it again "
                "with " + ("more text." if split == TRAIN else "a larger --validation.")
            )
        self._starts = np.cumsum([0, *(len(tokens) for tokens in self._maps)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, part: slice) -> np.ndarray:
        """The tokens [b - a] of ``data[a:b]`` as int64, across shard borders."""
        start, stop, step = part.indices(len(self))
        if step != 1:
            raise InputError("TokenData can only be indexed by slices: data[start:stop].")
        return self.run(start, max(0, stop - start))

    def run(self, start: int, length: int) -> np.ndarray:
        """``length`` tokens starting at ``start``, as int64 [length]."""
        if not 0 <= start <= start + length <= len(self):
            raise InputError(
                f"tokens {start} to {start + length} are out of range: there are {len(self)}."
            )
        out = np.empty(length, np.int64)
        done = 0
        shard = int(np.searchsorted(self._starts, start, "right")) - 1
        while done < length:
            at = start + done - int(self._starts[shard])
            piece = self._maps[shard][at : at + length - done]
            out[done : done + len(piece)] = piece
            done += len(piece)
            shard += 1
        return out

    @property
    def documents(self) -> int:
        """The number of documents."""
        return sum(shard.documents for _, shard in self._shards)

    @cached_property
    def ends(self) -> np.ndarray:
        """The end of each document, uint64 [documents]: the index after its <|endoftext|>.

        All of them are read at once: eight bytes per document.
        """
        parts = [
            map_file(folder / shard.ends, ENDS, shard.documents) + np.uint64(start)
            for (folder, shard), start in zip(self._shards, self._starts, strict=False)
        ]
        return np.concatenate(parts)

    def document(self, number: int) -> np.ndarray:
        """The tokens of a document, including <|endoftext|>. Raises `InputError`."""
        if not 0 <= number < self.documents:
            raise InputError(
                f"document {number} is out of range: there are {self.documents} documents."
            )
        start = int(self.ends[number - 1]) if number else 0
        return self.run(start, int(self.ends[number]) - start)

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the text was prepared with, from the first folder."""
        return Tokenizer.from_pretrained(self.folders[0] / TOKENIZER)

    def verify(self) -> None:
        """Check every file against its SHA-256, reading all of it.

        Raises `CorruptFileError` for the first file that differs.
        """
        for folder, shard in self._shards:
            verify(folder, shard)

    def _with_split(self) -> list[Manifest]:
        for folder, manifest in zip(self.folders, self.manifests, strict=True):
            if self.split not in manifest.splits:
                names = ", ".join(manifest.splits)
                raise InputError(f"{folder} has no split {self.split!r}; its splits are {names}.")
        return self.manifests

    def _check_tokenizers(self, tokenizer: Tokenizer | None) -> None:
        expected = fingerprint(tokenizer) if tokenizer else self.manifests[0].tokenizer.sha256
        for folder, manifest in zip(self.folders, self.manifests, strict=True):
            if manifest.tokenizer.sha256 != expected:
                wanted = tokenizer.name_or_path if tokenizer else self.folders[0]
                raise TokenizerError(
                    f"{folder} was prepared with the tokenizer {manifest.tokenizer.name!r} "
                    f"({manifest.vocab_size} ids), which differs from that of {wanted!s}: prepare "
                    "the text with the model's tokenizer (--tokenizer)."
                )

    def __getstate__(self) -> dict[str, Any]:
        return {"folders": self.folders, "split": self.split}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["folders"], state["split"])  # type: ignore[misc]


def verify(folder: Path, shard: Shard) -> None:
    """Check the files of a shard against their SHA-256. Raises `CorruptFileError`."""
    for name, expected in ((shard.file, shard.sha256), (shard.ends, shard.ends_sha256)):
        if sha256(folder / name) != expected:
            raise CorruptFileError(
                f"{folder / name} is damaged (its SHA-256 differs from the manifest's): prepare "
                "it again."
            )


def map_file(path: Path, dtype: np.dtype[Any], count: int) -> np.ndarray:
    """The numbers in a file, memory-mapped. Raises `MissingFileError`, `CorruptFileError`."""
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == count * dtype.itemsize:
            return np.memmap(file, dtype, "r", shape=(count,)) if count else np.empty(0, dtype)
    raise CorruptFileError(
        f"{path} has {size} bytes, but the manifest declares {count * dtype.itemsize}: it is "
        "truncated or damaged. Copy it again, or prepare it again."
    )


def _open(path: Path) -> FileIO:
    try:
        return open_own(path, os.O_RDONLY)
    except FileNotFoundError:
        raise MissingFileError(f"{path} is missing, but the manifest lists it.") from None
    except OSError as error:
        raise CorruptFileError(f"{path} cannot be read: {error.strerror}.") from None
