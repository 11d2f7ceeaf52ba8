"""What of a model a checkpoint holds: all of it, as an ordinary model folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from gpt2.checkpoint import read_checkpoint, write_checkpoint


class ModelFiles(Protocol):
    """How the trained part of a model goes to a folder and back."""

    def tensors(self) -> dict[str, Tensor]:
        """The parameters to keep, by the names they have in the file; perhaps sharded."""
        ...

    def write(self, folder: Path, tensors: Mapping[str, Tensor]) -> None:
        """Write them, whole and on the CPU now, with all that makes the folder loadable."""
        ...

    def read(self, folder: Path) -> Mapping[str, Tensor]:
        """What `write` wrote."""
        ...


class WholeModel:
    """All parameters, configuration and tokenizer: a folder that transformers loads too."""

    def __init__(self, model: Any, tokenizer: Any = None) -> None:
        self.model, self.tokenizer = model, tokenizer

    def tensors(self) -> dict[str, Tensor]:
        """Every parameter, a tied one once."""
        return dict(self.model.named_parameters())

    def write(self, folder: Path, tensors: Mapping[str, Tensor]) -> None:
        """Write the folder. Raises `WriteError`."""
        write_checkpoint(
            folder,
            self.model.config,
            tensors,
            generation_config=self.model.generation_config.to_json(),
        )
        if self.tokenizer is not None:
            self.tokenizer.save_pretrained(folder)

    def read(self, folder: Path) -> Mapping[str, Tensor]:
        """The folder's tensors. Raises `ModelFileError`."""
        return read_checkpoint(folder, framework="torch").tensors
