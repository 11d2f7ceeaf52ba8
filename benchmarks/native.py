"""The native engine on GPT-2 124M shapes: decoding, prefill and batches in each precision.

    PYTHONPATH=src:. python -m benchmarks.native [--rounds 7] [--kernels avx2] [--shape gpt2-xl]

The weights are random, as speed does not depend on them. The share of the memory bandwidth is the
bytes of stored weights that a token reads per second, relative to the maximum read rate of the
engine's own threads. The share of the fp32 peak is the FLOP/s of a prompt, relative to the maximum
of those threads. The memory speed of a shared machine varies from minute to minute, so limit and
engine take turns, and medians are compared.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from typing import Any

from benchmarks.common import machine, spread, table, write
from benchmarks.peers.worker import peak_bytes

from gpt2.config import PUBLISHED, GPT2Config
from gpt2.native import NativeEngine, bench

# Ours -> the precision of the layers and of the embedding and the head.
FORMS = {
    "fp32": ("fp32", "fp32"),
    "fp16": ("fp16", "fp16"),
    "bf16": ("bf16", "bf16"),
    "int8": ("int8", "int8"),
    "int4": ("int4", "int4"),
    "int4, head int8": ("int4", "int8"),
}
TINY = GPT2Config(n_layer=2, n_embd=128, n_head=2, vocab_size=1000)


def beside_limits(engine: NativeEngine, options: argparse.Namespace) -> dict[str, Any]:
    """Decoding and prefill as shares of the machine's limits, measured in turns with them."""
    tokens = min(options.tokens, 32)
    step = bench.decode(engine, bench.SHORT, tokens)
    prompt = bench.prefill(engine, bench.LONG)
    operations = bench.operations(engine.config, bench.LONG)
    limits, reading, multiplying = [], [], []
    for _ in range(1 + options.rounds):
        limits.append(bench.probe(options.threads, options.kernels, seconds=0.2))
        reading.append(engine.weight_bytes * tokens / seconds_of(step))
        multiplying.append(operations / seconds_of(prompt))
    read, multiply = (
        statistics.median(getattr(x, name) for x in limits[1:]) for name in ("read", "multiply")
    )
    return {
        "limits": [dataclasses.asdict(each) for each in limits[1:]],
        "share_of_read": statistics.median(reading[1:]) / read,
        "share_of_multiply": statistics.median(multiplying[1:]) / multiply,
    }


def seconds_of(turn: bench.Turn) -> float:
    begin = time.perf_counter()
    turn()
    return time.perf_counter() - begin


def describe(found: dict[str, Any]) -> str:
    kinds = ("decode after 32", "decode after 512", "prefill 512", "batch 8", "batch 32")
    rows = [
        [
            dtype,
            f"{figures['weight_bytes'] / 1e6:.0f}",
            *(spread(figures[kind]) for kind in kinds),
            *(f"{figures[k]:.0%}" for k in ("share_of_read", "share_of_multiply")),
        ]
        for dtype, figures in found["engines"].items()
    ]
    limits = [limit for figures in found["engines"].values() for limit in figures["limits"]]
    least, most = (pick(x["read"] for x in limits) / 1e9 for pick in (min, max))
    note = (
        "Tokens per second of the native engine with 124M random weights (no other library in this "
        f"run). Its own threads reached a read bandwidth of {least:.1f} to {most:.1f} GB/s during "
        "the run. Both were measured in turns, and the last two columns compare their medians: "
        "decoding after 32 tokens with the read bandwidth, prefill with the fp32 multiply-adds."
    )
    head = ["", "weights, MB", *kinds, "of read bandwidth", "of fp32 peak"]
    return note + "\n\n" + table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--kernels", default=None)
    parser.add_argument("--shape", choices=list(PUBLISHED), default="gpt2")
    parser.add_argument("--forms", nargs="+", choices=list(FORMS), default=list(FORMS))
    parser.add_argument("--alone", action="store_true", help="no batches, which need memory")
    parser.add_argument("--tiny", action="store_true", help="a small model, nothing written")
    options = parser.parse_args()
    config = TINY if options.tiny else GPT2Config.published(options.shape)
    weights = bench.RandomWeights(config)
    result: dict[str, Any] = {"machine": machine(["numpy"]), "engines": {}}
    for form in options.forms:
        dtype, head = FORMS[form]
        engine = NativeEngine(
            weights,
            config,
            dtype=dtype,
            head_dtype=head,
            threads=options.threads,
            kernels=options.kernels,
        )
        work = bench.single(engine, options.tokens)
        if not options.alone:
            work |= bench.batches(engine, options.tokens)
        rates = bench.measure(work, options.rounds)
        shares = beside_limits(engine, options)
        result |= {"threads": engine.threads, "kernels": engine.kernels, "shape": options.shape}
        result["engines"][form] = {
            "weight_bytes": engine.weight_bytes,
            **shares,
            **{name: dataclasses.asdict(rate) for name, rate in rates.items()},
        }
        print(form, {name: round(rate.median) for name, rate in rates.items()}, flush=True)
        del engine, work
    result["peak_bytes"] = peak_bytes()
    if options.tiny:
        print(result)
        return
    size = "" if options.shape == "gpt2" else f"-{options.shape}"
    print(write(f"native-{result['kernels']}{size}", result))


if __name__ == "__main__":
    main()
