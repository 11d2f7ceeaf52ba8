"""What the models share apart from the mathematics: initialisation, files, size, resizing the
vocabulary, and the members that other libraries' loops expect of a transformers model."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from gpt2.checkpoint import carried
from gpt2.config import GPT2Config
from gpt2.config_base import NotUploaded
from gpt2.errors import ConfigError, GPT2Warning, InputError, UnknownOptionError, UnsupportedError
from gpt2.files import path_of
from gpt2.model.activations import ActivationCheckpointing
from gpt2.model.keywords import ATTENTION, read_keywords, wanted_dtype
from gpt2.model.vocabulary import new_size, resize

M = TypeVar("M", bound="PreTrainedModel")

EMBEDDING, HEAD = "transformer.wte.weight", "lm_head.weight"
BODY = ("wte", "wpe", "h", "ln_f")  # the parts of a model without a head


class PreTrainedModel(ActivationCheckpointing, NotUploaded):
    """A module with a `GPT2Config` that is a `GPT2Model` or holds one in ``transformer``."""

    config: GPT2Config
    # what transformers' Trainer, accelerate, PEFT and trl expect of a model
    config_class: ClassVar[type[GPT2Config]] = GPT2Config
    base_model_prefix: ClassVar[str] = "transformer"
    main_input_name: ClassVar[str] = "input_ids"
    accepts_loss_kwargs: ClassVar[bool] = False  # whether the loss is the sum over the step's items
    _no_split_modules: ClassVar[list[str]] = ["Block"]
    _keys_to_ignore_on_save: ClassVar[list[str] | None] = None
    _is_accelerate_prepared = False
    has_head: ClassVar[bool] = False  # over the vocabulary, `lm_head`
    lm_head: Any

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        try:
            self.config = GPT2Config.of(config)
        except ConfigError as error:
            raise InputError(f"a model must be created from a GPT2Config: {error}") from None
        self.warnings_issued: dict[str, bool] = {}

    def init_weights(self) -> None:
        """GPT-2's initialisation: normal with `initializer_range`, zero biases, unit norms; the
        projections into the residual stream are scaled by 1/sqrt(N) for N = 2 n_layer residual
        additions (Radford et al. 2019, section 2.3)."""
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

    def _init_weights(self, module: nn.Module) -> None:
        """Initialise a layer that a subclass adds to GPT-2's; subclasses may override this."""
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def post_init(self) -> None:
        """Initialise a subclass's own layers, at the end of its constructor."""
        for name, module in self.named_modules():
            if name and not module._modules and name not in ("lm_head", "wte", "wpe"):
                inside = name.startswith((f"{self.base_model_prefix}.", "h."))
                if not inside and not any(p.is_meta for p in module.parameters()):
                    self._init_weights(module)

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights."""
        return next(self.parameters()).dtype

    @property
    def base_model(self) -> Any:
        """The model without its head."""
        return getattr(self, self.base_model_prefix, self)

    def full_name(self, name: str) -> str:
        """A parameter's name in a checkpoint; a model without a head lacks the prefix."""
        core = self.base_model is self and name.split(".")[0] in BODY
        return f"transformer.{name}" if core else name

    @property
    def name_or_path(self) -> str:
        """The name or path the model was loaded from."""
        return self.config.name_or_path

    @classmethod
    def can_generate(cls) -> bool:
        """Whether the class has ``generate``."""
        return hasattr(cls, "generate")

    def num_parameters(self, only_trainable: bool = False, exclude_embeddings: bool = False) -> int:
        """The number of parameters, with a tied weight counted once."""
        tables = {id(m.weight) for m in self.modules() if isinstance(m, nn.Embedding)}
        left_out = tables if exclude_embeddings else set()
        counted = (p for p in self.parameters() if p.requires_grad or not only_trainable)
        return sum(p.numel() for p in counted if id(p) not in left_out)

    def get_memory_footprint(self, return_buffers: bool = True) -> int:
        """The size of the weights, and of the buffers, in bytes."""
        buffers = self.buffers() if return_buffers else []
        return sum(x.nbytes for x in (*self.parameters(), *buffers))

    def get_decoder(self) -> Any:
        """The model without its head: all of GPT-2 is a decoder."""
        return self.base_model

    @property
    def dummy_inputs(self) -> dict[str, Tensor]:
        """Ids [3, 5] valid for any GPT-2, for a trial forward pass."""
        return {"input_ids": torch.arange(15).view(3, 5) % self.config.vocab_size}

    def get_parameter_or_buffer(self, target: str) -> Tensor:
        """The parameter or buffer with a full name. Raises AttributeError for any other name."""
        named = {
            **dict(self.named_parameters(remove_duplicate=False)),
            **dict(self.named_buffers()),
        }
        if target not in named:
            raise AttributeError(f"{target!r} is neither a parameter nor a buffer.")
        return named[target]

    def get_input_embeddings(self) -> nn.Embedding:
        """The token embedding."""
        return self.base_model.wte

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        """Replace the token embedding."""
        self.base_model.wte = value

    def get_output_embeddings(self) -> Any:
        """The language-modelling head, or None."""
        return self.lm_head if self.has_head else None

    def set_output_embeddings(self, new_embeddings: nn.Module) -> None:
        """Replace the head."""
        self.lm_head = new_embeddings

    def tie_weights(self) -> None:
        """Tie the head to the token embedding, if the configuration says so."""
        if self.has_head and self.config.tie_word_embeddings:
            self.lm_head.weight = self.get_input_embeddings().weight

    def set_attn_implementation(self, attn_implementation: str) -> None:
        """Choose "eager" (explicit attention) or "sdpa" (PyTorch's fused kernels)."""
        if attn_implementation not in ATTENTION:
            raise UnsupportedError(f"attn_implementation must be one of {ATTENTION}.")
        self.config._attn_implementation = attn_implementation

    def resize_token_embeddings(
        self,
        new_num_tokens: int | None = None,
        pad_to_multiple_of: int | None = None,
        mean_resizing: bool = True,
    ) -> nn.Embedding:
        """Grow or shrink the vocabulary and an untied head with it; remaining rows are unchanged.

        New rows are drawn around the mean of the old ones, so that they barely change the model's
        predictions; without ``mean_resizing``, they are initialised as in a new model. Raises
        `InputError` for a size below 1.
        """
        embedding = self.get_input_embeddings()
        rows = new_size(len(embedding.weight), new_num_tokens, pad_to_multiple_of)
        if rows == len(embedding.weight):
            return embedding
        if rows > len(embedding.weight) and not embedding.weight.requires_grad:
            warnings.warn(
                f"the {rows - len(embedding.weight)} new rows of the embedding are frozen like "
                "the existing ones: adapters alone cannot learn new tokens.",
                GPT2Warning,
                stacklevel=2,
            )
        grown = self.__dict__.get("new_rows", 0) + rows - len(embedding.weight)
        self.__dict__["new_rows"] = max(0, grown)  # for adapters, which would leave these frozen
        std = None if mean_resizing else self.config.initializer_range
        embedding.weight = resize(embedding.weight, rows, std)
        embedding.num_embeddings = rows
        head = self.get_output_embeddings()
        if head is not None:
            head.out_features = rows
            if not self.config.tie_word_embeddings:
                head.weight = resize(head.weight, rows, std)
        self.config.vocab_size = rows
        self.tie_weights()
        return embedding

    @classmethod
    def from_pretrained(
        cls: type[M],
        pretrained_model_name_or_path: str | os.PathLike[str] | None,
        **keywords: Any,
    ) -> Any:
        """Load a folder, a file, a bundled name or a hub name; the model is in evaluation mode.

        Keywords, as in transformers:
            config: a `GPT2Config`, or a path or name to load it from, instead of the folder's.
            state_dict: the weights themselves, with ``config`` and no name.
            dtype (torch_dtype): a torch dtype or its name; "auto", the default, is the file's own.
            subfolder, revision, cache_dir, local_files_only, token: where to find the files.
            device_map: a single device: "cpu", "cuda:0", {"": 0}, "auto".
            attn_implementation: "sdpa" or "eager".
            use_safetensors: True rejects pickle files, False rejects safetensors.
            generation_config: used instead of the folder's.
            ignore_mismatched_sizes: reinitialise a head whose shape differs.
            output_loading_info: return (model, report of missing and unexpected tensors).
        A value of the configuration (``attn_pdrop=0.0``) overrides the file's. Keywords without an
        effect here are accepted; one that only transformers supports raises an `UnsupportedError`
        that names an alternative; any other name raises an `UnknownOptionError`, which is also a
        TypeError. Raises `ModelFileError` or `HubError` for the files.
        """
        from gpt2.model.weights import load

        return load(cls, pretrained_model_name_or_path, read_keywords(keywords))

    @classmethod
    def _from_config(cls: type[M], config: GPT2Config, **keywords: Any) -> M:
        """Create a new model, for ``AutoModelForCausalLM.from_config``."""
        call = read_keywords(keywords)
        if call.changes:
            raise UnknownOptionError(f"from_config has no keyword {next(iter(call.changes))!r}.")
        config = GPT2Config.of(config)
        if call.attention is not None:
            config._attn_implementation = call.attention
        return cls(config).to(call.dtype or wanted_dtype(config.dtype) or torch.float32)

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        is_main_process: bool = True,
        state_dict: Mapping[str, Tensor] | None = None,
        push_to_hub: bool = False,
        max_shard_size: int | str = "5GB",
        safe_serialization: bool = True,
        sidecar: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        """Write a folder that this package, transformers and vLLM load.

        ``state_dict`` is written instead of the model's own. A head that replaced a tied one is
        written too, and the folder's configuration says that it is not tied. Nothing is written
        unless ``is_main_process``. ``save_function``, ``save_peft_format`` and
        ``save_original_format`` have no effect. Raises `WriteError`, and `UnsupportedError` for
        push_to_hub and variant.
        """
        from gpt2.checkpoint import write_checkpoint

        if push_to_hub:
            self.push_to_hub()
        _check_saving(others)
        if not is_main_process:
            return
        self.config.architectures = [type(self).__name__]
        state = nn.Module.state_dict(self) if state_dict is None else state_dict
        config = self.config.replace(tie_word_embeddings=False) if _has_new_head(state) else None
        left_out = [*carried.CARRIED, *([HEAD] if config is None and self._is_tied(HEAD) else [])]
        generation = getattr(self, "generation_config", None)  # a language model's
        write_checkpoint(
            path_of(save_directory),
            config or self.config,
            {self.full_name(n): t for n, t in state.items() if n not in left_out},
            max_shard_size=max_shard_size,
            safe_serialization=safe_serialization,
            generation_config=None if generation is None else generation.to_json(),
            sidecar=dict(sidecar) if sidecar else None,
        )

    def state_dict(self, *args: Any, **options: Any) -> Any:
        """As in torch. Under accelerate, and so under transformers' Trainer, a tied head is copied,
        since they write it with safetensors, which does not accept shared memory, and the settings
        are included (`carried`), since they write nothing else of the model."""
        state = super().state_dict(*args, **options)
        name = options.get("prefix", "") + HEAD
        if self._is_accelerate_prepared and self._is_tied(HEAD) and name in state:
            state[name] = state[name].clone()
        if self._is_accelerate_prepared and not options.get("prefix"):
            for entry, values in self._settings().items():
                state[entry] = torch.from_numpy(carried.as_bytes(values))
        return state

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        """As in torch, without the settings that `state_dict` may include."""
        for name in carried.CARRIED:
            state_dict.pop(prefix + name, None)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def _settings(self) -> dict[str, dict[str, Any]]:
        """The settings files next to the weights, by name: config.json and, for a language model,
        generation_config.json."""
        config = {**self.config.to_dict(), "architectures": [type(self).__name__]}
        generation = getattr(self, "generation_config", None)
        more = {} if generation is None else {carried.GENERATION: generation.to_json()}
        return {carried.CONFIG: config, **more}

    def to_transformers(self) -> Any:
        """Return the same model as an instance of transformers' class, sharing the weights.

        For code that requires transformers' own classes: a ``Trainer`` that writes complete
        folders, ``peft.get_peft_model``, trl. Training one trains the other. Raises
        `MissingDependencyError`, and `UnsupportedError` for adapters and for layers that
        transformers lacks.
        """
        from gpt2.model.bridge import to_transformers

        return to_transformers(self)

    def _is_tied(self, name: str) -> bool:
        return name == HEAD and self.config.tie_word_embeddings


def _has_new_head(state: Mapping[str, Tensor]) -> bool:
    """Whether a state has a head with other values than the embedding."""
    head, table = state.get(HEAD), state.get(EMBEDDING)
    if head is None or table is None or head.data_ptr() == table.data_ptr():
        return False
    return not torch.equal(head, table.to(head))


_SAVING = ("save_function", "save_peft_format", "save_original_format", "token")
_ONLY_THERE = ("variant", "distributed_checkpoint")


def _check_saving(others: Mapping[str, Any]) -> None:
    for name, value in others.items():
        if name in _ONLY_THERE and value:
            raise UnsupportedError(f"save_pretrained has no {name}: only transformers supports it.")
        if name not in (*_SAVING, *_ONLY_THERE):
            raise UnknownOptionError(f"save_pretrained has no keyword {name!r}.")
