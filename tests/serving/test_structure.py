"""Answers of a given structure, by the processor that Python has too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.serving.conftest import Running

pytest.importorskip("llguidance")

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0, "maximum": 99}},
          "required": ["age"], "additionalProperties": False}  # fmt: skip


def test_choices_and_expressions(served: Running) -> None:
    choices = ["fox", "dog", "狐狸"]
    asked = {"prompt": ["The", "The quick brown"], "n": 3, "seed": 1, "max_tokens": 40}
    found = served.ask(**asked, structured_outputs={"choice": choices})["choices"]
    assert {choice["text"] for choice in found} <= set(choices)
    assert {choice["finish_reason"] for choice in found} == {"stop"}
    chunks = served.stream(**asked, structured_outputs={"choice": choices})
    for choice in found:
        parts = [c["text"] for chunk in chunks for c in chunk["choices"]
                 if c["index"] == choice["index"]]  # fmt: skip
        assert "".join(parts) == choice["text"]
    found = served.ask(prompt="The", structured_outputs={"regex": "[ab]{3}"})["choices"]
    assert set(found[0]["text"]) <= {"a", "b"}
    assert len(found[0]["text"]) == 3


def test_json(served: Running) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    talk = {"messages": [{"role": "user", "content": "The"}], "seed": 3, "max_tokens": 40}
    chat = served.ask("/v1/chat/completions", **talk, response_format=form)["choices"][0]
    assert set(json.loads(chat["message"]["content"])) == {"age"}
    found = served.ask(prompt="The", max_tokens=40, structured_outputs={"json": SCHEMA})
    assert set(json.loads(found["choices"][0]["text"])) == {"age"}
    plain = served.ask(prompt="The", seed=1, response_format={"type": "text"})["choices"]
    assert plain == served.ask(prompt="The", seed=1)["choices"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"structured_outputs": {}}, "structured_outputs"),
        ({"structured_outputs": {"regex": "("}}, "structured_outputs"),
        ({"structured_outputs": {"choice": [], "regex": "a"}}, "structured_outputs"),
        ({"structured_outputs": {"choice": "fox"}}, "structured_outputs"),
        ({"structured_outputs": {"grammar": "a"}}, "structured_outputs.grammar"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "no"}}}},
         "response_format"),
        ({"response_format": {"type": "text"}, "structured_outputs": {"regex": "a"}},
         "response_format"),
    ],
)  # fmt: skip
def test_what_cannot_be(served: Running, body: dict[str, Any], param: str) -> None:
    status, _, named = served.refused(prompt="The", **body)
    assert (status, named) == (400, param)
