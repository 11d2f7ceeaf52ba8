"""`gpt2 serve` under load, next to llama.cpp's server, on GPT-2 124M shapes at eight bits.

    PYTHONPATH=src:. python -m benchmarks.serve_load --llama build/bin/llama-server
        [--rounds 5] [--data ../shared/data] [--place /tmp/gpt2-serve] [--tiny]
    PYTHONPATH=src:. python -m benchmarks.serve_load --only overhead

llama-server is built from the sources in llama-cpp-python's sdist (vendor/llama.cpp: cmake with
-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF, target llama-server). Both servers get the same
requests with the same number of threads, and as many slots as there are streams. They take turns;
the other server is idle meanwhile. Writes benchmarks/results/serve.json; the last command measures
only the overhead over the bare engine, in a minute, and writes it to the same file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import RESULTS, ROOT, figure, machine, spread, table, times, write
from benchmarks.serving import bare, model
from benchmarks.serving.client import Heard, load
from benchmarks.serving.servers import Server, llama, ours, repacks

import gpt2

STREAMS = (1, 8, 32)
EACH = {1: 4, 8: 4, 32: 3}  # requests per stream and round
PROMPTS, ANSWERS = (16, 384), (16, 128)  # tokens, uniform in their logarithm
PREFIX, REST = 500, 16
LONG = 1000
LIMITS = ("--memory", "4", "--queue-requests", "256")
PACKAGES = ("starlette", "uvicorn")
SIDES = ("gpt2 serve", "llama-server")
Figures = dict[str, list[float]]


def requests(server: Server, count: int, vocabulary: int, seed: int) -> list[dict[str, Any]]:
    """Mixed lengths, the same for every server; ids, so that no tokenizer is measured."""
    random = np.random.default_rng(seed)

    def lengths(least: int, most: int) -> list[int]:
        found: list[int] = np.exp(random.uniform(np.log(least), np.log(most), count)).astype(
            int).tolist()  # fmt: skip
        return found

    pairs = zip(lengths(*PROMPTS), lengths(*ANSWERS), strict=True)
    return [body(server, random.integers(1, vocabulary - 1, n).tolist(), new) for n, new in pairs]


def body(server: Server, prompt: list[int], new: int) -> dict[str, Any]:
    return {"prompt": prompt, "max_tokens": new, "temperature": 0, "stream": True,
            "stream_options": {"include_usage": True}, **server.more}  # fmt: skip


def written(heard: Heard, asked: dict[str, Any]) -> int:
    """The number of tokens in a response, which must be the requested number."""
    usage: dict[str, int] = next((e["usage"] for e in reversed(heard.events) if e.get("usage")), {})
    if heard.status != 200 or not heard.done or usage.get("completion_tokens") != asked[
        "max_tokens"]:  # fmt: skip
        raise SystemExit(f"an answer is not whole: {heard.status}, {heard.events[-1:]}.")
    return int(usage["completion_tokens"])


def under_load(server: Server, streams: int, vocabulary: int, seed: int, into: Figures) -> None:
    """One turn of mixed requests."""
    asked = requests(server, streams * EACH[streams], vocabulary, seed)
    with server.awake():
        begin = time.perf_counter()
        heard = asyncio.run(load(server.port, asked, streams))
        wall = time.perf_counter() - begin
    tokens = sum(written(h, one) for h, one in zip(heard, asked, strict=True))
    firsts, gaps = [h.first for h in heard], [gap for h in heard for gap in h.gaps]
    found = {
        "tokens_s": tokens / wall,
        "first_p50_ms": 1000 * statistics.median(firsts),
        "first_p95_ms": 1000 * float(np.quantile(firsts, 0.95)),
        "gap_p50_ms": 1000 * statistics.median(gaps),
        "gap_p95_ms": 1000 * float(np.quantile(gaps, 0.95)),
        "gap_p99_ms": 1000 * float(np.quantile(gaps, 0.99)),
    }
    _add(into, found)


def _add(into: Figures, found: dict[str, float]) -> None:
    for name, value in found.items():
        into.setdefault(name, []).append(value)


def shared_prefix(server: Server, vocabulary: int, seed: int, into: Figures) -> None:
    """Times to first token after a new prefix, and after the same prefix again."""
    random = np.random.default_rng(seed)
    prefix = random.integers(1, vocabulary - 1, PREFIX).tolist()
    seconds = []
    with server.awake():
        for _ in range(2):
            rest = random.integers(1, vocabulary - 1, REST).tolist()
            (heard,) = asyncio.run(load(server.port, [body(server, prefix + rest, 4)], 1))
            seconds.append(heard.first)
    _add(into, {"first_ms": 1000 * seconds[0], "second_ms": 1000 * seconds[1],
                "times": seconds[0] / seconds[1]})  # fmt: skip


def long_prompt(server: Server, vocabulary: int, seed: int, into: Figures) -> None:
    """Inter-token gaps of eight streams while a prompt of a thousand tokens is read."""
    rows = bare.prompts(8, vocabulary, seed)
    whole = np.random.default_rng(seed).integers(1, vocabulary - 1, LONG).tolist()

    async def both() -> list[Heard]:
        writing = asyncio.ensure_future(
            load(server.port, [body(server, row, bare.TOKENS) for row in rows], len(rows))
        )
        await asyncio.sleep(1)
        reading = asyncio.ensure_future(load(server.port, [body(server, whole, 4)], 1))
        await asyncio.wait({writing, reading})
        return [*await writing, *await reading]

    with server.awake():
        *streams, reader = asyncio.run(both())
    gaps = [gap for heard in streams for gap in heard.gaps]
    usual = max(statistics.median(gaps), 1e-6)  # a small model sends several events at a time
    _add(into, {"step_ms": 1000 * usual, "p99_ms": 1000 * float(np.quantile(gaps, 0.99)),
                "steps": float(np.quantile(gaps, 0.99)) / usual,
                "first_ms": 1000 * reader.first})  # fmt: skip


def overhead(server: Server, engine: Any, cache: Any, seed: int, into: Figures) -> None:
    """Eight streams of one length: the bare engine, the full server, and its loop by its clock."""
    rows = bare.prompts(cache.rows, engine.config.vocab_size, seed)
    alone = bare.seconds(engine, cache, rows)
    asked = [body(server, row, bare.TOKENS) for row in rows]
    with server.awake():
        before = [server.metric(f"gpt2_{name}_seconds_total") for name in ("step", "engine")]
        begin = time.perf_counter()
        asyncio.run(load(server.port, asked, len(rows)))
        whole = time.perf_counter() - begin
        after = [server.metric(f"gpt2_{name}_seconds_total") for name in ("step", "engine")]
    step, computing = (b - a for a, b in zip(before, after, strict=True))
    _add(into, {"engine_s": alone, "server_s": whole, "loop_percent": 100 * (step / computing - 1),
                "whole_percent": 100 * (whole / alone - 1)})  # fmt: skip


def turns(servers: dict[str, Server], rounds: int) -> Iterator[tuple[int, str, Server]]:
    """Yield a warm-up (round -1), then the rounds in alternating order."""
    for turn in range(-1, rounds):
        for name in list(servers)[:: 1 if turn % 2 else -1]:
            yield turn, name, servers[name]


def measured(options: argparse.Namespace, folder: Path, streams: int) -> dict[str, Any]:
    """All measurements at one number of streams."""
    found: dict[str, Figures] = {}
    with ExitStack() as stack:
        servers = _servers(stack, options, folder, streams)
        vocabulary = gpt2.GPT2Config.from_pretrained(folder).vocab_size
        for turn, name, server in turns(servers, options.rounds):
            own: Figures = {} if turn < 0 else found.setdefault(name, {})
            under_load(server, streams, vocabulary, 1000 * streams + turn + 1, own)
            if streams == 8:
                near: Figures = {} if turn < 0 else found.setdefault(f"prefix {name}", {})
                shared_prefix(server, vocabulary, turn + 1, near)
                beside: Figures = {} if turn < 0 else found.setdefault(f"long {name}", {})
                long_prompt(server, vocabulary, turn + 1, beside)
    return {name: {k: figure(v) for k, v in one.items()} for name, one in found.items()}


def over_engine(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The overhead of the server, and the commit."""
    found: Figures = {}
    engine = gpt2.load(folder, dtype="int8", threads=options.threads)
    cache = engine.new_cache(8)
    with ours(folder, cache.rows, options.threads, *LIMITS) as server:
        for turn in range(-1, options.rounds):
            overhead(server, engine, cache, turn + 1, {} if turn < 0 else found)
    return {"commit": machine()["commit"], **{k: figure(v) for k, v in found.items()}}


