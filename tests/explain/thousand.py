"""1,000 prompts, and what the command line's engine makes of them: its bits, and what it draws."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

COUNT = 1_000
WRITTEN = 8
SETTINGS = (
    {"temperature": 0.7, "top_k": 40, "top_p": 1, "seed": 7},
    {"temperature": 1, "top_k": 0, "top_p": 0.9, "seed": 1},
    {"temperature": 1.3, "top_k": 0, "top_p": 1, "seed": 4_000_000_000},
    {"temperature": 0, "top_k": 0, "top_p": 1, "seed": 0},
)


def questions(vocabulary: int, layers: int, heads: int) -> list[dict[str, Any]]:
    """Prompts with settings; every other one with heads, MLPs and a position off."""
    draw, found = random.Random(3), []
    for i in range(COUNT):
        ids = draw.choices(range(vocabulary - 1), k=draw.randrange(1, 40))
        off = {
            "heads": draw.sample(range(layers * heads), draw.randrange(1, 6)),
            "mlps": draw.sample(range(layers), draw.randrange(2)),
            "positions": [draw.randrange(len(ids))] * draw.randrange(2),
        }
        settings = SETTINGS[i // 2 % len(SETTINGS)]
        found.append({"ids": ids, "off": off if i % 2 else None, "count": WRITTEN,
                      "settings": settings})  # fmt: skip
    return found


def here(model: Any, asked: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """SHA-256 of the logits after every token, and the tokens written next."""
    for one in asked:
        off, settings = one["off"] or {"heads": [], "mlps": [], "positions": []}, one["settings"]
        heads = [divmod(i, model.config.n_head) for i in off["heads"]]
        how = {"do_sample": True, **settings} if settings["temperature"] else {"do_sample": False}
        with model.ablate(heads=heads, mlps=off["mlps"], positions=off["positions"]):
            logits = model.extend(model.new_cache(1), [one["ids"]], logits="all")
            new = model.generate([one["ids"]], max_new_tokens=one["count"], **how)[0]
        digest = hashlib.sha256(np.ascontiguousarray(logits).tobytes()).hexdigest()
        yield {"digest": digest, "ids": [int(i) for i in new[len(one["ids"]) :]]}
