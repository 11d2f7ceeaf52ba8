"""A server over a tiny model, with real connections, in a thread of the test's own process."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import gpt2
from tests.tiny import END, write_tiny

httpx = pytest.importorskip("httpx")
for name in ("starlette", "uvicorn", "pydantic", "prometheus_client"):
    pytest.importorskip(name)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving") / "tiny"
    write_tiny(folder, n_positions=96, vocab_size=END + 1)
    return folder


@pytest.fixture(scope="session")
def tiny_weights(tiny_folder: Path) -> Any:
    from gpt2.checkpoint import read_checkpoint

    return read_checkpoint(tiny_folder).tensors


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Any:
    """The library's own copy of what is served."""
    return gpt2.load(tiny_folder)


def new_client(url: str, timeout: float = 60) -> Any:
    """A client for any number of threads; without TLS, whose certificates take long to read."""
    limits = httpx.Limits(max_connections=None)
    return httpx.Client(base_url=url, timeout=timeout, verify=False, limits=limits)


class Running:
    """A server that runs, and a client of it."""

    def __init__(self, server: Any, url: str) -> None:
        self.server, self.url = server, url
        self.client = new_client(url)
        self.state = server.state

    def post(self, path: str, **body: Any) -> Any:
        return self.client.post(path, json=body)

    def ask(self, path: str = "/v1/completions", **body: Any) -> dict[str, Any]:
        """The answer to a request that is well."""
        answer = self.post(path, **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = strict(answer.text)
        return found

    def refused(self, path: str = "/v1/completions", **body: Any) -> tuple[int, str, str]:
        """Status, code and param of one that is not."""
        return told(self.post(path, **body))

    def stream(self, path: str = "/v1/completions", **body: Any) -> list[dict[str, Any]]:
        """The chunks of a stream; the last event must be [DONE]."""
        events = self.events(path, **body)
        assert events[-1] == "[DONE]"
        return [strict(event) for event in events[:-1]]

    def events(self, path: str = "/v1/completions", **body: Any) -> list[str]:
        answer = self.client.post(path, json={**body, "stream": True})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        parts = [part for part in answer.text.split("\n\n") if part and part[0] != ":"]
        assert all(part.startswith("data: ") for part in parts)
        return [part.removeprefix("data: ") for part in parts]


def strict(text: str) -> Any:
    """JSON that holds neither NaN nor infinities."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


def told(answer: Any) -> tuple[int, str, str]:
    error = strict(answer.text)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    if answer.status_code < 500 and answer.status_code != 429:
        assert answer.headers["x-should-retry"] == "false"
    return answer.status_code, error["code"], error["param"]


def soon(done: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            pytest.fail("it did not come to be")
        time.sleep(0.01)


@contextlib.contextmanager
def running(
    *folders: Path, loader: Any = None, loading: Any = (), wait: bool = True, **options: Any
) -> Iterator[Running]:
    """A server; ``loader`` in place of `Loader`, ``loading`` options of `gpt2.load`."""
    from gpt2.serving.load import Loader
    from gpt2.serving.server import open_server
    from gpt2.serving.settings import ServeOptions

    settings = ServeOptions(**{"port": 0, "log": "none", **options})
    said: list[str] = []
    load = (loader or Loader)([str(f) for f in folders], settings, dict(loading))
    server, listening = open_server(load, settings, said.append)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        found = Running(server, f"http://127.0.0.1:{listening.getsockname()[1]}")
        if wait:
            soon(
                lambda: not thread.is_alive() or (server.started and not server.state.loading), 120
            )
            assert thread.is_alive(), said
        yield found
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def served(tiny_folder: Path) -> Iterator[Running]:
    with running(tiny_folder) as found:
        yield found
