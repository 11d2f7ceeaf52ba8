"""Reads documents from data sets of the Hugging Face Hub, or from a folder in a format that
`datasets` supports."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpt2.data.formats import Reading
from gpt2.data.rows import join_fields
from gpt2.errors import (
    GPT2Error,
    HubError,
    HubNotFoundError,
    HubOfflineError,
    InputError,
    first_line,
)
from gpt2.extras import need

PREFIX = "hub:"
SAVED = ("dataset_info.json", "dataset_dict.json")  # files that `save_to_disk` writes


def documents(name: str, reading: Reading, streaming: bool, skip: int = 0) -> Iterator[str]:
    """The texts of ``hub:NAME[:CONFIG[:SPLIT]]`` after the first ``skip``.

    Raises `HubNotFoundError`, `HubOfflineError`, `HubError`, and `InputError` for a field or split
    that the data set lacks.
    """
    path, config, split = parse(name)
    with _translate_errors(path):
        rows = _open(path, config, split, streaming)
        if skip:
            rows = rows.skip(skip)
        for number, row in enumerate(rows, skip + 1):
            yield join_fields(row, reading.fields, f"{name}, row {number}")


def parse(name: str) -> tuple[str, str | None, str]:
    """Name, configuration and split; the split is "train" by default."""
    path, _, rest = name.removeprefix(PREFIX).partition(":")
    config, _, split = rest.partition(":")
    if not path:
        raise InputError(
            f"{name} does not name a dataset: write hub:NAME or hub:NAME:CONFIG:SPLIT."
        )
    return path, config or None, split or "train"


def _open(path: str, config: str | None, split: str, streaming: bool) -> Any:
    datasets = need("datasets", "Reading datasets from the hub")
    if Path(path).is_dir() and any((Path(path) / name).exists() for name in SAVED):
        return _of_saved(datasets.load_from_disk(path), path, split)
    return datasets.load_dataset(path, config, split=split, streaming=streaming)


@contextlib.contextmanager
def _translate_errors(path: str) -> Iterator[None]:
    """Turn what `datasets` raises, while opening or reading, into a `GPT2Error`."""
    errors = need("datasets.exceptions", "Reading datasets from the hub")
    try:
        yield
    except GPT2Error:
        raise
    except errors.DatasetNotFoundError as error:
        raise HubNotFoundError(f"the dataset {path} cannot be found: {error}") from error
    except ConnectionError as error:
        offline = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("HF_DATASETS_OFFLINE")
        reason = "offline mode is set" if offline else "the hub cannot be reached"
        raise HubOfflineError(f"{path} is not on this machine and {reason}: {error}") from error
    except (ValueError, LookupError) as error:  # an unknown configuration or split
        raise InputError(f"{path}: {first_line(error.__cause__ or error)}") from error
    except Exception as error:  # scripts, damaged files: its errors have no common base class
        raise HubError(
            f"{path} could not be read: {first_line(error.__cause__ or error)}"
        ) from error


def _of_saved(loaded: Any, path: str, split: str) -> Any:
    if not isinstance(loaded, dict):
        return loaded
    if split not in loaded:
        raise InputError(f"{path} has no split {split!r}; its splits are {', '.join(loaded)}.")
    return loaded[split]
