"""The cost of a terabyte and of 10,000 requests per second, estimated from one machine.

    PYTHONPATH=src:. python -m benchmarks.leave [--core-hour 0.04] [--gpu-hour 2.5] ...

Nothing is measured here: speeds come from results/prepare.json and results/serve.json; prices are
assumptions, given as options and printed. `--write` puts the table into the page.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from typing import Any

from benchmarks.common import RESULTS, ROOT, table

PAGE = ROOT / "docs" / "reference" / "leave.md"
PLACE = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--core-hour", type=float, default=0.04, help="$ per thread-hour")
    made.add_argument("--gpu-hour", type=float, default=2.5, help="$ per GPU-hour")
    made.add_argument("--terabytes", type=float, default=1.0, help="amount of text to prepare")
    made.add_argument("--days", type=float, default=1.0, help="time in which to prepare it")
    made.add_argument("--requests", type=float, default=10_000, help="requests per second to serve")
    made.add_argument("--tokens", type=int, default=64, help="tokens per response")
    made.add_argument(
        "--headroom", type=float, default=0.6, help="share of maximum throughput used"
    )
    made.add_argument("--write", action="store_true", help="update the page")
    return made


def result(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def figures(asked: argparse.Namespace) -> str:
    """The table of the page with its assumptions, as Markdown."""
    prepare, serve = result("prepare"), result("serve")
    threads, cores = prepare["machine"]["cores"], serve["machine"]["cores"]
    speed = prepare["MB/s"]["prepare, plain"]["median"]
    streams = max(serve["streams"], key=int)
    rate = serve["streams"][streams]["gpt2 serve"]["tokens_s"]["median"]

    hours = asked.terabytes * 1e6 / speed / 3600  # of the measured machine
    machines = math.ceil(hours / 24 / asked.days)
    wanted = asked.requests * asked.tokens / asked.headroom
    servers = math.ceil(wanted / rate)
    hourly = servers * cores * asked.core_hour
    even = rate * asked.gpu_hour / (cores * asked.core_hour)
    rows = [
        [f"Preparing {asked.terabytes:g} TB", f"{hours:,.0f} machine hours, "
         f"{threads * hours:,.0f} thread hours", f"${threads * hours * asked.core_hour:,.2f}"],
        [f"... within {asked.days:g} day(s)", f"{machines:,} machines with {threads} threads each: "
         f"`--shard i/{machines}`", "the same"],
        [f"Serving {asked.requests:,.0f} requests/s with {asked.tokens} tokens each, 124M int8",
         f"{servers:,} machines with {cores} threads each", f"${hourly:,.0f} per hour"],
        ["A GPU is cheaper above", f"{even:,.0f} tokens/s", f"${asked.gpu_hour:g} per hour"],
    ]  # fmt: skip
    assumed = [
        f"Measured: `gpt2 prepare` {speed:.1f} MB/s on {threads} threads of "
        f"{prepare['machine']['processor']} (results/prepare.json); `gpt2 serve` {rate:,.0f} "
        f"tokens/s at {streams} streams on {cores} threads of {serve['machine']['processor']} "
        "(results/serve.json).",
        f"Assumed: ${asked.core_hour:g} per thread-hour and ${asked.gpu_hour:g} per GPU-hour; "
        f"servers run at {asked.headroom:.0%} of their maximum throughput; prompts as measured, 16 "
        "to 384 tokens; twice the machines do twice the work, which holds for replicas, and for "
        "shards except for the merge.",
        "Not included: storage, network, the merge (it reads each token once), and the speed of a "
        "GPU, which was not measured here.",
    ]
    return table(["", "resources", "cost"], rows) + "\n\n" + "\n".join(f"- {a}" for a in assumed)


def main() -> None:
    asked = parser().parse_args()
    made = figures(asked)
    print(made)
    if asked.write:
        text = PAGE.read_text("utf-8")
        PAGE.write_text(PLACE.sub(lambda m: f"{m[1]}{made}\n{m[2]}", text), "utf-8")


if __name__ == "__main__":
    main()
