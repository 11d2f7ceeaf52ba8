"""What a terabyte and 10,000 requests a second would take, from figures of one machine.

    PYTHONPATH=src:. python -m benchmarks.leave [--core-hour 0.04] [--gpu-hour 2.5] ...

Nothing is measured here: speeds are those of results/prepare.json and results/serve.json, prices
are assumptions, given as options and printed. `--write` puts the table into the page.
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
    made.add_argument("--core-hour", type=float, default=0.04, help="$ for a thread's hour")
    made.add_argument("--gpu-hour", type=float, default=2.5, help="$ for a GPU's hour")
    made.add_argument("--terabytes", type=float, default=1.0, help="of text, to be prepared")
    made.add_argument("--days", type=float, default=1.0, help="in which it is to be prepared")
    made.add_argument("--requests", type=float, default=10_000, help="a second, to be served")
    made.add_argument("--tokens", type=int, default=64, help="that an answer has")
    made.add_argument("--headroom", type=float, default=0.6, help="part of its most that it gets")
    made.add_argument("--write", action="store_true", help="into the page")
    return made


def result(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def figures(asked: argparse.Namespace) -> str:
    """The page's table with its assumptions, as Markdown."""
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
        [f"... in {asked.days:g} day(s)", f"{machines:,} machines of {threads} threads: "
         f"`--shard i/{machines}`", "the same"],
        [f"Serving {asked.requests:,.0f} requests/s of {asked.tokens} tokens, 124M int8",
         f"{servers:,} machines of {cores} threads", f"${hourly:,.0f} an hour"],
        ["A GPU is cheaper from", f"{even:,.0f} tokens/s on", f"at ${asked.gpu_hour:g} an hour"],
    ]  # fmt: skip
    assumed = [
        f"measured: `gpt2 prepare` {speed:.1f} MB/s on {threads} threads of "
        f"{prepare['machine']['processor']} (results/prepare.json); `gpt2 serve` {rate:,.0f} "
        f"tokens/s at {streams} streams on {cores} threads of {serve['machine']['processor']} "
        "(results/serve.json)",
        f"assumed: ${asked.core_hour:g} a thread hour, ${asked.gpu_hour:g} a GPU hour; a server is "
        f"given {asked.headroom:.0%} of its most; prompts as measured, 16 to 384 tokens; "
        "twice the machines do twice the work, which shards and replicas do but for the merge",
        "not in it: storage, network, the merge (it reads each token once), and what nobody has "
        "measured here: any GPU",
    ]
    return table(["", "it takes", "it costs"], rows) + "\n\n" + "\n".join(f"- {a}" for a in assumed)


def main() -> None:
    asked = parser().parse_args()
    made = figures(asked)
    print(made)
    if asked.write:
        text = PAGE.read_text("utf-8")
        PAGE.write_text(PLACE.sub(lambda m: f"{m[1]}{made}\n{m[2]}", text), "utf-8")


if __name__ == "__main__":
    main()
