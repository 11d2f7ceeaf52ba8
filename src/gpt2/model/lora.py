"""LoRA: low-rank adapters next to frozen weights (Hu et al. 2021, section 4.1).

A linear map x W + b becomes x W + b + (alpha / r) x A^T B^T, with A [r, inputs] initialised at
random and B [outputs, r] to zero, so that the model is unchanged at first. Only A and B are
trained. Afterwards W is replaced by W + (alpha / r) A^T B^T, and inference costs nothing extra.

Files have the format of the PEFT library (its names, its adapter_config.json), in both directions.
"""

from __future__ import annotations

import dataclasses
import math
import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2.adapters import MAPS as MAPS
from gpt2.adapters import LoraConfig as LoraConfig
from gpt2.errors import CorruptFileError, GPT2Warning, InputError, WeightError
from gpt2.files import atomic_folder, path_of, read_json_object, write_json
from gpt2.model.gpt2 import Conv1D, GPT2LMHeadModel
from gpt2.model.inference import PackedConv1D

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
PREFIX = "base_model.model."  # of the tensor names in PEFT's files

# PEFT's settings that do not change what a finished adapter computes: its target modules follow
# from the names of its tensors. Any other setting with a value is rejected.
WITHOUT_EFFECT = (
    "peft_type", "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision",
    "inference_mode", "r", "lora_alpha", "lora_dropout", "fan_in_fan_out", "target_modules",
    "exclude_modules", "layers_to_transform", "layers_pattern", "loftq_config", "eva_config",
    "megatron_config", "megatron_core", "qalora_group_size",
)  # fmt: skip
PLAIN: dict[str, tuple[Any, ...]] = {
    "bias": ("none",),
    "init_lora_weights": (
        True,
        "gaussian",
        "orthogonal",
        "eva",
    ),  # these leave the base model unchanged
}
WHY = {
    "init_lora_weights": "it also changes the base model's weights: in PEFT, save with "
    "path_initial_model_for_weight_conversion, or call merge_and_unload() and save the full "
    "model",
    "alora_invocation_tokens": "it adapts only the positions after these tokens",
    "modules_to_save": "it contains full layers: in PEFT, merge_and_unload() and save the model",
    "trainable_token_indices": "it contains rows of the embedding: in PEFT, merge_and_unload()",
}