def _servers(
    stack: ExitStack, options: argparse.Namespace, folder: Path, streams: int
) -> dict[str, Server]:
    config = gpt2.GPT2Config.from_pretrained(folder)
    servers = {SIDES[0]: stack.enter_context(ours(folder, streams, options.threads, *LIMITS))}
    if options.llama is not None:
        file = model.gguf(folder)
        context = config.n_positions
        servers[SIDES[1]] = stack.enter_context(
            llama(options.llama, file, streams, options.threads, context))  # fmt: skip
    for server in servers.values():
        with server.awake():
            pass
    return servers


HEAD = ["streams", "", "tokens/s", "", "first token p50 ms", "p95", "gap p50 ms", "p95", "p99"]


def describe(found: dict[str, Any]) -> str:
    """The section of docs/results.md."""
    levels = found["streams"]
    rows = [
        [n, name, spread(f["tokens_s"]), _ratio(level, name), spread(f["first_p50_ms"]),
         spread(f["first_p95_ms"]), spread(f["gap_p50_ms"], 1), spread(f["gap_p95_ms"], 1),
         spread(f["gap_p99_ms"], 1)]
        for n, level in levels.items() for name, f in level.items() if name in SIDES
    ]  # fmt: skip
    level = levels["8"]
    return "\n\n".join([_note(found), table(HEAD, rows), _prefix(level), _long(level),
                        _overhead(found["overhead"])])  # fmt: skip


