"""Rounding errors: rolling log-likelihoods of two programs compared with double precision.

    python -m benchmarks.rolling --harness VENV/bin/python --data FOLDER

It scores the second article of WikiText-2 with random weights of 124M: each window of 1,024 tokens
by the native engine (fp32, including keys and values), by lm-evaluation-harness (fp32), and by
`gpt2.reference` in float64, whose logarithms are summed in float64. It takes a few minutes on one
core.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, cast

import numpy as np
from benchmarks.common import ROOT, machine, table, write
from benchmarks.evaluation import OURS, Harness, folder_of, ours

from gpt2 import reference
from gpt2.evaluation.benchmark import Subject
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.benchmarks.detokenise import WIKITEXT
from gpt2.loading import load
from gpt2.numpy_engine import NumpyEngine
from gpt2.scoring import windows


def exact(weights: Any, config: Any, ids: list[int], start: int) -> float:
    """The sum of the log-probabilities of the tokens from ``start`` on."""
    logits = reference.forward(weights, config, ids[:-1])[start - 1 :]
    best = logits.max(1)
    sums = np.exp(logits - best[:, None]).sum(1)
    chosen = logits[np.arange(len(logits)), ids[start:]]
    return float((chosen - best - np.log(sums)).sum())


def describe(found: dict[str, Any]) -> str:
    rows = [
        [name, f"{value:.5f}", f"{value - found['exact']:+.5f}"]
        for name, value in {**found["found"], "float64": found["exact"]}.items()
    ]
    return (
        f"The second article of WikiText-2 ({found['tokens']:,} tokens, "
        f"{len(found['windows'])} windows) with 124M random weights, in nats. "
        "lm-evaluation-harness sums the log-probabilities of a window in single precision, where "
        f"neighbouring values are {found['spacing_fp32']:.1e} apart for sums of this size; gpt2 "
        "sums in double precision.\n\n" + table(["", "log-likelihood", "minus float64"], rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--harness", required=True, help="the other environment's python")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    given = parser.parse_args()
    own = benchmark("wikitext2")
    text = WIKITEXT.text(own.read(own.find(given.data))[1][1])
    result: dict[str, Any] = {"machine": machine(["numpy"]), "characters": len(text)}
    with folder_of("124M", given.data) as folder:
        subject = Subject(load(folder, threads=1, **OURS["fp32"]))
        half = Subject(load(folder, threads=1, dtype="fp32"))  # keys and values in fp16
        harness = Harness(given.harness, folder, 1)
        result["machine"]["versions"] |= harness.facts["versions"]
        found = {
            "native": ours(subject, "rolling", [text])["values"][0][0],
            "native, keys and values in fp16": ours(half, "rolling", [text])["values"][0][0],
            "harness": harness.ask("rolling", 1, [text])["values"][0][0],
        }
        harness.close()
        double = cast(NumpyEngine, load(folder, engine="reference", dtype="float64"))
        ids = [subject.scorer.start, *subject.ids(text)]
        cuts = list(windows([ids], subject.scorer.limit, None))
        sums = [exact(double.weights, double.config, item.ids, item.start) for item in cuts]
    result |= {
        "tokens": len(ids) - 1,
        "windows": sums,
        "exact": sum(sums),
        "found": found,
        "spacing_fp32": float(np.spacing(np.float32(max(map(abs, sums))))),
    }
    print(write("rolling", result))


if __name__ == "__main__":
    main()
