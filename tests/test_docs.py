"""The documentation says what is so: figures come from results, snippets and commands run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.report import PAGE, page

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
WITHOUT_PYTHON = re.sub(r"```python.*?```", "", README, flags=re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.strip()
    for block in re.findall(r"```\n(.*?)```", WITHOUT_PYTHON, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("gpt2 ")
]


def run(command: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    sources = f"{ROOT / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": sources, "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_figures_are_those_of_the_results() -> None:
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("code", PYTHON, ids=range(1, len(PYTHON) + 1))
def test_a_snippet_of_the_readme_runs_and_prints(code: str, tmp_path: Path) -> None:
    done = run([sys.executable, "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_runs(command: str, tmp_path: Path) -> None:
    texts = tmp_path / "my-texts"
    texts.mkdir()
    (texts / "a.txt").write_text("To be, or not to be, that is the question. " * 50, "utf-8")
    if "my-data" in command and "-o my-data" not in command:  # an earlier command made it
        run([sys.executable, "-m", "gpt2", "prepare", "my-texts/", "-o", "my-data"], tmp_path)
    done = run(re.sub(r"(^|&& )gpt2 ", rf"\1{sys.executable} -m gpt2 ", command), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() or command.split()[1] in ("tokenizer-train", "convert", "prepare")


def test_the_map_of_the_tree_is_right() -> None:
    tree = README.split("## Map of the tree")[1].split("```")[1]
    inside = [ln.split()[0] for ln in tree.splitlines() if ln.startswith("  ")]
    outside = [ln.split()[0] for ln in tree.splitlines() if ln and not ln.startswith(" ")]
    names = [ROOT / "src" / "gpt2" / name for name in inside] + [ROOT / name for name in outside]
    assert [str(path) for path in names if not path.exists()] == []


@pytest.mark.parametrize("page_", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=str)
def test_links_lead_somewhere(page_: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page_.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page_.parent / link).exists()] == []
