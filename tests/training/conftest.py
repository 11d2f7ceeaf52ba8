"""The small tokenizer and corpus, and one process that stands for two."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from gpt2.training.loop.distributed import Processes
from tests.corpora import corpus, tokenizer, tokenizer_folder

__all__ = ["corpus", "tokenizer", "tokenizer_folder"]


@pytest.fixture
def two() -> Iterator[Processes]:
    """What one of two processes sees; the group has only this one, so nothing is exchanged."""
    group = torch.distributed.HashStore()  # type: ignore[attr-defined]
    torch.distributed.init_process_group("gloo", store=group, rank=0, world_size=1)
    try:
        processes = Processes(torch.device("cpu"))
        processes.ranks = 2
        yield processes
    finally:
        torch.distributed.destroy_process_group()
