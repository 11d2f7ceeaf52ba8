"""The overhead of sharding: four shards and the merge, next to one process on the same cores.

    PYTHONPATH=src:. python -m benchmarks.shards [--seconds 300] [--rounds 1] [--cluster]

It generates enough text for one process to need about --seconds, with some documents repeated. The
one process uses all cores as threads; the shards have one thread each, as many at a time as there
are cores; with --cluster they are tasks of a local Ray. Writes benchmarks/results/shards.json, or
shards-cluster.json. The limit is 15 % for a job of five minutes.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, figure, machine, spread, write

from gpt2.machine import processors

SHARDS = 4
WORDS = "the a girl boy found saw big red ball in garden and then she he was happy very"


def gpt2(*words: object) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-m", "gpt2", *map(str, words)], env=env, check=True)


def write_text(folder: Path, megabytes: float) -> None:
    """Write JSON Lines files of documents of about 1 kB, of which one in twenty is repeated."""
    folder.mkdir()
    chance = random.Random(0)
    files, left = 8, int(megabytes * 1e6)
    for number in range(files):
        with (folder / f"{number}.jsonl").open("w") as out:
            written = 0
            while written < left // files:
                text = " ".join(chance.choices(WORDS.split(), k=200)) + f" {chance.random()}"
                line = json.dumps({"text": text}) + "\n"
                for _ in range(1 + (chance.random() < 0.05)):
                    written += out.write(line)


def prepare(source: Path, *more: object) -> list[object]:
    return ["prepare", source, "-q", "--filter", "dedup", *more]


def one_process(source: Path, out: Path) -> float:
    begin = time.perf_counter()
    gpt2(*prepare(source, "-o", out))
    return time.perf_counter() - begin


def in_shards(source: Path, out: Path, cluster: bool) -> float:
    begin = time.perf_counter()
    if cluster:
        gpt2(*prepare(source, "--cluster", "local", "--shards", SHARDS, "-o", out))
        return time.perf_counter() - begin
    parts = [out.with_name(f"{out.name}-{n}") for n in range(1, SHARDS + 1)]
    with ThreadPoolExecutor(processors()) as pool:
        list(pool.map(
            lambda n: gpt2(*prepare(source, "--threads", 1, "--shard", f"{n}/{SHARDS}",
                                    "-o", parts[n - 1])),
            range(1, SHARDS + 1),
        ))  # fmt: skip
    gpt2("merge", *parts, "-q", "-o", out)
    for part in parts:
        shutil.rmtree(part)
    return time.perf_counter() - begin


def check_same(one: Path, other: Path) -> None:
    for path in one.rglob("*"):
        if path.is_file() and not filecmp.cmp(path, other / path.relative_to(one), shallow=False):
            raise SystemExit(f"{path.relative_to(one)} is not that of one process.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cluster", action="store_true", help="on a local Ray cluster")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_text(place / "probe", 30)
        megabytes = 30 * asked.seconds / one_process(place / "probe", place / "probed")
        shutil.rmtree(place / "probe")
        write_text(place / "text", megabytes)
        one, cut = [], []
        for _ in range(asked.rounds):
            one.append(one_process(place / "text", place / "one"))
            cut.append(in_shards(place / "text", place / "cut", asked.cluster))
            check_same(place / "one", place / "cut")
            shutil.rmtree(place / "one")
            shutil.rmtree(place / "cut")
    overhead = [b / a - 1 for a, b in zip(one, cut, strict=True)]
    result: dict[str, Any] = {
        "machine": machine(("ray",) if asked.cluster else ()),
        "command": "python -m benchmarks.shards" + (" --cluster" if asked.cluster else ""),
        "megabytes": megabytes, "shards": SHARDS, "one process, s": figure(one),
        "shards and merge, s": figure(cut), "overhead": figure(overhead),
    }  # fmt: skip
    write("shards-cluster" if asked.cluster else "shards", result)
    print(describe(result))


def describe(found: dict[str, Any]) -> str:
    """The section of docs/results.md."""
    over = {name: 100 * value for name, value in found["overhead"].items()}
    once = " It is one run of each, so the spread is unknown." if over["min"] == over["max"] else ""
    return (
        f"`gpt2 prepare` on {found['megabytes']:,.0f} MB: one process with all cores takes "
        f"{spread(found['one process, s'])} s; {found['shards']} shards of one thread each and "
        f"their merge take {spread(found['shards and merge, s'])} s. The difference is "
        f"{spread(over, 1)} %.{once}"
    )


if __name__ == "__main__":
    main()
