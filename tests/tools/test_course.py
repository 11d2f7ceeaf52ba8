"""The course says what is so: blocks, numbers, pictures and notebooks are what the code gives now,
a chapter has all its parts, and a Chinese section was made from the English one as it is."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest
from tools.course import pages
from tools.course.__main__ import rendered

from gpt2.cli import gpt2 as command_line
from gpt2.learn.exercise import MODULES

CHAPTERS = [page for page in pages.english() if page.name[0].isdigit()]
run = cache(rendered)


def name(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", pages.english(), ids=name)
def test_a_page_is_what_its_code_gives(page: Path) -> None:
    """Where this fails, `make learn` rewrites what is measured; then read what has changed."""
    for path, text in run(page).items():
        assert path.exists(), f"{path.relative_to(pages.ROOT)} is missing: make learn writes it"
        assert path.read_text("utf-8") == text, f"{path.relative_to(pages.ROOT)} of {page.stem}"


@pytest.mark.parametrize("page", pages.twins(), ids=name)
def test_no_chinese_section_is_stale(page: Path) -> None:
    twin = (pages.CHINESE / page.name).read_text("utf-8")
    assert pages.stale(page.read_text("utf-8"), twin) == []


def test_every_page_has_a_chinese_one() -> None:
    assert len(pages.twins()) == len(pages.english()) + 1


def test_a_stale_section_is_named() -> None:
    english = "# One\n\nwords\n\n## Two\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\nmore\n"
    chinese = pages.stamped(english, "# 一\n\n词\n\n## 二\n\n更多\n")
    assert pages.stale(english, chinese) == []
    assert pages.stale(english.replace("text\n1\n", "text\n2\n"), chinese) == []  # a number
    assert pages.stale(english.replace("more", "less"), chinese) == ["## Two"]
    assert pages.stale(english.replace("print(1)", "print(2)"), chinese) == ["## Two"]
    assert pages.stale(english + "\n## Three\n\nnew\n", chinese) == ["## Three"]


def test_there_is_a_chapter_for_each_exercise() -> None:
    assert [int(page.name[:2]) for page in CHAPTERS] == list(range(len(MODULES)))


@pytest.mark.parametrize("page", CHAPTERS, ids=name)
def test_a_chapter_has_all_its_parts(page: Path) -> None:
    text, number = page.read_text("utf-8"), int(page.name[:2])
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads == ["The formula", "In the code", "A number", "Exercises"]
    assert re.search(rf"^# {number}\. .+\n\n\*\*[^*]+\?\*\*", text, re.MULTILINE)
    assert re.search(r"^```math\n", text, re.MULTILINE)
    assert f"](pictures/{number:02}-" in text
    assert "<!-- reference: " in text.split("## In the code")[1].split("## A number")[0]
    assert "```text\n" in text.split("## A number")[1]
    tasks = re.findall(r"^(\d)\. ", text.split("## Exercises")[1], re.MULTILINE)
    assert tasks == ["1", "2", "3"]
    assert f"`gpt2 learn check {number}`" in text


def test_nothing_is_left_over() -> None:
    made = {path for page in pages.english() for path in run(page)}
    kept = [*pages.ENGLISH.rglob("*.svg"), *pages.ENGLISH.rglob("*.ipynb")]
    assert [str(path) for path in kept if path not in made] == []


@pytest.mark.parametrize("path", sorted(pages.ENGLISH.rglob("*.ipynb")), ids=name)
def test_a_notebook_is_one(path: Path) -> None:
    book = json.loads(path.read_text("utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    kinds = [cell["cell_type"] for cell in book["cells"]]
    assert {"markdown", "code"} == set(kinds)
    assert len({cell["id"] for cell in book["cells"]}) == len(kinds)
    source = "".join("".join(cell["source"]) for cell in book["cells"])
    assert "<!--" not in source
    for target in re.findall(r"\]\(([^)#:]+?)[)#]", source):
        assert (path.parent / target).exists(), target


def commands() -> set[str]:
    text = "".join(page.read_text("utf-8") for page in pages.ENGLISH.rglob("*.md"))
    shown = re.findall(r"`(gpt2 [^`\n]+)`", text) + re.findall(r"^(gpt2 .+)$", text, re.MULTILINE)
    return {command.split("  #")[0].strip() for command in shown}


@pytest.mark.parametrize("line", sorted(commands()))
def test_a_command_of_the_course_is_one(line: str) -> None:
    """Its options exist; those of the READMEs are run as well (tests/test_docs.py)."""
    _, first, *rest = shlex.split(line)
    one = command_line.get_command(click.Context(command_line), first)
    assert one is not None, first
    if isinstance(one, click.Group) and rest:
        one = one.get_command(click.Context(one), rest.pop(0))
        assert one is not None, line
    one.make_parser(click.Context(one)).parse_args(rest)
