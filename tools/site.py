"""Builds the documentation site: ``python -m tools.site [FOLDER]`` (`make docs`; out/site).

The pages are copied into a folder in the form that Sphinx expects: READMEs next to docs, without
comments and links to anything that is not a page, and with an API page for each module in
`MODULES`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
MODULES = (
    "gpt2.reference", "gpt2.reference_training", "gpt2.loading", "gpt2.config", "gpt2.engine",
    "gpt2.generation.language_model", "gpt2.generation.config", "gpt2.tokenizer.base",
    "gpt2.tokenizer.bpe", "gpt2.tokenizer.training", "gpt2.native.engine", "gpt2.numpy_engine",
    "gpt2.points", "gpt2.scoring", "gpt2.tasks.summarize", "gpt2.tasks.translate",
    "gpt2.tasks.answer", "gpt2.tasks.write", "gpt2.checkpoint.read", "gpt2.checkpoint.write",
    "gpt2.data.preparation", "gpt2.quantization.quantize", "gpt2.evaluation.benchmark",
    "gpt2.evaluation.metrics", "gpt2.receipt", "gpt2.learn.exercise", "gpt2.learn.answers",
    "gpt2.options", "gpt2.errors",
)  # fmt: skip
PARTS = {  # of the table of contents: the pages in order, as patterns below the source
    "Begin": ["README"],
    "The course": ["docs/learn/README", "docs/learn/[0-9]*", "docs/learn/claims-corrected"],
    "Reference": ["docs/reference/*"],
    "Python": ["api/*"],
    "Behind it": ["docs/results", "docs/architecture", "CONTRIBUTING", "CHANGELOG", "SECURITY"],
    "中文": ["index.zh-CN", "README.zh-CN", "docs/learn/zh/README", "docs/learn/zh/[0-9]*",
             "docs/learn/zh/claims-corrected", "docs/learn/zh/terms"],
}  # fmt: skip


def build(folder: Path) -> None:
    """Write the site; raises CalledProcessError if Sphinx gives any warning."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    copy(source)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    subprocess.run([*command, "-c", ROOT / "docs" / "site", source, folder / "html"], check=True)


def copy(source: Path) -> None:
    """Copy the pages and their pictures in the form that Sphinx reads."""
    pages = [ROOT / name for name in BESIDE] + sorted((ROOT / "docs").rglob("*.md"))
    for page in pages:
        place = source / page.relative_to(ROOT)
        if page.name.startswith("index"):  # the site starts with them
            place = source / page.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(adapted(page, pages), "utf-8")
    for picture in (ROOT / "docs").rglob("*.svg"):
        place = source / picture.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, place)
    (source / "api").mkdir()
    for module in MODULES:
        title = f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n"
        (source / "api" / f"{module}.rst").write_text(title, "utf-8")
    index = source / "index.md"
    index.write_text(index.read_text("utf-8") + contents(source), "utf-8")


def contents(source: Path) -> str:
    """The table of contents, with each page once."""
    parts = []
    for title, patterns in PARTS.items():
        names = [
            str(path.relative_to(source).with_suffix(""))
            for pattern in patterns
            for path in sorted([*source.glob(f"{pattern}.md"), *source.glob(f"{pattern}.rst")])
        ]
        parts.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(names))
    return "\n" + "\n```\n\n".join(parts) + "\n```\n"


def adapted(page: Path, pages: list[Path]) -> str:
    """A page without comments and with its links adapted to the site."""
    text = re.sub(r"<!--.*?-->\n?", "", page.read_text("utf-8"), flags=re.DOTALL)
    moved = page.name.startswith("index")
    depth = 0 if moved else len(page.relative_to(ROOT).parts) - 1

    def link(found: re.Match[str]) -> str:
        words, path, place = found[1], found[2], found[3] or ""
        if "://" in path or not path:
            return found[0]
        target = (page.parent / path).resolve()
        if target.suffix == ".svg" or target in pages:
            inside = str(target.relative_to(ROOT))
            inside = target.name if target.name.startswith("index") else inside
            return f"[{words}]({'../' * depth}{inside}{place})"
        inside = str(target.relative_to(ROOT).with_suffix(""))
        module = inside.removeprefix("src/").replace("/", ".")
        if module in MODULES:
            return f"[{words}]({'../' * depth}api/{module}.rst)"
        return words.strip("`").join("``")

    return re.sub(r"(?<!`)\[([^\]\n]*(?:\n[^\]\n]*)?)\]\(([^)#\s]*)(#[^)\s]+)?\)", link, text)


def main() -> None:
    """Build the site and print where it is."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "out" / "site"
    build(folder)
    print(folder / "html" / "index.html")


if __name__ == "__main__":
    main()
