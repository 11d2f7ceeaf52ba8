"""The kinds of clients in the soak test, each with its own requests and checks."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.common import ROOT
from benchmarks.serving.client import Heard, ask, exchange, stream

from gpt2.scoring import Scorer

PREFIX = 120  # tokens of the prefix that some prompts share
OPTIONS: tuple[dict[str, Any], ...] = (
    {"temperature": 0},
    {"temperature": 1.0},
    {"temperature": 0.8, "top_k": 40},
    {"top_p": 0.9, "repetition_penalty": 1.2},
    {"min_p": 0.05, "no_repeat_ngram_size": 3},
)
Json = dict[str, Any]


@dataclass
class Soak:
    """The server, the library's copy of its model, and the counts.

    Attributes:
        counts: responses by kind and status.
        wrong: descriptions of errors.
    """

    port: int
    pid: int
    model: Any
    random: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    compared: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def prompt(self, most: int = 200) -> list[int]:
        """Random ids; one prompt in three starts with the shared prefix."""
        found = [self.random.randrange(5, 2000) for _ in range(self.random.randint(1, most))]
        if self.random.random() < 1 / 3:
            return [*range(10, 10 + PREFIX), *found[:50]]
        return found

    def completion(self) -> Json:
        """A request whose result the library can reproduce."""
        return {"prompt": self.prompt(), "max_tokens": self.random.randint(1, 60),
                "seed": self.random.randrange(2**31), "n": self.random.choice((1, 1, 1, 3)),
                **self.random.choice(OPTIONS)}  # fmt: skip

    def count(self, kind: str, status: int, allowed: tuple[int, ...]) -> bool:
        """Count a response; a full queue is always acceptable, any other 5xx never is."""
        self.counts[f"{kind} {status}"] += 1
        if status not in (*allowed, 429, 503):
            self.wrong.append(f"{kind}: status {status}")
        return status == 200

    async def compare(self, body: Json, rows: list[list[int]]) -> None:
        """Compare with the library's ids for the same request."""
        await asyncio.to_thread(self._compare, body, rows)

    def _compare(self, body: Json, rows: list[list[int]]) -> None:
        options = {k: v for k, v in body.items() if k not in ("prompt", "n", "stream", "logprobs")}
        if options.get("temperature") == 0:
            options = {"do_sample": False, "max_new_tokens": options["max_tokens"]}
        else:
            options["max_new_tokens"] = options.pop("max_tokens")
            options = {"do_sample": True, "top_k": 0, **options}
        if options["do_sample"]:
            options["num_return_sequences"] = body["n"]
        with self.lock:
            texts = self.model.generate([body["prompt"]], **options)
        self.compared += len(rows)
        end = self.model.generation_config.eos_token_id
        for i, row in enumerate(rows):
            text = texts[i if options["do_sample"] else 0][len(body["prompt"]) :].tolist()
            own = text[: text.index(end) + 1] if end in text else text
            if row != own:
                self.wrong.append(f"not the library's text: {json.dumps(body)}: {row} != {own}")


async def whole(soak: Soak) -> None:
    """A complete response."""
    body = soak.completion()
    status, found = await exchange(soak.port, "/v1/completions", json.dumps(body).encode())
    if soak.count("whole", status, (200,)):
        await soak.compare(body, [c["token_ids"] for c in json.loads(found)["choices"]])


async def streamed(soak: Soak) -> None:
    """A streamed response with log-probabilities."""
    body = {**soak.completion(), "stream": True, "logprobs": 3}
    heard = await ask(soak.port, body)
    if soak.count("streamed", heard.status, (200,)):
        rows: list[list[int]] = [[] for _ in range(body["n"])]
        for choice in heard.choices():
            rows[choice["index"]] += choice["token_ids"]
        if not heard.done:
            soak.wrong.append(f"a stream ended early: {heard.events[-1:]}")
        await soak.compare(body, rows)


