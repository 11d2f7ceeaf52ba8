"""API keys, limits of a minute, request ids, aliases, and what a proxy needs."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gpt2.errors import InputError, OptionError
from tests.serving.conftest import Running, running, told

ALICE, BOB = "alice-" + "0" * 20, "bob-" + "1" * 20


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPT2_API_KEYS", BOB)
    path = tmp_path / "keys"
    path.write_text(f"# who\n{ALICE}\n\n")
    return path


def test_keys(tiny_folder: Path, keys: Path) -> None:
    with running(tiny_folder, api_keys=str(keys)) as server:
        body = {"prompt": "The", "max_tokens": 1}
        for headers in (
            {"authorization": f"Bearer {ALICE}"}, {"Authorization": f"bearer  {BOB}"},
            {"x-api-key": BOB},
        ):  # fmt: skip
            answer = server.client.post("/v1/completions", json=body, headers=headers)
            assert answer.status_code == 200
        refused: tuple[dict[str, Any], ...] = (
            {}, {"authorization": "Bearer"}, {"authorization": f"Basic {ALICE}"},
            {"x-api-key": ALICE[:-1]}, {"x-api-key": ""}, {"authorization": "Bearer ½".encode()},
        )  # fmt: skip
        for headers in refused:
            answer = server.client.post("/v1/completions", json=body, headers=headers)
            assert told(answer)[:2] == (401, "invalid_api_key")
            assert told(server.client.get("/v1/models", headers=headers))[0] == 401
        for path in ("/health", "/ready", "/metrics"):
            assert server.client.get(path).status_code == 200


def test_limits_of_a_minute_are_each_keys_own(tiny_folder: Path, keys: Path) -> None:
    with running(tiny_folder, api_keys=str(keys), requests_per_minute=2) as server:
        for key in (ALICE, BOB):
            asked = {"json": {"prompt": "The", "max_tokens": 1}, "headers": {"x-api-key": key}}
            answers = [server.client.post("/v1/completions", **asked) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 429]
            assert told(answers[2])[1] == "rate_limit_exceeded"
            assert 1 <= int(answers[2].headers["retry-after"]) <= 30
            assert 0 < int(answers[2].headers["retry-after-ms"]) <= 30_000
            assert "x-should-retry" not in answers[2].headers
    with running(tiny_folder, tokens_per_minute=40) as server:
        asked = {"json": {"prompt": [3] * 30, "max_tokens": 5}, "headers": {"x-api-key": BOB}}
        statuses = [server.client.post("/v1/completions", **asked).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


def test_a_file_without_keys(tiny_folder: Path, tmp_path: Path) -> None:
    for text in ("", "# none\n", "short\n"):
        (tmp_path / "keys").write_text(text)
        with pytest.raises(InputError), running(tiny_folder, api_keys=str(tmp_path / "keys")):
            pass


def test_names_and_aliases(tiny_folder: Path) -> None:
    with running(tiny_folder, alias=["gpt-3.5=tiny", "openai-community/x=tiny"]) as server:
        ids = [one["id"] for one in server.client.get("/v1/models").json()["data"]]
        assert ids == ["tiny", "gpt-3.5", "openai-community/x"]
        assert server.ask(model=ids[2], prompt="The", max_tokens=1)["model"] == "tiny"
        for name in ids:  # the slash of a hub id is in the path as it is, or escaped
            for path in (name, quote(name, safe="")):
                assert server.client.get(f"/v1/models/{path}").json()["id"] == name
    for wrong in ("=tiny", "a=other", "tiny"):
        with pytest.raises(OptionError), running(tiny_folder, alias=wrong):
            pass
    with pytest.raises(OptionError), running(tiny_folder, alias="tiny=tiny"):
        pass


def test_two_models(tiny_folder: Path, tmp_path: Path) -> None:
    from tests.tiny import write_tiny

    write_tiny(tmp_path / "other", n_positions=32, n_layer=1)
    with running(tiny_folder, tmp_path / "other") as server:
        by_default = server.ask(prompt=[3], temperature=0)
        texts = [server.ask(model=m, prompt=[3], temperature=0) for m in ("tiny", "other")]
        assert by_default["choices"] == texts[0]["choices"] != texts[1]["choices"]
        assert server.refused(model="other", prompt=[3] * 40)[1] == "context_length_exceeded"


def test_ids_of_requests_and_the_root_path(tiny_folder: Path) -> None:
    with running(tiny_folder, root_path="/gpt2") as server:
        for path in ("/ready", "/gpt2/ready", "/gpt2/v1/models"):
            assert server.client.get(path).status_code == 200
        answer = server.client.get("/ready", headers={"x-request-id": "a-1.b"})
        assert answer.headers["x-request-id"] == "a-1.b"
        made = server.client.get("/ready", headers={"x-request-id": "no space"})
        assert len(made.headers["x-request-id"]) == 32


def test_there_is_no_cors_and_no_server_name(served: Running) -> None:
    answer = served.client.options(
        "/v1/completions",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "server" not in answer.headers


def test_the_url_of_an_ipv6_address_has_brackets(tiny_folder: Path) -> None:
    from gpt2.serving.load import Loader
    from gpt2.serving.server import open_server
    from gpt2.serving.settings import ServeOptions

    options, said = ServeOptions(host="::1", port=0), list[str]()
    try:
        _, listening = open_server(Loader([str(tiny_folder)], options, {}), options, said.append)
    except OptionError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with listening:
        assert said == [f"listening on http://[::1]:{listening.getsockname()[1]}"]


def own(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """The records of this test's requests, once each: handlers may be there twice."""
    mine = (r for r in caplog.records if getattr(r, "entry", {}).get("request_id") == "mine")
    return list(dict.fromkeys(mine))


def test_the_log_has_no_prompts(
    tiny_folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpt2.serving.edge import Lines, Objects

    with running(tiny_folder) as server:
        server.client.headers["x-request-id"] = "mine"  # other tests' servers log here as well
        monkeypatch.setattr(logging.getLogger("gpt2.serving"), "propagate", True)
        with caplog.at_level(logging.INFO, "gpt2.serving"):
            server.ask(prompt="a secret fox", max_tokens=1, user="somebody")
            server.refused(prompt="a secret fox", temperatur=1)
            server.client.get("/ready")
    records = own(caplog)
    shown = [form().format(r) for r in records for form in (Lines, Objects)]
    assert len(records) == 2  # what only watches is not told
    assert not [line for line in shown if "secret" in line or "somebody" in line]
    entry = json.loads(shown[1])
    assert (entry["path"], entry["status"]) == ("/v1/completions", 200)


def test_the_log_has_prompts_where_it_is_told_to(
    tiny_folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpt2.serving.edge import Lines

    with running(tiny_folder, log_prompts=True) as server:
        server.client.headers["x-request-id"] = "mine"
        monkeypatch.setattr(logging.getLogger("gpt2.serving"), "propagate", True)
        with caplog.at_level(logging.INFO, "gpt2.serving"):
            server.ask(prompt="a fox\nran", max_tokens=1)
    (record,) = own(caplog)
    assert '"prompt": "a fox\\nran"' in Lines().format(record)
