"""Receipts: a text with everything that produced it, so that anyone can reproduce it and compare.

A receipt holds the hashes of the model's files, the engine, the options, the prompt's ids and the
new ids. `replay` generates again from it and reports every difference.
docs/reference/generation.md documents the format.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, MissingFileError, OptionError
from gpt2.files import read_json_object, sha256, write_json
from gpt2.generation import LanguageModel
from gpt2.generation.config import GenerationConfig
from gpt2.generation.prefix import count_common
from gpt2.tokenizer.bpe import well_formed

FORM = "gpt2-receipt-2"
FIRST = "gpt2-receipt-1"  # with one hash per part of the model's files (`FIRST_FILES`)
FIRST_FILES = {
    "config": ("config.json", "hparams.json"),
    "tokenizer": ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json",
                  "special_tokens_map.json", "added_tokens.json"),
}  # fmt: skip
NOTHING = hashlib.sha256().hexdigest()  # the first format missed files of some TensorFlow folders
FACTS = ("dtype", "head_dtype", "kv_dtype")  # of the native engine: they determine the logits
PROMISES = {
    "whole": "the same tokens on every processor, instruction set and number of threads",
    "float": "the same tokens with the same kernels, on any number of threads",
    "other": "the same tokens on the same machine with the same versions",
}


@dataclasses.dataclass(frozen=True)
class Difference:
    """A difference from the receipt: its kind and a message."""

    kind: str  # "receipt", "model", "engine", "tokens"
    message: str


@dataclasses.dataclass(frozen=True)
class Replay:
    """The outcome of a replay: differences (none means reproduced), and explanatory notes."""

    differences: list[Difference]
    notes: list[str]
    tokens: int = 0

    @property
    def same(self) -> bool:
        """Whether everything matches the receipt."""
        return not self.differences


def model_files(name: str | os.PathLike[str]) -> dict[str, Any]:
    """The files of a model by part, with hash and size (`gpt2.checkpoint.identity`).

    Raises the errors of `gpt2.hub.resolve`; only the model is downloaded.
    """
    from gpt2.checkpoint import identity
    from gpt2.hub import resolve

    return identity(resolve(name))


def first_model_files(name: str | os.PathLike[str]) -> dict[str, Any]:
    """The files in the first format of receipts: one hash per part."""
    from gpt2.checkpoint import weight_files
    from gpt2.hub import resolve

    place = resolve(name)
    folder, weights = place if place.is_dir() else place.parent, weight_files(place)
    if weights[0].suffix == ".index":
        weights = list(folder.glob("model.ckpt.*"))
    parts = {part: [folder / name for name in names] for part, names in FIRST_FILES.items()}
    return {part: _one_hash(files) for part, files in {"weights": weights, **parts}.items()}


def _one_hash(files: Sequence[Path]) -> str:
    """The hash of one file; for several, that of the lines "hash  name", sorted by name."""
    existing = sorted((file for file in files if file.exists()), key=lambda file: file.name)
    if len(existing) == 1:
        return sha256(existing[0])
    lines = "".join(f"{sha256(file)}  {file.name}\n" for file in existing)
    return hashlib.sha256(lines.encode()).hexdigest()


def generate_ids(
    model: LanguageModel, prompt: Sequence[int], options: Mapping[str, Any]
) -> list[list[int]]:
    """Generate; returns the new ids of each text up to its own end, without padding."""
    asked = {**options, "return_dict_in_generate": True, "use_cache": False}
    return model.generate(list(prompt) or None, **asked).new_tokens


def make(
    model: LanguageModel,
    name: str | os.PathLike[str],
    prompt: Sequence[int],
    texts: Sequence[Sequence[int]],
    options: dict[str, Any],
    text: str | None = None,
) -> dict[str, Any]:
    """The receipt of texts that ``model.generate(prompt, **options)`` generated.

    Args:
        model: the result of `gpt2.load` for ``name``.
        prompt: the prompt's ids; empty for a new text.
        texts: the new ids of each text (`generate_ids`).
        options: the options of the call.
        text: the prompt as text, if it was given as text.

    Raises:
        OptionError: options whose output is not reproducible.
    """
    resolved = model._resolve(None, options)
    check_options(resolved)
    off = {option: None for option, value in options.items() if value is None}
    receipt = {
        "form": FORM,
        "model": {"name": well_formed(str(name)), **model_files(name)},
        "engine": model.facts,
        "promise": promise(model),
        "options": {**off, **resolved.to_json()},
        "prompt": {"text": None if text is None else well_formed(text), "ids": list(prompt)},
        "output": {"ids": [list(ids) for ids in texts], "sha256": digest([*map(list, texts)])},
        "versions": versions(),
    }
    return {**receipt, "sha256": digest(receipt)}


def check_options(options: GenerationConfig) -> None:
    """Raise `OptionError` for options whose output is not reproducible."""
    if options.max_time is not None:
        raise OptionError(
            "max_time stops at a time that cannot be reproduced: do not use it with a receipt."
        )
    if options.do_sample and options.seed is None:
        raise OptionError("a receipt of sampled text requires seed=.")


def promise(model: LanguageModel) -> str:
    """The guarantee of a receipt with this engine."""
    facts = model.facts
    whole = ("int8", "int4")
    if facts["name"] != "native":
        return PROMISES["other"]
    both = facts["dtype"] in whole and facts["head_dtype"] in whole
    return PROMISES["whole" if both else "float"]


def versions() -> dict[str, str]:
    """The versions of this package, numpy, Python and the system."""
    import numpy

    import gpt2

    return {
        "gpt2": gpt2.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def write(path: str | os.PathLike[str], receipt: dict[str, Any]) -> None:
    """Write a receipt atomically."""
    write_json(path, receipt)


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a receipt. Raises `MissingFileError`, or `CorruptFileError` if it is invalid."""
    receipt: dict[str, Any] = read_json_object(path, nan=True)  # a bias may be infinite
    if receipt.get("form") not in (FORM, FIRST):
        raise CorruptFileError(f"{path} is not a receipt: its format is not {FORM!r}.")
    wanted = {"model": dict, "engine": dict, "options": dict, "prompt": dict, "output": dict,
              "versions": dict, "sha256": str}  # fmt: skip
    for name, kind in wanted.items():
        if not isinstance(receipt.get(name), kind):
            raise CorruptFileError(f"{path} is a damaged receipt: {name!r} is missing or wrong.")
    facts = {"model": ("name",), "engine": ("name", "dtype")}
    for part, names in facts.items():
        for name in names:
            if not isinstance(receipt[part].get(name), str):
                raise CorruptFileError(f"{path} is a damaged receipt: its {part} has no {name}.")
    lists = [receipt["prompt"].get("ids"), *_lists(receipt["output"].get("ids"), path)]
    if not all(isinstance(ids, list) and all(type(i) is int for i in ids) for ids in lists):
        raise CorruptFileError(f"{path} is a damaged receipt: its ids are not integers.")
    return receipt


