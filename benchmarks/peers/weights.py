"""The random weights that all contenders share, and the files made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gpt2.checkpoint import write_checkpoint
from gpt2.checkpoint.names import expected_shapes
from gpt2.config import GPT2Config


def random_tensors(config: GPT2Config, seed: int = 0) -> dict[str, np.ndarray]:
    """Random tensors scaled like trained ones: gains near 1, and no near-ties among logits."""
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in expected_shapes(config).items():
        values = random.standard_normal(shape, np.float32) * np.float32(0.05)
        tensors[name] = values + np.float32(".ln_" in name and name.endswith("weight"))
    return tensors


def weights_folder(place: Path, shape: str = "gpt2") -> Path:
    """A folder that transformers can load; made once."""

    def make(folder: Path) -> None:
        config = GPT2Config.published(shape, bos_token_id=0, eos_token_id=None)
        write_checkpoint(folder, config, random_tensors(config))

    return made_once(place / shape, make)


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """Make ``path`` with ``make`` if it does not exist, first under a temporary name."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"part-{path.name}")
        make(part)
        part.replace(path)
    return path
