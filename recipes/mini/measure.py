"""Bits a byte of a model on the texts that were held out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from recipes.mini import sources

import gpt2
from gpt2.scoring import Scorer

BYTES = 200_000  # of each text: enough for the third decimal


def held_texts(data: Path) -> dict[str, list[str]]:
    """Name -> documents that no mix holds."""
    evaluated = sources.read(data / "simple/tinystories_eval.txt.xz")
    found = {
        "TinyStories": list(sources.sections(evaluated)),
        "novels": list(sources.held_novels(data)),
        "Chinese Wikipedia": list(sources.encyclopaedia(data, held=True)),
        "WikiText-2": [sources.read(data / "eval/wikitext-2/wiki.test.raw")],
    }
    for language, name in (("en", "English"), ("zh", "Chinese")):
        unseen = sources.rows(sources.WORK / "unseen.jsonl")
        found[f"unseen worlds, {name}"] = [sources.story_text(s, language) for s in unseen]
    return found


def first_bytes(texts: list[str], most: int = BYTES) -> list[str]:
    """The first ``most`` bytes of some documents, as documents."""
    kept: list[str] = []
    left = most
    for text in texts:
        kept.append(text.encode()[:left].decode("utf-8", "ignore"))
        left -= len(kept[-1].encode())
        if left <= 0:
            break
    return kept


def bits(model: Any, texts: list[str]) -> float:
    """Bits a byte over the first bytes, each document from its beginning."""
    kept = first_bytes(texts)
    ids = [model.tokenizer.encode(text) for text in kept]
    total = sum(found.logprob for found in Scorer(model).rolling(ids))
    return -total / math.log(2) / sum(len(text.encode()) for text in kept)


def held_out(folder: Path | str, data: Path, **options: Any) -> dict[str, float]:
    """Bits a byte of the model in a folder on every held-out text."""
    model = gpt2.load(str(folder), engine="native", **options)
    return {name: round(bits(model, texts), 4) for name, texts in held_texts(data).items()}
