"""Resolve a model's name to local files, with huggingface_hub.

A name is a path, a bundled model's name, or a hub id (``gpt2``, ``user/name``). Downloads go to
huggingface_hub's normal cache; HF_HUB_OFFLINE, HF_ENDPOINT, HF_HOME and HF_TOKEN are respected.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gpt2.errors import MissingFileError
from gpt2.files import exists, path_of
from gpt2.hub.names import (
    BUNDLED,
    PICKLED,
    SAFE,
    SETTINGS,
    TOKENIZER,
    bundled_models,
    expand_home,
)

__all__ = ["BUNDLED", "PICKLED", "SAFE", "SETTINGS", "TOKENIZER", "bundled_models", "resolve"]


def resolve(
    name: str | os.PathLike[str],
    *,
    allow_patterns: Sequence[str] | None = None,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: str | bool | None = None,
) -> Path:
    """Return the folder or file for a name, downloading a hub id that is not in the cache.

    ``allow_patterns`` selects the files; by default a model's weights, configuration and tokenizer
    (safetensors, or pytorch_model.bin if the hub has nothing else). Raises `MissingFileError`,
    `HubNotFoundError`, `HubOfflineError` or `CorruptFileError`.
    """
    path = expand_home(path_of(name))
    if exists(path):
        return path
    if str(name) in bundled_models():
        return BUNDLED / str(name)
    if not _is_hub_id(str(name)):
        raise MissingFileError(f"there is no file or folder {path}.")
    where = {"revision": revision, "cache_dir": cache_dir, "token": token}
    from gpt2.hub.snapshot import Download  # imported only for downloads

    return Download(str(name), where, allow_patterns).run(local_files_only)


def _is_hub_id(name: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return not name.startswith((".", "~")) and len(name) > 0
