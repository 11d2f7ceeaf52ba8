"""The package as a whole: lint, types, the direction of its imports, and how light it is."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gpt2
from tests.conftest import ROOT, tree

SOURCE = ROOT / "src" / "gpt2"

# A module imports from its own row's folder or from a lower row (docs/architecture.md).
ROWS = [
    {"errors", "elsewhere", "extras", "options", "files"}
    | {"adapters", "cluster", "figures", "machine", "parts", "points", "precision", "randomness"},
    {"hub"},
    {"config", "config_base", "engine"},
    {"tokenizer", "generation", "checkpoint", "reference"},
    {"numpy_engine", "reference_training", "model", "native"},
    {"auto", "compression", "pipelines", "loading", "receipt", "proof", "quantization", "scoring"},
    {"tasks", "data"},
    {"training", "evaluation", "explain", "serving", "learn"},
    {"cli"},
]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        pytest.param(["mypy"], marks=pytest.mark.slow),  # half a minute; `make lint` is quicker
    ],
    ids=["lint", "format", "types"],
)
def test_the_tree_is_clean(command: list[str]) -> None:
    result = run(sys.executable, "-m", *command)
    assert result.returncode == 0, result.stdout + result.stderr


def imports_of(path: Path) -> list[str]:
    """The parts of this package a file imports, lazily or not: 'tokenizer', 'errors', ..."""
    found = []
    for node in ast.walk(tree(path)):
        names = []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
            if node.module == "gpt2":
                names = [f"gpt2.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found += [name.split(".")[1] for name in names if name.startswith("gpt2.")]
    return found


def test_imports_point_downwards() -> None:
    row_of = {part: row for row, parts in enumerate(ROWS) for part in parts}
    wrong = []
    for path in SOURCE.rglob("*.py"):
        part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if part in ("__init__", "__main__"):
            continue
        assert part in row_of, f"{part} has no row: give it one in tests/test_package.py"
        for other in imports_of(path):
            if other in row_of and other != part and row_of[other] > row_of[part]:
                wrong.append(f"{path.relative_to(SOURCE)} imports {other}")
    assert not wrong


def test_rooms_of_training_use_those_before_them() -> None:
    rooms = ["inputs", "planning", "reporting", "checkpoints", "loop"]
    for at, room in enumerate(rooms):
        source = "".join(p.read_text("utf-8") for p in (SOURCE / "training" / room).glob("*.py"))
        assert not [later for later in rooms[at + 1 :] if f"gpt2.training.{later}" in source]


def test_equals_do_not_import_each_other() -> None:
    seen = {
        (path.relative_to(SOURCE).parts[0].removesuffix(".py"), other)
        for path in SOURCE.rglob("*.py")
        for other in imports_of(path)
    }
    assert not {(a, b) for a, b in seen if a != b and (b, a) in seen}


# Files that import each other, lazily: what makes a model fast takes the place of its own modules.
CIRCLES = [{"gpt2.model.engine", "gpt2.model.gpt2", "gpt2.model.inference"}]


def module_of(path: Path) -> str:
    parts = ("gpt2", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files_imported(path: Path, modules: set[str]) -> set[str]:
    """The modules that a file imports, lazily or not; what only types need does not count."""
    whole = tree(path)
    typing = [
        n
        for n in ast.walk(whole)
        if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)
    ]
    skipped = {id(inner) for node in typing for inner in ast.walk(node)}
    names = set()
    for node in ast.walk(whole):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in skipped:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in modules else node.module for name in full}
        elif isinstance(node, ast.Import) and id(node) not in skipped:
            names |= {alias.name for alias in node.names}
    return (names & modules) - {module_of(path)}


def circles(imports: dict[str, set[str]]) -> list[set[str]]:
    """The largest sets of modules each of which leads to every other."""

    def reached(start: str) -> set[str]:
        names, new = set[str](), {start}
        while new:
            new = {other for name in new for other in imports[name]} - names
            names |= new
        return names

    reach = {name: reached(name) for name in imports}
    rings = {frozenset(o for o in reach[name] if name in reach[o]) for name in imports}
    return sorted((set(ring) for ring in rings if ring), key=sorted)


def test_no_files_import_each_other_lazily_or_not() -> None:
    files = {module_of(path): path for path in SOURCE.rglob("*.py")}
    imports = {name: files_imported(path, set(files)) for name, path in files.items()}
    assert circles(imports) == CIRCLES
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [{"a", "b", "c"}]


@pytest.mark.parametrize(
    "command",
    ["import gpt2", "from gpt2.cli import gpt2; gpt2(['--help'], standalone_mode=False)"],
)
def test_it_starts_without_anything_heavy(command: str) -> None:
    heavy = {
        "torch",
        "datasets",
        "pyarrow",
        "numpy",
        "tiktoken",
        "huggingface_hub",
        "safetensors",
        "rich",
    }
    result = run(sys.executable, "-c", f"{command}; import sys; print('\\n', *sys.modules)")
    assert result.returncode == 0, result.stderr
    assert not heavy & set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("name", ["train", "finetune", "plan"])
def test_the_help_of_training_needs_no_torch(name: str) -> None:
    command = f"from gpt2.cli import gpt2; gpt2(['{name}', '--help'], standalone_mode=False)"
    result = run(sys.executable, "-c", f"{command}; import sys; print('\\n', *sys.modules)")
    assert result.returncode == 0, result.stderr
    assert not {"torch", "numpy", "datasets"} & set(result.stdout.splitlines()[-1].split())


def test_every_public_name_is_there() -> None:
    for name in gpt2.__all__:
        assert getattr(gpt2, name) is not None


def test_type_checkers_see_every_public_name() -> None:
    source = (SOURCE / "__init__.py").read_text("utf-8")
    shown = {line.split(" as ")[1] for line in source.splitlines() if " as " in line}
    assert set(gpt2.__all__) - {"__version__"} <= shown


def test_no_tracked_file_is_large() -> None:
    listed = run("git", "ls-files", "-z")
    if listed.returncode:
        pytest.skip("not a git checkout")
    large = [f for f in listed.stdout.split("\0") if f and (ROOT / f).stat().st_size > 4_000_000]
    assert not large
