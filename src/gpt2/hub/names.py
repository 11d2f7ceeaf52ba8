"""The files that make up a model, and the names of the bundled models."""

from __future__ import annotations

from pathlib import Path

BUNDLED = Path(__file__).parents[1] / "bundled"
SETTINGS = ("config.json", "generation_config.json", "gpt2.json")
TOKENIZER = (
    "vocab.json",
    "merges.txt",
    "encoder.json",
    "vocab.bpe",
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "additional_chat_templates/*.jinja",
)
SAFE = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json")


def bundled_models() -> list[str]:
    """The names of the models included in this package."""
    folders = BUNDLED.iterdir() if BUNDLED.is_dir() else []
    return sorted(folder.name for folder in folders if (folder / "config.json").exists())


def bundled_hint() -> str:
    """A hint about a bundled model for errors of the hub."""
    names = bundled_models()
    return f"{names[0]!r} is bundled with this package and needs no network." if names else ""
