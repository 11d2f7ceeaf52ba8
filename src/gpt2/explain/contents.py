"""The contents of a page: the weights of a live model or a recording of one text, and facts.

A model runs live in the page if a browser can handle its size; for a larger model the page holds a
recording.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any

from gpt2.checkpoint.mapped import write_safetensors
from gpt2.errors import MissingFileError, OptionError, TokenizerError
from gpt2.explain.lines import reference_lines
from gpt2.generation.config import GenerationConfig, token_list
from gpt2.generation.pipeline import build
from gpt2.loading import KVDtype, load
from gpt2.tokenizer.bpe import to_bytes

LARGEST = 250_000_000  # bytes of weights that a browser can handle
APPLIED = {"repetition_penalty", "temperature", "top_k", "top_p"}  # options that a page applies
WEB = Path(str(files("gpt2"))) / "explain" / "web"
EXAMPLE = (
    "Once upon a time, there was a little dog. The little dog"  # the text to record by default
)


@dataclasses.dataclass
class Contents:
    """The contents of a page apart from its scripts."""

    facts: dict[str, Any]  # the facts for the scripts: see `facts_of`
    files: list[bytes]  # safetensors files: packed weights, or a recording
    merges: str = ""  # of the tokenizer, as merges.txt
    core: bytes = b""  # the native core as WebAssembly


def contents_of(
    model: str | os.PathLike[str],
    dtype: str | None = None,
    *,
    text: str | None = None,
    record: bool | None = None,
    heads: Collection[tuple[int, int]] | None = None,
    kv_dtype: KVDtype | None = None,
) -> Contents:
    """All contents of a model's page; arguments and errors are those of `explain` and `load`."""
    from gpt2.checkpoint import read_checkpoint
    from gpt2.hub import resolve
    from gpt2.precision import short

    checkpoint = read_checkpoint(resolve(model), framework="native")
    stored = checkpoint.quantization
    wanted = short(dtype) or (
        stored.dtype if stored and stored.dtype in ("int8", "int4") else "int8"
    )
    if wanted not in ("int8", "int4"):
        raise OptionError(f"a page supports only int8 and int4, found {dtype!r}.")
    loaded: Any = load(model, dtype=wanted, kv_dtype=kv_dtype)
    large = loaded.weight_bytes > LARGEST
    if record is False and large:
        raise OptionError(
            f"{model} has {loaded.weight_bytes / 1e6:.0f} MB of weights in {wanted}, but a "
            f"browser can handle only about {LARGEST / 1e6:.0f} MB. Use a smaller model, or "
            "record a text."
        )
    facts = facts_of(loaded, model)
    if record or large:
        return recorded_contents(loaded, facts, EXAMPLE if text is None else text, heads)
    if heads:
        raise OptionError("heads can be chosen only for a recording; a live page has all of them.")
    return live_contents(loaded, checkpoint, {**facts, "text": text}, model)


def server_facts(model: Any, path: str, name: str, in_browser: str | None) -> dict[str, Any]:
    """The facts for a page whose model runs on a server.

    ``in_browser`` is the URL of a page in which the model would run in the browser, if there is
    one.
    """
    here = {"kind": "server", "name": name, "text": None, "inBrowser": in_browser}
    return {**facts_of(model, path), **here}


def fits_page(model: Any) -> bool:
    """Whether a page can run a model of this size, with this tokenizer and these options."""
    small = bool(model.config.parameter_count() <= LARGEST)
    whole = hasattr(model.tokenizer, "merges") and not options_ignored(model.generation_config)
    return small and whole


def options_ignored(defaults: GenerationConfig) -> list[str]:
    """The model's own options that would change its text, but that a live page does not apply."""
    base = {"do_sample": True, "top_k": 0, "eos_token_id": defaults.eos_token_id}

    def changes(name: str) -> bool:
        options = GenerationConfig(**{**base, name: getattr(defaults, name)})
        return name == "stop_strings" or bool(build(options, 1, defaults.max_length))

    return sorted(filter(changes, defaults.given - APPLIED))


