"""The bundled model as a page holds it, and its own numbers to compare with."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.explain.contents import WEB, Contents, contents_of
from tests.conftest import ROOT

needs_core = pytest.mark.skipif(not (WEB / "core.wasm").exists(), reason="core.wasm is not built")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


def in_node(script: str, *arguments: Path | str, asked: Any) -> Any:
    """What a script of this folder answers to what it is asked, both as JSON."""
    return _answer([str(ROOT / "tests/explain" / script), *map(str, arguments)], asked)


def evaluated(imports: str, expression: str, asked: Any) -> Any:
    """What an expression of ``asked`` is in node, with imports from src/gpt2; both as JSON."""
    script = (
        f"import {{readFileSync}} from 'node:fs'; {imports.replace('./', './src/gpt2/')}\n"
        f"const asked = JSON.parse(readFileSync(0)); console.log(JSON.stringify({expression}));"
    )
    return _answer(["--input-type=module", "-e", script], asked)


def _answer(arguments: list[str], asked: Any) -> Any:
    done = subprocess.run(
        ["node", "--no-warnings", *arguments],
        input=json.dumps(asked),
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def contents() -> Contents:
    return contents_of("gpt2-mini")


@pytest.fixture(scope="session")
def model() -> Any:
    return gpt2.load("gpt2-mini")


@pytest.fixture(scope="session")
def ask(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Any]]:
    """Asks the page's modules in node: ``ask((name, question), ...)`` gives their answers."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "weights").write_bytes(contents.files[0])
    (folder / "merges").write_text(contents.merges, "utf-8")

    def asked(*questions: tuple[str, Any]) -> list[Any]:
        paths: list[Path | str] = [WEB / "core.wasm", folder / "weights", folder / "merges"]
        facts_and_questions = {"facts": contents.facts, "asked": questions}
        answers: list[Any] = in_node("ask.mjs", *paths, asked=facts_and_questions)
        return answers

    return asked
