"""A vocabulary as files: read every form in which GPT-2 vocabularies are passed on, write them all.

vocab.json + merges.txt      transformers' names for
encoder.json + vocab.bpe     OpenAI's two files
vocab.txt                    a WordPiece vocabulary, one token a line (the Chinese GPT-2s)
tokenizer.json               the `tokenizers` library: all of it in one file
tokenizer_config.json        special tokens, padding side, longest input
special_tokens_map.json      special tokens (older folders)
added_tokens.json            tokens beyond the vocabulary (older folders)
chat_template.jinja          how a conversation becomes text; see `chat`
"""

from __future__ import annotations

import dataclasses
import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from gpt2 import files
from gpt2.errors import CorruptFileError, MissingFileError, TokenizerError, shown
from gpt2.tokenizer import chat
from gpt2.tokenizer.bpe import to_bytes
from gpt2.tokenizer.template import Template, number

Kind = Literal["BPE", "WordPiece"]
PAIRS = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))
LINES = "vocab.txt"
FILES = (
    *(name for pair in PAIRS for name in pair),
    LINES,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    chat.FILE,
    f"{chat.FOLDER}/*.jinja",
)
GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")  # classes that obey tokenizer.json alone
_HEADER = "#version: 0.2"
_FLAGS = ("single_word", "lstrip", "rstrip", "special")


@dataclasses.dataclass(frozen=True)
class AddedToken:
    """A token found in the text before it is split into words.

    ``lstrip`` and ``rstrip`` let it swallow the white space beside it; a ``single_word`` is not
    found inside a longer word; ``special`` ones can be left out when decoding.
    """

    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    special: bool = False
    normalized: bool | None = None  # byte-level BPE normalizes nothing: decides who is found first

    def __post_init__(self) -> None:
        if self.normalized is None:
            object.__setattr__(self, "normalized", not self.special)

    def __str__(self) -> str:
        return self.content

    @classmethod
    def of(cls, value: Any, **defaults: bool) -> AddedToken:
        """From a string, a mapping as in the files, or any object with the same attributes.

        Raises `TokenizerError` for what is no token.
        """
        if isinstance(value, str):
            return cls(value, **defaults)
        names = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(value, Mapping):
            value = {n: getattr(value, n) for n in names if hasattr(value, n)} or value
        known = {n: value[n] for n in names if n in value} if isinstance(value, Mapping) else {}
        if not isinstance(known.get("content"), str):
            raise TokenizerError(
                f"a token must be a string, or an object with a 'content', found {shown(value)}."
            )
        wrong = next((n for n in _FLAGS if not isinstance(known.get(n, False), bool)), None)
        if wrong is not None:
            raise TokenizerError(f"{wrong} of a token must be true or false, found {shown(value)}.")
        return cls(**(defaults | known))


@dataclasses.dataclass
class Vocabulary:
    """What the files say.

    Attributes:
        kind: byte-level BPE or WordPiece.
        vocab: token -> id, spelled as in the files ('Ġ' for a space, '##' for the rest of a word);
            special tokens included where the files include them.
        merges: BPE's pairs in the order learned.
        added: id -> token found in the text as a whole.
        settings: the content of tokenizer_config.json.
        template: the special tokens around a text, where the files have it.
    """

    kind: Kind
    vocab: dict[str, int]
    merges: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    added: dict[int, AddedToken] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    template: Template | None = None


def read(folder: Path) -> Vocabulary:
    """Read a folder, tokenizer.json before the other forms.

    Raises `MissingFileError` if none is whole, `CorruptFileError` for what is no text or JSON,
    `TokenizerError` for a wrong content or a tokenizer that is of neither kind.
    """
    from gpt2.tokenizer import tokenizer_json

    config = folder / "tokenizer_config.json"
    settings = _optional(config)
    named = _class_name(folder, settings)
    with _no_collection():
        if (folder / "tokenizer.json").is_file():
            vocabulary = tokenizer_json.read(folder / "tokenizer.json")
            if named is not None and named not in GENERIC:
                vocabulary.settings = {}
            for name in ("add_bos_token", "add_eos_token"):  # the file's post_processor has it
                settings.pop(name, None)
        else:
            vocabulary = _from_lists(folder, named)
    _add_tokens(folder, vocabulary, settings)
    vocabulary.settings |= check_settings(settings, config)
    vocabulary.settings |= chat.read(folder, vocabulary.settings.pop("chat_template", None), config)
    return vocabulary


