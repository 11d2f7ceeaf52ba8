"""The forms: how a small valid folder of each is written, and how it is read whole."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

Make = Callable[[Path], object]


@dataclasses.dataclass(frozen=True)
class Form:
    """A form of files.

    Attributes:
        make: writes a valid one into an empty folder.
        read: reads all of it as a user's call would; raises `GPT2Error` for what is damaged.
        files: patterns of what is damaged.
        mend: makes hashes right again after damage, so that what they guard is reached.
    """

    make: Make
    read: Make
    files: tuple[str, ...] = ("**/*",)
    mend: Make | None = None

    def victims(self, case: Path) -> list[Path]:
        """The files of a case that are damaged."""
        found = {path for pattern in self.files for path in case.glob(pattern) if path.is_file()}
        return sorted(found)


def model(folder: Path, **shape: Any) -> None:
    """The smallest model with all its parts, and its tokenizer."""
    from tests.tiny import write_tiny

    write_tiny(folder, **{"n_embd": 16, "n_head": 2, "n_positions": 16, **shape})


def used(folder: Path, engine: str = "native", max_new_tokens: int | None = 2) -> None:
    """Load a model and let it write, as its files say but for the length."""
    from gpt2.loading import load

    loaded = load(folder, engine=engine, threads=1 if engine == "native" else None)  # type: ignore[arg-type]
    loaded.generate([[1, 2, 3]], **({"max_new_tokens": max_new_tokens} if max_new_tokens else {}))


def by(engine: str) -> Make:
    """Read by loading on an engine."""
    return lambda case: used(case, engine)


def called(*words: str) -> Make:
    """Read by a command, its output thrown away; {} stands for the case's folder."""

    def read(case: Path) -> None:
        import click

        from gpt2.cli import gpt2

        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(click.ClickException):
            gpt2([word.format(case) for word in words], standalone_mode=False)

    return read


def sharded(folder: Path) -> None:
    """Weights in several files and an index."""
    from tests.tiny import random_weights, tiny_config

    from gpt2.checkpoint import write_checkpoint

    config = tiny_config(n_embd=16, n_head=2, n_positions=16)
    write_checkpoint(folder, config, random_weights(config), max_shard_size="8KB")


def converted(form: str, name: str = "") -> Make:
    """A model in another program's form."""

    def make(folder: Path) -> None:
        from gpt2.cli.convert import convert

        source = folder.with_name("source")
        model(source, **({"activation_function": "gelu"} if form == "nanogpt" else {}))
        convert(str(source), folder / name if name else folder, form)

    return make


def legacy(folder: Path) -> None:
    """pytorch_model.bin as torch wrote it before 1.6."""
    import torch

    converted("bin")(folder)
    path = folder / "pytorch_model.bin"
    torch.save(torch.load(path), path, _use_new_zipfile_serialization=False)


def tensorflow(folder: Path) -> None:
    """OpenAI's own four files."""
    from tests.checkpoint.tensorflow import write_folder
    from tests.tiny import random_weights, tiny_config

    folder.mkdir(parents=True, exist_ok=True)
    config = tiny_config(n_embd=16, n_head=2, n_positions=16)
    names = ("vocab_size", "n_positions", "n_embd", "n_head", "n_layer")
    write_folder(folder, random_weights(config), {name: getattr(config, name) for name in names})


def quantised(dtype: str) -> Make:
    """A model of packed matrices."""

    def make(folder: Path) -> None:
        from gpt2.quantization import quantize

        source = folder.with_name("source")
        model(source)
        quantize(source, folder, dtype=dtype, rounding="nearest", tokens=0)

    return make


def adapter(folder: Path) -> None:
    """An adapter as PEFT has it, beside its base."""
    from gpt2.adapters import LoraConfig
    from gpt2.model import GPT2LMHeadModel
    from gpt2.model.lora import add_lora, save_lora

    model(folder / "base")
    adapted = GPT2LMHeadModel.from_pretrained(folder / "base")
    add_lora(adapted, LoraConfig(lora_rank=2))
    save_lora(adapted, folder / "adapter")


def with_adapter(case: Path) -> None:
    """Load the base, put the adapter on it, merge."""
    from gpt2.model import GPT2LMHeadModel
    from gpt2.model.lora import load_lora, merge_lora

    base = GPT2LMHeadModel.from_pretrained(case / "base")
    load_lora(base, case / "adapter")
    merge_lora(base)


WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
FORMS: dict[str, Form] = {
    "safetensors": Form(model, by("native"), WEIGHTS),
    "safetensors-torch": Form(model, by("torch"), WEIGHTS),
    "safetensors-reference": Form(model, by("reference"), WEIGHTS),
    "shards": Form(sharded, by("native"), WEIGHTS),
    "shards-info": Form(sharded, called("info", "{}"), WEIGHTS),
    "packed-int8": Form(quantised("int8"), by("native"), WEIGHTS),
    "packed-int4": Form(quantised("int4"), by("native"), WEIGHTS),
    "packed-fp16": Form(quantised("fp16"), by("native"), WEIGHTS),
    "packed-reference": Form(quantised("int8"), by("reference"), WEIGHTS),
    "bin": Form(converted("bin"), by("native"), ("*.bin",)),
    "bin-legacy": Form(legacy, by("native"), ("*.bin",)),
    "nanogpt": Form(converted("nanogpt", "ckpt.pt"), by("native"), ("*.pt",)),
    "tensorflow": Form(tensorflow, by("native"), ("model.ckpt*", "hparams.json")),
    "config": Form(model, by("native"), ("config.json",)),
    "config-torch": Form(model, by("torch"), ("config.json",)),
    "config-reference": Form(model, by("reference"), ("config.json",)),
    "info": Form(quantised("int8"), called("info", "{}"), ("gpt2.json", "config.json")),
    "lora": Form(adapter, with_adapter, ("adapter/*",)),
}
