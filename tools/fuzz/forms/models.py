"""Weights, configurations and adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.fuzz.forms.form import Form, Make, called


def shape(**other: Any) -> dict[str, Any]:
    """The smallest shape with all parts."""
    return {"n_embd": 16, "n_head": 2, "n_positions": 16, **other}


def model(folder: Path, **other: Any) -> None:
    """Write the smallest model with all its parts, and its tokenizer."""
    from tests.tiny import write_tiny

    write_tiny(folder, **shape(**other))


def bare(folder: Path, **given: Any) -> None:
    """Write only weights and configuration; ``given`` are options for the writer."""
    from tests.tiny import random_weights, tiny_config

    from gpt2.checkpoint import write_checkpoint

    config = tiny_config(**shape())
    write_checkpoint(folder, config, random_weights(config), **given)


def sharded(folder: Path) -> None:
    """Write weights in several files with an index."""
    bare(folder, max_shard_size="8KB")


def used(folder: Path, engine: str = "native", max_new_tokens: int | None = 2) -> None:
    """Load a model and generate with the options in its files, except the length."""
    from gpt2.loading import load

    loaded = load(folder, engine=engine, threads=1 if engine == "native" else None)  # type: ignore[arg-type]
    options: dict[str, Any] = {"max_new_tokens": max_new_tokens} if max_new_tokens else {}
    loaded.generate([[1, 2, 3]], **options)


def by(engine: str) -> Make:
    """Read by loading the model on an engine."""
    return lambda case: used(case, engine)


def converted(form: str, name: str = "") -> Make:
    """Write a model in another program's format."""

    def make(folder: Path) -> None:
        from gpt2.cli.convert import convert

        source = folder.with_name("source")
        model(source, **({"activation_function": "gelu"} if form == "nanogpt" else {}))
        convert(str(source), folder / name if name else folder, form)

    return make


def pickled_shards(folder: Path) -> None:
    """Write pytorch_model.bin in two parts with an index, as older transformers did."""
    import torch

    from gpt2.files import write_json

    converted("bin")(folder)
    weights = torch.load(folder / "pytorch_model.bin")
    (folder / "pytorch_model.bin").unlink()
    names = sorted(weights)
    files: dict[str, str] = {}
    for number in (0, 1):
        name = f"pytorch_model-{number + 1:05}-of-00002.bin"
        torch.save({n: weights[n].clone() for n in names[number::2]}, folder / name)
        files |= dict.fromkeys(names[number::2], name)
    write_json(folder / "pytorch_model.bin.index.json", {"metadata": {}, "weight_map": files})


def legacy(folder: Path) -> None:
    """Write pytorch_model.bin as torch did before 1.6."""
    import torch

    converted("bin")(folder)
    path = folder / "pytorch_model.bin"
    torch.save(torch.load(path), path, _use_new_zipfile_serialization=False)


def tensorflow(folder: Path) -> None:
    """Write OpenAI's original four files."""
    from tests.checkpoint.tensorflow import write_folder
    from tests.tiny import random_weights, tiny_config

    folder.mkdir(parents=True, exist_ok=True)
    config = tiny_config(**shape())
    names = ("vocab_size", "n_positions", "n_embd", "n_head", "n_layer")
    write_folder(folder, random_weights(config), {name: getattr(config, name) for name in names})


def quantised(dtype: str) -> Make:
    """Write a model with packed matrices."""

    def make(folder: Path) -> None:
        from gpt2.quantization import quantize

        source = folder.with_name("source")
        bare(source)
        quantize(source, folder, dtype=dtype, rounding="nearest", tokens=0)

    return make


