"""From a model's name to files on this machine, over huggingface_hub.

A name is a path, the name of a bundled model, or a hub id (``gpt2``, ``user/name``). Downloads go
to huggingface_hub's normal cache; HF_HUB_OFFLINE, HF_ENDPOINT, HF_HOME and HF_TOKEN are respected.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import importlib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import (
    CorruptFileError,
    HubError,
    HubNotFoundError,
    HubOfflineError,
    MissingFileError,
)
from gpt2.files import exists, plain_name, read_bytes, sha256

BUSY = (408, 425, 429)  # beside 5xx: answers that say to come again later
BUNDLED = Path(__file__).parent / "models"
SETTINGS = ("config.json", "generation_config.json", "gpt2.json")
TOKENIZER = (
    "vocab.json",
    "merges.txt",
    "encoder.json",
    "vocab.bpe",
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
)
SAFE = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json")


def bundled_models() -> list[str]:
    """The names of the models that ship with this package."""
    folders = BUNDLED.iterdir() if BUNDLED.is_dir() else []
    return sorted(folder.name for folder in folders if (folder / "config.json").exists())


def resolve(
    name: str | os.PathLike[str],
    *,
    allow_patterns: Sequence[str] | None = None,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: str | bool | None = None,
) -> Path:
    """The folder or file a name stands for, downloaded if it is a hub id and not in the cache.

    ``allow_patterns`` says which files are wanted; by default a model's weights, configuration and
    tokenizer (safetensors, or pytorch_model.bin where the hub has nothing else). Raises
    `MissingFileError`, `HubNotFoundError`, `HubOfflineError` or `CorruptFileError`.
    """
    path = Path(name).expanduser()
    if exists(path):
        return path
    if str(name) in bundled_models():
        return BUNDLED / str(name)
    if not _is_hub_id(str(name)):
        raise MissingFileError(f"there is no file or folder {path}.")
    where = {"revision": revision, "cache_dir": cache_dir, "token": token}
    return _Download(str(name), where, allow_patterns).run(local_files_only)


def _is_hub_id(name: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return not name.startswith((".", "~")) and len(name) > 0


class _Download:
    """One snapshot: the files wanted of one repository at one revision."""

    def __init__(self, repo: str, where: dict[str, Any], patterns: Sequence[str] | None) -> None:
        self.repo, self.where, self.patterns = repo, where, patterns

    def run(self, local_files_only: bool) -> Path:
        from huggingface_hub import constants

        if local_files_only or constants.HF_HUB_OFFLINE:
            return self.from_cache("offline mode is set")
        try:
            entries = self.listed()
        except HubOfflineError as error:
            return self.from_cache(str(error))
        wanted = self.wanted([entry.rfilename for entry in entries if _is_plain(entry.rfilename)])
        missing = [e for e in entries if e.rfilename in wanted and not self.cached(e.rfilename)]
        size = sum(entry.size or 0 for entry in missing)
        if size > 1_000_000:
            print(f"gpt2: downloading {self.repo}: {size / 1e6:,.0f} MB", file=sys.stderr)
        try:
            folder = self.snapshot(wanted)
        except HubError as error:
            return self.from_cache(str(error), error if missing else None)
        for entry in missing:
            _check_hash(folder / entry.rfilename, entry)
        return folder

    def listed(self) -> list[Any]:
        """The repository's files, as the hub lists them."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import (
            HfHubHTTPError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        api = HfApi(token=self.where["token"])
        try:
            info = api.model_info(
                self.repo, revision=self.where["revision"], files_metadata=True, timeout=10
            )
        except RevisionNotFoundError:
            revision = self.where["revision"]
            raise HubNotFoundError(
                f"{self.repo} has no revision {revision!r} on the hub."
            ) from None
        except RepositoryNotFoundError:
            raise HubNotFoundError(
                f"the hub has no model {self.repo!r}, or it is private: check the name, or log in "
                f"with `hf auth login`. There is no folder of that name here either. {_bundled()}"
            ) from None
        except HfHubHTTPError as error:
            reason = str(error).splitlines()[0]
            if error.response.status_code in BUSY or error.response.status_code >= 500:
                raise HubOfflineError(f"the hub does not serve now ({reason})") from None
            raise HubError(f"the hub refused {self.repo}: {reason}") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise HubOfflineError(
                "what answers in the hub's place is not the hub, perhaps a network's login page"
            ) from None  # a page instead of JSON, or other JSON
        except _network_errors() as error:
            reason = str(error).split("\n")[0] or type(error).__name__
            raise HubOfflineError(f"the hub cannot be reached ({reason})") from None
        return list(info.siblings or [])

    def wanted(self, names: Iterable[str]) -> list[str]:
        """Of a repository's files, those to have."""
        names = list(names)
        if self.patterns is not None:
            return _matching(names, self.patterns)
        weights = _matching(names, SAFE) or _matching(names, PICKLED)
        if not weights:
            raise HubNotFoundError(
                f"{self.repo} has no model.safetensors or pytorch_model.bin on the hub."
            )
        return weights + _matching(names, (*SETTINGS, *TOKENIZER))

    def cached(self, name: str) -> bool:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(
            self.repo, name, cache_dir=self.where["cache_dir"], revision=self.where["revision"]
        )
        return isinstance(found, str)

    def snapshot(self, names: list[str]) -> Path:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError

        try:
            return Path(snapshot_download(self.repo, allow_patterns=names, **self.where))
        except _network_errors(HfHubHTTPError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise HubError(
                f"downloading {self.repo} failed: {reason}. Files that arrived whole are kept: "
                "run the same command again."
            ) from error

    def from_cache(self, reason: str, otherwise: HubError | None = None) -> Path:
        """The snapshot in the cache, if what is asked for lies in it; else raises ``otherwise``."""
        from huggingface_hub import snapshot_download

        if otherwise is not None:
            raise otherwise
        for needed in [self.patterns] if self.patterns else [SAFE, PICKLED]:
            wanted = [*needed] if self.patterns else [*needed, *SETTINGS, *TOKENIZER]
            with contextlib.suppress(OSError):  # nothing there, or not all that the hub has
                found = snapshot_download(
                    self.repo, allow_patterns=wanted, local_files_only=True, **self.where
                )
                inside = (path.relative_to(found).as_posix() for path in Path(found).rglob("*"))
                if _matching(inside, needed):
                    return Path(found)
        raise HubOfflineError(
            f"{self.repo} is not on this machine and {reason}. On a machine with a network: "
            f"hf download {self.repo}. {_bundled()}"
        )


def _network_errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What a failing network raises: huggingface_hub has changed its client more than once."""
    found: list[type[Exception]] = [OSError, *more]
    for client in ("httpx2", "httpx"):
        with contextlib.suppress(ImportError):
            found.append(importlib.import_module(client).HTTPError)
    return tuple(found)


def _matching(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def _is_plain(name: Any) -> bool:
    """Whether a name of the hub's list can only lie in its folder; others are never asked for."""
    try:
        return all(plain_name(part, "the list") for part in str(name).split("/"))
    except CorruptFileError:
        return False


def _check_hash(path: Path, entry: Any) -> None:
    """Compare a file that has just come with the hash that the hub stated: SHA-256 of large files,
    of others git's hash. Another process may have found the damage first."""
    if exists(path) and _as_stated(path, entry):
        return
    with contextlib.suppress(FileNotFoundError):
        path.resolve(strict=True).unlink()
    path.unlink(missing_ok=True)
    kind = "SHA-256" if entry.lfs else "hash"
    raise CorruptFileError(
        f"{path.name} arrived damaged (not the hub's {kind}) and was removed: try again."
    )


def _as_stated(path: Path, entry: Any) -> bool:
    if entry.lfs is not None:
        return bool(sha256(path) == entry.lfs.sha256)
    if not re.fullmatch("[0-9a-f]{40}", entry.blob_id or ""):
        return True  # nothing is stated
    data = read_bytes(path)
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return blob.hexdigest() == entry.blob_id


def _bundled() -> str:
    names = bundled_models()
    return f"{names[0]!r} ships with this package and needs no network." if names else ""
