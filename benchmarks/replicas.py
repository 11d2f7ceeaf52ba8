"""The time to first token that nginx and Ray Serve add, each with two replicas of a model.

    PYTHONPATH=src:. python -m benchmarks.replicas [--rounds 5] [--requests 60] [--model gpt2-mini]

Needs nginx, and ray[serve] in this Python. Streams run one at a time, so the figures show the
route, not the load: directly to a replica, through deploy/nginx.conf, and through
deploy/ray_serve.py. The three take turns. Writes benchmarks/results/replicas.json.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, figure, machine, spread, table, write
from benchmarks.serving.client import load
from benchmarks.serving.servers import Server, running

RAY = """
import sys
import ray
from ray import serve
sys.path.insert(0, sys.argv[1])
ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[2])})
from deploy.ray_serve import app
serve.run(app, blocking=True)
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def nginx(folder: Path, port: int, replicas: list[Server]) -> list[str]:
    """nginx with the sample configuration in deploy/, in front of the replicas."""
    site = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    for number, server in enumerate(replicas):
        site = site.replace(f"127.0.0.1:{8000 + number}", f"127.0.0.1:{server.port}")
    (folder / "site.conf").write_text(site.replace("listen 8080", f"listen 127.0.0.1:{port}"))
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{name}_temp_path {folder / name};\n" for name in names)
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder / 'pid'};\nerror_log {folder / 'error'};\nevents {{}}\n"
        f"http {{ access_log off;\n{places}include {folder / 'site.conf'};\n}}\n"
    )
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error")]


def first_tokens(server: Server, model: str, requests: int) -> list[float]:
    """Milliseconds to the first token of sequential streams."""
    body = {"model": model, "prompt": "Once upon a time", "max_tokens": 4, "temperature": 0,
            "stream": True}  # fmt: skip
    heard = asyncio.run(load(server.port, [body] * requests, 1))
    if not all(one.status == 200 and one.done for one in heard):
        raise SystemExit("an answer is not whole.")
    return [1000 * one.first for one in heard]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--model", default="gpt2-mini")
    asked = parser.parse_args()
    os.environ.update(GPT2_MODEL=asked.model, GPT2_REPLICAS="2", GPT2_THREADS="1")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        replicas = []
        for _ in range(2):
            port = free_port()
            command = [sys.executable, "-m", "gpt2", "serve", asked.model, "--port", str(port),
                       "--threads", "1", "--log", "none"]  # fmt: skip
            replicas.append(stack.enter_context(running(command, port, "/ready")))
        port, ray_port = free_port(), free_port()
        proxy = nginx(folder, port, replicas)
        ways = {
            "a replica itself": replicas[0],
            "nginx": stack.enter_context(running(proxy, port, "/ready")),
            "Ray Serve": stack.enter_context(
                running([sys.executable, "-c", RAY, str(ROOT), str(ray_port)], ray_port, "/ready")
            ),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for server in ways.values():  # warms up each replica, not counted
            first_tokens(server, asked.model, 8)
        for _ in range(asked.rounds):
            for name, server in ways.items():
                taken[name].append(statistics.median(first_tokens(server, asked.model,
                                                                  asked.requests)))  # fmt: skip
    result: dict[str, Any] = {
        "machine": machine(("ray", "uvicorn")), "command": "python -m benchmarks.replicas",
        "model": asked.model, "requests": asked.requests,
        "first_ms": {name: figure(values) for name, values in taken.items()},
    }  # fmt: skip
    write("replicas", result)
    print(describe(result))


def describe(found: dict[str, Any]) -> str:
    """The section of docs/results.md."""
    rows = [[name, f"{spread(taken, 1)} ms"] for name, taken in found["first_ms"].items()]
    return (
        f"Streams of {found['model']}, one at a time, {found['requests']} per turn: the time to "
        "the first token, directly and through a proxy in front of two replicas.\n\n"
        + table(["request sent to", "time to first token"], rows)
    )


if __name__ == "__main__":
    main()
