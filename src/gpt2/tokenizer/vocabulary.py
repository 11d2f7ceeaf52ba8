"""A vocabulary: tokens and their ids, added tokens, settings, and their validation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from gpt2 import files
from gpt2.errors import CorruptFileError, TokenizerError, show
from gpt2.tokenizer.bpe import to_bytes
from gpt2.tokenizer.checks import check_object, read_id
from gpt2.tokenizer.template import Template

Kind = Literal["BPE", "WordPiece"]
GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")  # classes that only read tokenizer.json
_FLAGS = ("single_word", "lstrip", "rstrip", "special")


@dataclasses.dataclass(frozen=True)
class AddedToken:
    """A token that is matched in the text before it is split into words.

    ``lstrip`` and ``rstrip`` let it absorb the adjacent whitespace; a ``single_word`` token is not
    matched inside a longer word; ``special`` tokens can be skipped when decoding.
    """

    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    special: bool = False
    normalized: bool | None = None  # without normalization in BPE, only sets the matching order

    def __post_init__(self) -> None:
        if self.normalized is None:
            object.__setattr__(self, "normalized", not self.special)

    def __str__(self) -> str:
        return self.content

    @classmethod
    def of(cls, value: Any, **defaults: bool) -> AddedToken:
        """Build from a string, a mapping as in the files, or any object with the same attributes.

        Raises `TokenizerError` for anything else.
        """
        if isinstance(value, str):
            return cls(value, **defaults)
        names = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(value, Mapping):
            value = {n: getattr(value, n) for n in names if hasattr(value, n)} or value
        known = {n: value[n] for n in names if n in value} if isinstance(value, Mapping) else {}
        if not isinstance(known.get("content"), str):
            raise TokenizerError(
                f"a token must be a string, or an object with a 'content', found {show(value)}."
            )
        wrong = next((n for n in _FLAGS if not isinstance(known.get(n, False), bool)), None)
        if wrong is not None:
            raise TokenizerError(f"{wrong} of a token must be true or false, found {show(value)}.")
        return cls(**(defaults | known))


@dataclasses.dataclass
class Vocabulary:
    """The contents of the tokenizer files.

    Attributes:
        kind: byte-level BPE or WordPiece.
        vocab: token -> id, spelled as in the files ('Ġ' for a space, '##' for the rest of a word);
            includes special tokens if the files do.
        merges: BPE's pairs in the order learned.
        added: id -> token matched in the text before it is split into words.
        settings: the contents of tokenizer_config.json.
        template: the special tokens around a text, if the files define them.
    """

    kind: Kind
    vocab: dict[str, int]
    merges: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    added: dict[int, AddedToken] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    template: Template | None = None


def put(vocabulary: Vocabulary, i: int, token: AddedToken) -> None:
    """Add a token; if the vocabulary has it, the vocabulary's id is used, as in transformers."""
    known = vocabulary.vocab.get(token.content)
    if known is not None and (vocabulary.kind != "BPE" or is_own_spelling(token.content)):
        i = known
    vocabulary.added[i] = token


def is_own_spelling(token: str) -> bool:
    """Whether a token's spelling in byte-level files equals the text it represents.

    True for 'hello'; not for 'é', the single byte 0xE9, or 'Ġhello', which is ' hello'.
    """
    try:
        return to_bytes(token) == token.encode()
    except TokenizerError:  # not a byte-level token, such as '<对话>'
        return True


def read_vocab(path: Path) -> dict[str, int]:
    """Token -> id of a vocab.json. Raises `MissingFileError`, `CorruptFileError`."""
    return check_ids(files.read_json(path), f"{path}")


def read_lines(path: Path) -> dict[str, int]:
    """Token -> id of a vocab.txt, the line number. Raises as `read_vocab` does."""
    lines = files.read_text(path).split("\n")  # not splitlines: U+0085 does not end a line
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise CorruptFileError(f"{path} is empty: a vocabulary must have one token per line.")
    return {line.removesuffix("\r"): i for i, line in enumerate(lines)}


def read_merges(path: Path) -> list[tuple[str, str]]:
    """The pairs of a merges.txt. Raises `CorruptFileError` for a line that is not two tokens."""
    lines = files.read_text(path).split("\n")  # not splitlines: the vocabulary uses U+0085
    start = 1 if lines[0].removeprefix("\ufeff").startswith("#version") else 0
    merges = []
    for number_, line in enumerate(lines[start:], start + 1):
        line = line.rstrip("\r")
        if not line:
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise CorruptFileError(
                f"{path}, line {number_}: expected two tokens, found {show(line)}."
            )
        merges.append((parts[0], parts[1]))
    return merges


def share_strings(vocab: dict[str, int], merges: Any) -> list[tuple[str, str]]:
    """The pairs, sharing the vocabulary's string objects: saves 5 MB for GPT-2."""
    strings = {token: token for token in vocab}
    return [(strings.get(a, a), strings.get(b, b)) for a, b in merges]


def read_token(value: Any, where: str) -> AddedToken:
    """Read an added token of a file. Raises `TokenizerError` with the location."""
    try:
        token = AddedToken.of(value)
    except TokenizerError as error:
        raise TokenizerError(f"{where}: {error}") from None
    if not token.content:
        raise TokenizerError(f"{where}: a token cannot be empty.")
    return token


def check_ids(data: Any, where: str) -> dict[str, int]:
    """Return the data if it maps each token to a different id. Raises `TokenizerError`."""
    vocab = check_object(data, where)
    for token, i in vocab.items():
        read_id(i, f"{where}: {show(token)}")
    if len(set(vocab.values())) != len(vocab):
        raise TokenizerError(f"{where}: two tokens have the same id.")
    return vocab


# The types of the known keys of tokenizer_config.json; other keys are kept unchanged.
_TYPES: dict[str, tuple[type, ...]] = {
    "errors": (str,),
    "padding_side": (str,),
    "truncation_side": (str,),
    "add_prefix_space": (bool,),
    "add_bos_token": (bool,),
    "add_eos_token": (bool,),
    "split_special_tokens": (bool,),
    "clean_up_tokenization_spaces": (bool,),
    "do_lower_case": (bool,),
    "tokenize_chinese_chars": (bool,),
    "strip_accents": (bool,),
    "model_max_length": (int, float),
    "max_len": (int, float),
    "additional_special_tokens": (list,),
    "extra_special_tokens": (list, dict),
}


def check_settings(settings: dict[str, Any], path: Path | str) -> dict[str, Any]:
    """Return the settings if each has its type; null means "not set". Raises `TokenizerError`."""
    for key, value in settings.items():
        kinds = _TYPES.get(key)
        if key.endswith("_token") and key not in _TYPES and not isinstance(value, bool):
            if value is not None:
                read_token(value, f"{path}: {key}")
        elif (
            kinds
            and value is not None
            and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds))
        ):
            names = " or ".join(_NAMES[kind] for kind in kinds)
            raise TokenizerError(f"{path}: {key} must be {names}, found {show(value)}.")
        if key.endswith("special_tokens"):
            for token in value.values() if isinstance(value, dict) else value or ():
                read_token(token, f"{path}: {key}")
    keep_null = {key for key in settings if key.endswith("_token")}
    return {k: v for k, v in settings.items() if v is not None or k in keep_null or k not in _TYPES}


_NAMES: dict[type, str] = {
    str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list",
    dict: "an object",
}  # fmt: skip
