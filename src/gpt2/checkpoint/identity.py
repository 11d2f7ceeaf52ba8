"""What a model's files are: the SHA-256 and size of each that matters, whatever the form.

Two models of one identity give the same logits and the same texts. Receipts, `gpt2 info` and the
journal of `gpt2 evaluate` go by it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpt2.checkpoint.read import weight_files
from gpt2.files import exists, sha256
from gpt2.hub import SETTINGS, TOKENIZER


def model_files(path: str | Path) -> dict[str, list[Path]]:
    """The files of a model by their part: weights, config, tokenizer. Those that are there.

    ``path`` is what `read_checkpoint` takes; errors are its own where the weights are not found.
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
    """Of each part, of each file by its name: ``sha256``, and ``size`` in bytes.

    Raises what `model_files` does, and `ModelFileError` for a file that cannot be read.
    """
    return {
        part: {
            file.name: {"sha256": sha256(file), "size": file.stat().st_size}
            for file in sorted(files, key=lambda file: file.name)
        }
        for part, files in model_files(path).items()
    }
