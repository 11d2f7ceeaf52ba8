"""Conversion to transformers: its class on the same weights, for code that requires it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from gpt2.errors import MissingDependencyError, UnsupportedError

if TYPE_CHECKING:
    from gpt2.model.pretrained import PreTrainedModel


def to_transformers(model: PreTrainedModel) -> Any:
    """Convert a model; see `PreTrainedModel.to_transformers`."""
    try:
        import transformers
    except ImportError as error:
        raise MissingDependencyError(
            "this requires transformers: pip install transformers."
        ) from error
    kind = next(c.__name__ for c in type(model).__mro__ if hasattr(transformers, c.__name__))
    config = transformers.GPT2Config.from_dict(model.config.to_dict())
    with torch.device("meta"):
        other = getattr(transformers, kind)(config)
    state = torch.nn.Module.state_dict(model, keep_vars=True)
    if odd := sorted(state.keys() ^ other.state_dict().keys()):
        raise UnsupportedError(
            f"transformers.{kind} and this model differ in {odd[0]}: merge adapters first "
            "(merge_lora); layers that a subclass adds cannot be converted."
        )
    other.load_state_dict(state, assign=True)
    other.tie_weights()
    generation = getattr(model, "generation_config", None)
    if generation is not None:
        other.generation_config = transformers.GenerationConfig.from_dict(generation.to_json())
    return other.train(model.training)
