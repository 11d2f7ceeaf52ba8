"""The habits that CONTRIBUTING.md tells of: tiers of tests, pinned tools, no assert on a clock."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache

import pytest

from tests.conftest import ROOT, tree

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MARKERS = [line.split(":")[0] for line in PYPROJECT["tool"]["pytest"]["ini_options"]["markers"]]
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if "==" in line
)  # fmt: skip
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "perf_counter_ns", "monotonic_ns"}


@cache
def trees() -> dict[str, ast.Module]:
    return {str(p.relative_to(ROOT)): tree(p)
            for p in (ROOT / "tests").rglob("*.py")}  # fmt: skip


def marks() -> set[str]:
    """The names X of every pytest.mark.X."""
    nodes = (node for tree in trees().values() for node in ast.walk(tree))
    return {n.attr for n in nodes if isinstance(n, ast.Attribute)
            and isinstance(n.value, ast.Attribute) and n.value.attr == "mark"}  # fmt: skip


def rows(title: str) -> list[list[str]]:
    """The cells of the table whose first column has this title, without its head."""
    table = re.search(rf"^\| {title} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert table, f"no table of {title}"
    return [[c.strip() for c in ln.strip("|").split(" | ")] for ln in table[1].splitlines()]


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_selects_something(marker: str) -> None:
    assert marker in marks()


def test_the_table_of_tiers_has_every_marker() -> None:
    assert [row[1].strip("`") for row in rows("tier")] == ["none", *MARKERS]
    deselected = re.findall(r"not (\w+)", PYPROJECT["tool"]["pytest"]["ini_options"]["addopts"])
    assert deselected == MARKERS


def test_the_steps_of_ci_are_those_that_are_told() -> None:
    steps = re.findall(r"^make \w+", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    told = TEXT.split("`.ci/run` is five steps:")[1].split(".github")[0]
    assert re.findall(r"`(make \w+)`", told) == steps
    assert re.findall(r"run: (make \w+)", workflow) == steps
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make (\w+)", workflow + TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_workflow_has_every_python_that_is_promised() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    line = re.search(r"python: \[(.*)\]", workflow)
    assert line
    tried = set(re.findall(r"3\.\d+", line[1]))
    promised = {c.rsplit(" ", 1)[1] for c in PYPROJECT["project"]["classifiers"] if ":: 3." in c}
    assert promised <= tried
    assert PYPROJECT["project"]["requires-python"] == f">={min(tried)}"


def test_commits_are_checked_by_the_tools_of_the_constraints() -> None:
    pins = re.findall(r"([\w-]+)==([\w.]+)", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert {name for name, _ in pins} == {"ruff", "clang-format", "pre_commit_hooks"}
    assert [version for _, version in pins] == [PINS[name] for name, _ in pins]


def asserted_clocks(tree: ast.Module) -> list[int]:
    """The lines of asserts that look at a clock."""
    found = []
    for one in (node for node in ast.walk(tree) if isinstance(node, ast.Assert)):
        calls = (n.func for n in ast.walk(one.test) if isinstance(n, ast.Call))
        names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
        found += [one.lineno] * bool(names & CLOCKS)
    return found


def test_no_assert_looks_at_a_clock() -> None:
    assert asserted_clocks(ast.parse("assert time.time() - begin < 5")) == [1]
    assert {name: lines for name, tree in trees().items() if (lines := asserted_clocks(tree))} == {}
