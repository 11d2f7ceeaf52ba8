"""A soak test: twenty minutes of mixed load on `gpt2 serve`, with checks of results and memory.

    PYTHONPATH=src:. python -m benchmarks.serve_soak [--minutes 20] [--clients 16]

Clients send requests, stream, disconnect, send invalid data, and are killed with -9. Every finished
text and every score is compared with the library's for the same request. The server's memory is
sampled every five seconds; after the first quarter it must not change by more than 3 %. Writes
benchmarks/results/serve_soak.json, and exits with 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from typing import Any

from benchmarks.common import machine, table, write
from benchmarks.serving.client import load
from benchmarks.serving.kinds import KINDS, Soak, killed
from benchmarks.serving.servers import Server, ours

import gpt2

WARM_UP = 5 / 20  # of the time
EVERY_S = 5.0
MOVES = 0.03
KILLED_EVERY_S = 10.0
SLOTS = 8
ROWS = 5 * SLOTS  # more than the cache keeps


async def client(soak: Soak, end: float) -> None:
    """Send requests one after the other until the time is over."""
    kinds, weights = list(KINDS), list(KINDS.values())
    while time.monotonic() < end:
        (kind,) = soak.random.choices(kinds, weights)
        try:
            await kind(soak)
        except (OSError, asyncio.IncompleteReadError) as error:
            soak.wrong.append(f"{kind.__name__}: {error!r}")  # a connection that was cut
            await asyncio.sleep(1)


async def killer(soak: Soak, end: float) -> None:
    while time.monotonic() < end:
        await killed(soak)
        await asyncio.sleep(KILLED_EVERY_S)


async def watcher(server: Server, into: list[tuple[float, int]], begin: float, end: float) -> None:
    """Record (seconds, bytes) of the server's memory."""
    while time.monotonic() < end:
        into.append((time.monotonic() - begin, server.memory()))
        await asyncio.sleep(EVERY_S)


async def filled(soak: Soak) -> None:
    """Fill every row of the cache, so that the warm-up touches all memory."""
    context = soak.model.config.n_positions
    prompts = [[soak.random.randrange(5, 2000) for _ in range(context)] for _ in range(ROWS)]
    bodies = [{"prompt": ids, "max_tokens": 1, "stream": True} for ids in prompts]
    await load(soak.port, bodies, 8)


async def soaked(server: Server, soak: Soak, minutes: float, clients: int) -> dict[str, Any]:
    """Run the soak; returns the observations."""
    await filled(soak)
    begin = time.monotonic()
    end = begin + 60 * minutes
    memory: list[tuple[float, int]] = []
    await asyncio.gather(killer(soak, end), watcher(server, memory, begin, end),
                         *(client(soak, end) for _ in range(clients)))  # fmt: skip
    warm = [size for second, size in memory if second >= 60 * minutes * WARM_UP]
    moved = (max(warm) - min(warm)) / warm[0]
    if moved > MOVES:
        soak.wrong.append(f"the memory moved by {moved:.1%} after the warm-up")
    if server.process.poll() is not None:
        soak.wrong.append(f"the server ended with {server.process.returncode}")
    await _idle(server, soak)
    return {"minutes": minutes, "clients": clients, "counts": dict(sorted(soak.counts.items())),
            "compared": soak.compared, "memory_mb": [size / 1e6 for _, size in memory],
            "memory_warm_mb": warm[0] / 1e6, "memory_moved": moved, "wrong": soak.wrong[:100],
            "wrong_count": len(soak.wrong)}  # fmt: skip


async def _idle(server: Server, soak: Soak) -> None:
    """Check that nothing is running once all clients have gone."""
    names = ("gpt2_num_requests_running", "gpt2_num_requests_waiting", "gpt2_kv_cache_usage_perc")
    for _ in range(100):
        left = await asyncio.to_thread(lambda: [server.metric(name) for name in names])
        if not any(left):
            return
        await asyncio.sleep(0.1)
    soak.wrong.append(f"rows are left: {dict(zip(names, left, strict=True))}")


TITLES = {
    "cut": "half a request, then disconnected", "killed": "client killed with four streams",
    "left": "client left a stream", "malformed": "malformed request", "scored": "score",
    "oversized": "oversized request", "streamed": "streamed completion", "whole": "completion",
}  # fmt: skip


def describe(found: dict[str, Any]) -> str:
    """The section of docs/results.md."""
    split = [kind.rpartition(" ")[::2] if kind[-1].isdigit() else (kind, "")
             for kind in found["counts"]]  # fmt: skip
    rows = [[TITLES.get(kind, kind), status, str(n)]
            for (kind, status), n in zip(split, found["counts"].values(), strict=True)]  # fmt: skip
    return (
        f"For {found['minutes']:g} minutes, {found['clients']} clients and others that are killed "
        "with `kill -9` send requests to a server of the bundled model with eight slots and a "
        f"short queue. {found['compared']:,} finished texts and scores were compared with the "
        f"library's; {found['wrong_count']} errors were found. After the warm-up the server's "
        f"memory was {found['memory_warm_mb']:.0f} MB and changed by "
        f"{found['memory_moved']:.1%}.\n\n" + table(["request", "status", "count"], rows)
    )


def main() -> None:
    """Soak and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    about = machine(["starlette", "uvicorn"])
    model = gpt2.load("gpt2-mini", dtype="int8", threads=1)
    limits = ("--memory", "0.2", "--queue-requests", "24")
    with ours("gpt2-mini", SLOTS, 1, *limits) as server:
        soak = Soak(server.port, server.process.pid, model, random.Random(options.seed))
        found = asyncio.run(soaked(server, soak, options.minutes, options.clients))
    print(describe(found), *found["wrong"], sep="\n")
    if options.minutes >= 20:
        print(write("serve_soak", {"machine": about, **found}))
    sys.exit(bool(found["wrong"]))


if __name__ == "__main__":
    main()