async def left(soak: Soak) -> None:
    """A client that disconnects after a few tokens, or before any."""
    body = {**soak.completion(), "max_tokens": 200, "stream": True}
    heard, patience = Heard(), soak.random.randint(0, 20)
    try:
        async with asyncio.timeout(soak.random.uniform(0.01, 2)):
            async for _ in stream(soak.port, body, heard):
                patience -= 1
                if patience < 0:
                    break
    except TimeoutError:
        pass
    soak.counts["left"] += 1


MALFORMED = (
    b"", b"{", b"[]", b"\xff\xfe", b'{"prompt": NaN}', b'{"prompt": "\\ud800"}',
    b'{"prompt": "a", "prompt": "b"}', b'{"prompt": "a", "temprature": 1}', b'{"prompt": [-1]}',
    b'{"prompt": [50257000]}', b'{"prompt": "a", "max_tokens": 1e400}', b"[" * 5000,
    b'{"prompt": "a", "logit_bias": {"x": 1}}', b'{"prompt": {"a": ' * 200, b'{"model": "../x"}',
)  # fmt: skip


async def malformed(soak: Soak) -> None:
    """An invalid body."""
    status, _ = await exchange(soak.port, "/v1/completions", soak.random.choice(MALFORMED))
    soak.count("malformed", status, (400, 404))


async def cut(soak: Soak) -> None:
    """Half a body, then silence."""
    _, writer = await asyncio.open_connection("127.0.0.1", soak.port)
    writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                 b'Content-Length: 1000\r\n\r\n{"prompt": ')  # fmt: skip
    await asyncio.sleep(soak.random.uniform(0, 0.5))
    writer.close()
    soak.counts["cut"] += 1


async def oversized(soak: Soak) -> None:
    """A prompt longer than the context, or a body larger than the limit."""
    size, allowed = soak.random.choice(((3000, (400,)), (3_000_000, (413,))))
    body = json.dumps({"prompt": [7] * size}).encode() if size < 10_000 else b" " * size
    status, _ = await exchange(soak.port, "/v1/completions", body)
    soak.count("oversized", status, allowed)


async def scored(soak: Soak) -> None:
    """Log-probabilities, which must equal the library's."""
    context, rows = soak.prompt(), [soak.prompt(20) for _ in range(3)]
    body = {"context": context, "continuations": rows}
    status, found = await exchange(soak.port, "/score", json.dumps(body).encode())
    if not soak.count("scored", status, (200,)):
        return

    def check() -> None:
        with soak.lock:
            own = Scorer(soak.model).loglikelihood([(context, row) for row in rows])
        soak.compared += len(rows)
        if [one.logprob for one in own] != [one["logprob"] for one in json.loads(found)["data"]]:
            soak.wrong.append(f"not the library's scores: {json.dumps(body)}")

    await asyncio.to_thread(check)


async def other(soak: Soak) -> None:
    """A few requests to each of the other endpoints."""
    path, body = soak.random.choice((
        ("/v1/embeddings", {"input": ["The fox", "and the hound"]}),
        ("/tokenize", {"prompt": "The fox " * 50}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}],
                                  "max_tokens": 20}),
        ("/v1/tasks/write", {"title": "The fox", "length": 20}),
    ))  # fmt: skip
    status, _ = await exchange(soak.port, path, json.dumps(body).encode())
    soak.count(path, status, (200,))


CHILD = """
import asyncio, sys
from benchmarks.serving.client import load
body = {"prompt": list(range(5, 150)), "max_tokens": 200, "stream": True, "seed": 1}
print("on", flush=True)
asyncio.run(load(int(sys.argv[1]), [body] * 64, 4))
"""


async def killed(soak: Soak) -> None:
    """A client with four streams that is killed with -9."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(soak.port), cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdout is not None
    await child.stdout.readline()
    await asyncio.sleep(soak.random.uniform(0.05, 1.5))
    if child.returncode is None:
        child.send_signal(signal.SIGKILL)
    await child.wait()
    soak.counts["killed"] += 1


KINDS: dict[Callable[[Soak], Awaitable[None]], int] = {  # with the frequency of each
    whole: 8, streamed: 8, left: 6, malformed: 4, cut: 2, oversized: 2, scored: 3, other: 2,
}  # fmt: skip