def _ratio(level: dict[str, Any], name: str) -> str:
    other = level.get(SIDES[1])
    if name != SIDES[0] or other is None:
        return ""
    return times(level[name]["tokens_s"], other["tokens_s"])


def _note(found: dict[str, Any]) -> str:
    packed = (
        "llama-server repacks its weights for the processor."
        if found.get("repacks")
        else "llama-server runs with --no-repack: with AMX, which its build finds here, it ends "
        "with a segmentation fault."
    )
    return (
        f"GPT-2 124M shapes with random weights, in int8 and the same weights in Q8_0, with "
        f"{found['threads']} threads and the client on the same processors. Prompts have "
        f"{PROMPTS[0]} to {PROMPTS[1]} tokens and completions {ANSWERS[0]} to {ANSWERS[1]}; all "
        "are different, and decoding is greedy. Each stream sends a new request when its "
        "completion has ended. Tokens/s is the number of generated tokens over the time until the "
        f"last one; a gap is the time from one event to the next. {packed}"
    )


def _prefix(level: dict[str, Any]) -> str:
    rows = [
        [name, *(spread(level[f"prefix {name}"][k], 1) for k in ("first_ms", "second_ms", "times"))]
        for name in SIDES if f"prefix {name}" in level
    ]  # fmt: skip
    return (
        f"Two consecutive requests begin with the same {PREFIX} tokens and end with {REST} "
        "different ones. Milliseconds to the first token:\n\n"
        + table(["", "first request", "second request", "speedup"], rows)
    )


def _long(level: dict[str, Any]) -> str:
    rows = [
        [name, *(spread(level[f"long {name}"][k], 1)
                 for k in ("step_ms", "p99_ms", "steps", "first_ms"))]
        for name in SIDES if f"long {name}" in level
    ]  # fmt: skip
    head = ["", "median gap ms", "p99 ms", "p99 / median", "first token of the long prompt ms"]
    return (
        f"A prompt of {LONG} tokens arrives during the decoding of eight streams. Their gaps:\n\n"
        + table(head, rows)
    )


def _overhead(found: dict[str, Any]) -> str:
    return (
        f"Eight streams of {bare.PROMPT} tokens are continued by {bare.TOKENS} tokens. By the "
        f"server's own clock, its loop adds {spread(found['loop_percent'], 1)} % to the engine's "
        f"calls. The engine alone takes {spread(found['engine_s'], 2)} s, in a separate process "
        "and with all prompts in one call. The server with HTTP and the client takes "
        f"{spread(found['server_s'], 2)} s: {spread(found['whole_percent'], 1)} % more (commit "
        f"{found['commit']})."
    )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llama", type=Path, help="llama-server; without it ours alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--place", type=Path, default=Path("/tmp/gpt2-serve"))
    parser.add_argument("--tiny", action="store_true", help="a small model, nothing written")
    parser.add_argument("--only", choices=["overhead"], help="measure it and keep the rest")
    options = parser.parse_args()
    about = machine(PACKAGES)
    folder = model.folder(options.place, options.data / "tokenizer", tiny=options.tiny)
    if options.only:
        result = json.loads((RESULTS / "serve.json").read_text("utf-8"))
    else:
        found = {str(n): measured(options, folder, n) for n in STREAMS}
        result = {"machine": about, "threads": options.threads, "repacks": repacks(),
                  "streams": found}  # fmt: skip
    result["overhead"] = over_engine(options, folder)
    print(_overhead(result["overhead"]) if options.only else describe(result))
    if not options.tiny and (options.only or options.llama is not None):
        print(write("serve", result))


if __name__ == "__main__":
    main()
