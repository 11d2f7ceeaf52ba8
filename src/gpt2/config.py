"""The hyperparameters of a GPT-2 model: `GPT2Config` and the four published sizes.

Names, defaults and aliases are those of transformers, so ``config.json`` files are interchangeable.
Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", table 2.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import typing
from collections.abc import Mapping
from typing import Any, ClassVar

from gpt2.config_base import USUAL, PretrainedConfig, plain, with_labels
from gpt2.errors import ConfigError, nearest, show
from gpt2.options import describe, is_a

# Names of other model families, and old ones, that mean the same thing.
ALIASES = {
    "hidden_size": "n_embd",
    "max_position_embeddings": "n_positions",
    "n_ctx": "n_positions",
    "num_attention_heads": "n_head",
    "num_hidden_layers": "n_layer",
}

# Name on the hub -> layers, heads, width (paper, table 2; the head count is in OpenAI's code).
PUBLISHED = {
    "gpt2": (12, 12, 768),
    "gpt2-medium": (24, 16, 1024),
    "gpt2-large": (36, 20, 1280),
    "gpt2-xl": (48, 25, 1600),
}

GELU_TANH = ("gelu_new", "gelu_pytorch_tanh", "gelu_fast")  # one function, three names
LARGEST = 2**31 - 1  # the core uses 32-bit sizes
ACTIVATIONS = (*GELU_TANH, "gelu", "relu", "silu", "swish", "tanh")


@dataclasses.dataclass
class GPT2Config(PretrainedConfig):
    """The hyperparameters of a GPT-2 model.

    Unknown keywords are kept unchanged (``extra``) and written back by `to_dict`, so that no entry
    of a newer program's file is lost. Raises `ConfigError` for an impossible shape.
    """

    vocab_size: int = 50257
    n_positions: int = 1024  # the context length: the longest sequence with position embeddings
    n_embd: int = 768
    n_layer: int = 12
    n_head: int = 12
    n_inner: int | None = None  # None: 4 * n_embd
    activation_function: str = "gelu_new"  # the tanh approximation, as in OpenAI's code
    resid_pdrop: float = 0.1
    embd_pdrop: float = 0.1
    attn_pdrop: float = 0.1
    layer_norm_epsilon: float = 1e-5
    initializer_range: float = 0.02
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False
    reorder_and_upcast_attn: bool = False
    tie_word_embeddings: bool = True
    use_cache: bool = True
    bos_token_id: int | None = 50256
    eos_token_id: int | list[int] | None = 50256
    pad_token_id: int | None = None
    extra: dict[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    attribute_map: ClassVar[dict[str, str]] = {n: a for n, a in ALIASES.items() if n != "n_ctx"}

    def __init__(self, **values: Any) -> None:
        fields = [f for f in dataclasses.fields(self) if f.name != "extra"]
        object.__setattr__(self, "extra", {})
        for field in fields:
            object.__setattr__(self, field.name, field.default)
        for name, value in with_labels(values).items():
            if self._may_be_set(name):
                setattr(self, name, value)
            else:
                self.extra[name] = value
        self.validate()

    @classmethod
    def _may_be_set(cls, name: str) -> bool:
        """Whether a value of a file becomes an attribute; names of computed properties
        (``head_dim``) and of Python's own attributes (``__class__``) are only kept."""
        attribute = getattr(cls, name, None)
        computed = isinstance(attribute, property) and attribute.fset is None
        return not (computed or name.startswith("__") or name == "extra")

    def __getattr__(self, name: str) -> Any:  # called only for names that are not fields
        extra = self.__dict__.get("extra", {})
        if name in ALIASES:
            return getattr(self, ALIASES[name])
        if name in extra:
            return extra[name]
        if name in USUAL:
            return USUAL[name]
        known = [*self.__dataclass_fields__, *ALIASES, *extra]
        near = nearest(name, known)
        hint = f" Did you mean {near!r}?" if near else ""
        raise AttributeError(f"GPT2Config has no attribute {name!r}.{hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        name, value = ALIASES.get(name, name), plain(value)
        known = isinstance(getattr(type(self), name, None), property) or name.startswith("_")
        if name in self.__dataclass_fields__ or known:
            object.__setattr__(self, name, value)
        else:
            self.extra[name] = value

    def validate(self) -> None:
        """Raise `ConfigError` for a value that does not have its field's type, or for an impossible
        shape. Numpy numbers are converted to Python's."""
        for name, hint in _hints().items():
            value = getattr(self, name)
            value = plain(list(value) if isinstance(value, tuple) else value)
            if not is_a(value, hint):
                raise ConfigError(f"{name} must be {describe(hint)}, found {show(value)}.")
            object.__setattr__(self, name, value)
        for name in ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "n_inner"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= LARGEST:
                raise ConfigError(f"{name} must be from 1 to {LARGEST:,}, found {show(value)}.")
        for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
            ids = getattr(self, name)
            for token in ids if isinstance(ids, list) else [ids]:
                if token is not None and abs(token) > LARGEST:
                    raise ConfigError(f"{name} must be a valid token id, found {show(token)}.")
        if self.n_embd % self.n_head:
            raise ConfigError(
                f"n_embd must be a multiple of n_head, found {self.n_embd} and {self.n_head}."
            )
        if self.activation_function not in ACTIVATIONS:
            raise ConfigError(
                f"activation_function must be one of {', '.join(ACTIVATIONS)}, "
                f"found {show(self.activation_function)}."
            )
        for name in ("resid_pdrop", "embd_pdrop", "attn_pdrop"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise ConfigError(f"{name} must be at least 0 and below 1, found {value!r}.")
        if not 0 < self.layer_norm_epsilon < math.inf:
            raise ConfigError(
                f"layer_norm_epsilon must be above 0, found {self.layer_norm_epsilon!r}."
            )
        if not 0 <= self.initializer_range < math.inf:
            raise ConfigError(
                f"initializer_range must be at least 0, found {self.initializer_range!r}."
            )

    @property
    def head_dim(self) -> int:
        """The width of one attention head."""
        return self.n_embd // self.n_head

    @property
    def inner(self) -> int:
        """The width of the MLP's hidden layer."""
        return self.n_inner if self.n_inner is not None else 4 * self.n_embd

    def attention_scale(self, layer: int) -> float:
        """The factor of the dot products in layer ``layer`` (from 0)."""
        scale = self.head_dim**-0.5 if self.scale_attn_weights else 1.0
        return scale / (layer + 1) if self.scale_attn_by_inverse_layer_idx else scale

    @property
    def eos_token_ids(self) -> tuple[int, ...]:
        """The ids that end a text; a configuration may hold none, one or several."""
        eos = self.token_id("eos_token_id")
        return () if eos is None else (eos,) if isinstance(eos, int) else tuple(eos)

    def token_id(self, name: str) -> int | list[int] | None:
        """A special token's id or ids, with None for -1, which some programs write if there is no
        such token."""
        value = getattr(self, name)
        if isinstance(value, list):
            return [token for token in value if token >= 0] or None
        return None if value is None or value < 0 else int(value)

    def parameter_count(self) -> int:
        """The number of parameters, with a tied head counted once."""
        d, inner = self.n_embd, self.inner
        block = (d * 3 * d + 3 * d) + (d * d + d) + (d * inner + inner) + (inner * d + d) + 4 * d
        head = 0 if self.tie_word_embeddings else self.vocab_size * d
        return (self.vocab_size + self.n_positions) * d + self.n_layer * block + 2 * d + head

    @classmethod
    def published(cls, name: str, **changes: Any) -> GPT2Config:
        """The configuration of a published size: gpt2, gpt2-medium, gpt2-large or gpt2-xl."""
        if name not in PUBLISHED:
            raise ConfigError(
                f"there is no published size {name!r}; the sizes are {', '.join(PUBLISHED)}."
            )
        layers, heads, width = PUBLISHED[name]
        return cls(**{"n_layer": layers, "n_head": heads, "n_embd": width, **changes})

    @classmethod
    def from_dict(cls, config_dict: Mapping[str, Any], **options: Any) -> Any:
        """Build from the contents of a ``config.json``, overridden by ``options`` (see `override`).

        Raises `ConfigError` for another family.
        """
        family = config_dict.get("model_type", "gpt2")
        if family != "gpt2":
            raise ConfigError(f"this is a {family!r} model; only GPT-2 models can be loaded.")
        # if a file uses two names for one value, transformers' own name takes precedence
        other = {n for n, standard in ALIASES.items() if standard in config_dict} | {"model_type"}
        made = cls(**{name: value for name, value in config_dict.items() if name not in other})
        return made.override(options) if options else made

    def to_dict(self) -> dict[str, Any]:
        """The contents of a ``config.json`` that transformers loads."""
        written = {**self._fields(), **self.extra}
        written["architectures"] = self.architectures or ["GPT2LMHeadModel"]
        return {"model_type": "gpt2", **written}

    def to_json_string(self, use_diff: bool = True) -> str:
        """`to_dict` as indented JSON with sorted keys."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def replace(self, **changes: Any) -> GPT2Config:
        """A copy with some values changed."""
        changes.pop("n_ctx", None)  # it does not count beside n_positions, as in transformers
        renamed = {ALIASES.get(name, name): value for name, value in changes.items()}
        held = {n: v for n, v in self.__dict__.items() if n.startswith("_")}
        kept = dict(self.extra)
        if "num_labels" in renamed and "id2label" not in renamed:
            kept = {n: v for n, v in kept.items() if n not in ("id2label", "label2id")}
        return type(self)(**{**self._fields(), **kept, **held, **renamed})

    def _fields(self) -> dict[str, Any]:
        names = (field.name for field in dataclasses.fields(self))
        return {name: getattr(self, name) for name in names if name != "extra"}


@functools.cache
def _hints() -> dict[str, Any]:
    hints = typing.get_type_hints(GPT2Config)
    return {field.name: hints[field.name] for field in dataclasses.fields(GPT2Config)}
