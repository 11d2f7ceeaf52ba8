"""The model part of a checkpoint: the full model, as an ordinary model folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from gpt2.checkpoint import read_checkpoint, write_checkpoint


class ModelFiles(Protocol):
    """Writes the trained part of a model to a folder and reads it back."""

    def tensors(self) -> dict[str, Tensor]:
        """The parameters to save, by their names in the file; they may be sharded."""
        ...

    def write(self, folder: Path, tensors: Mapping[str, Tensor]) -> None:
        """Write the tensors, gathered on the CPU, and all files that loading the folder needs."""
        ...

    def read(self, folder: Path) -> Mapping[str, Tensor]:
        """Read what `write` wrote."""
        ...


class WholeModel:
    """All parameters, configuration and tokenizer: a folder that transformers can load too."""

    def __init__(self, model: Any, tokenizer: Any = None) -> None:
        self.model, self.tokenizer = model, tokenizer

    def tensors(self) -> dict[str, Tensor]:
        """Every parameter; a tied one appears once."""
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
        """Read the tensors of the folder. Raises `ModelFileError`."""
        return read_checkpoint(folder, framework="torch").tensors
