"""A vocabulary as files: read every form in which GPT-2 vocabularies are passed on, write them all.

vocab.json + merges.txt      transformers' names for
encoder.json + vocab.bpe     OpenAI's two files
tokenizer.json               the `tokenizers` library: both, and the added tokens, in one file
tokenizer_config.json        special tokens, padding side, longest input
special_tokens_map.json      special tokens (older folders)
added_tokens.json            tokens beyond vocab.json (older folders)
"""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, MissingFileError, TokenizerError, WriteError
from gpt2.files import exists, read_json, read_text

PAIRS = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))
FILES = (
    *(name for pair in PAIRS for name in pair),
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
_HEADER = "#version: 0.2"


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
    normalized: bool | None = None  # GPT-2 normalizes nothing; this decides who is found first

    def __post_init__(self) -> None:
        if self.normalized is None:
            object.__setattr__(self, "normalized", not self.special)

    def __str__(self) -> str:
        return self.content

    @classmethod
    def of(cls, value: Any, **defaults: bool) -> AddedToken:
        """From a string, a mapping as in the files, or any object with the same attributes."""
        if isinstance(value, str):
            return cls(value, **defaults)
        if not isinstance(value, Mapping):
            value = {f.name: getattr(value, f.name, f.default) for f in dataclasses.fields(cls)}
        names = {f.name for f in dataclasses.fields(cls)}
        known = {k: v for k, v in value.items() if k in names}
        if not isinstance(known.get("content"), str):
            raise TokenizerError(f"A token must be a string or have a content, found {value!r}.")
        return cls(**(defaults | known))


@dataclasses.dataclass
class Vocabulary:
    """What the files say. Tokens are written as in the files (a space is 'Ġ').

    Attributes:
        vocab: token -> id, special tokens included where the files include them.
        merges: pairs in the order learned.
        added: id -> token found in the text as a whole.
        settings: the content of tokenizer_config.json.
    """

    vocab: dict[str, int]
    merges: list[tuple[str, str]]
    added: dict[int, AddedToken] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)


def read(folder: Path) -> Vocabulary:
    """Read a folder, tokenizer.json before the other forms.

    Raises `MissingFileError` if none is whole, `CorruptFileError`, `TokenizerError` for a
    tokenizer that is not byte-level BPE.
    """
    with _no_collection():
        if (folder / "tokenizer.json").is_file():
            found = _from_tokenizer_json(folder / "tokenizer.json")
        else:
            found = _from_pair(folder)
    settings = _optional(folder / "special_tokens_map.json")
    settings |= _optional(folder / "tokenizer_config.json")
    for key, value in settings.pop("added_tokens_decoder", {}).items():
        found.added[int(key)] = AddedToken.of(value)
    known = {token.content for token in found.added.values()}
    for content, i in _optional(folder / "added_tokens.json").items():
        if content not in known:
            found.added[i] = AddedToken(content)
    found.settings = settings | found.settings
    return found


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
    """Write a folder that this package, transformers, tokenizers and OpenAI's code can read."""
    ids = {token.content: i for i, token in vocabulary.added.items()}
    extra = {content: i for content, i in ids.items() if content not in vocabulary.vocab}
    special = {k: v for k, v in vocabulary.settings.items() if k.endswith("_token")}
    files = {
        "vocab.json": json.dumps(vocabulary.vocab, ensure_ascii=False),
        "merges.txt": "\n".join([_HEADER, *map(" ".join, vocabulary.merges), ""]),
        "tokenizer.json": _dump(_to_tokenizer_json(vocabulary)),
        "tokenizer_config.json": _dump(_to_config(vocabulary)),
        "special_tokens_map.json": _dump({k: v for k, v in special.items() if v is not None}),
    }
    if extra:
        files["added_tokens.json"] = _dump(extra)
    return [write_text(folder / name, text) for name, text in files.items()]


