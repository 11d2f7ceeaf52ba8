"""``generation_config.json``: reads files of any program, and writes them back without loss."""

from __future__ import annotations

import abc
import functools
import json
import os
import typing
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gpt2.config_base import PLACES, NotUploaded
from gpt2.errors import GPT2Error, GPT2Warning, OptionError
from gpt2.files import path_of, read_json_object, write_json, write_text
from gpt2.generation.elsewhere import harmless_in_a_file, is_elsewhere
from gpt2.options import check_names

FILE_NAME = "generation_config.json"
C = TypeVar("C", bound="ConfigFile")


class Kept(NamedTuple):
    """A file's value that is not an option here, or is invalid; it is written back on saving."""

    value: Any
    error: GPT2Error | None = None  # raised if generating would need the value


class ConfigFile(NotUploaded, abc.ABC):
    """The file handling of `GenerationConfig`, whose options are fields of a dataclass."""

    @abc.abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The options that were set explicitly."""

    @abc.abstractmethod
    def update(
        self, defaults_only: bool = False, allow_custom_entries: bool = False, **values: Any
    ) -> dict[str, Any]:
        """Set options by name; returns the unknown ones."""

    def to_diff_dict(self) -> dict[str, Any]:
        """The options that were set explicitly, and the other entries of a file."""
        return self.to_json()

    def to_json_string(
        self,
        use_diff: bool = True,
        ignore_metadata: bool = False,
        keys_to_pop: Sequence[str] | None = None,
    ) -> str:
        """`to_diff_dict` as indented JSON with sorted keys, without ``keys_to_pop``. The two
        flags have no effect: defaults and metadata are never written."""
        left_out = keys_to_pop or ()
        values = {n: v for n, v in self.to_diff_dict().items() if n not in left_out}
        return json.dumps(values, indent=2, sort_keys=True) + "\n"

    def to_json_file(
        self,
        json_file_path: str | os.PathLike[str],
        use_diff: bool = True,
        keys_to_pop: Sequence[str] | None = None,
    ) -> None:
        """Write `to_json_string`. Raises `WriteError`."""
        write_text(path_of(json_file_path), self.to_json_string(keys_to_pop=keys_to_pop))

    @classmethod
    def has(cls, name: str) -> bool:
        """Whether there is an option of this name."""
        return name in cls.__dataclass_fields__  # type: ignore[attr-defined]

    @classmethod
    def check_name(cls, name: str) -> None:
        """Raise `OptionError` for a name that is not an option, and suggest the nearest one."""
        check_names(cls, [name])

    @property
    def kept(self) -> dict[str, Kept]:
        """The entries of a file that are not options here, by name."""
        return self.__dict__["_kept"]

    def read(self, values: Mapping[str, Any], source: str) -> None:
        """Set the usable options of a file; a `GPT2Warning` reports the others.

        A file may come from another program or version: options that are unknown, not implemented
        or out of bounds are kept unchanged, so that the model still loads.
        """
        for name, value in values.items():
            kept = self._unusable(name, value)
            if kept is None:
                setattr(self, name, self._whole(name, value))
            else:
                self.kept[name] = kept
                _tell(source, name, kept)

    @classmethod
    def from_dict(cls: type[C], config_dict: Mapping[str, Any], **options: Any) -> C:
        """Build from the contents of a ``generation_config.json`` (`read`) and ``options``."""
        config = cls()
        config.read(config_dict, FILE_NAME)
        for name, value in options.items():
            setattr(config, name, value)
        return config

    @classmethod
    def of(cls: type[C], config: Any) -> C:
        """Return the config, converting one of transformers. Raises `OptionError`."""
        if isinstance(config, cls):
            return config
        if not hasattr(config, "to_dict"):
            raise OptionError(
                f"generation_config must be a GenerationConfig, found {config!r:.80}. Pass single "
                "options as keywords."
            )
        given = {name: value for name, value in config.to_dict().items() if value is not None}
        made = cls()
        made.read(given, "generation_config")
        return made

    @classmethod
    def from_pretrained(
        cls: type[C],
        pretrained_model_name: str | os.PathLike[str],
        config_file_name: str | os.PathLike[str] | None = None,
        *,
        subfolder: str = "",
        return_unused_kwargs: bool = False,
        **options: Any,
    ) -> Any:
        """Read ``generation_config.json`` (or ``config_file_name``) in a folder, or a given file.

        Args:
            pretrained_model_name: a folder, a file, or a model's name, which may be combined with
                the hub options (``revision``, ``cache_dir``, ``local_files_only``, ``token``).
            config_file_name: the file's name in the folder.
            subfolder: the folder of the file in that folder.
            return_unused_kwargs: return (config, the unknown ones of ``options``) instead.
            options: override those of the file.

        Raises:
            OptionError: an unknown option, without ``return_unused_kwargs``, or an invalid one.
            MissingFileError: there is no such file.
            CorruptFileError: it is not a JSON object.
        """
        hub = {n: options.pop(n) for n in PLACES if n in options}
        path = path_of(pretrained_model_name)
        name = Path(subfolder, config_file_name or FILE_NAME).as_posix()
        if not path.exists():
            from gpt2.hub import resolve

            path = resolve(pretrained_model_name, allow_patterns=[name], **hub)
        path = path / name if path.is_dir() else path
        config = cls()
        config.read(read_json_object(path, nan=True), str(path))  # a bias may be infinite
        unused = config.update(**options)
        if not return_unused_kwargs:
            check_names(cls, unused)
        return (config, unused) if return_unused_kwargs else config

    @classmethod
    def from_model_config(cls: type[C], model_config: Any) -> C:
        """The options in the ``config.json`` of an older model, including its special tokens.

        Args:
            model_config: a mapping, or an object with ``to_dict``.
        """
        values = model_config if isinstance(model_config, Mapping) else model_config.to_dict()
        if hasattr(model_config, "token_id"):  # which maps -1 to None
            ids = ("bos_token_id", "eos_token_id", "pad_token_id")
            values = {**values, **{name: model_config.token_id(name) for name in ids}}
        config = cls()
        options = {
            name: value
            for name, value in values.items()
            if cls.has(name) and value not in (None, getattr(config, name))
        }
        config.read(options, "config.json")
        return config

    def _unusable(self, name: str, value: Any) -> Kept | None:
        """How a value of a file is kept; None if it is a valid value of an option."""
        if not (self.has(name) or is_elsewhere(name)):
            return Kept(value)
        trial: Any = type(self)()
        try:
            setattr(trial, name, self._whole(name, value))
            trial.check_values()
        except GPT2Error as error:
            return Kept(value, error)
        return None if self.has(name) else Kept(value)

    def _whole(self, name: str, value: Any) -> Any:
        """Convert 3.0 to 3 for integer options: other programs write integers that way."""
        hint = _hints(type(self)).get(name)
        kinds = typing.get_args(hint) or (hint,)
        whole = isinstance(value, float) and value.is_integer()
        return int(value) if whole and int in kinds and float not in kinds else value

    def to_json(self) -> dict[str, Any]:
        """The contents of the file: options and kept entries, with mappings by ids as pairs."""
        values = self.to_dict() | {name: kept.value for name, kept in self.kept.items()}
        if isinstance(values.get("sequence_bias"), dict):
            values["sequence_bias"] = [[list(k), v] for k, v in values["sequence_bias"].items()]
        return values

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        config_file_name: str | os.PathLike[str] | None = None,
        push_to_hub: bool = False,
    ) -> None:
        """Write ``generation_config.json`` into a folder; transformers reads it too."""
        if push_to_hub:
            self.push_to_hub()
        write_json(path_of(save_directory) / (config_file_name or FILE_NAME), self.to_json())


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """The types of the options, cached: computing them for each value would take a second."""
    return typing.get_type_hints(cls)


def _tell(source: str, name: str, kept: Kept) -> None:
    if harmless_in_a_file(name) or (kept.error is None and is_elsewhere(name)):
        return
    if kept.error is None:
        reason = f"{name} is not a generation option; it is kept but has no effect."
    else:
        reason = f"{kept.error} It is kept, but raises an error if generation needs it."
    warnings.warn(f"{source}: {reason}", GPT2Warning, stacklevel=4)
