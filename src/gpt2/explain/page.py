"""One HTML file in which a model runs: its weights, the core as WebAssembly and the page's scripts.

It opens from a disk without a network, and its policy forbids one. Data stands in it as base64 and
is decoded by hand.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from gpt2.checkpoint.mapped import write_safetensors
from gpt2.errors import MissingFileError, OptionError, TokenizerError
from gpt2.explain.joiner import inline, joined
from gpt2.explain.lines import reference_lines
from gpt2.files import atomic

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
LARGEST = 250_000_000  # bytes of weights that a browser bears
PIECE = 3 << 20  # bytes of base64 in one element: a whole model would be one very long string
PACKAGE = Path(str(files("gpt2")))
WEB = PACKAGE / "explain" / "web"

Told = Callable[[str], object]


@dataclasses.dataclass
class Contents:
    """What a page holds beside its scripts."""

    facts: dict[str, Any]  # what the scripts are told: see `facts_of`
    weights: list[bytes]  # safetensors files, packed
    merges: str  # of the tokenizer, as merges.txt
    core: bytes  # the native core as WebAssembly


def explain(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    text: str | None = None,
    *,
    dtype: str | None = None,
) -> Path:
    """Write the page of a model.

    Args:
        model: a folder, a file, a bundled name or a hub name.
        output: the file to write, whole or not at all.
        text: the text it begins with; None means one in the reader's language.
        dtype: int8 or int4, whose bits are the same on every processor; None means the model's own
            where it is packed so, else int8.

    Raises:
        OptionError: another precision; a model of over 250 MB.
        TokenizerError: a tokenizer that is not GPT-2's kind.
        ModelFileError, HubError: the model's files.
    """
    contents = contents_of(model, dtype)
    contents.facts["text"] = text
    path = Path(output)
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        for piece in html(contents):
            file.write(piece)
    return path


def contents_of(model: str | os.PathLike[str], dtype: str | None = None) -> Contents:
    """Everything that the page of a model holds; errors are those of `explain`."""
    from gpt2.checkpoint import read_checkpoint
    from gpt2.hub import resolve
    from gpt2.loading import load
    from gpt2.native.engine import tensor_names
    from gpt2.precision import short
    from gpt2.quantization.rounding import is_matrix

    checkpoint = read_checkpoint(resolve(model), framework="native")
    own = checkpoint.quantization
    wanted = short(dtype) or (own.dtype if own and own.dtype in ("int8", "int4") else "int8")
    if wanted not in ("int8", "int4"):
        raise OptionError(f"a page computes in int8 or int4, found {dtype!r}.")
    loaded: Any = load(model, dtype=wanted)
    if loaded.weight_bytes > LARGEST:
        raise OptionError(
            f"{model} has {loaded.weight_bytes / 1e6:.0f} MB of weights in {wanted}: a browser "
            f"bears about {LARGEST / 1e6:.0f} MB. Take a smaller model, or dtype='int4'."
        )
    tensors = {
        name: loaded.packed(name) if is_matrix(name) else checkpoint.stored[name]
        for name in tensor_names(loaded.config)
    }
    merges = merges_of(loaded.tokenizer, loaded.config.vocab_size, model)
    return Contents(facts_of(loaded, model), [_safetensors(tensors)], merges, core_bytes())


def facts_of(loaded: Any, model: str | os.PathLike[str]) -> dict[str, Any]:
    """What the scripts are told of a model: its name, hash, shape and precisions."""
    from gpt2 import __version__
    from gpt2.proof import model_hash

    config = json.loads(loaded.config.to_json_string())
    config["eos_token_id"] = loaded.generation_config.eos_token_id
    return {
        "name": Path(model).name if Path(model).exists() else str(model),
        "model": model_hash(model),
        "version": __version__,
        "config": config,
        "parameters": loaded.config.parameter_count(),
        "dtype": loaded.dtype,
        "headDtype": loaded.head_dtype,
        "kvDtype": loaded.kv_dtype,
        "reference": reference_lines(),
    }


def merges_of(tokenizer: Any, size: int, model: Any) -> str:
    """The merges, where ids are GPT-2's: 256 bytes, a token a merge, <|endoftext|>."""
    merges = getattr(tokenizer, "merges", None)
    if merges is None:
        raise TokenizerError(f"{model} has no byte-level BPE tokenizer, which a page needs.")
    found = [tokenizer.token_bytes(i) for i in range(min(size, 256 + len(merges)))]
    prints = [*range(33, 127), *range(161, 173), *range(174, 256)]
    first = [*prints, *(i for i in range(256) if i not in prints)]
    known = {token: i for i, token in enumerate(found)}
    ordered = found[:256] == [bytes([byte]) for byte in first] and len(known) == len(found)
    if not ordered or len(found) < 256 + len(merges) or size < len(found) + 1:
        raise TokenizerError(f"the ids of {model}'s tokenizer are not in the order of its merges, "
                             "which a page needs.")  # fmt: skip
    return "\n".join(" ".join(pair) for pair in merges)


def core_bytes() -> bytes:
    """The native core as WebAssembly (tools/wasm.py); `MissingFileError` where it was not built."""
    path = WEB / "core.wasm"
    if not path.exists():
        raise MissingFileError(f"{path} is not there: python tools/wasm.py builds it.")
    return path.read_bytes()


def _safetensors(tensors: dict[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        write_safetensors(path, tensors)
        return path.read_bytes()


def html(contents: Contents) -> Iterator[str]:
    """The page's text, in pieces."""
    style = (PACKAGE / "web" / "base.css").read_text("utf-8")
    style += (WEB / "style.css").read_text("utf-8")
    title = f"{contents.facts['name']}: GPT-2 in one file"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_escaped(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        "<noscript>This page needs JavaScript: the model runs in it.</noscript>\n"
    )
    yield _data("facts", json.dumps(contents.facts, ensure_ascii=False))
    yield _data("worker", json.dumps(joined(WEB / "in_worker.js"), ensure_ascii=False))
    yield f"<script>\n{inline(joined(WEB / 'app.js'))}</script>\n"
    yield _data("merges", json.dumps(contents.merges, ensure_ascii=False))
    yield _data("core", base64.b64encode(contents.core).decode())
    for number, weights in enumerate(contents.weights):
        for at in range(0, len(weights), PIECE):
            text = base64.b64encode(weights[at : at + PIECE]).decode()
            where = f'data-file="{number}" data-size="{len(weights)}" data-at="{at}"'
            yield f'<script type="text/plain" class="piece" {where}>{text}</script>\n'
    yield "</body>\n</html>\n"


def _data(name: str, text: str) -> str:
    """An element that the scripts read; in JSON a < may be written as its number."""
    safe = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{safe}</script>\n'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