def write_text(path: Path, text: str) -> Path:
    """Write a whole file or nothing. Raises `WriteError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WriteError(f"{path} could not be written: {error.strerror or error}.") from error
    return path


def _from_pair(folder: Path) -> Vocabulary:
    for vocab_name, merges_name in PAIRS:
        vocab, merges = folder / vocab_name, folder / merges_name
        if vocab.is_file() and merges.is_file():
            ids = read_vocab(vocab)
            return Vocabulary(ids, _shared(ids, read_merges(merges)))
    ways = ", ".join(" + ".join(pair) for pair in PAIRS)
    found = [name for name in FILES if (folder / name).is_file()]
    raise MissingFileError(
        f"{folder} holds no GPT-2 vocabulary: it needs tokenizer.json, or {ways}; "
        f"found {', '.join(found) or 'none of them'}."
    )


def read_vocab(path: Path) -> dict[str, int]:
    """Token -> id of a vocab.json. Raises `MissingFileError`, `CorruptFileError`."""
    return _ids(read_json(path), path)


def read_merges(path: Path) -> list[tuple[str, str]]:
    """The pairs of a merges.txt. Raises `CorruptFileError` for a line that is not two tokens."""
    lines = read_text(path).split("\n")  # not splitlines: U+0085 is a sign of the vocabulary
    start = 1 if lines[0].startswith("#version") else 0
    merges = []
    for number, line in enumerate(lines[start:], start + 1):
        line = line.rstrip("\r")
        if not line:
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise CorruptFileError(f"{path}, line {number}: expected two tokens, found {line!r}.")
        merges.append((parts[0], parts[1]))
    return merges


def _from_tokenizer_json(path: Path) -> Vocabulary:
    data = _mapping(read_json(path), path)
    model = _mapping(data.get("model"), path)
    steps = _steps(data.get("pre_tokenizer"))
    if model.get("type", "BPE") != "BPE" or [s.get("type") for s in steps] != ["ByteLevel"]:
        kinds = [model.get("type"), *(s.get("type") for s in steps)]
        raise TokenizerError(f"{path} is no GPT-2 tokenizer (byte-level BPE) but {kinds}.")
    for name in ("dropout", "byte_fallback", "ignore_merges", "continuing_subword_prefix"):
        if model.get(name):
            raise TokenizerError(f"{path} sets {name}={model[name]!r}, which GPT-2 does not have.")
    if data.get("normalizer") or steps[0].get("use_regex") is False:
        raise TokenizerError(f"{path} normalizes or splits the text in a way GPT-2 does not.")
    merges = [m.split(" ") if isinstance(m, str) else m for m in model.get("merges", [])]
    if not all(isinstance(m, list) and len(m) == 2 for m in merges):
        raise CorruptFileError(f"{path}: a merge must be two tokens.")
    added = {entry["id"]: AddedToken.of(entry) for entry in data.get("added_tokens") or []}
    settings = {"add_prefix_space": True} if steps[0].get("add_prefix_space") else {}
    vocab = _ids(model.get("vocab"), path)
    return Vocabulary(vocab, _shared(vocab, merges), added, settings)


def _shared(vocab: dict[str, int], merges: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """The pairs, spelled by the vocabulary's own strings: 5 MB less for GPT-2."""
    own = {token: token for token in vocab}
    return [(own.get(a, a), own.get(b, b)) for a, b in merges]


def _steps(pre_tokenizer: Any) -> list[dict[str, Any]]:
    if isinstance(pre_tokenizer, dict) and pre_tokenizer.get("type") == "Sequence":
        return list(pre_tokenizer.get("pretokenizers", []))
    return [pre_tokenizer] if isinstance(pre_tokenizer, dict) else []


def _to_tokenizer_json(vocabulary: Vocabulary) -> dict[str, Any]:
    space = bool(vocabulary.settings.get("add_prefix_space", False))
    level = {"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True}
    added = sorted(vocabulary.added.items())
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, **dataclasses.asdict(token)} for i, token in added],
        "normalizer": None,
        "pre_tokenizer": {**level, "use_regex": True},
        "post_processor": None,
        "decoder": {**level, "add_prefix_space": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocabulary.vocab,
            "merges": vocabulary.merges,
        },
    }


def _to_config(vocabulary: Vocabulary) -> dict[str, Any]:
    added = sorted(vocabulary.added.items())
    decoder = {str(i): dataclasses.asdict(token) for i, token in added}
    return {
        **vocabulary.settings,
        "added_tokens_decoder": decoder,
        "tokenizer_class": "GPT2Tokenizer",
    }


def _dump(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _mapping(data: Any, path: Path) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise CorruptFileError(f"{path} must hold a JSON object, found {type(data).__name__}.")
    return data


def _optional(path: Path) -> dict[str, Any]:
    return _mapping(read_json(path), path) if exists(path) else {}


def _ids(data: Any, path: Path) -> dict[str, int]:
    vocab = _mapping(data, path)
    for token, i in vocab.items():
        if not isinstance(i, int) or isinstance(i, bool) or i < 0:
            raise CorruptFileError(f"{path}: the id of {token!r} is no whole number: {i!r}.")
    if len(set(vocab.values())) != len(vocab):
        raise CorruptFileError(f"{path}: two tokens have the same id.")
    return vocab
