"""A small random model on the native engine, and what a task asks of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.checkpoint import write_checkpoint
from tests.tiny import END, random_weights, tiny_config, write_tiny
from tests.tokenizer.chinese import TOKENS, write_chinese


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks") / "tiny"
    write_tiny(folder, n_positions=256, vocab_size=END + 1)
    return folder


@pytest.fixture
def tiny(tiny_folder: Path) -> Any:
    return gpt2.load(tiny_folder)


@pytest.fixture(scope="session")
def wordpiece(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small random model whose vocabulary has no line end, and a space before each word."""
    folder = tmp_path_factory.mktemp("tasks") / "wordpiece"
    write_chinese(folder)
    size = len(TOKENS)
    config = tiny_config(vocab_size=size, n_positions=256, bos_token_id=2, eos_token_id=3)
    write_checkpoint(folder, config, random_weights(config))
    return gpt2.load(folder)


@pytest.fixture(scope="session")
def mini() -> Any:
    return gpt2.load("gpt2-mini")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[str]]:
    """Prompts that reach a model from now on, as text; the model runs all the same."""

    def listen(model: Any) -> list[str]:
        prompts: list[str] = []
        for name in ("generate", "stream"):
            monkeypatch.setattr(model, name, heard(getattr(model, name), model, prompts))
        return prompts

    return listen


def heard(run: Callable[..., Any], model: Any, prompts: list[str]) -> Callable[..., Any]:
    def and_run(inputs: Any, *args: Any, **kw: Any) -> Any:
        rows = inputs if isinstance(inputs[0], list) else [inputs]
        prompts.extend(model.tokenizer.decode(row) for row in rows if not isinstance(row, str))
        return run(inputs, *args, **kw)

    return and_run
