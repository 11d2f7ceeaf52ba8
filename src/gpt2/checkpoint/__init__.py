"""A model's files: read all published formats, write files that other programs load."""

from gpt2.checkpoint.identity import identity
from gpt2.checkpoint.read import Checkpoint, read_checkpoint, weight_files
from gpt2.checkpoint.write import write_checkpoint

__all__ = ["Checkpoint", "identity", "read_checkpoint", "weight_files", "write_checkpoint"]
