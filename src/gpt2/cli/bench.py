"""``gpt2 bench``: measure the speed of a model, also relative to the machine's limits."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gpt2.cli.options import AS_JSON, DEFAULT_MODEL, QUIET, Precision, model_argument
from gpt2.cli.progress import Progress
from gpt2.config import PUBLISHED, GPT2Config
from gpt2.errors import GPT2Error, OptionError
from gpt2.precision import PACKED

CACHED = 64e6  # bytes of weights that may fit in the CPU cache: no bandwidth share is shown


@click.command()
@model_argument()
@click.option("--shape", type=click.Choice(list(PUBLISHED)),
              help="Measure random weights of a published size instead of MODEL.")  # fmt: skip
@click.option("--dtype", "dtypes", type=Precision(PACKED), multiple=True,
              help="Precision to measure. [default: a quantized MODEL's own, else fp32, fp16, int8 "
              "and int4; repeatable]")  # fmt: skip
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Number of threads. [default: GPT2_THREADS, else the physical cores]",
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True,
              help="Rounds per task; the median is reported.")  # fmt: skip
@click.option("--tokens", type=click.IntRange(1), default=64, show_default=True,
              help="Tokens to generate per round.")  # fmt: skip
@AS_JSON
@QUIET
@click.option("--alone", is_flag=True, hidden=True, help="One precision, in this very process.")
def command(
    model: str | None,
    shape: str | None,
    dtypes: tuple[str, ...],
    threads: int | None,
    rounds: int,
    tokens: int,
    as_json: bool,
    quiet: bool,
    alone: bool,
) -> None:
    """Measure the speed of MODEL (default: the bundled one) on this machine.

    Each precision runs in its own process. Throughput in tokens/s is measured for decoding after a
    short and after a long prompt, for prefill of the long prompt, and for 8 and 32 sequences at
    once. The table also shows the share of the memory bandwidth that reading the weights takes in
    decoding, the share of the fp32 multiply-add peak that prefill reaches, the peak memory, the
    load time, and the time from starting `gpt2 generate` to its first text. Keep the machine
    otherwise idle.
    """
    if model and shape:
        raise OptionError("give a model or --shape, not both.")
    if threads:
        os.environ["GPT2_THREADS"] = str(threads)  # for child processes too
    if alone:
        _alone(model, shape, dtypes[0], rounds, tokens)
        return
    what = ["--shape", shape] if shape else [model or DEFAULT_MODEL]
    dtypes = dtypes or _usual(shape, what[0])  # report errors before the machine is measured
    results, limits = {}, [_limits(rounds)]
    with Progress(unit="rounds", quiet=quiet) as bar:
        for dtype in dtypes:
            line = [*what, f"--dtype={dtype}", f"--rounds={rounds}", f"--tokens={tokens}"]
            results[dtype] = _in_child(line, dtype, bar.stage)
            results[dtype]["cold_start_seconds"] = None if shape else _cold_start(what[0], dtype)
            limits.append(_limits(rounds))
    most = {name: max(each[name] for each in limits) for name in limits[0]}
    for one in results.values():
        _add_shares(one, most)
    report = {"model": shape or what[0], "limits": most, "precisions": results}
    click.echo(json.dumps(report, indent=2) if as_json else _table(report))


def _limits(rounds: int) -> dict[str, float]:
    """Measure the limits of the machine; fewer rounds than the default five take less time."""
    from gpt2.native.bench import probe

    return dataclasses.asdict(probe(seconds=0.1 * min(rounds, 5)))


def _usual(shape: str | None, model: str) -> tuple[str, ...]:
    """The default precisions; for a quantised model its own precision."""
    if shape is None:
        from gpt2.checkpoint import read_checkpoint
        from gpt2.hub import resolve

        packed = read_checkpoint(resolve(model), framework="native").quantization
        if packed is not None:
            return (packed.dtype,)
    return ("fp32", "fp16", "int8", "int4")


def _in_child(arguments: list[str], dtype: str, tell: Callable[[str, int, int], None]) -> Any:
    """Measure one precision in a separate process, so that its memory is measured separately."""
    line = [sys.executable, "-m", "gpt2", "bench", *arguments, "--alone"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        result = None
        for row in child.stdout:  # repeated [done, total], then the result
            value = json.loads(row)
            if isinstance(value, list):
                tell(dtype, *value)
            else:
                result = value
    if child.returncode in (1, 2):
        sys.exit(child.returncode)  # it has printed the reason on standard error
    if child.returncode or result is None:
        raise GPT2Error(f"measuring {dtype} failed: its process exited with {child.returncode}.")
    return result


def _alone(model: str | None, shape: str | None, dtype: str, rounds: int, tokens: int) -> None:
    """Measure one precision in this process and print JSON Lines to standard output."""
    from gpt2.native import bench

    begin = time.perf_counter()
    engine = _engine(model, shape, dtype)
    loaded = time.perf_counter() - begin
    total = 5 * (rounds + 1)

    def tell(before: int) -> Callable[[int, int], None]:
        return lambda done, _: print(json.dumps([before + done, total]), flush=True)

    rates = bench.measure(bench.single(engine, tokens), rounds, tell(0))
    peak = _peak_bytes()  # with one sequence
    rates |= bench.measure(bench.batches(engine, tokens), rounds, tell(3 * (rounds + 1)))
    prompt = next(int(name.split()[1]) for name in rates if name.startswith("prefill"))
    result = {
        "kernels": engine.kernels,
        "threads": engine.threads,
        "weight_bytes": engine.weight_bytes,
        "tokens_per_second": {name: dataclasses.asdict(rate) for name, rate in rates.items()},
        "operations_per_token": bench.operations(engine.config, prompt) / prompt,
        "load_seconds": loaded,
        "peak_bytes": peak,
    }
    print(json.dumps(result), flush=True)


def _add_shares(result: dict[str, Any], limits: dict[str, float]) -> None:
    """Add the shares of the machine's limits that decoding (the first task) and prefill reach."""
    rates = {name: rate["median"] for name, rate in result["tokens_per_second"].items()}
    decoding = next(rate for name, rate in rates.items() if name.startswith("decode"))
    reading = next(rate for name, rate in rates.items() if name.startswith("prefill"))
    read = result["weight_bytes"] * decoding / limits["read"]
    result["share_of_read"] = read if result["weight_bytes"] > CACHED else None
    result["share_of_multiply"] = result.pop("operations_per_token") * reading / limits["multiply"]


