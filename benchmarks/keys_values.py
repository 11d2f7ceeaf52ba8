"""The KV cache in fp32, fp16 and int8: speed, memory, and the change in logits.

    PYTHONPATH=src:. python -m benchmarks.keys_values [--rounds 5] [--data ../shared/data]

Speed is measured on GPT-2 124M shapes with random int8 weights: engines that differ only in their
cache take turns. Accuracy is measured on the bundled model, whose weights are trained: each
position of a held-out text is compared with the same model with fp32 keys and values. Writes
benchmarks/results/keys_values.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Literal

import numpy as np
from benchmarks.common import ROOT, interleaved, machine, spread, table, write
from benchmarks.quantization import held_out

import gpt2
from gpt2.config import GPT2Config
from gpt2.generation import arrays
from gpt2.native import NativeEngine, bench

Kind = Literal["fp32", "fp16", "int8"]
KINDS: tuple[Kind, ...] = ("fp32", "fp16", "int8")
PROMPTS = (32, 512, 1000)
TOKENS = 24  # per turn
TINY = GPT2Config(n_layer=2, n_embd=128, n_head=2, vocab_size=1000)


def speed(config: GPT2Config, rounds: int) -> dict[str, Any]:
    """Tokens per second after each prompt, and the bytes of a full row."""
    weights = bench.RandomWeights(config)
    engines = {kind: NativeEngine(weights, config, dtype="int8", kv_dtype=kind) for kind in KINDS}
    found: dict[str, Any] = {
        kind: {"row_bytes": engine.new_cache(1).nbytes} for kind, engine in engines.items()
    }
    for prompt in PROMPTS:
        turns: dict[str, bench.Turn] = {
            kind: bench.decode(engines[kind], prompt, TOKENS) for kind in KINDS
        }
        for kind, seconds in interleaved(turns, rounds).items():
            found[kind][f"decode after {prompt}"] = {
                "median": TOKENS / seconds["median"],
                "min": TOKENS / seconds["max"],
                "max": TOKENS / seconds["min"],
            }
    return found


def distances(text: str, tokens: int) -> dict[str, Any]:
    """Distances of the logits after each token of the text, read in full contexts."""
    models = {kind: gpt2.load("gpt2-mini", engine="native", kv_dtype=kind) for kind in KINDS}
    context = models["fp32"].config.n_positions
    ids = models["fp32"].tokenizer.encode(text)[:tokens]
    pieces = [ids[i : i + context] for i in range(0, len(ids), context)]
    sums: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for piece in pieces:
        lines = {k: m.extend(m.new_cache(1), [piece], logits="all") for k, m in models.items()}
        exact = lines["fp32"]
        logs = arrays.log_softmax(exact)
        for kind, logits in lines.items():
            kl = (np.exp(logs) * (logs - arrays.log_softmax(logits))).sum(1)
            same = logits.argmax(1) == exact.argmax(1)
            sums[kind].append((np.abs(logits - exact).max(1), kl, same))
    found = {}
    for kind in KINDS:
        most, kl, same = (np.concatenate(x) for x in zip(*sums[kind], strict=True))
        found[kind] = {
            "largest_difference": float(most.max()),
            "mean_largest_difference": float(most.mean()),
            "kl_mean": float(kl.mean()),
            "same_top": float(same.mean()),
        }
    dtype = models["fp32"].dtype
    return {"dtype": dtype, "tokens": len(ids), "context": context, "kinds": found}


DISTANCES = ("largest_difference", "mean_largest_difference", "kl_mean")


def describe(found: dict[str, Any]) -> str:
    speeds, distance = found["speed"], found["distance"]
    tasks = [name for name in next(iter(speeds.values())) if name != "row_bytes"]
    rows = [
        [
            kind,
            f"{figures['row_bytes'] / 1e6:.1f}",
            *(spread(figures[task]) for task in tasks),
            *(f"{distance['kinds'][kind][of]:.2g}" for of in DISTANCES),
            f"{distance['kinds'][kind]['same_top']:.2%}",
        ]
        for kind, figures in speeds.items()
    ]
    note = (
        "Tokens per second of one sequence, with GPT-2 124M shapes and random weights at int8; the "
        "memory is that of a full row. The last four columns compare the bundled model's logits at "
        f"{distance['dtype']} with those for fp32 keys and values, over {distance['tokens']:,} "
        f"held-out tokens in contexts of {distance['context']}: the largest difference of a logit, "
        "the mean over positions of the largest difference, the mean KL divergence in nats, and "
        "how often the most likely token is the same."
    )
    head = ["", "MB per row", *tasks, "largest", "mean largest", "KL", "same token"]
    return note + "\n\n" + table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--tiny", action="store_true", help="a small model, nothing written")
    options = parser.parse_args()
    tokens = 600 if options.tiny else 8192
    text = held_out(options.data, tokens)
    if text is None:
        raise SystemExit("the held-out novels are not at hand: name their folder with --data")
    result = {
        "machine": machine(["numpy"]),
        "distance": distances(text, tokens),
        "speed": speed(TINY if options.tiny else GPT2Config(), options.rounds),
    }
    if options.tiny:
        print(result)
        return
    print(write("keys_values", result))


if __name__ == "__main__":
    main()
