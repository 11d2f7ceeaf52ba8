"""The state of a tokenizer: vocabulary, special tokens, settings, and its folder of files."""

from __future__ import annotations

import abc
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from gpt2 import files
from gpt2.config_base import PLACES, WITHOUT_EFFECT, NotUploaded
from gpt2.errors import MissingDependencyError, OptionError, TokenizerError, UnsupportedError
from gpt2.hub.names import expand_home
from gpt2.tokenizer import chat, rows, vocabulary_files
from gpt2.tokenizer.arguments import NO_LIMIT
from gpt2.tokenizer.special import SpecialTokens
from gpt2.tokenizer.template import PLAIN, Template
from gpt2.tokenizer.vocabulary import AddedToken, Kind, Vocabulary

if TYPE_CHECKING:
    from gpt2.tokenizer.base import Tokenizer


class Kept(SpecialTokens, chat.ChatTemplates, NotUploaded):
    """The base of a tokenizer, without encoding and decoding.

    Args:
        vocab: token -> id.
        added: id -> token matched in a text before it is split into words.
        roles: "bos", "eos" ... -> token; added to the vocabulary if it lacks them.
        template: the special tokens around a text.
        others: settings common to both kinds: model_max_length (the limit for
            ``truncation=True``), padding_side, truncation_side, split_special_tokens,
            clean_up_tokenization_spaces, chat_template, chat_control_tokens, extra_special_tokens.
            Others are stored.
    """

    KIND: ClassVar[Kind]
    _kinds: ClassVar[dict[Kind, type[Tokenizer]]] = {}
    ROLE_DEFAULTS: ClassVar[Mapping[str, str]]
    model_input_names: Sequence[str] = ("input_ids", "attention_mask")
    vocab_files_names: ClassVar[Mapping[str, str]] = {}
    is_fast = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "KIND" in cls.__dict__:
            Kept._kinds[cls.KIND] = cast("type[Tokenizer]", cls)

    def __init__(
        self,
        vocab: dict[str, int],
        added: Mapping[int, AddedToken] | None,
        roles: Mapping[str, Any],
        template: Template | None,
        others: dict[str, Any],
    ) -> None:
        self._roles, self._more = {}, []
        self._vocab, self._added = vocab, dict(added or {})
        self._check_added()
        self.template = template or PLAIN
        length = others.pop("max_len", None)
        length = others.pop("model_max_length", None) or length
        self.model_max_length = NO_LIMIT if length is None else int(length)
        self.padding_side = rows.side(others.pop("padding_side", "right"), "padding_side")
        self.truncation_side = rows.side(others.pop("truncation_side", "right"), "truncation_side")
        self.split_special_tokens = bool(others.pop("split_special_tokens", False))
        self.clean_up_tokenization_spaces = bool(others.pop("clean_up_tokenization_spaces", False))
        self.chat_template = chat.check(others.pop("chat_template", None), "chat_template")
        self.chat_control_tokens = chat.check_control(others.pop("chat_control_tokens", None))
        named, more = _special(others)
        self.init_kwargs = others
        self._index()
        self._take({**roles, **named}, more)

    # Files

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], *inputs: Any, **options: Any
    ) -> Tokenizer:
        """Load the tokenizer of a folder, of a hub model or of a bundled model.

        Returns a `GPT2Tokenizer`, or a `BertTokenizer` if the files hold a WordPiece vocabulary.
        Other options are those of the class and override the files.

        Raises `MissingFileError`, `CorruptFileError`, `TokenizerError`, `HubError`.
        """
        where = {key: options.pop(key) for key in PLACES if key in options}
        subfolder = options.pop("subfolder", None) or ""
        for key in ("use_fast", *WITHOUT_EFFECT):
            options.pop(key, None)
        place = expand_home(files.path_of(pretrained_model_name_or_path))
        if not (files.exists(place) and place.is_dir()):
            from gpt2.hub import resolve

            patterns = [Path(subfolder, file).as_posix() for file in vocabulary_files.FILES]
            place = resolve(pretrained_model_name_or_path, allow_patterns=patterns, **where)
            place = place if place.is_dir() else place.parent
        stored = vocabulary_files.read(place / subfolder)
        tokenizer = cls._kinds[stored.kind]._from_files(stored, options)
        tokenizer.name_or_path = str(pretrained_model_name_or_path)
        return tokenizer

    @classmethod
    def _from_files(cls, stored: Vocabulary, options: dict[str, Any]) -> Tokenizer:
        """Create the tokenizer; a default role is set only if the vocabulary has its token."""
        settings = {k: v for k, v in stored.settings.items() if k not in _NOT_OPTIONS} | options
        there = {*stored.vocab, *(token.content for token in stored.added.values())}
        for name, token in cls.ROLE_DEFAULTS.items():
            settings.setdefault(name, token if token in there else None)
        asked = {"add_bos_token", "add_eos_token"} & set(options)
        template = None if asked else stored.template
        return cls._make(stored, template, settings)

    @classmethod
    @abc.abstractmethod
    def _make(
        cls, stored: Vocabulary, template: Template | None, settings: dict[str, Any]
    ) -> Tokenizer:
        """Create the tokenizer from the contents of the files."""

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], **options: Any
    ) -> tuple[str, ...]:
        """Write a folder that transformers can read too; returns the paths. Raises `WriteError`.

        ``legacy_format``, ``filename_prefix`` and ``push_to_hub`` are unsupported (`OptionError`).
        """
        asked = [name for name, value in options.items() if value]
        if asked:
            raise OptionError(f"save_pretrained has no option {asked[0]!r}.")
        return tuple(
            map(str, vocabulary_files.write(files.path_of(save_directory), self._content()))
        )

    def save_vocabulary(
        self, save_directory: str | os.PathLike[str], filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Write only the vocabulary, without special tokens' roles. Raises `WriteError`."""
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        names = vocabulary_files.word_files(self._content())
        paths = [files.path_of(save_directory) / f"{prefix}{name}" for name in names]
        for path, text in zip(paths, names.values(), strict=True):
            files.write_text(path, text)
        return tuple(map(str, paths))

    def _content(self) -> Vocabulary:
        settings = {
            **{k: v for k, v in self.init_kwargs.items() if _is_json(v)},
            **dict.fromkeys(self.ROLE_DEFAULTS),
            **self.special_tokens_map,
            "model_max_length": self.model_max_length,
            "padding_side": self.padding_side,
            "truncation_side": self.truncation_side,
        }
        for name in ("split_special_tokens", "clean_up_tokenization_spaces"):
            settings |= {name: True} if getattr(self, name) else {}
        if self._more:
            settings["extra_special_tokens"] = list(self._more)
        if self.chat_template is not None:
            settings["chat_template"] = self.chat_template
        if self.chat_control_tokens is not None:
            settings["chat_control_tokens"] = list(self.chat_control_tokens)
        return Vocabulary(self.KIND, self._vocab, [], self._added, settings, self.template)

    @property
    def settings(self) -> list[Any]:
        """The settings, apart from the vocabulary, that determine a text's ids."""
        if self.template == PLAIN:
            return []
        parts = [*self.template.single, *self.template.pair]
        return [[[part.name, part.type_id, part.ids] for part in parts]]

    # The vocabulary

    @property
    def vocab_size(self) -> int:
        """The number of tokens in the vocabulary file, without added tokens."""
        return len(self._vocab)

    def __len__(self) -> int:
        return len(self._tokens)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.name_or_path!r}, {len(self)} tokens, "
            f"special: {self.special_tokens_map})"
        )

    def get_vocab(self) -> dict[str, int]:
        """Token -> id, including added tokens."""
        return dict(self._ids)

    @property
    def vocab(self) -> dict[str, int]:
        """Token -> id, including added tokens."""
        return self.get_vocab()

    @property
    def merges(self) -> list[tuple[str, str]]:
        """BPE's merges in the order learned, spelled as in merges.txt."""
        return []

    @property
    def highest_id(self) -> int:
        """The highest id of a token; -1 if there are no tokens."""
        return max(self._tokens, default=-1)

    @property
    def end_of_text(self) -> str | None:
        """The token that ends a document: ``eos_token``, or else ``sep_token``."""
        return self._roles.get("eos", self._roles.get("sep"))

    @property
    def end_of_text_id(self) -> int | None:
        """The id of `end_of_text`."""
        end = self.end_of_text
        return None if end is None else self._ids[end]

    @property
    def backend_tokenizer(self) -> Any:
        """Not available. Raises `UnsupportedError`."""
        raise UnsupportedError(
            "this tokenizer has no backend from the tokenizers library: save it and load its "
            "tokenizer.json with tokenizers.Tokenizer.from_file."
        )

    def to_transformers(self) -> Any:
        """Return the same tokenizer as an instance of transformers' class, for trl or lm-eval.

        Raises `MissingDependencyError`.
        """
        try:
            from transformers import AutoTokenizer
        except ImportError as error:
            raise MissingDependencyError(
                "this requires transformers: pip install transformers."
            ) from error
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            made = AutoTokenizer.from_pretrained(folder)
        made.name_or_path = self.name_or_path
        return made

    def convert_tokens_to_ids(self, tokens: str | Iterable[str]) -> Any:
        """The id of a token, or of each token; an unknown one gets the id of ``unk_token``."""
        if isinstance(tokens, str):
            return self._ids.get(tokens, self.unk_token_id)
        return [self._ids.get(token, self.unk_token_id) for token in tokens]

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The token of an id, or of each id, in the vocabulary's spelling; None if unknown."""
        ids = rows.plain(ids)
        if isinstance(ids, int):
            return self._tokens.get(ids)
        skip = set(self.all_special_ids) if skip_special_tokens else frozenset()
        return [self._tokens.get(i) for i in ids if i not in skip]

    def _index(self) -> None:
        """Rebuild the lookup tables from the vocabulary and the added tokens."""
        more = {token.content: i for i, token in self._added.items()}
        self._ids = self._vocab if more.items() <= self._vocab.items() else self._vocab | more
        self._tokens = {i: token for token, i in self._vocab.items()}
        self._tokens |= {i: token.content for i, token in self._added.items()}
        self._special_ids = frozenset(i for i, token in self._added.items() if token.special)

    def _check_added(self) -> None:
        by_id = {i: token for token, i in self._vocab.items()}
        for i, token in self._added.items():
            if by_id.get(i, token.content) != token.content:
                raise TokenizerError(
                    f"the added token {token.content!r} and the token {by_id[i]!r} of the "
                    f"vocabulary have the same id {i}."
                )

    def _token(self, i: int) -> str:
        try:
            return self._tokens[i]
        except (KeyError, TypeError):
            raise TokenizerError(
                f"no token has the id {i!r}: this vocabulary's ids are 0 to {self.highest_id}."
            ) from None


def _special(others: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Extract the special tokens from the settings: those with a role, and those without one."""
    more: Any = others.pop("additional_special_tokens", None)
    extra = others.pop("extra_special_tokens", None)
    named = dict(others.pop("model_specific_special_tokens", None) or {})
    if isinstance(extra, Mapping):
        named |= extra
        extra = None
    for key in [k for k, v in others.items() if k.endswith("_token") and not isinstance(v, bool)]:
        named[key] = others.pop(key)
    return {k.removesuffix("_token"): v for k, v in named.items()}, extra or more


# Keys of tokenizer_config.json that are not options here.
_NOT_OPTIONS = (
    "tokenizer_class",
    "name_or_path",
    "special_tokens_map_file",
    "tokenizer_file",
    "tokenizer_object",
    "vocab_file",
    "merges_file",
    "is_local",
    "local_files_only",
    "backend",
    "init_inputs",
    "self",
    "cls",
    "vocab",
    "merges",
    "added",
    "roles",
    "template",
    "others",
    "auto_map",
    "processor_class",
    "is_fast",
)


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool, list, dict))