def live_contents(loaded: Any, checkpoint: Any, facts: dict[str, Any], model: Any) -> Contents:
    """The weights, the tokenizer and the core, for a model that runs in the page."""
    from gpt2.checkpoint.names import expected_shapes
    from gpt2.compression import identity_of
    from gpt2.quantization.rounding import is_matrix

    tensors = {
        name: loaded.packed(name) if is_matrix(name) else checkpoint.stored[name]
        for name in expected_shapes(loaded.config)
    }
    merges = merges_of(loaded.tokenizer, loaded.config.vocab_size, model)
    ignored = options_ignored(loaded.generation_config)
    facts |= {
        "identity": identity_of(model, loaded).hex(),
        "tokenizer": tokenizer_facts(loaded.tokenizer, loaded.config.vocab_size),
        "penalty": loaded.generation_config.repetition_penalty,
        **({"ignored": ignored, "provable": False} if ignored else {}),
    }
    return Contents(facts, [_safetensors(tensors)], merges, core_bytes())


def recorded_contents(
    loaded: Any, facts: dict[str, Any], text: str, heads: Collection[tuple[int, int]] | None
) -> Contents:
    """A recording of one text (`gpt2.explain.recording`)."""
    from gpt2.explain.recording import recording, tokens_in

    arrays, kept = recording(loaded, text, heads)
    bytes_of = {i: list(loaded.tokenizer.token_bytes(i)) for i in tokens_in(arrays)}
    page = {"kind": "recorded", "text": text, "bytes": bytes_of, "heads": kept}
    return Contents({**facts, **page}, [_safetensors(arrays)])


def facts_of(loaded: Any, model: str | os.PathLike[str]) -> dict[str, Any]:
    """The facts about a model for the scripts: its name, hash, shape and precisions."""
    from gpt2 import __version__
    from gpt2.proof import model_hash, provable

    return {
        "kind": "live",
        "name": Path(model).resolve().name if Path(model).exists() else str(model),
        "model": model_hash(model),
        "version": __version__,
        "config": json.loads(loaded.config.to_json_string()),
        "ends": token_list(loaded.generation_config.eos_token_id),
        "parameters": loaded.config.parameter_count(),
        "dtype": loaded.facts["dtype"],
        "headDtype": loaded.facts.get("head_dtype"),
        "kvDtype": loaded.facts.get("kv_dtype"),
        "reference": reference_lines(),
        **({} if provable(loaded.facts) else {"provable": False}),
    }


def merges_of(tokenizer: Any, size: int, model: Any) -> str:
    """The merges, if ids have GPT-2's layout: 256 bytes, one token per merge, <|endoftext|>."""
    merges = getattr(tokenizer, "merges", None)
    if merges is None:
        raise TokenizerError(f"{model} has no byte-level BPE tokenizer, which a page requires.")
    tokens = [tokenizer.token_bytes(i) for i in range(min(size, 256 + len(merges)))]
    prints = [*range(33, 127), *range(161, 173), *range(174, 256)]
    first = [*prints, *(i for i in range(256) if i not in prints)]
    joined = [to_bytes(left) + to_bytes(right) for left, right in merges]
    if tokens != [*(bytes([byte]) for byte in first), *joined] or size < len(tokens) + 1:
        raise TokenizerError(f"the ids of {model}'s tokenizer are not in the order of its merges, "
                             "which a page requires.")  # fmt: skip
    return "\n".join(" ".join(pair) for pair in merges)


def tokenizer_facts(tokenizer: Any, size: int) -> dict[str, Any]:
    """What besides the merges determines a text's ids, and the bytes of ids below ``size``."""
    matched = [
        {"id": i, **dataclasses.asdict(token)}
        for i, token in tokenizer.added_tokens_decoder.items()
        if not (token.special and tokenizer.split_special_tokens)
    ]
    others = range(256 + len(tokenizer.merges), size)
    return {
        "added": matched,
        "bytes": {i: list(tokenizer.token_bytes(i)) for i in others},
        "space": tokenizer.add_prefix_space,
        "first": tokenizer.template.first,
    }


def core_bytes() -> bytes:
    """The native core as WebAssembly (tools/wasm.py); `MissingFileError` if it was not built."""
    path = WEB / "core.wasm"
    if not path.exists():
        raise MissingFileError(f"{path} does not exist: build it with python tools/wasm.py.")
    return path.read_bytes()


def _safetensors(tensors: dict[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        write_safetensors(path, tensors)
        return path.read_bytes()
