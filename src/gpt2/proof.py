"""Proof links: everything that produced a text, in the fragment of a URL.

Anyone with the link can generate the text again and compare its bytes.

A link proves that this model generates this text for this request; it does not show who made the
request. docs/reference/explain.md documents the format. The page of `gpt2 explain`, the server's
page and `gpt2 replay` read and write it.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from gpt2.errors import InputError, MissingFileError, OptionError
from gpt2.receipt import Difference, Replay, digest, generate_ids, model_files

FORM = "gpt2-proof-1"
MARK = "#proof="
FIELDS = {"form": str, "name": str, "model": str, "dtype": list, "prompt": list, "settings": dict,
          "text": str}  # fmt: skip
SETTINGS = {"count": int, "temperature": float, "top_k": int, "top_p": float, "seed": int}
WHOLE = ("int8", "int4")  # the same bits on every processor
ALONE = {"num_beams": 1, "num_return_sequences": 1}  # though a model's own options set beams


@dataclasses.dataclass(frozen=True)
class Proof:
    """The contents of a link.

    ``name`` and ``model`` are the model's name and `model_hash`; ``dtype`` holds the precisions of
    layers, head and cache; ``prompt`` the ids; ``settings`` count (the maximum number of tokens),
    temperature, top_k, top_p and seed; ``text`` the SHA-256 of the new tokens' bytes.
    """

    name: str
    model: str
    dtype: list[str]
    prompt: list[int]
    settings: dict[str, Any]
    text: str

    def link(self, page: str = "gpt2.html") -> str:
        """The URL that opens the proof in a page of `gpt2 explain`."""
        content = {"form": FORM, **dataclasses.asdict(self)}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return page + MARK + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @property
    def options(self) -> dict[str, Any]:
        """The options for `generate`."""
        count, temperature = self.settings["count"], self.settings["temperature"]
        if temperature == 0:
            return {"max_new_tokens": count, "do_sample": False, **ALONE}
        drawn = {name: self.settings[name] for name in ("temperature", "top_k", "top_p", "seed")}
        return {"max_new_tokens": count, "do_sample": True, **drawn, **ALONE}


def model_hash(name: str | os.PathLike[str]) -> str:
    """The SHA-256 of `gpt2.receipt.model_files` as JSON with sorted keys."""
    return digest(model_files(name))


def provable(facts: Mapping[str, Any]) -> bool:
    """Whether the engine with these ``facts`` gives the same bits on every processor."""
    return facts["name"] == "native" and {facts["dtype"], facts["head_dtype"]} <= set(WHOLE)


def make(
    model: Any, name: str, prompt: Sequence[int], new: Sequence[int], settings: dict[str, Any]
) -> Proof:
    """The proof of the tokens ``new`` that a native int8 or int4 ``model`` generated.

    Raises `OptionError` for another engine or precision.
    """
    facts = model.facts
    if not provable(facts):
        raise OptionError("a proof requires the native engine in int8 or int4, which gives the "
                          "same bits on every processor.")  # fmt: skip
    kinds = [facts[kind] for kind in ("dtype", "head_dtype", "kv_dtype")]
    text = text_hash(model.tokenizer, new)
    return Proof(name, model_hash(name), kinds, list(prompt), dict(settings), text)


def text_hash(tokenizer: Any, ids: Sequence[int]) -> str:
    """The SHA-256 of the concatenated bytes of tokens."""
    return hashlib.sha256(b"".join(map(tokenizer.token_bytes, ids))).hexdigest()


def read(link: str) -> Proof:
    """Parse a link. Raises `InputError` if it is not a proof link, or damaged."""
    _, mark, text = link.partition(MARK)
    if not mark:
        raise InputError(f"this is not a proof link: it has no {MARK!r}.")
    try:
        text = text.strip()
        content = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (ValueError, RecursionError):
        raise InputError("the proof link is damaged: part of it is missing or changed.") from None
    if not isinstance(content, dict) or content.get("form") != FORM:
        raise InputError(f"this version cannot read the proof link: its format is not {FORM!r}.")
    for name, kind in FIELDS.items():
        if not isinstance(content.get(name), kind):
            raise InputError(f"the proof link is damaged: {name!r} is missing or wrong.")
    _check(content)
    return Proof(**{name: content[name] for name in FIELDS if name != "form"})


def _check(content: dict[str, Any]) -> None:
    settings = content["settings"]
    for name, kind in SETTINGS.items():
        value = settings.get(name)
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise InputError(f"the proof link is damaged: its setting {name!r} is wrong.")
    whole = [type(i) is int and i >= 0 for i in content["prompt"]]
    if not whole or not all(whole):
        raise InputError("the proof link is damaged: its prompt is not token ids.")
    if [type(kind) for kind in content["dtype"]] != [str] * 3:
        raise InputError("the proof link is damaged: it must have three precisions.")


def replay(
    proof: Proof,
    *,
    model: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    kernels: str | None = None,
) -> tuple[Replay, str]:
    """Generate the text again and compare its bytes; returns the outcome and the text.

    Args:
        proof: the result of `read`.
        model: where to find the model, if not under the link's name.
        threads, kernels: for the native engine, as in `gpt2.load`.

    Raises:
        ModelFileError, HubError: the model cannot be found or read.
        OptionError, InputError: settings that this version or the model does not support.
    """
    from gpt2.loading import load

    name = model if model is not None else proof.name
    try:
        actual = model_hash(name)
    except MissingFileError as error:
        raise MissingFileError(f"{error} Name the model with --model.") from None
    if actual != proof.model:
        message = f"the model differs: {name} is {actual[:16]}, the link says {proof.model[:16]}"
        return Replay([Difference("model", message)], []), ""
    dtype, head, kv = proof.dtype
    how: dict[str, Any] = {"dtype": dtype, "kv_dtype": kv, "threads": threads, "kernels": kernels}
    loaded: Any = load(name, **how)
    if loaded.head_dtype != head:
        message = f"the engine differs: head_dtype was {head}, is {loaded.head_dtype}"
        return Replay([Difference("engine", message)], []), ""
    new = generate_ids(loaded, proof.prompt, proof.options)[0]
    text = loaded.tokenizer.decode([*proof.prompt, *new])
    if text_hash(loaded.tokenizer, new) == proof.text:
        return Replay([], [], len(new)), text
    return Replay([Difference("tokens", "the text's bytes differ")], []), text
