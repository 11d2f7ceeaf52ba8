"""tokenizer.json, the single file of the `tokenizers` library: reading and writing for both kinds.

A step that would produce other ids than GPT-2's or BERT's is rejected, not ignored.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from gpt2 import files
from gpt2.errors import TokenizerError, show
from gpt2.tokenizer import template, vocabulary
from gpt2.tokenizer.bpe import SPLIT
from gpt2.tokenizer.checks import check_list, check_object, read_id
from gpt2.tokenizer.vocabulary import Kind, Vocabulary

WORD_CHARACTERS = 100  # WordPiece treats longer words as unknown
PREFIX = "##"
_NO = ("dropout", "byte_fallback", "ignore_merges", "continuing_subword_prefix",
       "end_of_word_suffix")  # fmt: skip
_LISTED = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def read(path: Path | str) -> Vocabulary:
    """Read the file. Raises `CorruptFileError` (not JSON), `TokenizerError` (invalid contents)."""
    return parse(check_object(files.read_json(path), str(path)), path)


def read_argument(vocab: Any, others: dict[str, Any], kind: Kind) -> Vocabulary | None:
    """Read the ``tokenizer_object`` or ``tokenizer_file`` of a constructor without ``vocab``."""
    whole, made = others.pop("tokenizer_file", None), others.pop("tokenizer_object", None)
    if vocab is not None or (whole is None and made is None):
        return None
    if made is not None:
        parsed = parse(json.loads(made.to_str()), "tokenizer_object")
    else:
        parsed = read(Path(whole))
    if parsed.kind != kind:
        raise TokenizerError(f"the tokenizer must be {kind}, found {parsed.kind}.")
    return parsed


def parse(data: dict[str, Any], path: Path | str) -> Vocabulary:
    """Parse the contents of the file. Raises as `read` does."""
    model = check_object(data.get("model"), f"{path}: model")
    kind = model.get("type") or ("WordPiece" if model.get("max_input_chars_per_word") else "BPE")
    if kind == "BPE":
        parsed = _bpe(data, model, path)
    elif kind == "WordPiece":
        parsed = _wordpiece(data, model, path)
    else:
        raise TokenizerError(
            f"{path} is not a GPT-2 tokenizer: it is {show(kind)}, not byte-level BPE or WordPiece."
        )
    for n, entry in enumerate(_list(data, "added_tokens", path)):
        where = f"{path}: added_tokens[{n}]"
        i = read_id(check_object(entry, where).get("id"), f"{where}.id")
        vocabulary.put(parsed, i, vocabulary.read_token(entry, where))
    if data.get("post_processor") is not None:
        parsed.template = template.read(data["post_processor"], str(path))
    return parsed


def _bpe(data: dict[str, Any], model: dict[str, Any], path: Path | str) -> Vocabulary:
    steps = _steps(data, "pre_tokenizer", "pretokenizers", path)
    kinds = [step.get("type") for step in steps]
    whole = kinds == ["ByteLevel"] and steps[0].get("use_regex") is not False
    if not (whole or (kinds == ["Split", "ByteLevel"] and _is_gpt2(steps))):
        raise TokenizerError(
            f"{path} is not a GPT-2 tokenizer (byte-level BPE): its pre_tokenizer is {kinds}."
        )
    for name in _NO:
        if model.get(name):
            raise TokenizerError(
                f"{path} sets {name}={show(model[name])}, which GPT-2 does not have."
            )
    _refuse(_steps(data, "normalizer", "normalizers", path), "normalizer", (), path)
    _refuse(_steps(data, "decoder", "decoders", path), "decoder", ("ByteLevel",), path)
    merges = [
        m.split(" ") if isinstance(m, str) else m for m in _list(model, "merges", path, "model.")
    ]
    for n, pair in enumerate(merges):
        if (
            not isinstance(pair, list)
            or len(pair) != 2
            or not all(isinstance(p, str) for p in pair)
        ):
            raise TokenizerError(
                f"{path}: model.merges[{n}] must be a pair of tokens, found {show(pair)}."
            )
    vocab = vocabulary.check_ids(model.get("vocab"), f"{path}: model.vocab")
    settings = {"add_prefix_space": True} if steps[-1].get("add_prefix_space") else {}
    return Vocabulary("BPE", vocab, vocabulary.share_strings(vocab, merges), settings=settings)


def _is_gpt2(steps: list[dict[str, Any]]) -> bool:
    """Whether the two steps together split as GPT-2 does."""
    first, second = steps
    pattern = first.get("pattern")
    return (
        isinstance(pattern, dict)
        and pattern.get("Regex") in (SPLIT, _LISTED)
        and first.get("behavior") == "Isolated"
        and not first.get("invert")
        and second.get("use_regex") is False
    )


def _wordpiece(data: dict[str, Any], model: dict[str, Any], path: Path | str) -> Vocabulary:
    expected = {"continuing_subword_prefix": PREFIX, "max_input_chars_per_word": WORD_CHARACTERS}
    for name, value in expected.items():
        if model.get(name, value) != value:
            raise TokenizerError(
                f"{path}: model.{name} must be {show(value)}, found {show(model[name])}."
            )
    normal = _steps(data, "normalizer", "normalizers", path)
    _refuse(normal, "normalizer", ("BertNormalizer",), path)
    _refuse(_steps(data, "pre_tokenizer", "pretokenizers", path), "pre_tokenizer",
            ("BertPreTokenizer",), path)  # fmt: skip
    _refuse(_steps(data, "decoder", "decoders", path), "decoder", ("WordPiece",), path)
    if len(normal) != 1 or normal[0].get("clean_text") is False:
        raise TokenizerError(f"{path}: normalizer must be a BertNormalizer that cleans the text.")
    settings = {
        "do_lower_case": normal[0].get("lowercase", True),
        "tokenize_chinese_chars": normal[0].get("handle_chinese_chars", True),
        "strip_accents": normal[0].get("strip_accents"),
        "unk_token": model.get("unk_token", "[UNK]"),
    }
    vocab = vocabulary.check_ids(model.get("vocab"), f"{path}: model.vocab")
    return Vocabulary("WordPiece", vocab, settings=vocabulary.check_settings(settings, path))


def write(stored: Vocabulary) -> dict[str, Any]:
    """The contents of the file."""
    added = sorted(stored.added.items())
    steps = _bpe_steps(stored) if stored.kind == "BPE" else _wordpiece_steps(stored)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, **dataclasses.asdict(token)} for i, token in added],
        "normalizer": steps["normalizer"],
        "pre_tokenizer": steps["pre_tokenizer"],
        "post_processor": template.write(stored.template or template.PLAIN),
        "decoder": steps["decoder"],
        "model": steps["model"],
    }


def _bpe_steps(stored: Vocabulary) -> dict[str, Any]:
    space = bool(stored.settings.get("add_prefix_space", False))
    level = {"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True}
    return {
        "normalizer": None,
        "pre_tokenizer": {**level, "use_regex": True},
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
            "vocab": stored.vocab,
            "merges": stored.merges,
        },
    }


def _wordpiece_steps(stored: Vocabulary) -> dict[str, Any]:
    return {
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": stored.settings["tokenize_chinese_chars"],
            "strip_accents": stored.settings["strip_accents"],
            "lowercase": stored.settings["do_lower_case"],
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "decoder": {"type": "WordPiece", "prefix": PREFIX, "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": stored.settings["unk_token"],
            "continuing_subword_prefix": PREFIX,
            "max_input_chars_per_word": WORD_CHARACTERS,
            "vocab": stored.vocab,
        },
    }


def _refuse(
    steps: list[dict[str, Any]], name: str, known: tuple[str, ...], path: Path | str
) -> None:
    """Raise `TokenizerError` for an unknown step."""
    kinds = [step.get("type") for step in steps]
    if any(kind not in known for kind in kinds):
        expected = " or ".join(known) or "none"
        raise TokenizerError(f"{path}: {name} must be {expected} to be GPT-2's, found {kinds}.")


def _steps(data: dict[str, Any], name: str, inner: str, path: Path | str) -> list[dict[str, Any]]:
    """The steps of one part of the pipeline, with a Sequence expanded."""
    step = data.get(name)
    if step is None:
        return []
    if check_object(step, f"{path}: {name}").get("type") != "Sequence":
        return [step]
    steps = _list(step, inner, path, f"{name}.")
    return [check_object(one, f"{path}: {name}.{inner}[{n}]") for n, one in enumerate(steps)]


def _list(data: dict[str, Any], name: str, path: Path | str, within: str = "") -> list[Any]:
    value = data.get(name)
    return [] if value is None else check_list(value, f"{path}: {within}{name}")
