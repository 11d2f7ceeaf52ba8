"""Many at a time, clients that leave, queues that are full, errors after a stream began."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.serving.state import MOST_WHOLE
from tests.serving.conftest import Running, httpx, running, soon, told
from tests.serving.test_completions import library
from tests.tiny import END, write_tiny

ON = {"suppress_tokens": [END], "temperature": 0}  # to the last token


@pytest.fixture(scope="module")
def slow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes seconds for its whole context."""
    folder = tmp_path_factory.mktemp("slow") / "slow"
    write_tiny(folder, n_positions=1024, n_embd=256, n_layer=6, vocab_size=END + 1, std=0.05)
    return folder


@pytest.fixture(scope="module")
def slow(slow_folder: Path) -> Iterator[Running]:
    with running(slow_folder, slots=1, queue_requests=4, ping=0.05) as found:
        yield found


def stats(server: Running) -> Any:
    return server.state.models.all[0].scheduler.stats


def begin(server: Running, **more: Any) -> Any:
    """A stream whose first token has come."""
    body = {"prompt": [3], "max_tokens": 1000, "stream": True, **ON, **more}
    stream = server.client.stream("POST", "/v1/completions", json=body)
    answer = stream.__enter__()
    lines = answer.iter_lines()
    assert next(line for line in lines if line.startswith("data:"))
    return stream, lines


def leave(stream: Any) -> None:
    stream.__exit__(None, None, None)


def idle(server: Running) -> bool:
    return stats(server).running == stats(server).waiting == 0


def test_a_client_that_leaves_while_its_text_is_written(slow: Running) -> None:
    before = stats(slow).generated_tokens
    stream, _ = begin(slow)
    leave(stream)
    soon(lambda: idle(slow))
    assert stats(slow).generated_tokens - before < 900
    text = slow.client.get("/metrics").text
    assert 'gpt2_request_cancelled_total{model_name="slow"}' in text


def test_a_client_that_leaves_in_the_queue(slow: Running) -> None:
    stream, _ = begin(slow)
    read = stats(slow).prompt_tokens
    with pytest.raises(httpx.ReadTimeout):
        slow.client.post("/v1/completions", json={"prompt": [4] * 900, **ON}, timeout=0.2)
    with pytest.raises(httpx.ReadTimeout):
        slow.client.post("/v1/completions", json={"prompt": [5] * 900, **ON}, timeout=0.2)
    leave(stream)
    soon(lambda: idle(slow))
    assert stats(slow).prompt_tokens - read < 900  # they were never read
    soon(lambda: not slow.state.active)
    text = slow.client.get("/metrics").text
    assert 'gpt2_http_responses_total{status="499"}' in text
    assert 'gpt2_http_responses_total{status="500"}' not in text  # no failure of the server


def test_a_client_that_leaves_while_its_prompt_is_read(slow: Running) -> None:
    with pytest.raises(httpx.ReadTimeout):
        slow.client.post("/v1/completions", json={"prompt": [4] * 1000, "max_tokens": 20, **ON},
                         timeout=0.05)  # fmt: skip
    soon(lambda: idle(slow))


def test_a_stream_that_waits_says_so(slow: Running) -> None:
    stream, _ = begin(slow)
    body = {"prompt": [3], "max_tokens": 1, "stream": True, **ON}
    with slow.client.stream("POST", "/v1/completions", json=body) as waiting:
        assert next(waiting.iter_lines()) == ": ping"
    leave(stream)
    soon(lambda: idle(slow))


def test_other_requests_go_on_while_a_large_response_is_built(
    served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpt2.serving.completions import CompletionForm

    build, turns, seen = CompletionForm.choice, list[int](), list[int]()

    def choice(self: Any, plan: Any, index: int, choice: Any) -> Any:
        seen.append(len(turns))
        asyncio.get_running_loop().call_soon(turns.append, index)
        return build(self, plan, index, choice)

    monkeypatch.setattr(CompletionForm, "choice", choice)
    found = served.ask(prompt="The", n=5, max_tokens=2, logprobs=2)
    assert [one["index"] for one in found["choices"]] == seen == [0, 1, 2, 3, 4]


def test_a_client_that_leaves_pays_for_its_tokens(slow_folder: Path) -> None:
    body = {"prompt": [4] * 900, "max_tokens": 100, **ON}
    with running(slow_folder, tokens_per_minute=100) as server:
        with pytest.raises(httpx.ReadTimeout):
            server.client.post("/v1/completions", json=body, timeout=0.1)
        soon(lambda: not server.state.active)
        assert told(server.post("/v1/completions", **body))[1] == "rate_limit_exceeded"


def test_a_client_that_does_not_read_its_stream(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpt2.serving.answers.SLOWEST", 1.0)
    body = json.dumps({"prompt": [3], "n": 128, "max_tokens": 90, "logprobs": 20, "stream": True,
                       **ON}).encode()  # fmt: skip
    with running(tiny_folder, max_seconds=3) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))
        client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n"
                       b"Content-Type: application/json\r\n\r\n%s" % (len(body), body))  # fmt: skip
        soon(lambda: server.state.active == 1)
        soon(lambda: not server.state.active, 30)  # though its buffers are still full