def carded(folder: Path) -> None:
    """Write a packed model with a model card."""
    quantised("int8")(folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A model\n", "utf-8")


def adapter(folder: Path) -> None:
    """Write an adapter in PEFT's format, next to its base model."""
    from gpt2.adapters import LoraConfig
    from gpt2.model import GPT2LMHeadModel
    from gpt2.model.lora import add_lora, save_lora

    model(folder / "base")
    adapted = GPT2LMHeadModel.from_pretrained(folder / "base")
    add_lora(adapted, LoraConfig(lora_rank=2))
    save_lora(adapted, folder / "adapter")


def with_adapter(case: Path) -> None:
    """Load the base model, apply the adapter and merge it."""
    from gpt2.model import GPT2LMHeadModel
    from gpt2.model.lora import load_lora, merge_lora

    base = GPT2LMHeadModel.from_pretrained(case / "base")
    load_lora(base, case / "adapter")
    merge_lora(base)


def classifier(folder: Path) -> None:
    """Write a model with a classification head of two classes."""
    from tests.tiny import tiny_config

    from gpt2.model import GPT2ForSequenceClassification

    config = tiny_config(**shape(), num_labels=2, pad_token_id=0)
    GPT2ForSequenceClassification(config).save_pretrained(folder)


def classified(case: Path) -> None:
    """Load a classifier and classify a text."""
    import torch

    from gpt2.model import GPT2ForSequenceClassification

    GPT2ForSequenceClassification.from_pretrained(case)(torch.tensor([[1, 2, 3]]))


def cached(folder: Path) -> None:
    """Write a hub cache with one model: refs, and snapshots that link to blobs."""
    place = folder / "models--some--one"
    bare(folder / "made")
    for part in ("refs", "blobs", "snapshots"):
        (place / part).mkdir(parents=True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    (place / "refs" / "main").write_text(commit)
    (place / "snapshots" / commit).mkdir()
    for number, path in enumerate(sorted((folder / "made").iterdir())):
        path.rename(place / "blobs" / f"{number:040x}")
        link = place / "snapshots" / commit / path.name
        link.symlink_to(f"../../blobs/{number:040x}")
    (folder / "made").rmdir()


def from_cache(case: Path) -> None:
    """Load a model by name from a cache, without a network."""
    from gpt2.hub import resolve

    used(resolve("some/one", cache_dir=case, local_files_only=True))


WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
FORMS: dict[str, Form] = {
    "safetensors": Form(bare, by("native"), WEIGHTS),
    "safetensors-torch": Form(bare, by("torch"), WEIGHTS),
    "safetensors-reference": Form(bare, by("reference"), WEIGHTS),
    "shards": Form(sharded, by("native"), WEIGHTS),
    "shards-torch": Form(sharded, by("torch"), WEIGHTS),
    "shards-info": Form(sharded, called("info", "{}"), WEIGHTS),
    "packed-int8": Form(quantised("int8"), by("native"), WEIGHTS),
    "packed-int4": Form(quantised("int4"), by("native"), WEIGHTS),
    "packed-fp16": Form(quantised("fp16"), by("native"), WEIGHTS),
    "packed-torch": Form(quantised("int4"), by("torch"), WEIGHTS),
    "packed-reference": Form(quantised("int8"), by("reference"), WEIGHTS),
    "bin": Form(converted("bin"), by("native"), ("*.bin",)),
    "bin-shards": Form(pickled_shards, by("native"), ("*.bin", "*.bin.index.json")),
    "bin-legacy": Form(legacy, by("native"), ("*.bin",)),
    "nanogpt": Form(converted("nanogpt", "ckpt.pt"), by("native"), ("*.pt",)),
    "tensorflow": Form(tensorflow, by("native"), ("model.ckpt*", "hparams.json", "checkpoint")),
    "config": Form(model, by("native"), ("config.json",)),
    "config-torch": Form(model, by("torch"), ("config.json",)),
    "config-reference": Form(model, by("reference"), ("config.json",)),
    "classifier": Form(classifier, classified, ("config.json", *WEIGHTS)),
    "info": Form(carded, called("info", "{}"), ("gpt2.json", "config.json", "README.md")),
    "lora": Form(adapter, with_adapter, ("adapter/*",)),
    "hub-cache": Form(cached, from_cache, ("**/refs/*", "**/blobs/*")),
}