def _class_name(folder: Path, settings: dict[str, Any]) -> str | None:
    """The tokenizer's class, of either configuration, without its 'Fast'; None if unsaid."""
    named = settings.get("tokenizer_class")
    if named is None and (folder / "config.json").is_file():
        named = _optional(folder / "config.json").get("tokenizer_class")
    if named is None or named in GENERIC:
        return named
    return str(named).removesuffix("Fast")


def _add_tokens(folder: Path, vocabulary: Vocabulary, settings: dict[str, Any]) -> None:
    """Tokens of the configuration, or, in older folders, of files of their own."""
    path = folder / "tokenizer_config.json"
    if "added_tokens_decoder" in settings:
        listed = _object(settings.pop("added_tokens_decoder"), f"{path}: added_tokens_decoder")
        for key, value in listed.items():
            where = f"{path}: added_tokens_decoder[{shown(key)}]"
            i = read_id(int(key) if key.isascii() and key.isdigit() else key, where)
            put(vocabulary, i, read_token(value, where))
    else:
        special = folder / "special_tokens_map.json"
        settings |= check_settings(_optional(special), special)
    known = {token.content for token in vocabulary.added.values()}
    path = folder / "added_tokens.json"
    for content, i in _optional(path).items():
        i = read_id(i, f"{path}: {shown(content)}")
        if content not in known:
            put(vocabulary, i, AddedToken(content))


def put(vocabulary: Vocabulary, i: int, token: AddedToken) -> None:
    """Add a token; one that the vocabulary has keeps the vocabulary's id, as in transformers."""
    known = vocabulary.vocab.get(token.content)
    if known is not None and (vocabulary.kind != "BPE" or is_own_spelling(token.content)):
        i = known
    vocabulary.added[i] = token


def is_own_spelling(token: str) -> bool:
    """Whether a token as byte-level files write it reads like the text it stands for.

    'hello' does; 'é' is the byte 0xE9, no character, and 'Ġhello' is ' hello'.
    """
    try:
        return to_bytes(token) == token.encode()
    except TokenizerError:  # no byte-level token at all, such as '<对话>'
        return True


