"""Prompt lookup next to plain decoding: scripted guesses, and the bundled model's own text.

    PYTHONPATH=src:. python -m benchmarks.speculation [--quick]

Each scripted guess is independently right with a set probability. It uses GPT-2 124M shapes with
random int8 weights, and the bundled model with guesses that prompt lookup finds. The tokens
are compared before anything is timed. Writes benchmarks/results/speculation.json.
"""

from __future__ import annotations

import argparse
import functools
import random
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import numpy as np
from benchmarks.common import interleaved, machine, spread, table, times, write

import gpt2
from gpt2.config import GPT2Config
from gpt2.generation import speculative
from gpt2.native import NativeEngine, bench

GUESSES = 8  # maximum number of guesses per token read
SHARES = (0.0, 0.5, 0.9)
TEXT = "The old man looked at the sea. The old man looked at the boat. "
TINY = GPT2Config(n_layer=2, n_embd=128, n_head=2, vocab_size=1000, eos_token_id=None)


class Scripted:
    """Replaces `PromptLookup` and knows the text that will be generated."""

    truth: Sequence[int] = ()
    share = 0.0

    def __init__(self, tokens: int, ngram: int) -> None:
        self.tokens = tokens
        self.random = random.Random(0)

    def __call__(self, row: Sequence[int], most: int) -> list[int]:
        right = self.truth[len(row) : len(row) + min(self.tokens, most)]
        return [i if self.random.random() < self.share else i ^ 1 for i in right]


def writes(model: Any, ids: Sequence[int], new: int, **more: Any) -> list[int]:
    options = {"max_new_tokens": new, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    return np.asarray(model.generate([list(ids)], **options, **more))[0].tolist()


def compare(runs: dict[str, Callable[[], list[int]]], new: int, rounds: int) -> dict[str, Any]:
    """Tokens per second of each; the first is without guesses."""
    texts = {name: run() for name, run in runs.items()}
    plain = next(iter(texts.values()))
    if any(text != plain for text in texts.values()):
        raise SystemExit("the tokens differ")
    seconds = interleaved(runs, rounds)
    base = next(iter(seconds.values()))["median"]
    return {
        name: {
            "tokens_per_second": {"median": new / s["median"], "min": new / s["max"],
                                  "max": new / s["min"]},
            "ratio": base / s["median"],
            "same_tokens": True,
        }
        for name, s in seconds.items()
    }  # fmt: skip


def scripted(model: Any, new: int, rounds: int) -> dict[str, Any]:
    ids = np.random.default_rng(0).integers(1, model.config.vocab_size, 32).tolist()
    Scripted.truth = writes(model, ids, new)

    def with_share(share: float) -> list[int]:
        Scripted.share = share
        with mock.patch.object(speculative, "PromptLookup", Scripted):
            return writes(model, ids, new, prompt_lookup_num_tokens=GUESSES)

    runs: dict[str, Callable[[], list[int]]] = {"without": lambda: writes(model, ids, new)}
    for share in SHARES:
        runs[f"{share:.0%} right"] = functools.partial(with_share, share)
    return compare(runs, new, rounds)


def own_text(model: Any, new: int, rounds: int) -> dict[str, Any]:
    ids = model.tokenizer.encode(TEXT)
    return compare(
        {
            "without": lambda: writes(model, ids, new),
            "prompt lookup": lambda: writes(model, ids, new, prompt_lookup_num_tokens=GUESSES),
        },
        new,
        rounds,
    )


def describe(found: dict[str, Any]) -> str:
    rows = [
        [case, name, spread(one["tokens_per_second"]), _against(one, found[case]["without"])]
        for case in found
        if case not in ("machine", "guesses", "new_tokens")
        for name, one in found[case].items()
    ]
    return (
        f"At most {found['guesses']} draft tokens per step; the generated tokens are the same with "
        "and without drafts. Each scripted draft token is right with the given probability.\n\n"
        + table(["", "drafts", "tokens/s", "speedup"], rows)
    )


def _against(one: dict[str, Any], plain: dict[str, Any]) -> str:
    return "" if one is plain else times(one["tokens_per_second"], plain["tokens_per_second"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small model, nothing written")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    config = TINY if options.quick else GPT2Config.published("gpt2", eos_token_id=None)
    new, rounds = (24, 1) if options.quick else (96, options.rounds)
    model = NativeEngine(bench.RandomWeights(config), config, dtype="int8")
    mini = gpt2.load("gpt2-mini")
    own = f"gpt2-mini's own text, {mini.dtype}"
    result: dict[str, Any] = {
        "machine": machine(["numpy"]) | {"threads": model.threads},
        "guesses": GUESSES,
        "new_tokens": new,
        "scripted, 124M int8": scripted(model, new, rounds),
        own: own_text(mini, 4 * new, rounds),
    }
    for name in ("scripted, 124M int8", own):
        print(name, {k: round(v["ratio"], 2) for k, v in result[name].items()})
    if not options.quick:
        print(write("speculation", result))


if __name__ == "__main__":
    main()
