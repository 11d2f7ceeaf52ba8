"""The parts of a configuration other than the hyperparameters, under transformers' names: values
that every configuration has, the labels of a classifier, files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from gpt2.errors import ConfigError, MissingFileError, UnknownOptionError, UnsupportedError

C = TypeVar("C", bound="PretrainedConfig")

# Keywords that locate a model's files, for `gpt2.hub.resolve`; the others are values.
PLACES = ("revision", "cache_dir", "local_files_only", "token")

# How transformers loads, with no effect on the result: here this is always so, or not needed.
WITHOUT_EFFECT = (
    "low_cpu_mem_usage",
    "trust_remote_code",
    "weights_only",
    "resume_download",
    "offload_folder",
    "offload_buffers",
    "offload_state_dict",
    "force_download",
    "mirror",
    "from_tf",
    "from_flax",
    "tqdm_class",
    "user_agent",
    "_fast_init",
    "_from_auto",
    "_from_pipeline",
    "_commit_hash",
)

# Values that every transformers configuration has; they are only written if they were set.
USUAL: Mapping[str, Any] = MappingProxyType(
    {
        "output_attentions": False,
        "output_hidden_states": False,
        "return_dict": True,
        "is_encoder_decoder": False,
        "add_cross_attention": False,
        "chunk_size_feed_forward": 0,
        "architectures": None,
        "dtype": None,
        "torch_dtype": None,
        "id2label": MappingProxyType({0: "LABEL_0", 1: "LABEL_1"}),
        "label2id": MappingProxyType({"LABEL_0": 0, "LABEL_1": 1}),
        "problem_type": None,
        "summary_type": "cls_index",
        "summary_use_proj": True,
        "summary_activation": None,
        "summary_proj_to_labels": True,
        "summary_first_dropout": 0.1,
        "task_specific_params": None,
        "transformers_version": None,
    }
)


class NotUploaded:
    """An object that transformers can upload to the hub and this package cannot."""

    def push_to_hub(self, *args: Any, **options: Any) -> None:
        """Raise `UnsupportedError`: this package does not upload."""
        raise UnsupportedError(
            "this package does not upload models: call save_pretrained(folder), then run `hf "
            "upload USER/NAME folder` on a machine with network access."
        )


class PretrainedConfig(NotUploaded):
    """The base of `GPT2Config`; ``extra`` holds the values that are not fields."""

    model_type: ClassVar[str] = "gpt2"
    keys_to_ignore_at_inference: ClassVar[list[str]] = ["past_key_values"]
    extra: dict[str, Any]
    _attn_implementation: str = "sdpa"
    _name_or_path: str = ""

    @classmethod
    def from_dict(cls: type[C], config_dict: Mapping[str, Any], **options: Any) -> Any:
        """Build from the contents of a ``config.json``."""
        raise NotImplementedError

    @classmethod
    def of(cls: type[C], config: Any) -> C:
        """Return the configuration, converting one of transformers. Raises `ConfigError`."""
        if isinstance(config, cls):
            return config
        if not hasattr(config, "to_dict"):
            raise ConfigError(f"found {type(config).__name__}.")
        made: C = cls.from_dict(config.to_dict())
        return made

    @classmethod
    def from_json_file(cls: type[C], json_file: str | Path) -> C:
        """Read a ``config.json``. Raises `MissingFileError`, `CorruptFileError`, `ConfigError`."""
        from gpt2.files import exists, read_json_object

        try:
            values = read_json_object(json_file, nan=True)  # other programs may write NaN
            made: C = cls.from_dict(values)
            return made
        except MissingFileError as error:
            if not exists(Path(json_file).with_name("model.safetensors")):
                raise
            raise MissingFileError(
                f"{error} transformers' Trainer may have written this folder for a model of "
                "another class: model.config.save_pretrained(folder) adds the missing "
                "config.json, and Trainer(model.to_transformers(), ...) writes complete folders."
            ) from None

    def replace(self: C, **changes: Any) -> C:
        """A copy with some values changed."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The contents of a ``config.json``."""
        raise NotImplementedError

    @classmethod
    def from_pretrained(
        cls: type[C],
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        subfolder: str | None = None,
        return_unused_kwargs: bool = False,
        **options: Any,
    ) -> Any:
        """Load the configuration of a folder, a bundled model or a hub model.

        The options in `PLACES` locate it, those in `WITHOUT_EFFECT` are accepted, and the others
        override values of the file: see `override`.
        """
        from gpt2.hub import resolve

        where = {name: options.pop(name) for name in PLACES if name in options}
        options = {name: value for name, value in options.items() if name not in WITHOUT_EFFECT}
        name = Path(subfolder or "", "config.json")
        place = resolve(pretrained_model_name_or_path, allow_patterns=[name.as_posix()], **where)
        stored = cls.from_json_file(place / name if place.is_dir() else place)
        stored._name_or_path = str(pretrained_model_name_or_path)
        return stored.override({"return_unused_kwargs": return_unused_kwargs, **options})

    def override(self, options: Mapping[str, Any]) -> Any:
        """This configuration, or a copy with the values in ``options``.

        An unknown one raises an `UnknownOptionError`; with ``return_unused_kwargs`` among them, the
        result is instead (configuration, unknown options).
        """
        left = dict(options)
        both = left.pop("return_unused_kwargs", False)
        changes = {name: left.pop(name) for name in [*left] if self.knows(name)}
        if left and not both:
            raise UnknownOptionError(f"GPT2Config has no value {next(iter(left))!r}.")
        config = self.replace(**changes) if changes else self
        return (config, left) if both else config

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], push_to_hub: bool = False
    ) -> None:
        """Write ``config.json`` into a folder. Raises `WriteError`."""
        from gpt2.files import path_of, write_json

        if push_to_hub:
            self.push_to_hub()
        write_json(path_of(save_directory) / "config.json", self.to_dict())

    def knows(self, name: str) -> bool:
        """Whether a configuration has a value of this name."""
        return name in USUAL or name in ("num_labels", "name_or_path") or hasattr(self, name)

    def resolve(self, name: str, value: bool | None) -> bool:
        """A call's value of ``output_attentions`` or similar, or this one's if it is None."""
        return bool(getattr(self, name) if value is None else value)

    @property
    def eager_attention(self) -> bool:
        """Whether attention is computed explicitly, without torch's fused kernels."""
        upcast: bool = getattr(self, "reorder_and_upcast_attn")  # noqa: B009  # a field of GPT2Config
        return upcast or self._attn_implementation == "eager"

    @property
    def num_labels(self) -> int:
        """The number of classes of a classifier, from ``id2label``."""
        labels: Mapping[int, str] = getattr(self, "id2label")  # noqa: B009  # of `extra` or USUAL
        return len(labels)

    @num_labels.setter
    def num_labels(self, count: int) -> None:
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ConfigError(f"num_labels must be at least 1, found {count!r}.")
        if count != self.num_labels:
            names = {number: f"LABEL_{number}" for number in range(count)}
            self.extra["id2label"] = names
            self.extra["label2id"] = {name: number for number, name in names.items()}

    @property
    def name_or_path(self) -> str:
        """The name or path the configuration was loaded from; it is not written."""
        return self._name_or_path

    @name_or_path.setter
    def name_or_path(self, name: str) -> None:
        self._name_or_path = str(name)

    @property
    def use_return_dict(self) -> bool:
        """The old name of ``return_dict``."""
        return self.resolve("return_dict", None)

    def get_text_config(self, decoder: Any = None, encoder: Any = None) -> Any:
        """The configuration itself: GPT-2 only has a text model."""
        return self

    def update(self, config_dict: Mapping[str, Any]) -> None:
        """Set several values."""
        for name, value in config_dict.items():
            setattr(self, name, value)

    def update_from_string(self, update_str: str) -> None:
        """Set values from "resid_pdrop=0.2,scale_attn_weights=false": numbers, strings, booleans.

        Raises `ConfigError` for an unknown name, or a value of a different type.
        """
        for part in update_str.split(","):
            name, sign, text = part.partition("=")
            if not sign or not self.knows(name):
                raise ConfigError(
                    f"{part!r} must be NAME=VALUE, where NAME is a value of GPT2Config."
                )
            setattr(self, name, _of_kind(getattr(self, name), text, name))

    @classmethod
    def get_config_dict(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **options: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The contents of ``config.json``, and the options that do not locate it."""
        where = {name: options.pop(name) for name in (*PLACES, "subfolder") if name in options}
        unused = {name: value for name, value in options.items() if name not in WITHOUT_EFFECT}
        return cls.from_pretrained(pretrained_model_name_or_path, **where).to_dict(), unused

    def to_diff_dict(self) -> dict[str, Any]:
        """`to_dict`: all hyperparameters, and the other values that were set."""
        return self.to_dict()

    def to_json_file(self, json_file_path: str | os.PathLike[str], use_diff: bool = True) -> None:
        """Write `to_dict` as a ``config.json``. Raises `WriteError`."""
        from gpt2.files import write_json

        write_json(Path(json_file_path), self.to_dict())


def _of_kind(old: Any, text: str, name: str) -> Any:
    """Convert a text to the type of the previous value."""
    words = {"true": True, "1": True, "yes": True, "y": True}
    words |= {"false": False, "0": False, "no": False, "n": False}
    try:
        if isinstance(old, bool):
            return words[text.lower()]
        if isinstance(old, (int, float, str)):
            return type(old)(text)
    except (KeyError, ValueError):
        pass
    raise ConfigError(f"{name} is {old!r} and cannot be set to {text!r}.")


def plain(value: Any) -> Any:
    """Convert numpy and torch numbers, also in a list, to Python's, which JSON can write."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value


def with_labels(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the label numbers to integers: JSON keys are always strings."""
    entries = dict(values)
    labels = entries.get("id2label")
    if labels is None:
        entries.pop("id2label", None)
        if entries.get("num_labels") is None:
            entries.pop("num_labels", None)
        return entries
    entries.pop("num_labels", None)
    try:
        entries["id2label"] = {int(number): name for number, name in labels.items()}
    except (AttributeError, TypeError, ValueError):
        raise ConfigError(
            f"id2label must map each class number to a name, found {labels!r}."
        ) from None
    return entries
