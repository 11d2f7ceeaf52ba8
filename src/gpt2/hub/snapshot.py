"""One snapshot of a repository: from the hub, or from the cache if the hub is unreachable."""

from __future__ import annotations

import contextlib
import fnmatch
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import (
    CorruptFileError,
    HubError,
    HubNotFoundError,
    HubOfflineError,
    ModelFileError,
    first_line,
)
from gpt2.files import exists, plain_name, read_text, reported
from gpt2.hub.arrive import check, find_hash
from gpt2.hub.fetch import fetch, within
from gpt2.hub.names import PICKLED, SAFE, SETTINGS, TOKENIZER, bundled_hint, expand_home
from gpt2.hub.network import network_errors

BUSY = (408, 425, 429)  # in addition to 5xx: statuses that ask to retry later
LISTING = 60.0  # timeout in seconds for the complete list of files


class Download:
    """One snapshot: the selected files of a repository at a revision."""

    def __init__(self, repo: str, where: dict[str, Any], patterns: Sequence[str] | None) -> None:
        self.repo, self.where, self.patterns = repo, where, patterns

    def run(self, local_files_only: bool) -> Path:
        """Return the snapshot's folder; downloads missing files unless ``local_files_only``."""
        from huggingface_hub import constants
        from huggingface_hub.errors import RevisionNotFoundError

        self.check_reference()
        if local_files_only or constants.HF_HUB_OFFLINE:
            return self.from_cache(HubOfflineError("offline mode is set"))
        try:
            commit, entries = self.list_files()
        except RevisionNotFoundError:
            revision = self.where["revision"]
            raise HubNotFoundError(
                f"{self.repo} has no revision {revision!r} on the hub."
            ) from None
        except HubError as error:
            return self.from_cache(error)
        wanted = self.select([e.rfilename for e in entries if _is_plain(e.rfilename)])
        missing = [
            e for e in entries if e.rfilename in wanted and not self.is_cached(e.rfilename, commit)
        ]
        if not missing:
            return self.blobs().with_name("snapshots") / commit
        size = sum(entry.size or 0 for entry in missing)
        if size > 1_000_000:
            print(f"gpt2: downloading {self.repo}: {size / 1e6:,.0f} MB", file=sys.stderr)
        folder = self.snapshot(commit, wanted, missing)
        for entry in missing:  # a file not named by its hash has not been verified
            path, hash_ = folder / entry.rfilename, find_hash(entry)
            if hash_ and path.resolve().name != hash_:
                check(path, hash_, entry.rfilename)
        return folder

    def check_reference(self) -> None:
        """Raise `CorruptFileError` if the cache's record of the revision's commit is damaged:
        huggingface_hub would use any contents as a folder name."""
        from huggingface_hub import constants

        revision = self.where["revision"] or constants.DEFAULT_REVISION
        path = self.blobs().with_name("refs") / revision
        if not exists(path):
            return
        try:
            plain_name(read_text(path, 255), path)
        except ModelFileError as error:
            raise CorruptFileError(
                f"the hub's cache is damaged: {error} Remove {path}, and load the model again."
            ) from None

    def list_files(self) -> tuple[str, list[Any]]:
        """Fetch the commit and the list of files from the hub. Raises `HubError`, and
        huggingface_hub's RevisionNotFoundError."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import (
            HfHubHTTPError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        api = HfApi(token=self.where["token"])
        try:
            info = within(
                LISTING,
                lambda: api.model_info(
                    self.repo, revision=self.where["revision"], files_metadata=True, timeout=10
                ),
            )
        except RevisionNotFoundError:
            raise
        except RepositoryNotFoundError:
            raise HubNotFoundError(
                f"the hub has no model {self.repo!r}, or it is private: check the name, or log in "
                "with `hf auth login`. There is no local folder of that name either. "
                f"{bundled_hint()}"
            ) from None
        except HfHubHTTPError as error:
            reason = first_line(error)
            if error.response.status_code in BUSY or error.response.status_code >= 500:
                raise HubOfflineError(f"the hub is unavailable at the moment ({reason})") from None
            raise HubError(f"the hub refused {self.repo}: {reason}") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise HubOfflineError(
                "the response did not come from the hub, but perhaps from a network's login page"
            ) from None  # a page instead of JSON, or other JSON
        except network_errors() as error:
            raise HubOfflineError(f"the hub cannot be reached ({first_line(error)})") from None
        return info.sha or "main", list(info.siblings or [])

    def select(self, names: Iterable[str]) -> list[str]:
        """Select the files to download from those of the repository."""
        names = list(names)
        if self.patterns is not None:
            return _matching(names, self.patterns)
        weights = _matching(names, SAFE) or _matching(names, PICKLED)
        if not weights:
            raise HubNotFoundError(
                f"{self.repo} has no model.safetensors or pytorch_model.bin on the hub."
            )
        return weights + _matching(names, (*SETTINGS, *TOKENIZER))

    def is_cached(self, name: str, commit: str) -> bool:
        """Whether a file of this commit is cached and found offline by the requested revision."""
        from huggingface_hub import try_to_load_from_cache

        cache = self.where["cache_dir"]
        asked = try_to_load_from_cache(self.repo, name, cache, self.where["revision"])
        return isinstance(asked, str) and asked == try_to_load_from_cache(
            self.repo, name, cache, commit
        )

    def snapshot(self, commit: str, names: list[str], missing: list[Any]) -> Path:
        """Download; returns the folder with the files ``names``. Raises `HubError` or
        `CorruptFileError`."""
        from huggingface_hub import constants

        blobs = self.blobs()
        with reported(blobs):
            blobs.mkdir(parents=True, exist_ok=True)
        coming = [[e.rfilename, find_hash(e), e.size] for e in missing if find_hash(e)]
        request = {"repo": self.repo, "commit": commit, "names": names, "missing": coming}
        try:
            return fetch(
                request | {"blobs": blobs, "endpoint": constants.ENDPOINT} | self.where, blobs
            )
        except HubError as error:
            raise HubError(
                f"downloading {self.repo} failed: {error}. Completed parts are kept: run the same "
                "command again to resume."
            ) from None

    def blobs(self) -> Path:
        """The cache folder with the contents of this repository's files."""
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name

        cache = expand_home(Path(self.where["cache_dir"] or constants.HF_HUB_CACHE))
        return cache / repo_folder_name(repo_id=self.repo, repo_type="model") / "blobs"

    def from_cache(self, reason: HubError) -> Path:
        """The cached snapshot, if it has the requested files; otherwise raises ``reason``, the
        hub's refusal, or a `HubOfflineError` with it."""
        from huggingface_hub import snapshot_download

        for needed in [self.patterns] if self.patterns else [SAFE, PICKLED]:
            wanted = [*needed] if self.patterns else [*needed, *SETTINGS, *TOKENIZER]
            with contextlib.suppress(OSError):  # not cached, or incomplete
                folder = snapshot_download(
                    self.repo, allow_patterns=wanted, local_files_only=True, **self.where
                )
                inside = (path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))
                if _matching(inside, needed):
                    return Path(folder)
        if not isinstance(reason, HubOfflineError):
            raise reason
        raise HubOfflineError(
            f"{self.repo} is not on this machine and {reason}. On a machine with network access, "
            f"run: hf download {self.repo}. {bundled_hint()}"
        )


def _matching(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def _is_plain(name: Any) -> bool:
    """Whether a name in the hub's list stays in its folder; others are never downloaded."""
    try:
        return all(plain_name(part, "the list") for part in str(name).split("/"))
    except CorruptFileError:
        return False
