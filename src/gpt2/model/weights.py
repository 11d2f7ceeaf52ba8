"""Load a checkpoint's tensors into a model, and report missing and unexpected ones."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gpt2.checkpoint import read_checkpoint
from gpt2.checkpoint.names import EMBEDDING, HEAD, canonical
from gpt2.config import GPT2Config
from gpt2.errors import GPT2Warning, MissingFileError, OptionError, WeightError
from gpt2.generation import GenerationConfig, LanguageModel
from gpt2.hub import PICKLED, SAFE, SETTINGS, resolve
from gpt2.model.keywords import Loading, apply_changes, wanted_dtype

if TYPE_CHECKING:
    from gpt2.model.pretrained import PreTrainedModel


@dataclass
class Report:
    """The result of matching the tensors, by the model's names."""

    missing: set[str] = field(default_factory=set)
    unexpected: set[str] = field(default_factory=set)
    mismatched: set[tuple[str, Any, Any]] = field(default_factory=set)

    def to_dict(self) -> dict[str, Any]:
        """The report in the form of transformers' ``output_loading_info``."""
        return {
            "missing_keys": self.missing,
            "unexpected_keys": self.unexpected,
            "mismatched_keys": self.mismatched,
            "error_msgs": [],
        }


def load(kind: type[PreTrainedModel], name: Any, call: Loading) -> Any:
    """Load a model of the given class; with ``output_loading_info``, return (model, report)."""
    config, tensors, generation, sidecar = _read(name, call, kind.has_head)
    arguments = {n: call.changes[n] for n in _constructor(kind) if n in call.changes}
    config = apply_changes(config, {n: v for n, v in call.changes.items() if n not in arguments})
    config._name_or_path = "" if name is None else str(name)
    config._attn_implementation = call.attention or config._attn_implementation
    dtype = call.dtype or _own_dtype(config, tensors)
    model, report = _adopt(kind, config, arguments, tensors, dtype, call.mismatched)
    if isinstance(model, LanguageModel):
        model.sidecar = sidecar
        if isinstance(call.generation_config, GenerationConfig):
            model.generation_config = call.generation_config
        else:
            model.use_generation_file(generation, config.name_or_path)
    model = (model if call.device is None else model.to(call.device)).eval()
    if call.report:
        return model, report.to_dict()
    if report.missing:
        _warn(kind, report.missing)
    return model


def _read(
    name: Any, call: Loading, head: bool
) -> tuple[GPT2Config, Mapping[str, Tensor], Any, dict[str, Any]]:
    """The configuration, the tensors by full name, the decoding defaults and gpt2.json."""
    given = call.generation_config  # transformers' object is read as its file would be
    decoding = given.to_dict() if hasattr(given, "to_dict") else None
    if name is None:
        if call.config is None or call.state_dict is None:
            raise OptionError("without a name, from_pretrained requires config= and state_dict=.")
        return call.config.replace(), canonical(call.state_dict), decoding, {}
    if call.state_dict is not None:
        raise OptionError("state_dict requires config and no name: from_pretrained(None, ...).")
    patterns = None
    if call.subfolder:
        patterns = [f"{call.subfolder}/{file}" for file in (*SETTINGS, *SAFE, *PICKLED)]
    place = resolve(name, allow_patterns=patterns, **call.where)
    checkpoint = read_checkpoint(
        place / call.subfolder if call.subfolder else place,
        framework="torch",
        config=call.config,
        head=head,
    )
    _check_form(checkpoint.form, call.safe, checkpoint.path)
    config = checkpoint.config if call.config is None else checkpoint.config.replace()
    generation = decoding or checkpoint.generation_config
    return config, checkpoint.tensors, generation, checkpoint.sidecar


def _check_form(form: str, safe: bool | None, place: Path) -> None:
    if safe is not None and safe is not (form == "safetensors"):
        raise MissingFileError(f"{place} contains {form}, but use_safetensors={safe} was given.")


def _own_dtype(config: GPT2Config, tensors: Mapping[str, Tensor]) -> torch.dtype:
    """The precision named in the configuration, or else that of the embedding."""
    named = wanted_dtype(config.dtype or config.torch_dtype)
    return named or tensors[EMBEDDING].dtype


def _constructor(kind: type[PreTrainedModel]) -> list[str]:
    """The parameters of a subclass's constructor other than the configuration."""
    return [n for n in inspect.signature(kind.__init__).parameters if n not in ("self", "config")]


def _adopt(
    kind: type[PreTrainedModel],
    config: GPT2Config,
    arguments: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    dtype: torch.dtype,
    mismatched: bool,
) -> tuple[PreTrainedModel, Report]:
    """Create a model whose parameters are the checkpoint's tensors, not copies of them."""
    with torch.device("meta"):
        model = kind(config, **arguments)
    state, report = _match(model, tensors, dtype, mismatched)
    if report.missing or next(model.buffers(), None) is not None:  # the constructor makes them
        model = kind(config, **arguments).to(dtype)
        for module in {model.get_submodule(name.rpartition(".")[0]) for name in report.missing}:
            model._init_weights(module)
    model.load_state_dict(state, strict=False, assign=True)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    model.tie_weights()
    return model, report


def _match(
    model: PreTrainedModel, tensors: Mapping[str, Tensor], dtype: torch.dtype, mismatched: bool
) -> tuple[dict[str, Tensor], Report]:
    """Match the tensors to the model's names."""
    state, report = {}, Report()
    wanted = torch.nn.Module.state_dict(model)
    for name, parameter in wanted.items():
        source = model.full_name(name)
        if source == HEAD and source not in tensors:
            source = EMBEDDING
        if source not in tensors:
            report.missing.add(name)
            continue
        tensor = tensors[source]
        if tensor.shape == parameter.shape:
            state[name] = _convert(tensor, dtype, source)
        elif mismatched:
            report.missing.add(name)
            report.mismatched.add((name, tensor.shape, parameter.shape))
        else:
            raise WeightError(
                f"{source} has the shape {list(tensor.shape)} in the file and "
                f"{list(parameter.shape)} in the model; ignore_mismatched_sizes=True initializes "
                "it from scratch."
            )
    used = {model.full_name(name) for name in wanted} | {HEAD}
    report.unexpected = {name for name in tensors if name not in used}
    names = (model.full_name(name) for name in report.missing)
    if core := sorted(name for name in names if name.startswith("transformer.")):
        raise WeightError(f"the checkpoint has no {core[0]}.")
    return state, report


def _convert(tensor: Tensor, dtype: torch.dtype, name: str) -> Tensor:
    """Convert a tensor's precision. Raises `WeightError` for a value outside its range."""
    if tensor.dtype == dtype or not tensor.is_floating_point():
        return tensor
    converted = tensor.to(dtype)
    narrower = torch.finfo(dtype).max < torch.finfo(tensor.dtype).max
    if narrower and not tensor.is_meta and not converted.isfinite().all():
        raise WeightError(f"{name} contains values that {str(dtype)[6:]} cannot hold.")
    return converted


def _warn(kind: type[PreTrainedModel], missing: set[str]) -> None:
    warnings.warn(
        f"{', '.join(sorted(missing))} of {kind.__name__} is not in the checkpoint and is "
        "initialized randomly: train it before use.",
        GPT2Warning,
        stacklevel=5,
    )
