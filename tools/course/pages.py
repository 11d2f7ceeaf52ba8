"""Runs the code blocks of a course page and puts their output below them.

In the Markdown of an English page

    ```python ... ```                      is run; its output becomes the ```text block below
    <!-- reference: NAME -->               inserts the lines of a function of the reference below
    <!-- value: EXPRESSION -->...<!-- -->  is a number in a sentence
    <!-- picture: NAME + code -->          runs code that gives ``picture``, an SVG
    <!-- nav -->                           inserts the line of links below

Blocks of a page share a namespace. A Chinese page has the same markers without code: its n-th block
or number is the n-th of the English page.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.course import pictures

ROOT = Path(__file__).resolve().parent.parent.parent
ENGLISH = ROOT / "docs" / "learn"
CHINESE = ENGLISH / "zh"

MARKERS = re.compile(
    r"(?P<nav><!-- nav -->\n[^\n]*\n)"
    r"|(?P<reference><!-- reference: (?P<name>[\w.]+) -->\n.*?^```\n)"
    r"|(?P<code>^```python\n(?P<source>.*?)^```\n(?:\n```text\n.*?^```\n)?)"
    r"|(?P<value><!-- value:?(?P<expression>[^\n]*?) -->[^\n]*?<!-- -->)"
    r"|(?P<picture><!-- picture: (?P<file>[\w-]+)\n?(?P<drawing>.*?) ?-->)",
    re.DOTALL | re.MULTILINE,
)
SECTION = re.compile(r"^(#{1,2} .+)\n(?:<!-- of ([0-9a-f]{8}) -->\n)?", re.MULTILINE)


@dataclass
class Run:
    """The result of an English page: the page itself, and the parts for its Chinese version."""

    text: str = ""
    blocks: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)


def english() -> list[Path]:
    """The chapters in order, and the page of claims."""
    return [*sorted(ENGLISH.glob("[0-9][0-9]-*.md")), ENGLISH / "claims-corrected.md"]


def twins() -> list[Path]:
    """The English pages that have a Chinese version."""
    pages = [*english(), ENGLISH / "README.md"]
    return [page for page in pages if (CHINESE / page.name).exists()]


def run(page: Path) -> Run:
    """Run a page's blocks from top to bottom."""
    result, drawings = Run(), dict[str, str]()
    space: dict[str, Any] = {"__name__": page.stem, "result": benchmark}

    def replaced(found: re.Match[str]) -> str:
        if found["code"]:
            result.blocks.append(_executed(found["source"], space, page))
            return result.blocks[-1]
        if found["value"]:
            result.values.append(str(eval(found["expression"], space)))
            return f"<!-- value:{found['expression']} -->{result.values[-1]}<!-- -->"
        if found["picture"]:
            drawings[found["file"]] = found["drawing"]
            return found[0]
        return _static(found, page)

    result.text = MARKERS.sub(replaced, page.read_text("utf-8"))
    for name, drawing in drawings.items():  # they show what the entire page measured
        drawn: dict[str, Any] = {**space, "draw": pictures}
        exec(compile(drawing, page.name, "exec"), drawn)
        result.pictures[name] = drawn["picture"]
    return result


def benchmark(file: str, *keys: str) -> Any:
    """A figure from benchmarks/results, for use in a sentence."""
    found = json.loads((ROOT / "benchmarks" / "results" / file).read_text("utf-8"))
    for key in keys:
        found = found[key]
    return found


def translated(page: Path, source: Run) -> str:
    """The Chinese page with the blocks and numbers of the English run."""
    blocks, values = iter(source.blocks), iter(source.values)

    def replaced(found: re.Match[str]) -> str:
        if found["code"]:
            return next(blocks)
        if found["value"]:
            return f"<!-- value -->{next(values)}<!-- -->"
        return found[0] if found["picture"] else _static(found, page)

    return MARKERS.sub(replaced, page.read_text("utf-8"))


