"""Small model folders of every form that weights are read from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gpt2.checkpoint import write_checkpoint
from gpt2.cli.convert import convert
from gpt2.quantization import quantize
from tests.checkpoint.tensorflow import write_folder
from tests.tiny import random_weights, tiny_config, write_tiny


def shards(folder: Path) -> None:
    write_checkpoint(folder, tiny_config(), random_weights(tiny_config(), 1), max_shard_size="50KB")


def converted(form: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        source = folder.with_name("source")
        write_tiny(source)
        convert(str(source), folder, form)

    return make


def tensorflow(folder: Path) -> None:
    folder.mkdir()
    config = tiny_config()
    shape = {k: getattr(config, k) for k in ("vocab_size", "n_positions", "n_embd", "n_head")}
    shape["n_layer"] = config.n_layer
    write_folder(folder, random_weights(config, 1), shape)


def packed(dtype: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        source = folder.with_name("source")
        write_tiny(source)
        quantize(source, folder, dtype=dtype, rounding="nearest", tokens=0)

    return make


FORMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "safetensors": (write_tiny, "*.safetensors"),
    "shards": (shards, "model*"),
    "bin": (converted("bin"), "*.bin"),
    "nanogpt": (converted("nanogpt"), "*.pt"),
    "tensorflow": (tensorflow, "model.ckpt*"),
    "packed int8": (packed("int8"), "*.safetensors"),
    "packed int4": (packed("int4"), "*.safetensors"),
}