def _lists(value: Any, path: Any) -> list[Any]:
    if not isinstance(value, list):
        raise CorruptFileError(f"{path} is a damaged receipt: its output has no ids.")
    return value


def replay(
    receipt: dict[str, Any],
    *,
    model: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    kernels: str | None = None,
) -> Replay:
    """Generate the texts again and compare them.

    Args:
        receipt: the result of `read` or `make`.
        model: where to find the model, if not under the receipt's name.
        threads, kernels: for the native engine, as in `gpt2.load`.

    Raises:
        ModelFileError, HubError: the model cannot be found or read.
        OptionError: options that this version does not support.
    """
    from gpt2.loading import load

    body = {name: value for name, value in receipt.items() if name != "sha256"}
    if digest(body) != receipt["sha256"]:
        message = "the receipt was changed after it was written: its hash differs"
        return _different("receipt", message)
    name = model if model is not None else receipt["model"]["name"]
    try:
        actual = (first_model_files if receipt["form"] == FIRST else model_files)(name)
    except MissingFileError as error:
        raise MissingFileError(f"{error} Name the model with --model.") from None
    for part, files in actual.items():
        was = receipt["model"].get(part)
        if was not in (files, NOTHING):
            which = _name_changes(was, files)
            return _different("model", f"the model differs: {name} has other {part}{which}")
    facts = receipt["engine"]
    loaded = load(
        name,
        engine=facts["name"],
        dtype=facts["dtype"],
        kv_dtype=facts.get("kv_dtype"),
        threads=threads,
        kernels=kernels,
    )
    loaded.generation_config = GenerationConfig()  # the receipt's options include the model's
    now = loaded.facts
    for fact in FACTS:
        if facts.get(fact) != now.get(fact):
            message = f"the engine differs: {fact} was {facts.get(fact)}, is {now.get(fact)}"
            return _different("engine", message)
    notes = _notes(receipt, now)
    if NOTHING in receipt["model"].values():
        notes.append("the receipt does not record the model's files")
    differences = _compare(receipt["output"]["ids"], again(loaded, receipt), notes)
    return Replay(differences, notes, sum(map(len, receipt["output"]["ids"])))


def again(model: LanguageModel, receipt: dict[str, Any]) -> list[list[int]]:
    """The new ids of each text, generated from a receipt."""
    return generate_ids(model, receipt["prompt"]["ids"], receipt["options"])


def _compare(old: list[list[int]], new: list[list[int]], notes: list[str]) -> list[Difference]:
    if len(old) != len(new):
        return [Difference("tokens", f"there were {len(old)} texts, now {len(new)}")]
    because = f" ({'; '.join(notes)})" if notes else ""
    differences = []
    for i, (before, now) in enumerate(zip(old, new, strict=True)):
        if before == now:
            continue
        place = count_common(before, now)
        text = f"text {i + 1}: " if len(old) > 1 else ""
        was, is_ = ([*ids[place : place + 1], "the end"][0] for ids in (before, now))
        message = f"{text}the tokens differ from position {place} on: was {was}, is {is_}{because}"
        differences.append(Difference("tokens", message))
    return differences


def _notes(receipt: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    """Changes that need not matter."""
    pairs = [(n, receipt["engine"].get(n), facts.get(n)) for n in ("kernels", "threads", "device")]
    pairs += [(n, receipt["versions"].get(n), now) for n, now in versions().items()]
    return [f"{name} was {old}, is {now}" for name, old, now in pairs if old != now]


def _name_changes(before: Any, now: Any) -> str:
    """The names of changed files, if the receipt lists files by name."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return ""
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return f" ({', '.join(names)})"


def _different(kind: str, message: str) -> Replay:
    return Replay([Difference(kind, message)], [])


def digest(value: Any) -> str:
    """The SHA-256 of a value as JSON with sorted keys, without spaces, in UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
