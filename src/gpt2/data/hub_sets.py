"""Sets of the hub, or of a folder in a form that `datasets` knows, as documents."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpt2.data.formats import Reading
from gpt2.data.rows import joined
from gpt2.errors import HubError, HubNotFoundError, HubOfflineError, InputError
from gpt2.extras import need

PREFIX = "hub:"
SAVED = ("dataset_info.json", "dataset_dict.json")  # what `save_to_disk` leaves


def documents(name: str, reading: Reading, streaming: bool, skip: int = 0) -> Iterator[str]:
    """The texts of ``hub:NAME[:CONFIG[:SPLIT]]`` after the first ``skip``.

    Raises `HubNotFoundError`, `HubOfflineError`, `HubError`, and `InputError` for a field or split
    that the set lacks.
    """
    path, config, split = parse(name)
    rows = _open(path, config, split, streaming)
    if skip:
        rows = rows.skip(skip)
    for number, row in enumerate(rows, skip + 1):
        yield joined(row, reading.fields, f"{name}, row {number}")


def parse(name: str) -> tuple[str, str | None, str]:
    """Name, configuration and split; the split is "train" unless one is named."""
    path, _, rest = name.removeprefix(PREFIX).partition(":")
    config, _, split = rest.partition(":")
    if not path:
        raise InputError(f"{name} names no set: write hub:NAME, hub:NAME:CONFIG:SPLIT.")
    return path, config or None, split or "train"


def _open(path: str, config: str | None, split: str, streaming: bool) -> Any:
    datasets = need("datasets", "Reading sets of the hub")
    errors = need("datasets.exceptions", "Reading sets of the hub")
    try:
        if Path(path).is_dir() and any((Path(path) / name).exists() for name in SAVED):
            return _of_saved(datasets.load_from_disk(path), path, split)
        return datasets.load_dataset(path, config, split=split, streaming=streaming)
    except errors.DatasetNotFoundError as error:
        raise HubNotFoundError(f"There is no set {path} to be had: {error}") from error
    except ConnectionError as error:
        offline = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("HF_DATASETS_OFFLINE")
        reason = "offline mode is set" if offline else "the hub cannot be reached"
        raise HubOfflineError(f"{path} is not on this machine and {reason}: {error}") from error
    except ValueError as error:  # an unknown configuration or split, named in its words
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise HubError(f"{path} could not be read: {error}") from error


def _of_saved(found: Any, path: str, split: str) -> Any:
    if not isinstance(found, dict):
        return found
    if split not in found:
        raise InputError(f"{path} has no split {split!r} but {', '.join(found)}.")
    return found[split]