def test_a_full_queue_is_told_and_nothing_is_lost(tiny_folder: Path, tiny: Any) -> None:
    with running(tiny_folder, slots=2, queue_requests=4) as server:

        def ask(seed: int) -> Any:
            return server.post("/v1/completions", prompt="The", max_tokens=60, seed=seed)

        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(ask, range(40)))
        full = [answer for answer in answers if answer.status_code == 429]
        assert {answer.status_code for answer in answers} == {200, 429}
        for answer in full:
            assert told(answer)[1] == "queue_full"
            assert 1 <= int(answer.headers["retry-after"]) <= 120
            assert 0 < int(answer.headers["retry-after-ms"]) <= 120_000
        for seed, answer in enumerate(answers):
            if answer.status_code == 200:
                (ids,) = library(tiny, "The", seed=seed, max_new_tokens=60)
                assert answer.json()["choices"][0]["token_ids"] == ids
        soon(lambda: idle(server))
        rejected = f"gpt2_admission_rejected_total {len(full):.1f}"
        assert rejected in server.client.get("/metrics").text
        assert server.ask(prompt="The", max_tokens=1)["choices"]


def test_more_texts_than_the_queue_can_hold(tiny_folder: Path) -> None:
    with running(tiny_folder, slots=2, queue_requests=4) as server:
        answer = server.post("/v1/completions", prompt="The", n=50)
        assert answer.status_code in (400, 429)


def test_the_same_bytes_alone_and_among_31(tiny_folder: Path, tiny: Any) -> None:
    asked = [{"prompt": [3 + i % 5] * (1 + 7 * i % 40), "seed": i, "max_tokens": 8 + i % 30,
              "logprobs": 3, "echo": i % 3 == 0} for i in range(32)]  # fmt: skip
    with running(tiny_folder) as server:

        def ask(body: dict[str, Any]) -> Any:
            return server.ask(**body)["choices"]

        alone = [ask(body) for body in asked]
        with ThreadPoolExecutor(32) as pool:
            among = list(pool.map(ask, asked))
        assert [ask(body) for body in asked] == among == alone  # and what was kept before
    for body, (choice,) in zip(asked, alone, strict=True):
        options = {"seed": body["seed"], "max_new_tokens": body["max_tokens"]}
        assert library(tiny, body["prompt"], **options) == [choice["token_ids"]]


def test_an_error_after_the_stream_began_is_the_last_event(served: Running) -> None:
    events = served.events(prompt=[3], suppress_tokens=[*range(END + 1)], max_tokens=4)
    assert "[DONE]" not in events
    assert json.loads(events[-1])["error"]["code"] == "invalid_value"
    status, code, _ = served.refused(prompt=[3], suppress_tokens=[*range(END + 1)])
    assert (status, code) == (400, "invalid_value")
    assert served.ask(prompt=[3], max_tokens=1)["choices"]


def test_the_time_of_a_request_ends_it(slow_folder: Path) -> None:
    with running(slow_folder, max_seconds=0.3) as server:
        found = server.ask(prompt=[3], max_tokens=1000, **ON)["choices"][0]
        assert found["finish_reason"] == "length"
        assert 0 < len(found["token_ids"]) < 1000


def test_a_task_whose_client_has_gone_ends(slow_folder: Path) -> None:
    with running(slow_folder) as server:
        with pytest.raises(httpx.ReadTimeout):
            server.client.post("/v1/tasks/write", json={"title": "The", "length": 5000},
                               timeout=0.5)  # fmt: skip
        turn = server.state.models.all[0].whole
        soon(lambda: turn.calls == 0)
        soon(lambda: not turn.lock.locked())


@contextlib.contextmanager
def busy(server: Running, turn: Any) -> Iterator[None]:
    """An engine that somebody else uses."""
    loop = server.server._loop
    asyncio.run_coroutine_threadsafe(turn.lock.acquire(), loop).result(30)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(turn.lock.release)


