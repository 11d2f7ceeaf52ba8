"""Every check comes before the answer begins, and names its field."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.serving.conftest import Running, running, told
from tests.tiny import END

P = {"prompt": "The"}
CHAT = {"messages": [{"role": "user", "content": "hi"}]}
COMPLETIONS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "missing_parameter", "prompt"),
    ({"prompt": 5}, "invalid_value", "prompt"),
    ({"prompt": []}, "invalid_value", "prompt"),
    ({"prompt": [1, "a"]}, "invalid_value", "prompt"),
    ({"prompt": [-1]}, "invalid_value", "prompt"),
    ({"prompt": [[1], [END + 1]]}, "invalid_value", "prompt"),
    ({"prompt": [1.0]}, "invalid_value", "prompt"),
    ({"prompt": [True]}, "invalid_value", "prompt"),
    ({"prompt": [1] * 97}, "context_length_exceeded", "prompt"),
    ({"prompt": [1] * 90, "max_tokens": 8}, "context_length_exceeded", "max_tokens"),
    ({**P, "max_tokens": 0}, "invalid_value", "max_tokens"),
    ({**P, "max_tokens": -1}, "invalid_value", "max_tokens"),
    ({**P, "max_tokens": 1e3}, "invalid_value", "max_tokens"),
    ({**P, "n": 0}, "invalid_value", "n"),
    ({**P, "n": 129}, "invalid_value", "n"),
    ({**P, "n": 3, "best_of": 2}, "invalid_value", "best_of"),
    ({**P, "best_of": 2, "stream": True}, "unsupported_parameter", "best_of"),
    ({**P, "suffix": "x"}, "unsupported_parameter", "suffix"),
    ({**P, "temperature": -0.1}, "invalid_value", "temperature"),
    ({**P, "top_p": 1.1}, "invalid_value", "top_p"),
    ({**P, "top_k": -1}, "invalid_value", "top_k"),
    ({**P, "typical_p": 0}, "invalid_value", "typical_p"),
    ({**P, "presence_penalty": 3}, "invalid_value", "presence_penalty"),
    ({**P, "frequency_penalty": "a"}, "invalid_value", "frequency_penalty"),
    ({**P, "logit_bias": {"a": 1}}, "invalid_value", "logit_bias"),
    ({**P, "logit_bias": {"01": 1}}, "invalid_value", "logit_bias"),
    ({**P, "logit_bias": {"-1": 1}}, "invalid_value", "logit_bias"),
    ({**P, "logit_bias": {"²": 1}}, "invalid_value", "logit_bias"),
    ({**P, "logit_bias": {str(END + 1): 1}}, "invalid_value", "logit_bias"),
    ({**P, "logit_bias": {"5": 101}}, "invalid_value", "logit_bias"),
    ({**P, "logit_bias": [1]}, "invalid_value", "logit_bias"),
    ({**P, "logprobs": 21}, "invalid_value", "logprobs"),
    ({**P, "logprobs": True}, "invalid_value", "logprobs"),
    ({**P, "stop": ""}, "invalid_value", "stop"),
    ({**P, "stop": ["a"] * 17}, "invalid_value", "stop"),
    ({**P, "seed": 2**63}, "invalid_value", "seed"),
    ({**P, "seed": [1]}, "invalid_value", "seed"),
    ({**P, "echo": 1}, "invalid_value", "echo"),
    ({**P, "stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
    ({**P, "stream": True, "stream_options": {"x": 1}}, "unknown_parameter", "stream_options.x"),
    ({**P, "num_beams": 4}, "unsupported_parameter", "num_beams"),
    ({**P, "max_new_tokens": 4}, "unknown_parameter", "max_new_tokens"),
    ({**P, "temprature": 1}, "unknown_parameter", "temprature"),
    ({**P, "bad_words_ids": [[]]}, "invalid_value", "bad_words_ids"),
    ({**P, "bad_words_ids": [[END + 1]]}, "invalid_value", "bad_words_ids"),
    ({**P, "sequence_bias": [[[1]]]}, "invalid_value", "sequence_bias"),
    ({**P, "forced_eos_token_id": END + 1}, "invalid_value", "forced_eos_token_id"),
    ({**P, "model": "../tiny"}, "model_not_found", "model"),
    ({**P, "model": "/etc/passwd"}, "model_not_found", "model"),
    ({**P, "model": 3}, "invalid_value", "model"),
]


@pytest.mark.parametrize(("body", "code", "param"), COMPLETIONS)
def test_completions(served: Running, body: dict[str, Any], code: str, param: str) -> None:
    status = 404 if code == "model_not_found" else 400
    assert served.refused(**body) == (status, code, param)
    if "stream" not in body and "stream_options" not in body:  # nor does a stream begin
        assert served.refused(**body, stream=True) == (status, code, param)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value", "messages"),
        ({"messages": [{"role": "user"}]}, "missing_parameter", "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "text": ""}]}]},
         "unsupported_parameter", "messages"),
        ({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://x"}}]}]},
         "unsupported_parameter", "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "", "x": 1}]}]},
         "unknown_parameter", "messages.0.content.0.x"),
        ({**CHAT, "max_tokens": 3, "max_completion_tokens": 3}, "invalid_value", "max_tokens"),
        ({**CHAT, "max_completion_tokens": 200}, "context_length_exceeded",
         "max_completion_tokens"),
        ({"messages": [{"role": "user", "content": "a" * 200}]}, "context_length_exceeded",
         "messages"),
        ({**CHAT, "top_logprobs": 3}, "invalid_value", "top_logprobs"),
        ({**CHAT, "tools": []}, "unsupported_parameter", "tools"),
        ({**CHAT, "tool_choice": "none"}, "unsupported_parameter", "tool_choice"),
        ({**CHAT, "echo": True}, "unknown_parameter", "echo"),
    ],
)  # fmt: skip
def test_chat(served: Running, body: dict[str, Any], code: str, param: str) -> None:
    assert served.refused("/v1/chat/completions", **body) == (400, code, param)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"messages": [{"role": "user"}]}, "the required field messages.0.content is missing."),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]},
         "the required field messages.0.content.0.text is missing."),
        ({"messages": []}, "messages must not be empty, found []."),
        ({"response_format": {}}, "the required field response_format.type is missing."),
        ({"logit_bias": {"5": "a"}},
         "logit_bias.5 is invalid: input should be a valid number, found 'a'."),
        ({"seed": 2**63}, f"seed must be below {2**63}, found {2**63}."),
        ({"stop": ["a", 5]}, "stop must be a string or a list of strings, found ['a', 5]."),
    ],
)  # fmt: skip
def test_the_message_says_where_and_what(
    served: Running, more: dict[str, Any], message: str
) -> None:
    answer = served.post("/v1/chat/completions", **{**CHAT, **more})
    assert answer.json()["error"]["message"] == message


def test_a_list_that_is_too_short_is_not_called_empty(served: Running) -> None:
    answer = served.post("/v1/tasks/translate", text="hi", examples=[["a"]])
    assert "examples.0 is invalid: list should have at least 2 items" in answer.text


def test_the_message_names_what_a_harness_must_set(served: Running) -> None:
    answer = served.post("/v1/completions", prompt=[1] * 200)
    assert "max_length=96" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b'{"prompt": "a", "prompt": "b"}', "application/json", 400, "invalid_json"),
        (b'{"prompt": "a", "temperature": 1e400}', "application/json", 400, "invalid_json"),
        (b'{"prompt": "\\ud83d"}', "application/json; charset=utf-8", 400, "invalid_json"),
        (b'{"prompt": "a"}', "text/plain", 415, "unsupported_media_type"),
        (b"prompt=a", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'"' + b"a" * 3_000_000 + b'"', "application/json", 413, "body_too_large"),
    ],
)
def test_bodies(served: Running, content: bytes, kind: str, status: int, code: str) -> None:
    headers = {"content-type": kind}
    answer = served.client.post("/v1/completions", content=content, headers=headers)
    assert told(answer)[:2] == (status, code)
    chunks = (content[i : i + 65536] for i in range(0, len(content), 65536))  # no length is said
    answer = served.client.post("/v1/completions", content=chunks, headers=headers)
    assert told(answer)[:2] == (status, code)


def test_a_body_that_does_not_arrive(tiny_folder: Path) -> None:
    with running(tiny_folder, max_seconds=0.3) as server, socket.create_connection(
        ("127.0.0.1", int(server.url.rsplit(":", 1)[1])), 20
    ) as connection:  # fmt: skip
        connection.sendall(b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
                           b"Content-Type: application/json\r\n\r\n{")  # fmt: skip
        assert connection.recv(99).startswith(b"HTTP/1.1 408 ")


def test_paths_and_methods(served: Running) -> None:
    assert told(served.client.get("/nothing"))[:2] == (404, "not_found")
    assert told(served.client.get("/v1/completions"))[:2] == (405, "method_not_allowed")
    assert told(served.client.get("/v1/models/..%2F..%2Fetc"))[0] == 404
    assert told(served.client.get("/v1/models/none")) == (404, "model_not_found", "model")


def test_who_sends_too_much_hears_why(tiny_folder: Path) -> None:
    """Though the answer is known long before the body has arrived."""
    with running(tiny_folder, max_body=200_000) as server:
        host, port = server.url.removeprefix("http://").split(":")
        head = (b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1000000\r\n")  # fmt: skip
        with socket.create_connection((host, int(port)), timeout=60) as client:
            client.sendall(head + b"Connection: close\r\n\r\n")
            for _ in range(20):
                client.sendall(b" " * 50_000)
                time.sleep(0.01)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"body_too_large" in answer
        with socket.create_connection((host, int(port)), timeout=60) as client:
            client.sendall(head + b"Expect: 100-continue\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 413 ")
