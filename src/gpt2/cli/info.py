"""``gpt2 info``: describe a model, or list what is installed, missing and cached."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import AS_JSON, model_argument
from gpt2.extras import EXTRAS, install
from gpt2.machine import versions

if TYPE_CHECKING:
    from gpt2.checkpoint import Checkpoint
    from gpt2.config import GPT2Config

PACKAGES = {  # package -> its purpose here
    "numpy": "arrays",
    "tiktoken": "fast tokenisation",
    "huggingface_hub": "models by name",
    "torch": "training, GPUs",
    "gguf": "export for llama.cpp",
}
LABELS = {  # fact -> its label in the text output, if it differs from the JSON key
    "place": "location",
    "form": "format",
    "width of a head": "head size",
    "width": "embedding size",
    "context": "context length",
    "keys and values": "KV cache",
}
HEAD = 1 << 16  # bytes of a model card to search for the licence
PRECISIONS = ("fp32", "fp16", "int8", "int4")


@click.command()
@model_argument()
@AS_JSON
def command(model: str | None, as_json: bool) -> None:
    """Show the architecture, size, licence and location of MODEL.

    Without MODEL, show the installed packages, the engines, and the models that are bundled or in
    the Hugging Face cache. Nothing is downloaded except the named model.
    """
    facts = about_model(model) if model else about_here()
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    for name, value in facts.items():
        label = LABELS.get(name, name)
        click.echo(f"{label}:" if isinstance(value, dict) else f"{label:<22} {_words(name, value)}")
        for key, inner in value.items() if isinstance(value, dict) else ():
            click.echo(f"  {key:<20} {_words(name, inner)}")


def about_model(name: str) -> dict[str, Any]:
    """Shape, parameters, licence and location; memory in bytes, also per token of KV cache."""
    from gpt2.checkpoint import identity, read_checkpoint
    from gpt2.hub import resolve

    place = resolve(name)
    checkpoint = read_checkpoint(place)
    config = checkpoint.config
    parameters = config.parameter_count()
    packed = checkpoint.quantization
    sizes = {kind: _weight_bytes(config, kind) for kind in PRECISIONS}
    if packed:
        sizes = {packed.dtype: sum(tensor.nbytes for tensor in checkpoint.stored.values())}
    files = {name: file for part in identity(place).values() for name, file in part.items()}
    return {
        "model": name,
        "place": str(place),
        "form": f"{checkpoint.form}, {packed or checkpoint.dtype}",
        **(_describe_packed(checkpoint, files) if packed else {}),
        "parameters": parameters,
        "layers": config.n_layer,
        "heads": config.n_head,
        "width of a head": config.head_dim,
        "width": config.n_embd,
        "vocabulary": config.vocab_size,
        "context": config.n_positions,
        "activation": config.activation_function,
        "licence": checkpoint.sidecar.get("licence") or _licence(place) or "not stated",
        "memory": sizes,
        "keys and values": 2 * 2 * config.n_layer * config.n_embd,  # bytes per token at fp16
        "SHA-256": {name: {k: f[k] for k in ("sha256", "size")} for name, f in files.items()},
    }


def _weight_bytes(config: GPT2Config, dtype: str) -> int:
    """The size of the weights on the native engine; at int4, it keeps the head at int8."""
    from gpt2.checkpoint.names import EMBEDDING, HEAD, MATRICES, expected_shapes
    from gpt2.checkpoint.packed import packed_size

    size = 0
    for name, shape in expected_shapes(config).items():
        if name in (EMBEDDING, HEAD):
            size += packed_size("int8" if dtype == "int4" else dtype, *shape)
        elif name.endswith(MATRICES):
            inputs, outputs = shape
            size += packed_size(dtype, outputs, inputs)
        else:
            size += 4 * math.prod(shape)
    return size


def _describe_packed(checkpoint: Checkpoint, files: Mapping[str, Any]) -> dict[str, Any]:
    """The rounding of a packed model, its cost in quality, and whether its files are complete."""
    assert checkpoint.quantization is not None
    facts: dict[str, Any] = {"rounding": checkpoint.quantization.rounding}
    report = checkpoint.sidecar.get("quantization")
    if isinstance(report, Mapping) and isinstance(report.get("kl_mean"), float):
        facts["KL divergence"] = (
            f"{report['kl_mean']:.5f} nats per token from {report.get('source')}"
        )
    recorded = checkpoint.sidecar.get("sha256")
    if isinstance(recorded, Mapping):
        damaged = [n for n, h in recorded.items() if n not in files or files[n]["sha256"] != h]
        facts["files"] = f"damaged: {', '.join(damaged)}" if damaged else "whole (SHA-256)"
    return facts


def about_here() -> dict[str, Any]:
    """The packages, engines and models on this machine."""
    from gpt2 import __version__
    from gpt2.hub import bundled_models

    packages = {n: version or _missing(n) for n, version in versions(PACKAGES).items()}
    return {
        "gpt2": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "packages": packages,
        "engines": {
            "native": _native(),
            "torch": _torch(),
            "reference": "ready (numpy)",
        },
        "bundled models": bundled_models(),
        "cached models": _find_cached(),
    }


def _missing(package: str) -> str:
    return f"missing ({PACKAGES[package]}: {install(package if package in EXTRAS else '')})"


def _native() -> str:
    from gpt2.errors import GPT2Error
    from gpt2.native.library import core
    from gpt2.native.threads import thread_count

    try:
        core()
    except GPT2Error as error:
        return f"missing: {error}"
    return f"ready, {thread_count(None)} threads"


def _torch() -> str:
    if versions(["torch"])["torch"] is None:
        return _missing("torch")
    import torch

    devices = torch.cuda.device_count()
    return f"ready, {devices} GPU" + ("s" if devices != 1 else "")


def _find_cached() -> list[str]:
    """The GPT-2 models in the hub's cache, found by their configurations."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return []
    models = []
    for repository in repositories:
        configs = [f.file_path for r in repository.revisions for f in r.files]
        if any(p.name == "config.json" and _is_gpt2(p) for p in configs):
            models.append(f"{repository.repo_id} ({repository.size_on_disk / 1e6:,.0f} MB)")
    return sorted(models)


def _is_gpt2(path: Path) -> bool:
    from gpt2.errors import ModelFileError
    from gpt2.files import read_bytes

    try:
        return b'"gpt2"' in read_bytes(path)
    except ModelFileError:
        return False


def _licence(place: Path) -> str | None:
    """The licence line at the head of a model card."""
    from gpt2.files import exists, open_regular

    card = (place if place.is_dir() else place.parent) / "README.md"
    if not exists(card):
        return None
    with open_regular(card) as file:
        lines = file.read(HEAD).decode("utf-8", "replace").split("\n")[:40]
    tags = ("license:", "licence:")
    return next((ln.split(":", 1)[1].strip() for ln in lines if ln.lower().startswith(tags)), None)


def _words(name: str, value: Any) -> str:
    """Format a fact, or a part of one, as text."""
    if name == "memory":
        return f"{value / 1e6:,.1f} MB"
    if name == "keys and values":
        return f"{value / 1e3:,.1f} MB for 1,000 tokens at fp16"
    if isinstance(value, dict):  # facts of a file
        return f"{value['size']:,} bytes\n    {value['sha256']}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
