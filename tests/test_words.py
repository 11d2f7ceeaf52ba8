"""The language: the glossary's forbidden words, help that is whole phrases, messages in one style,
names that say what a value is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gpt2.cli import gpt2 as command_line
from tests.conftest import ROOT, tree

SOURCE = ROOT / "src" / "gpt2"
PYTHON = sorted(SOURCE.rglob("*.py"))
CORE = sorted((ROOT / "csrc").glob("*.[hc]*"))
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Values are called by what they are, functions by what they do.
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
NAMELESS = {"said", "told", "found", "own"}
COUNTS = {"Contamination.found", "Copied.found"}  # n-grams: keys of results that are written
PUBLIC = {  # documented, exported or of exported classes: users call them
    "Checkpoint.dequantized",
    "GPT2Config.published",
    "Inside.tapped",
    "NativeEngine.packed",
    "TorchEngine.tapped",
    "c10_written.written",
    "writing.reported",
}
PARTICIPLE = re.compile(
    r"_?(said|told|spoken|found|kept|shown|written|chosen|drawn|made|known|left|taken|given"
    r"|(?!need|feed|seed|embed$|speed)[a-z]{2,}ed)$"
)

# Messages begin with a small letter, unless with a name that is written otherwise.
CAPITALS = re.compile(r"[A-Z][A-Za-z]*[A-Z0-9]|[A-Z]{2}")


def glossary() -> list[tuple[str, bool]]:
    """Every phrase in backquotes on the right of CONTRIBUTING's table, and whether it is C++."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    return [
        (phrase, "(C++)" in say) for say, dont in rows for phrase in re.findall(r"`([^`]+)`", dont)
    ]


def test_the_glossary_is_read() -> None:
    assert len(glossary()) > 15


@pytest.mark.parametrize(("phrase", "in_core"), glossary())
def test_forbidden_words(phrase: str, in_core: bool) -> None:
    pattern = re.compile(rf"\b{re.escape(phrase)}\b", 0 if in_core else re.I)
    places = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in (CORE if in_core else [*PYTHON, *CORE, *TEXTS])
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not places, "\n".join(places)


def commands(group: click.Group, name: str = "gpt2") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, by its name on the command line."""
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")
        else:
            yield f"{name} {part}", command


@pytest.mark.parametrize(("name", "command"), list(commands(command_line)))
def test_help_is_whole_phrases(name: str, command: click.Command) -> None:
    for option in command.params:
        if not isinstance(option, click.Option) or option.hidden:
            continue
        text = option.help or ""
        assert re.match(r"[A-Z]", text), f"{name} {option.opts[-1]}: {text!r} has no capital"
        assert not re.match(r"(Of|They|It|Its|Their) ", text), f"{name} {option.opts[-1]}: {text!r}"
        assert re.search(r"[.)\]]$", text), f"{name} {option.opts[-1]}: {text!r} has no end"


def test_messages_begin_small() -> None:
    wrong = []
    for path in PYTHON:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                text = beginning(node.exc.args[0])
                if text[:1].isupper() and not CAPITALS.match(text):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {text!r}")
    assert not wrong, "\n".join(wrong)


def beginning(node: ast.expr) -> str:
    """The text that a string begins with, "" where that is a value."""
    if isinstance(node, ast.BinOp):
        return beginning(node.left)
    first = node.values[0] if isinstance(node, ast.JoinedStr) else node
    return str(first.value) if isinstance(first, ast.Constant) else ""


def test_values_are_called_by_what_they_are() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{function.lineno}: {name}"
        for path in PYTHON
        for function in ast.walk(tree(path))
        if isinstance(function, FUNCTION)
        for node in ast.walk(function)
        if (name := stored(node)) in NAMELESS
    ]
    assert not wrong, "\n".join(wrong)


def test_so_are_methods_and_what_is_in_an_object() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {owner.name}.{name}"
        for path in PYTHON
        for owner in classes(path)
        for node, name in members(owner)
        if name.lstrip("_") in NAMELESS and f"{owner.name}.{name}" not in COUNTS
    ]
    assert not wrong, "\n".join(wrong)
    (example,) = ast.parse("class A:\n told: int\n def found(self): self.own = 1").body
    assert isinstance(example, ast.ClassDef)
    assert [name for _, name in members(example)] == ["told", "found", "own"]


def test_functions_are_called_by_what_they_do() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
        for path in PYTHON
        for prefix, body in [
            (f"{path.stem}.", tree(path).body),
            *((f"{o.name}.", o.body) for o in classes(path)),
        ]
        for node in body
        if isinstance(node, FUNCTION)
        if PARTICIPLE.match(node.name) and not is_property(node)
        if (name := f"{prefix}{node.name}") not in PUBLIC
    ]
    assert not wrong, "\n".join(wrong)
    assert PARTICIPLE.match("judged")
    assert PARTICIPLE.match("_shown")
    assert not PARTICIPLE.match("need")
    assert not PARTICIPLE.match("describe")


def classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]


def members(owner: ast.ClassDef) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    """The fields and methods of a class, and what its methods store in an object."""
    for node in owner.body:
        if isinstance(node, FUNCTION):
            yield node, node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node, node.target.id
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                yield inner, inner.attr


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a value is read by this name, which is then the value's."""
    return any(ast.unparse(one).endswith("property") for one in node.decorator_list)


def stored(node: ast.AST) -> str:
    """The name that a node binds: of a parameter or a variable."""
    if isinstance(node, ast.arg):
        return node.arg
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""