def _engine(model: str | None, shape: str | None, dtype: str) -> Any:
    if shape is not None:
        from gpt2.native import NativeEngine
        from gpt2.native.bench import RandomWeights

        config = GPT2Config.published(shape)
        return NativeEngine(RandomWeights(config), config, dtype=dtype)
    from gpt2.loading import load

    return load(model or DEFAULT_MODEL, dtype=dtype)


def _peak_bytes() -> int | None:
    """The peak memory of this process; None if the system does not report it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(ln.split()[1]) for ln in lines if ln.startswith("VmHWM")), None)


def _cold_start(model: str, dtype: str) -> float:
    """Seconds from starting `gpt2 generate` to the first byte of its text; the best of 3."""
    line = [sys.executable, "-m", "gpt2", "generate", "Once upon a time", "-m", model, "-q"]
    line += [f"--dtype={dtype}", "--max-new-tokens=1", "--seed=0", "--no-echo"]
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        with subprocess.Popen(line, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.read(1)
            times.append(time.perf_counter() - begin)
            child.stdout.read()
        if child.returncode:
            raise GPT2Error("`gpt2 generate` failed.")
    return min(times)


def _table(results: dict[str, Any]) -> str:
    """A table with one column per precision."""
    from gpt2.cli.tables import table, wrap

    columns = results["precisions"]
    first = next(iter(columns.values()))
    rows: list[list[str]] = []
    for name in first["tokens_per_second"]:
        rates = [f"{c['tokens_per_second'][name]['median']:.0f}" for c in columns.values()]
        rows.append([f"{name}, tokens/s", *rates])

    def row(name: str, key: str, form: Callable[[float], str]) -> None:
        cells = ["-" if c[key] is None else form(c[key]) for c in columns.values()]
        rows.append([name, *cells])

    row("share of memory bandwidth", "share_of_read", "{:.0%}".format)
    row("share of fp32 peak", "share_of_multiply", "{:.0%}".format)
    row("weights, MB", "weight_bytes", lambda x: f"{x / 1e6:.0f}")
    row("peak memory, MB", "peak_bytes", lambda x: f"{x / 1e6:.0f}")
    row("load time, s", "load_seconds", "{:.2f}".format)
    row("time to first text, s", "cold_start_seconds", "{:.2f}".format)
    read, multiply = results["limits"]["read"], results["limits"]["multiply"]
    last = wrap(
        f"{results['model']}, {first['threads']} threads, {first['kernels']}; this machine: memory "
        f"bandwidth {read / 1e9:.1f} GB/s, fp32 multiply-add peak {multiply / 1e9:.0f} GFLOP/s."
    )
    return f"{table(['', *columns], rows)}\n{last}"