def _executed(source: str, space: dict[str, Any], page: Path) -> str:
    """A block with its output."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(source, f"{page.name}", "exec"), space)
    except Exception as error:
        raise RuntimeError(f"a block of {page.name} failed:\n{source}") from error
    shown = "\n".join(line.rstrip() for line in printed.getvalue().rstrip().splitlines())
    return f"```python\n{source}```\n" + (f"\n```text\n{shown}\n```\n" if shown else "")


def _static(found: re.Match[str], page: Path) -> str:
    """The parts that need no run: links, and lines of the reference."""
    if found["nav"]:
        return f"<!-- nav -->\n{navigation(page)}\n"
    name = found["name"]
    module, _, function = name.rpartition(".")
    path = f"src/gpt2/{(module or 'reference').replace('.', '/')}.py"
    first, lines = excerpt(ROOT / path, function)
    up = "../../.." if page.parent == CHINESE else "../.."
    where = f"[{path}, {first}-{first + len(lines) - 1}]"
    link = f"{where}({up}/{path}#L{first}-L{first + len(lines) - 1})"
    code = "\n".join(lines)
    return f"<!-- reference: {name} -->\n{link}:\n\n```py\n{code}\n```\n"


def excerpt(path: Path, name: str) -> tuple[int, list[str]]:
    """The number of a function's first line, and its lines."""
    text = path.read_text("utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            return node.lineno, text.splitlines()[node.lineno - 1 : node.end_lineno]
    raise LookupError(f"{path} has no function {name}")


def navigation(page: Path) -> str:
    """Links to the previous and next page, the other language and the notebook."""
    pages = english()[:-1]  # the last one is not a chapter
    at = [one.name for one in pages].index(page.name)
    chinese = page.parent == CHINESE
    links = [f"[{'目录' if chinese else 'the course'}](README.md)"]
    links += [f"[← {at - 1}]({pages[at - 1].name})"] if at else []
    links += [f"[{at + 1} →]({pages[at + 1].name})"] if at + 1 < len(pages) else []
    if chinese:
        links.append(f"[English](../{page.name})")
    elif (CHINESE / page.name).exists():
        links.append(f"[中文](zh/{page.name})")
    links.append(f"[{'笔记本' if chinese else 'as a notebook'}](notebooks/{page.stem}.ipynb)")
    return " · ".join(links)


def sections(text: str) -> Iterator[tuple[str, str, str]]:
    """The heading of each section, the recorded hash of its English source, and its text."""
    heads = list(SECTION.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        yield head[1], head[2] or "", text[head.end() : end]


def fingerprint(section: str) -> str:
    """A hash of what a translator reads, without numbers, outputs, links and generated lines."""

    def kept(found: re.Match[str]) -> str:
        return found["source"] or found["expression"] or found["file"] or found["name"] or ""

    return hashlib.sha256(MARKERS.sub(kept, section).strip().encode()).hexdigest()[:8]


def stale(english_text: str, chinese_text: str) -> list[str]:
    """The English headings whose Chinese section is outdated or missing."""
    have = [of for _, of, _ in sections(chinese_text)]
    wanted = [(head, fingerprint(body)) for head, _, body in sections(english_text)]
    have += [""] * (len(wanted) - len(have))
    return [head for (head, of), mine in zip(wanted, have, strict=False) if of != mine]


def stamped(english_text: str, chinese_text: str) -> str:
    """The Chinese page with each section marked as up to date with the English one."""
    marks = iter([fingerprint(body) for _, _, body in sections(english_text)])
    return SECTION.sub(lambda head: f"{head[1]}\n<!-- of {next(marks)} -->\n", chinese_text)


def words(picture: str, terms: dict[str, str]) -> str:
    """Translate the words in a picture; raises LookupError for a word without translation."""

    def chinese(found: re.Match[str]) -> str:
        if found[1] not in terms:
            raise LookupError(f"{found[1]!r} of a picture is not in docs/learn/zh/terms.md")
        return f'class="w">{terms[found[1]]}</text>'

    return re.sub(r'class="w">([^<]*)</text>', chinese, picture)


def terms() -> dict[str, str]:
    """The table of terms: English to Chinese."""
    table = (CHINESE / "terms.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", table, re.MULTILINE)
    return dict(rows[1:])
