"""The identity of a model: the SHA-256 and size of each relevant file, in any format.

Two models with the same identity give the same logits and the same texts. Receipts, `gpt2 info` and
the journal of `gpt2 evaluate` use it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpt2.checkpoint.read import weight_files
from gpt2.files import exists, sha256
from gpt2.hub import SETTINGS, TOKENIZER


def model_files(path: str | Path) -> dict[str, list[Path]]:
    """The existing files of a model by part: weights, config, tokenizer.

    ``path`` is a path for `read_checkpoint`, whose errors are raised if there are no weights.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent

    def there(names: tuple[str, ...]) -> list[Path]:
        return [folder / name for name in names if exists(folder / name)]

    return {
        "weights": weight_files(path),
        "config": there((*SETTINGS, "hparams.json")),
        "tokenizer": there(TOKENIZER),
    }


def identity(path: str | Path) -> dict[str, dict[str, dict[str, Any]]]:
    """For each part, and each file by name: ``sha256``, and ``size`` in bytes.

    Raises the errors of `model_files`, and `ModelFileError` for a file that cannot be read.
    """
    return {
        part: {
            file.name: {"sha256": sha256(file), "size": file.stat().st_size}
            for file in sorted(files, key=lambda file: file.name)
        }
        for part, files in model_files(path).items()
    }
