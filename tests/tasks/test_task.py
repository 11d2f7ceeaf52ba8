"""Tasks as data, and folders that remember one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.errors import CorruptFileError, InputError, OptionError
from gpt2.generation import GenerationConfig
from gpt2.tasks import TASKS, remember, task_of
from gpt2.tasks.task import Form

Asked = Callable[[Any], list[str]]


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_folder, tmp_path / "tuned")
    return tmp_path / "tuned"


def test_every_task_says_what_it_is() -> None:
    for name, task in TASKS.items():
        assert task.name == name
        assert task.source
        assert task.expect
        assert task.metric
        GenerationConfig(**task.decoding)
        assert getattr(gpt2, name).__module__ == f"gpt2.tasks.{name}"


def test_a_form_makes_prompts_examples_and_rows() -> None:
    form = Form("Q: {q}\nA:", " {a}")
    assert form.ask(q="{x} %s") == "Q: {x} %s\nA:"
    assert form.example(q="1", a="2") == "Q: 1\nA: 2"
    assert form.pair(q="1", a="2") == {"prompt": "Q: 1\nA:", "completion": " 2"}


@pytest.mark.parametrize("field", ["text.nope", "text[a]", "0", "", "text!r", "text:>99", "b"])
def test_a_form_can_only_name_its_fields(folder: Path, field: str) -> None:
    """A model's files may be untrusted."""
    remember(folder, "summarize", prompt=f"{{{field}}} TL;DR:", completion=" {summary}")
    with pytest.raises(OptionError, match="does not match its fields text"):
        gpt2.summarize(gpt2.load(folder), "The fox.")
    assert Form("{{{text}}} is {text:}", "").ask(text="{x}") == "{{x}} is {x}"


def test_a_folder_remembers_its_task_and_the_command_uses_it(folder: Path, asked: Asked) -> None:
    (folder / "gpt2.json").write_text('{"licence": "MIT"}')
    assert task_of(folder) is None
    remember(folder, "translate", source="en", to="de")
    assert json.loads((folder / "gpt2.json").read_text())["licence"] == "MIT"
    found = task_of(folder)
    assert found is not None
    assert (found.name, found.form) == ("translate", TASKS["translate"].form)
    model = gpt2.load(folder)
    prompts = asked(model)
    gpt2.translate(model, "The fox. The dog.", to="de")
    assert prompts == ["The fox. =", "The dog. ="]
    with pytest.raises(InputError, match="fine-tuned to translate en to de, not en to zh"):
        gpt2.translate(model, "The fox.")
    gpt2.translate(model, "The fox.", examples=[("a", "b")])
    assert prompts[2] == "a = b\nThe fox. ="


def test_a_form_of_its_own(folder: Path, asked: Asked) -> None:
    remember(folder, "summarize", prompt="{text}\n\nIn short:", completion=" {summary}")
    model = gpt2.load(folder, engine="torch")
    prompts = asked(model)
    gpt2.summarize(model, "The fox. The dog.")
    assert prompts == ["The fox. The dog.\n\nIn short:"]


def test_what_cannot_be_remembered(folder: Path) -> None:
    with pytest.raises(OptionError, match="there is no task 'sing'"):
        remember(folder, "sing")
    with pytest.raises(OptionError, match="answer:en is not a task"):
        remember(folder, "answer:en")
    remember(folder, "translate:fr-en")
    found = task_of(folder)
    assert found is not None
    assert found.facts == {"source": "fr", "to": "en"}
    (folder / "gpt2.json").write_text('{"task": "translate"}')
    with pytest.raises(CorruptFileError, match="requires the texts"):
        task_of(folder)
