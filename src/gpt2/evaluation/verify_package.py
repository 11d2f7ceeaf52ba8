"""Checks of `verify` that need no model of OpenAI: the package against what was recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.evaluation.golden import decoded_tensor, recorded
from gpt2.evaluation.verify import Array, Result, Subject, judged, no_data
from gpt2.files import parse_json, read_json_object, read_text

ENGINES, ACTIVATIONS = 1e-3, 1e-4  # largest differences allowed
NANO = ("weights/gpt-nano-sort-model.json", "golden/gpt-nano-sort-t0-partials.json")
NANO_POINTS = {  # name in the recorded file -> point of `gpt2.points`
    "x": "embed", "q": "h.0.attn.q", "k": "h.0.attn.k", "v": "h.0.attn.v",
    "attSm": "h.0.attn.pattern", "yProj": "h.0.attn", "gelu": "h.0.mlp.hidden", "mlp": "h.0.mlp",
    "block0": "h.0", "block1": "h.1", "block2": "h.2", "ln_f": "ln_f",
}  # fmt: skip
PLANS = "golden/gpt-tokenizer_TestPlans.txt"


def engines_agree(_: Path | None) -> Result:
    """The native engine and the numpy reference give the bundled model the same logits."""
    from gpt2.loading import load

    native = load("gpt2-mini", engine="native", dtype="fp32", kv_dtype="fp32")
    reference = load("gpt2-mini", engine="reference", dtype="float64")
    ids = native.tokenizer.encode("It was a dark night, and the old man looked at the sea.")
    here = [Subject(model, Path()).logits([ids]) for model in (native, reference)]
    worst = float(np.abs(here[0] - here[1]).max())
    found = f"native against the reference in float64: largest difference {worst:.2g}"
    return judged(worst <= ENGINES, found, f"allowed is {ENGINES:g}")


def vocabulary(data: Path | None) -> Result:
    """Texts recorded by llama.cpp and gpt-tokenizer, through GPT-2's own vocabulary."""
    from gpt2.tokenizer import Tokenizer

    if data is None or not (data / "tokenizer" / "vocab.bpe").is_file():
        return no_data(data, "tokenizer/vocab.bpe")
    own = Tokenizer.from_pretrained(data / "tokenizer")
    cases = [(text, ids) for text, ids in recorded()["vocabulary"]["cases"]]
    if (data / PLANS).is_file():
        form = r"EncodingName: r50k_base\nSample: (.*?)\nEncoded: (\[.*?\])\n"
        plans = re.findall(form, read_text(data / PLANS), re.DOTALL)
        cases += [(text, parse_json(ids, PLANS)) for text, ids in plans]
    wrong = [text for text, ids in cases if own.encode(text) != ids]
    return judged(not wrong, f"{len(cases)} recorded texts", f"{len(wrong)} differ: {wrong[:1]}")


def sorter(data: Path | None) -> Result:
    """A really trained minGPT of three layers: its recorded activations."""
    if data is None or not all((data / name).is_file() for name in NANO):
        return no_data(data, NANO[0])
    model = _nano(read_json_object(data / NANO[0]))
    facts = {k: v for k, v in read_json_object(data / NANO[1]).items() if k != "config"}
    wanted = {name: decoded_tensor(value) for name, value in facts.items()}
    seen: dict[str, Array] = {}
    with model.tapped(lambda name, x: seen.__setitem__(name, x.copy())):
        logits = Subject(model, Path()).logits(wanted["idx"].astype(int).tolist())
    pairs = [(seen[ours], wanted[theirs]) for theirs, ours in NANO_POINTS.items()]
    pairs.append((logits, wanted["lm_head"]))
    worst = max(float(np.abs(a.reshape(b.shape) - b).max()) for a, b in pairs)
    found = f"{len(pairs)} recorded activations; largest difference {worst:.2g}"
    return judged(worst <= ACTIVATIONS, found, f"allowed is {ACTIVATIONS:g}")


def _nano(file: dict[str, Any]) -> Any:
    """minGPT's exported JSON as a native engine; its Linear matrices are [out, in]."""
    from gpt2.config import GPT2Config
    from gpt2.native import NativeEngine

    shape = file.pop("config")
    named = {name: shape[name] for name in ("n_layer", "n_head", "n_embd", "vocab_size")}
    end = {"bos_token_id": None, "eos_token_id": None}
    config = GPT2Config(**named, **end, n_positions=shape["block_size"], tie_word_embeddings=False)
    tensors = {name: decoded_tensor(entry) for name, entry in file.items()}
    turned = {n: ".c_" in n and n.endswith("weight") for n in tensors}
    weights = {n: np.ascontiguousarray(t.T if turned[n] else t) for n, t in tensors.items()}
    return NativeEngine(weights, config, dtype="fp32", kv_dtype="fp32")


PACKAGE: dict[str, Callable[[Path | None], Result]] = {
    "engines": engines_agree,
    "GPT-2's vocabulary": vocabulary,
    "gpt-nano sorter": sorter,
}
