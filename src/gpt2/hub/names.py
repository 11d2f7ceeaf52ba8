"""The files that make up a model, the names of the bundled models, and home folders in paths."""

from __future__ import annotations

from pathlib import Path

from gpt2.errors import MissingFileError

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


def expand_home(path: Path) -> Path:
    """Expand ``~`` and ``~user``. Raises `MissingFileError` for a user without a home folder."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise MissingFileError(f"there is no file or folder {path}: its user is unknown.") from None
