"""What the models share besides mathematics: initialisation, loading, saving, their size."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gpt2.config import GPT2Config
from gpt2.errors import InputError, WeightError

M = TypeVar("M", bound="PreTrainedModel")

FROM_HUB = ("revision", "cache_dir", "local_files_only", "token")


class PreTrainedModel(nn.Module):
    """A module with a `GPT2Config`. ``base_prefix`` is what its names lack of the checkpoint's."""

    config: GPT2Config
    base_prefix = ""
    new_parameters: tuple[str, ...] = ()  # made here and not in a language model's checkpoint

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        if not isinstance(config, GPT2Config):
            raise InputError(f"a model is made from a GPT2Config, found {type(config).__name__}.")
        self.config = config

    def init_weights(self) -> None:
        """GPT-2's initialisation: normal with `initializer_range`, zero biases, unit norms; what
        adds to the residual stream is scaled by 1/sqrt(N) for N = 2 n_layer residual additions
        (Radford et al. 2019, section 2.3)."""
        std = self.config.initializer_range
        for name, parameter in self.named_parameters():
            if parameter.is_meta:
                continue
            if name.endswith(".bias"):
                nn.init.zeros_(parameter)
            elif "ln_" in name:
                nn.init.ones_(parameter)
            elif name.endswith("c_proj.weight"):
                nn.init.normal_(parameter, std=std / (2 * self.config.n_layer) ** 0.5)
            else:
                nn.init.normal_(parameter, std=std)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' precision."""
        return next(self.parameters()).dtype

    def num_parameters(self, only_trainable: bool = False) -> int:
        """The number of values, a tied weight counted once."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad or not only_trainable)

    def get_input_embeddings(self) -> nn.Embedding:
        """The token embedding."""
        raise NotImplementedError

    def get_output_embeddings(self) -> Any:
        """The head over the vocabulary, or None where there is none."""
        return None

    def tie_weights(self) -> None:
        """Let modules share a weight, where the configuration says so."""

    def gradient_checkpointing_enable(self, enabled: bool = True) -> None:
        """Keep only each block's input for the backward pass and compute the rest again."""
        for module in self.modules():
            if hasattr(module, "gradient_checkpointing"):
                module.__dict__["gradient_checkpointing"] = enabled

    def gradient_checkpointing_disable(self) -> None:
        """Keep all activations for the backward pass."""
        self.gradient_checkpointing_enable(False)

    def resize_token_embeddings(self, new_num_tokens: int) -> nn.Embedding:
        """Grow or cut the vocabulary; the rows that stay are kept, new ones drawn as at first.

        An untied head goes with it. Raises `InputError` for a size below 1.
        """
        if not isinstance(new_num_tokens, int) or new_num_tokens < 1:
            raise InputError(f"a vocabulary has at least 1 token, found {new_num_tokens!r}.")
        self.config.vocab_size = new_num_tokens
        embedding = self.get_input_embeddings()
        embedding.weight = self._resized(embedding.weight, new_num_tokens)
        embedding.num_embeddings = new_num_tokens
        head = self.get_output_embeddings()
        if head is not None and not self.config.tie_word_embeddings:
            head.weight = self._resized(head.weight, new_num_tokens)
        self.tie_weights()
        return embedding

    def _resized(self, old: Tensor, rows: int) -> nn.Parameter:
        fresh = old.new_empty(rows, old.shape[1]).normal_(0, self.config.initializer_range)
        kept = min(rows, len(old))
        fresh[:kept] = old.detach()[:kept]
        return nn.Parameter(fresh, old.requires_grad)

    @classmethod
    def from_pretrained(
        cls: type[M],
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        config: GPT2Config | None = None,
        dtype: torch.dtype | str | None = None,
        torch_dtype: torch.dtype | str | None = None,
        **options: Any,
    ) -> M:
        """Load a folder, a file, a bundled name or a hub name; the model is in evaluation mode.

        ``dtype`` is a torch type, its name, or ``"auto"`` for the file's own; default float32. Of
        the other keywords ``revision``, ``cache_dir``, ``local_files_only`` and ``token`` go to the
        hub; the rest override the configuration. Raises `ModelFileError` or `HubError`.
        """
        from gpt2.checkpoint import read_checkpoint
        from gpt2.hub import resolve

        hub = {name: options.pop(name) for name in FROM_HUB if name in options}
        checkpoint = read_checkpoint(
            resolve(pretrained_model_name_or_path, **hub), framework="torch", config=config
        )
        model_config = checkpoint.config.replace(**options) if options else checkpoint.config
        with torch.device("meta"):
            model = cls(model_config)
        model._adopt(checkpoint.tensors, _wanted_dtype(dtype or torch_dtype))
        model._loaded(checkpoint)
        return model.eval()

    def _loaded(self, checkpoint: Any) -> None:
        """For what a kind of model also keeps of its checkpoint."""

    def _adopt(self, tensors: Mapping[str, Tensor], dtype: torch.dtype | None) -> None:
        """Let a model on the meta device take the checkpoint's tensors as its own."""
        state = {}
        prefix = "" if self.base_prefix else "transformer."
        for name, parameter in self.state_dict().items():
            source = prefix + name
            if source == "lm_head.weight" and source not in tensors:
                source = "transformer.wte.weight"
            if source in tensors:
                tensor = tensors[source]
                if tensor.shape != parameter.shape:
                    raise WeightError(
                        f"{source} is {list(tensor.shape)} in the file and "
                        f"{list(parameter.shape)} in the model."
                    )
                state[name] = tensor if dtype is None else tensor.to(dtype)
            elif name in self.new_parameters:
                fresh = torch.empty_like(parameter, device="cpu", dtype=dtype)
                state[name] = fresh.normal_(0, self.config.initializer_range)
            else:
                raise WeightError(f"the checkpoint has no {source}.")
        self.load_state_dict(state, assign=True)
        for parameter in self.parameters():
            parameter.requires_grad_(True)
        self.tie_weights()

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        *,
        max_shard_size: int | str = "5GB",
        safe_serialization: bool = True,
        sidecar: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a folder that this package, transformers and vLLM load. Raises `WriteError`."""
        from gpt2.checkpoint import write_checkpoint

        prefix = "" if self.base_prefix else "transformer."
        state = {prefix + n: t for n, t in self.state_dict().items() if not self._is_tied(n)}
        own = getattr(self, "generation_config", None)  # a language model's
        write_checkpoint(
            Path(save_directory),
            self.config,
            state,
            max_shard_size=max_shard_size,
            safe_serialization=safe_serialization,
            generation_config=None if own is None else own.to_json(),
            sidecar=dict(sidecar) if sidecar else None,
        )

    def _is_tied(self, name: str) -> bool:
        return name == "lm_head.weight" and self.config.tie_word_embeddings


def _wanted_dtype(dtype: torch.dtype | str | None) -> torch.dtype | None:
    """None keeps the file's own precision."""
    if dtype is None:
        return torch.float32
    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype == "auto":
        return None
    found = getattr(torch, dtype, None)
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise InputError(f"dtype must be float32, bfloat16, float16 or 'auto', found {dtype!r}.")
    return found