class AdaptedConv1D(PackedConv1D):
    """A `Conv1D` with an adapter; its frozen weight and bias keep their names."""

    def __init__(self, base: Conv1D, rank: int, alpha: float, dropout: float) -> None:
        nn.Module.__init__(self)
        self.weight, self.bias = base.weight, base.bias
        self.nx, self.nf = inputs, outputs = base.weight.shape
        self.lora_A = nn.Parameter(base.weight.new_empty(rank, inputs))
        self.lora_B = nn.Parameter(base.weight.new_zeros(outputs, rank))
        if not self.lora_A.is_meta:
            nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))  # as nn.Linear, and PEFT
        self.rank, self.alpha, self.dropout = rank, alpha, dropout

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] to [..., outputs]."""
        low = F.linear(F.dropout(x, self.dropout, self.training), self.lora_A)  # [..., r]
        return super().forward(x) + F.linear(low, self.lora_B) * (self.alpha / self.rank)

    @torch.no_grad()
    def merge(self) -> Conv1D:
        """The equivalent plain map, with the adapter merged into the weight."""
        with torch.device("meta"):
            base = Conv1D(self.nx, self.nf)
        change = self.lora_A.float().t() @ self.lora_B.float().t() * (self.alpha / self.rank)
        base.weight = nn.Parameter(self.weight + change.to(self.weight.dtype))
        base.bias = nn.Parameter(self.bias.detach())
        return base


def add_lora(model: GPT2LMHeadModel, config: LoraConfig | None = None) -> list[str]:
    """Freeze a model and add adapters to its target modules; returns the modules' names.

    A target is a module's name or the end of one: "c_proj" means both in each block, "attn.c_proj"
    the one in attention, "h.0.attn.c_attn" the one in the first block. Raises `InputError` for an
    unknown target or a model that already has adapters.
    """
    config = config or LoraConfig()
    if find_adapters(model):
        raise InputError("the model already has adapters: merge them first (merge_lora).")
    maps = {name: part for name, part in model.named_modules() if isinstance(part, Conv1D)}
    chosen = {name for target in config.targets for name in _meant(target, maps)}
    if not chosen:
        raise InputError(f"LoRA requires targets, such as {', '.join(MAPS)}.")
    if grown := model.__dict__.get("new_rows", 0):
        warnings.warn(
            f"the {grown} rows that resize_token_embeddings added will not be trained: LoRA "
            "trains only its adapters. Train all weights to learn new tokens.",
            GPT2Warning,
            stacklevel=2,
        )
    model.requires_grad_(False)
    for name in maps:
        if name in chosen:
            new = AdaptedConv1D(
                maps[name], config.lora_rank, config.lora_alpha, config.lora_dropout
            )
            _replace(model, name, new.train(model.training))
    return [name for name in maps if name in chosen]


def merge_lora(model: GPT2LMHeadModel) -> GPT2LMHeadModel:
    """Merge the adapters into the weights in place; returns the model, plain and trainable again.

    Raises `InputError` if there are no adapters.
    """
    maps = find_adapters(model)
    if not maps:
        raise InputError("the model has no adapters to merge.")
    for name, part in maps.items():
        _replace(model, name, part.merge().train(part.training))
    return model.requires_grad_(True)


def find_adapters(model: nn.Module) -> dict[str, AdaptedConv1D]:
    """The modules with adapters, by name."""
    return {n: part for n, part in model.named_modules() if isinstance(part, AdaptedConv1D)}


def lora_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """The adapters' parameters by their names in PEFT's files."""
    return {
        f"{PREFIX}{name}.{half}.weight": getattr(part, half)
        for name, part in find_adapters(model).items()
        for half in ("lora_A", "lora_B")
    }


def save_lora(model: nn.Module, folder: str | os.PathLike[str], base: str = "") -> None:
    """Write the adapters in PEFT's format; ``base`` names the base model.

    Raises `InputError` if there are no adapters, `WriteError`.
    """
    tensors = {name: p.detach().cpu() for name, p in lora_parameters(model).items()}
    write_lora(model, path_of(folder), tensors, base)


def write_lora(
    model: nn.Module, folder: Path, tensors: Mapping[str, Tensor], base: str = ""
) -> None:
    """Write the given adapter tensors, on the CPU (those of a sharded model are gathered first)."""
    from gpt2.checkpoint.mapped import write_safetensors

    maps = find_adapters(model)
    if not maps:
        raise InputError("the model has no adapters to save.")
    with atomic_folder(folder, last=(WEIGHTS,)) as part:
        write_safetensors(part / WEIGHTS, dict(tensors))
        write_json(part / CONFIG, _config_entry(maps, base))


def load_lora(model: GPT2LMHeadModel, folder: str | os.PathLike[str]) -> list[str]:
    """Load the adapters of a folder, which PEFT may have written; returns their modules' names.

    Raises:
        MissingFileError, CorruptFileError: a missing or damaged file.
        WeightError: adapters of a different model, or with unsupported parts.
        InputError: the model already has adapters.
    """
    folder = Path(folder)
    settings = read_json_object(folder / CONFIG)
    config = _understood(settings, folder / CONFIG)
    tensors = read_lora(folder)
    _check_rank(tensors, config.lora_rank, folder)
    names = {name.removeprefix(PREFIX).rsplit(".lora_", 1)[0] for name in tensors}
    with_names = dataclasses.replace(config, lora_targets=",".join(sorted(names)))
    try:
        added = add_lora(model, with_names)
    except InputError as error:
        if find_adapters(model):
            raise
        raise WeightError(f"{folder} does not fit this model: {error}") from None
    try:
        assign_lora(model, tensors)
    except WeightError as error:
        raise WeightError(f"{folder} does not fit this model: {error}") from None
    return added


def read_lora(folder: Path) -> dict[str, Tensor]:
    """Read the tensors of an adapter folder.

    Raises `MissingFileError`, `CorruptFileError`, `WeightError` for values that are not finite.
    """
    from gpt2.checkpoint.mapped import read_safetensors

    file = read_safetensors(folder / WEIGHTS)
    for name, stored in file.items():
        stored.check_finite(name, str(folder / WEIGHTS))
    return {name: stored.torch() for name, stored in file.items()}


@torch.no_grad()
def assign_lora(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy tensors with PEFT's names into the adapters. Raises `WeightError`."""
    wanted = lora_parameters(model)
    if odd := sorted(wanted.keys() ^ tensors.keys()):
        where = "missing" if odd[0] in wanted else "of no adapter here"
        raise WeightError(f"{odd[0]} is {where}.")
    for name, parameter in wanted.items():
        if tensors[name].shape != parameter.shape:
            shape, expected = list(tensors[name].shape), list(parameter.shape)
            raise WeightError(
                f"{name} has the shape {shape} in the file, but {expected} in the model."
            )
        parameter.copy_(tensors[name])


def _check_rank(tensors: Mapping[str, Tensor], rank: int, folder: Path) -> None:
    """Compare the declared rank with the tensors before memory is allocated."""
    for name, tensor in tensors.items():
        rows = tensor.shape[0 if ".lora_A." in name else -1] if tensor.ndim == 2 else None
        if rows != rank:
            raise WeightError(
                f"{folder}: {name} has the shape {list(tensor.shape)}, but adapter_config.json "
                f"has r = {rank}."
            )


def _meant(target: str, maps: Iterable[str]) -> list[str]:
    names = [name for name in maps if name == target or name.endswith(f".{target}")]
    if not names:
        raise InputError(
            f"LoRA target {target!r} is not a linear layer of this model: use {', '.join(MAPS)}, "
            "or that of one block, such as h.0.attn.c_attn."
        )
    return names


def _replace(model: nn.Module, name: str, part: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, part)


def _config_entry(maps: Mapping[str, AdaptedConv1D], base: str) -> dict[str, Any]:
    """The contents of PEFT's adapter_config.json; other settings have PEFT's defaults."""
    one = next(iter(maps.values()))
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": one.rank,
        "lora_alpha": one.alpha,
        "lora_dropout": one.dropout,
        "target_modules": sorted(maps),
        "fan_in_fan_out": True,  # weights are [inputs, outputs]
        "bias": "none",
        "inference_mode": True,
    }


def _understood(settings: Mapping[str, Any], path: Path) -> LoraConfig:
    """Convert PEFT's settings. Raises `WeightError` for one that would change the result."""
    if settings.get("peft_type") != "LORA":
        raise WeightError(
            f"{path} has the type {settings.get('peft_type')!r}; only LORA is supported."
        )
    for name, value in settings.items():
        if name not in WITHOUT_EFFECT and value not in PLAIN.get(name, ()) and value:
            why = "; " + WHY[name] if name in WHY else ""
            raise WeightError(f"{path} has {name} = {value!r}, which is not supported{why}.")
    try:
        return LoraConfig(
            settings["r"], float(settings["lora_alpha"]), float(settings["lora_dropout"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{path} is not a LoRA configuration: {error}.") from None
