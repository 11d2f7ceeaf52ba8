"""The bundled model's training text: how much of each source, printed before anything is trained.

A mix is a file of JSON lines, a document each, in random order. Repeats of a source are repeated
there; the trunk reads its mix as often as it has tokens for. The decay reads
the same sources thinned and stories that the trunk has not read; the decay that learns the tasks
also the tasks' documents.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from recipes.mini.forms import TASK_SOURCES
from recipes.mini.sources import FRESH_SOURCES, SOURCES

from gpt2 import GPT2Tokenizer
from gpt2.files import atomic, write_json
from gpt2.tokenizer import Tokenizer, train_tokenizer

VOCABULARY = 8192


@dataclass(frozen=True)
class Share:
    """How much of a source a mix holds: its first ``most`` million tokens, ``times`` over."""

    times: float
    most: float | None = None


TRUNK = {
    "worlds, English": Share(1),
    "worlds, Chinese": Share(1),
    "TinyStories": Share(2),
    "picture books, English": Share(2),
    "picture books, Chinese": Share(8),
    "FairytaleQA stories": Share(1),
    "children's books": Share(1, most=2.5),
    "learners' articles": Share(1),
    "sentence pairs": Share(1),
    "Tang poems": Share(1, most=0.5),
    "Chinese Wikipedia": Share(1, most=0.6),
}
PLAIN = {  # what a decay reads beside the tasks: the trunk's sources thinned, and other stories
    "fresh worlds, English": Share(1),
    "fresh worlds, Chinese": Share(1),
    "TinyStories": Share(0.3),
    "picture books, English": Share(0.3),
    "picture books, Chinese": Share(2),
    "FairytaleQA stories": Share(0.15),
    "children's books": Share(0.1, most=2.5),
    "learners' articles": Share(0.2),
    "sentence pairs": Share(0.07),
    "Tang poems": Share(0.12, most=0.5),
    "Chinese Wikipedia": Share(0.2, most=0.6),
}
TASKS = {
    "summaries and answers, English worlds": Share(1),
    "summaries and answers, Chinese worlds": Share(1),
    "answers, English notes": Share(1),
    "answers, Chinese notes": Share(1),
    "answers, FairytaleQA": Share(0.2),
    "titles, English worlds": Share(1),
    "titles, Chinese worlds": Share(1),
    "translations": Share(0.7),
}
MAKERS = {**SOURCES, **FRESH_SOURCES, **TASK_SOURCES}
MIXES = {"trunk": TRUNK, "tasks": {**PLAIN, **TASKS}, "plain": PLAIN}


def documents(data: Path, names: Iterable[str]) -> dict[str, list[str]]:
    """The documents of the sources that are named."""
    return {name: list(MAKERS[name][1](data)) for name in names}


def vocabulary(data: Path, out: Path, size: int = VOCABULARY) -> Tokenizer:
    """The vocabulary, learned once on a fair sample of the trunk's mix."""
    if not (out / "vocab.json").exists():
        found = documents(data, TRUNK)
        rng = random.Random(1)
        sample = [
            text
            for name, share in TRUNK.items()
            for text in _first(found[name], share.most, len)
            if rng.random() < 0.5
        ]
        train_tokenizer(sample, size).save_pretrained(out)
    return GPT2Tokenizer.from_pretrained(out)


def _first(texts: list[str], millions: float | None, size: Any) -> Iterator[str]:
    """The first texts, up to so many million by ``size``."""
    left = float("inf") if millions is None else millions * 1e6 * (3 if size is len else 1)
    for text in texts:
        left -= size(text)
        if left < 0:
            return
        yield text


def mixed(
    found: dict[str, list[str]], shares: dict[str, Share], tokenizer: Tokenizer, seed: int
) -> tuple[list[str], list[dict[str, Any]]]:
    """The documents of a mix in random order, and a row for each source."""
    rng, texts, table = random.Random(seed), [], []
    for name, share in shares.items():
        length = lru_cache(None)(lambda text: len(tokenizer.encode(text)) + 1)
        kept = list(_first(found[name], share.most, length))
        chosen = kept * int(share.times)
        rest = list(kept)
        rng.shuffle(rest)
        chosen += rest[: round(len(rest) * (share.times % 1))]
        table.append({
            "source": name,
            "documents": len(kept),
            "unique tokens": sum(map(length, kept)),
            "documents left out": len(found[name]) - len(kept),
            "tokens in the mix": sum(map(length, chosen)),
        })  # fmt: skip
        texts += chosen
    rng.shuffle(texts)
    return texts, table


def write_mixes(data: Path, out: Path, tokens: dict[str, float]) -> None:
    """Write mixes to ``out`` and print their tables; ``tokens``: what each is trained on, in
    millions, for the epochs that a source is seen."""
    tokenizer = vocabulary(data, out / "vocabulary")
    for mix in tokens:
        texts, table = mixed(documents(data, MIXES[mix]), MIXES[mix], tokenizer, seed=1)
        whole = sum(row["tokens in the mix"] for row in table)
        for row in table:
            unique = max(1, row["unique tokens"])
            row["language"] = MAKERS[row["source"]][0]
            row["epochs"] = round(row["tokens in the mix"] / unique * tokens[mix] * 1e6 / whole, 2)
        with atomic(out / f"{mix}.jsonl") as part, part.open("w", encoding="utf-8") as file:
            for text in texts:
                print(json.dumps({"text": text}, ensure_ascii=False), file=file)
        write_json(out / f"{mix}.json", {"tokens": whole, "trained on": tokens[mix], "rows": table})
        _show(mix, whole, tokens[mix], table)


def _show(mix: str, whole: int, trained: float, table: list[dict[str, Any]]) -> None:
    print(f"\n{mix}: {whole / 1e6:.2f}M tokens, trained on {trained:g}M")
    print(f"{'source':38} {'':5} {'documents':>9} {'unique':>8} {'in mix':>8} {'epochs':>6}")
    for row in table:
        unique, inside = row["unique tokens"] / 1e6, row["tokens in the mix"] / 1e6
        print(f"{row['source']:38} {row['language']:5} {row['documents']:9,} "
              f"{unique:7.2f}M {inside:7.2f}M {row['epochs']:6.2f}")  # fmt: skip