@contextmanager
def _no_collection() -> Iterator[None]:
    """Python looks for cycles again and again while 100,000 pairs are made; there are none."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def write(folder: Path, vocabulary: Vocabulary) -> list[Path]:
    """Write a folder that this package, transformers and tokenizers can read; the paths.

    Everything is written or nothing. Raises `WriteError`.
    """
    from gpt2.tokenizer import tokenizer_json

    ids = {token.content: i for i, token in vocabulary.added.items()}
    extra = {content: i for content, i in ids.items() if content not in vocabulary.vocab}
    templates = vocabulary.settings.get("chat_template")
    settings = {k: v for k, v in vocabulary.settings.items() if k != "chat_template"}
    special = {k: v for k, v in settings.items() if k.endswith("_token") and v is not None}
    content = {
        **word_files(vocabulary),
        "tokenizer.json": files.to_json(tokenizer_json.write(vocabulary)),
        "tokenizer_config.json": files.to_json(_config(vocabulary, settings)),
        "special_tokens_map.json": files.to_json(special),
        **({"added_tokens.json": files.to_json(extra)} if extra else {}),
        **chat.content(templates),
    }
    with files.atomic_folder(folder) as part:
        for name, text in content.items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_text(text, encoding="utf-8", newline="\n")
        if (part / chat.FOLDER).is_dir() and (folder / chat.FOLDER).is_dir():
            _move_into(part / chat.FOLDER, folder / chat.FOLDER)
    return [folder / name for name in content]


def _move_into(part: Path, folder: Path) -> None:
    for path in part.iterdir():
        path.replace(folder / path.name)
    part.rmdir()


def word_files(vocabulary: Vocabulary) -> dict[str, str]:
    """The vocabulary alone, under the names that its kind has."""
    if vocabulary.kind == "BPE":
        return {
            "vocab.json": json.dumps(vocabulary.vocab, ensure_ascii=False),
            "merges.txt": "\n".join([_HEADER, *map(" ".join, vocabulary.merges), ""]),
        }
    ordered = sorted(vocabulary.vocab, key=vocabulary.vocab.__getitem__)
    whole = [vocabulary.vocab[token] for token in ordered] == list(range(len(ordered)))
    if not whole or any("\n" in token for token in ordered):  # then tokenizer.json alone has it
        return {}
    return {LINES: "\n".join([*ordered, ""])}


def _config(vocabulary: Vocabulary, settings: dict[str, Any]) -> dict[str, Any]:
    added = sorted(vocabulary.added.items())
    return {
        **settings,
        "added_tokens_decoder": {str(i): dataclasses.asdict(token) for i, token in added},
        "tokenizer_class": "GPT2Tokenizer" if vocabulary.kind == "BPE" else "BertTokenizer",
    }


def _from_lists(folder: Path, named: str | None) -> Vocabulary:
    """The vocabulary of a folder without tokenizer.json."""
    lines = folder / LINES
    pairs = [(folder / a, folder / b) for a, b in PAIRS]
    whole = [(a, b) for a, b in pairs if a.is_file() and b.is_file()]
    if lines.is_file() and (not whole or (named or "").startswith("Bert")):
        return Vocabulary("WordPiece", read_lines(lines))
    if whole:
        vocab = read_vocab(whole[0][0])
        return Vocabulary("BPE", vocab, shared(vocab, read_merges(whole[0][1])))
    ways = ", ".join([*(" + ".join(pair) for pair in PAIRS), LINES])
    names = [name for name in FILES if (folder / name).is_file()]
    raise MissingFileError(
        f"{folder} holds no GPT-2 vocabulary: it needs tokenizer.json, or {ways}; "
        f"found {', '.join(names) or 'none of them'}."
    )


def read_vocab(path: Path) -> dict[str, int]:
    """Token -> id of a vocab.json. Raises `MissingFileError`, `CorruptFileError`."""
    return check_ids(files.read_json(path), f"{path}")


def read_lines(path: Path) -> dict[str, int]:
    """Token -> id of a vocab.txt: the number of its line. Raises as `read_vocab`."""
    lines = files.read_text(path).split("\n")  # not splitlines: U+0085 is no end of a line
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise CorruptFileError(f"{path} is empty: a vocabulary has one token a line.")
    return {line.removesuffix("\r"): i for i, line in enumerate(lines)}


def read_merges(path: Path) -> list[tuple[str, str]]:
    """The pairs of a merges.txt. Raises `CorruptFileError` for a line that is not two tokens."""
    lines = files.read_text(path).split("\n")  # not splitlines: U+0085 is a sign of the vocabulary
    start = 1 if lines[0].removeprefix("\ufeff").startswith("#version") else 0
    merges = []
    for number_, line in enumerate(lines[start:], start + 1):
        line = line.rstrip("\r")
        if not line:
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise CorruptFileError(
                f"{path}, line {number_}: expected two tokens, found {shown(line)}."
            )
        merges.append((parts[0], parts[1]))
    return merges


def shared(vocab: dict[str, int], merges: Any) -> list[tuple[str, str]]:
    """The pairs, spelled by the vocabulary's own strings: 5 MB less for GPT-2."""
    strings = {token: token for token in vocab}
    return [(strings.get(a, a), strings.get(b, b)) for a, b in merges]


def read_token(value: Any, where: str) -> AddedToken:
    """An added token of a file. Raises `TokenizerError` that says where."""
    try:
        token = AddedToken.of(value)
    except TokenizerError as error:
        raise TokenizerError(f"{where}: {error}") from None
    if not token.content:
        raise TokenizerError(f"{where}: a token cannot be empty.")
    return token


def check_ids(data: Any, where: str) -> dict[str, int]:
    """The data, if it maps each token to an id of its own. Raises `TokenizerError`."""
    vocab = _object(data, where)
    for token, i in vocab.items():
        read_id(i, f"{where}: {shown(token)}")
    if len(set(vocab.values())) != len(vocab):
        raise TokenizerError(f"{where}: two tokens have the same id.")
    return vocab


# What tokenizer_config.json may hold, of which type; other keys are kept as they are.
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
    """The settings, if each has its type; null stands for "unsaid". Raises `TokenizerError`."""
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
            raise TokenizerError(f"{path}: {key} must be {names}, found {shown(value)}.")
        if key.endswith("special_tokens"):
            for token in value.values() if isinstance(value, dict) else value or ():
                read_token(token, f"{path}: {key}")
    keep_null = {key for key in settings if key.endswith("_token")}
    return {k: v for k, v in settings.items() if v is not None or k in keep_null or k not in _TYPES}


_NAMES: dict[type, str] = {
    str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list",
    dict: "an object",
}  # fmt: skip


def read_id(value: Any, where: str) -> int:
    """An id of a file. Raises `TokenizerError` that says where."""
    try:
        return number(value)
    except ValueError:
        raise TokenizerError(
            f"{where}: an id must be an integer from 0 to 2^32 - 1, found {shown(value)}."
        ) from None


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TokenizerError(f"{where} must be an object, found a {type(data).__name__}.")
    return data


def _optional(path: Path) -> dict[str, Any]:
    return _object(files.read_json(path), str(path)) if files.exists(path) else {}
