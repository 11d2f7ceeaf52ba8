"""Vocabulary files: read every format in which GPT-2 vocabularies are distributed, write them all.

vocab.json + merges.txt      transformers' names for
encoder.json + vocab.bpe     OpenAI's two files
vocab.txt                    a WordPiece vocabulary, one token per line (the Chinese GPT-2s)
tokenizer.json               the `tokenizers` library: everything in one file
tokenizer_config.json        special tokens, padding side, longest input
special_tokens_map.json      special tokens (older folders)
added_tokens.json            tokens beyond the vocabulary (older folders)
chat_template.jinja          how a conversation becomes text; see `chat`
"""

from __future__ import annotations

import dataclasses
import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpt2 import files
from gpt2.errors import MissingFileError, show
from gpt2.tokenizer import chat, tokenizer_json
from gpt2.tokenizer.checks import check_object, read_id
from gpt2.tokenizer.vocabulary import (
    GENERIC,
    AddedToken,
    Vocabulary,
    check_settings,
    put,
    read_lines,
    read_merges,
    read_token,
    read_vocab,
    share_strings,
)

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
ADDITIONS = ("added_tokens.json", chat.FILE)  # read in addition to whichever vocabulary is there
_HEADER = "#version: 0.2"


def read(folder: Path) -> Vocabulary:
    """Read a folder; tokenizer.json takes precedence over the other formats.

    Raises `MissingFileError` if no format is complete, `CorruptFileError` for a file that is not
    text or JSON, `TokenizerError` for invalid contents or a tokenizer of neither kind.
    """
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
    """The tokenizer class in either configuration, without 'Fast'; None if not given."""
    named = settings.get("tokenizer_class")
    if named is None and (folder / "config.json").is_file():
        named = _optional(folder / "config.json").get("tokenizer_class")
    if named is None or named in GENERIC:
        return named
    return str(named).removesuffix("Fast")


def _add_tokens(folder: Path, vocabulary: Vocabulary, settings: dict[str, Any]) -> None:
    """Add the tokens in the configuration or, in older folders, in separate files."""
    path = folder / "tokenizer_config.json"
    if "added_tokens_decoder" in settings:
        listed = check_object(settings.pop("added_tokens_decoder"), f"{path}: added_tokens_decoder")
        for key, value in listed.items():
            where = f"{path}: added_tokens_decoder[{show(key)}]"
            i = read_id(int(key) if key.isascii() and key.isdigit() else key, where)
            put(vocabulary, i, read_token(value, where))
    else:
        special = folder / "special_tokens_map.json"
        settings |= check_settings(_optional(special), special)
    known = {token.content for token in vocabulary.added.values()}
    path = folder / "added_tokens.json"
    for content, i in _optional(path).items():
        i = read_id(i, f"{path}: {show(content)}")
        if content not in known:
            put(vocabulary, i, AddedToken(content))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause garbage collection, which would run repeatedly while 100,000 pairs are created."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def write(folder: Path, vocabulary: Vocabulary) -> list[Path]:
    """Write a folder that this package, transformers and tokenizers can read; returns the paths.

    Writes all files or none, and removes the added tokens and chat templates of another vocabulary.
    Raises `WriteError`.
    """
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
    with files.atomic_folder(folder, last=ADDITIONS) as part:
        for name, text in content.items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_text(text, encoding="utf-8", newline="\n")
        for path in (folder / chat.FOLDER).glob("*.jinja"):
            path.unlink()
        if (part / chat.FOLDER).is_dir() and (folder / chat.FOLDER).is_dir():
            _move_into(part / chat.FOLDER, folder / chat.FOLDER)
    return [folder / name for name in content]


def _move_into(part: Path, folder: Path) -> None:
    for path in part.iterdir():
        path.replace(folder / path.name)
    part.rmdir()


def word_files(vocabulary: Vocabulary) -> dict[str, str]:
    """The files with only the vocabulary, under the names used for its kind."""
    if vocabulary.kind == "BPE":
        return {
            "vocab.json": json.dumps(vocabulary.vocab, ensure_ascii=False),
            "merges.txt": "\n".join([_HEADER, *map(" ".join, vocabulary.merges), ""]),
        }
    ordered = sorted(vocabulary.vocab, key=vocabulary.vocab.__getitem__)
    whole = [vocabulary.vocab[token] for token in ordered] == list(range(len(ordered)))
    if not whole or any("\n" in token for token in ordered):  # then only tokenizer.json can hold it
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
    """Read the vocabulary of a folder without tokenizer.json."""
    lines = folder / LINES
    pairs = [(folder / a, folder / b) for a, b in PAIRS]
    whole = [(a, b) for a, b in pairs if a.is_file() and b.is_file()]
    if lines.is_file() and (not whole or (named or "").startswith("Bert")):
        return Vocabulary("WordPiece", read_lines(lines))
    if whole:
        vocab = read_vocab(whole[0][0])
        return Vocabulary("BPE", vocab, share_strings(vocab, read_merges(whole[0][1])))
    ways = ", ".join([*(" + ".join(pair) for pair in PAIRS), LINES])
    names = [name for name in FILES if (folder / name).is_file()]
    raise MissingFileError(
        f"{folder} contains no GPT-2 vocabulary: it requires tokenizer.json, or {ways}; found "
        f"{', '.join(names) or 'none of them'}."
    )


def _optional(path: Path) -> dict[str, Any]:
    return check_object(files.read_json(path), str(path)) if files.exists(path) else {}