def test_who_waits_for_one_engine_keeps_nobody_from_another(tiny_folder: Path) -> None:
    with running(tiny_folder) as server, ThreadPoolExecutor(40) as pool:
        (model,) = server.state.models.all
        with busy(server, model.whole):

            def embed(_: int) -> Any:
                return server.post("/v1/embeddings", input="The")

            waiting = [pool.submit(embed, i) for i in range(40)]
            soon(lambda: model.whole.calls == MOST_WHOLE)
            assert server.ask("/v1/explain", ask="read", text="The")["ids"]
        answers = [one.result() for one in waiting]
    assert [answer.status_code for answer in answers].count(200) == MOST_WHOLE
    assert {told(one)[:2] for one in answers if one.status_code != 200} == {(429, "queue_full")}


def test_the_time_of_a_request_that_waits_for_an_engine(tiny_folder: Path) -> None:
    with running(tiny_folder, max_seconds=0.3) as server:
        (model,) = server.state.models.all
        tasks = {"/v1/embeddings": {"input": "The"}, "/v1/tasks/write": {"title": "The"}}
        with busy(server, model.whole):
            for path, body in tasks.items():
                assert told(server.post(path, **body))[:2] == (503, "timeout")
        soon(lambda: not model.whole.lock.locked())
        assert server.ask("/v1/embeddings", input="The")["data"]


def test_the_time_of_a_request_ends_its_work(slow_folder: Path) -> None:
    settings = {"temperature": 1}
    with running(slow_folder, max_seconds=0.3) as server:
        (model,) = server.state.models.all
        answer = server.post("/v1/tasks/write", title="The", length=5000)
        assert told(answer)[:2] == (503, "timeout")
        soon(lambda: not model.whole.lock.locked())
        answer = server.post("/v1/explain", ask="write", ids=[3], count=1000, settings=settings)
        assert told(answer)[:2] == (503, "timeout")
        soon(lambda: not model.looking.lock.locked())


def test_ready_only_when_all_is_loaded(tiny_folder: Path) -> None:
    from gpt2.serving.load import Loader

    go = threading.Event()

    class Late(Loader):
        def __iter__(self) -> Iterator[Any]:
            go.wait(30)
            yield from super().__iter__()

    with running(tiny_folder, loader=Late, wait=False) as server:
        soon(lambda: server.server.started)
        assert server.client.get("/health").status_code == 200
        for answer in (server.client.get("/ready"), server.post("/v1/completions", prompt="a")):
            assert told(answer)[:2] == (503, "loading")
            assert int(answer.headers["retry-after"]) >= 1
        go.set()
        soon(lambda: server.client.get("/ready").status_code == 200)


@pytest.mark.slow
def test_torch_models_are_served_too(tiny_folder: Path) -> None:
    pytest.importorskip("torch")
    model = gpt2.load(tiny_folder, engine="torch")
    with running(tiny_folder, loading={"engine": "torch"}) as server:
        found = server.ask(prompt="The fox", seed=7, max_tokens=6, logprobs=1)
        (ids,) = library(model, "The fox", seed=7, max_new_tokens=6)
        assert found["choices"][0]["token_ids"] == ids


@pytest.mark.slow
def test_an_idle_connection_stays_open(tiny_folder: Path) -> None:
    """For a minute and more; the default is two."""
    with running(tiny_folder) as server:
        assert server.server.config.timeout_keep_alive == 120
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        for pause in (0, 61):
            time.sleep(pause)
            connection.request("GET", "/health")  # it would raise where it was closed
            assert connection.getresponse().read() == b'{"status":"ok"}'
            connection.auto_open = 0
        connection.close()


def test_a_beginning_is_read_once_for_each_key(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_API_KEYS", f"{'a' * 20},{'b' * 20}")
    prompt, other = [3 + i % 7 for i in range(60)], [9 + i % 5 for i in range(60)]
    for shared in (False, True):
        with running(tiny_folder, share_prefixes=shared) as server:

            def cached(ids: list[int], key: str, server: Running = server, **more: Any) -> int:
                body = {"prompt": ids, "max_tokens": 2, "temperature": 0, **more}
                headers = {"x-api-key": key * 20}
                answer = server.client.post("/v1/completions", json=body, headers=headers).json()
                return int(answer["usage"]["prompt_tokens_details"]["cached_tokens"])

            assert cached(prompt, "a") == 0
            assert cached(other, "a") < 5
            assert cached(prompt, "a") > 50  # still there
            assert (cached(prompt, "b") > 50) is shared
            assert cached(prompt, "a", echo=True, logprobs=1) == 0  # computed anew
