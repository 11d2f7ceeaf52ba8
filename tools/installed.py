"""Installs the wheel in an empty environment and runs every command of the READMEs.

    python3 tools/installed.py [WHEEL]

Without WHEEL, an sdist is built from this checkout and a wheel from the sdist. The environment and
the working folder are outside the checkout, and no extra is installed. The README marks a command
that needs an extra, as in ``gpt2 train ...  # [torch]``: it must fail with one line that names the
extra and the command that installs it; every other command must succeed.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "README.zh-CN.md")
FILES = {  # input files of the READMEs' commands that no command writes
    "my-texts/a.txt": "To be, or not to be, that is the question. " * 50,
    "英文.txt": "To be, or not to be, that is the question. " * 50,
    "文章.txt": "白日依山尽,黄河入海流。欲穷千里目,更上一层楼。" * 20,
    "语料/a.txt": "白日依山尽,黄河入海流。\n" * 50,
}
SILENT = ("tokenizer-train", "convert", "prepare")  # they write only files
TRIED = "gguf"  # the extra that is then installed with the printed command


@dataclasses.dataclass(frozen=True)
class Snippet:
    """A command line or a Python block of a page; ``extra`` is the extra it needs, if any."""

    page: str
    language: str
    code: str
    extra: str | None

    def __str__(self) -> str:
        lines = [ln for ln in self.code.splitlines() if ln and " import " not in f" {ln}"]
        return f"{self.page}: {lines[0]}"


def snippets(page: str) -> Iterator[Snippet]:
    """The snippets of a README, from top to bottom."""
    text = (ROOT / page).read_text("utf-8")
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        lines = [ln for ln in block.splitlines() if ln.startswith("gpt2 ")]
        for code in [block] if language == "python" else [] if language else lines:
            mark = re.search(r"# \[(\w+)\]", code)
            yield Snippet(page, language or "sh", code, mark[1] if mark else None)


def make_files(folder: Path) -> None:
    """Write `FILES`."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def run(
    snippet: Snippet, python: Path, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a snippet in ``folder`` with the package installed for ``python``."""
    command = [str(python), "-c", snippet.code]
    if snippet.language == "sh":
        command = ["sh", "-c", snippet.code]
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    path = f"{python.parent}{os.pathsep}{clean['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**clean, "PATH": path, "HF_HUB_OFFLINE": "1", **variables},
        capture_output=True,
        text=True,
        timeout=900,  # a busy machine is slow
    )


def fault(snippet: Snippet, done: subprocess.CompletedProcess[str], lacking: bool) -> str | None:
    """What is wrong with the result, given whether the extra is ``lacking``; None if nothing."""
    told = f"exit code {done.returncode}\n{done.stderr}"
    if not (lacking and snippet.extra):
        silent = snippet.language == "sh" and snippet.code.split()[1] in SILENT
        return None if done.returncode == 0 and (silent or done.stdout.strip()) else told
    *before, last = done.stderr.splitlines() or [""]
    traceback = snippet.language == "sh" and any("Traceback" in line for line in before)
    named = re.search(rf"not installed: pip install .*\[{snippet.extra}\]", last)
    return None if done.returncode == 1 and named and not traceback else told


def pack(folder: Path) -> Path:
    """Build an sdist of the checkout and a wheel from it; returns the wheel."""
    python = make_environment(folder / "build", "build")
    command: list[str | Path] = [python, "-m", "build", "--outdir", folder / "dist", ROOT]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def make_environment(folder: Path, *packages: str | Path) -> Path:
    """Make a virtual environment with packages; returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", *packages], check=True)
    return python


def walk(python: Path, folder: Path) -> list[str]:
    """Run everything in order; returns what went wrong."""
    wrong = []
    make_files(folder)
    for snippet in [one for page in PAGES for one in snippets(page)]:
        found = fault(snippet, run(snippet, python, folder), lacking=True)
        print("FAILED" if found else "names" if snippet.extra else "runs", snippet, flush=True)
        if found:
            wrong.append(f"{snippet}\n{found}")
    return wrong


def follow(python: Path, folder: Path) -> list[str]:
    """Follow the printed advice for the extra `TRIED`, and run its command again."""
    snippet = next(s for page in PAGES for s in snippets(page) if s.extra == TRIED)
    last = run(snippet, python, folder).stderr.splitlines()[-1]
    hint = Snippet(snippet.page, "sh", last.partition("not installed: ")[2], None)
    variables = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PIP_QUIET": "1"}
    done = run(hint, python, folder, **variables)
    found = fault(snippet, run(snippet, python, folder), lacking=False)
    print("FAILED" if found else "runs", "after", hint.code, flush=True)
    return [f"{hint.code}\n{done.stderr}\n{found}"] if found else []


def main() -> None:
    """Build, install and run; the exit code is 1 if anything differs from the README."""
    folder = Path(tempfile.mkdtemp(prefix="gpt2-installed-"))
    try:
        wheel = Path(sys.argv[1]).resolve() if sys.argv[1:] else pack(folder)
        print(f"installing {wheel.name}, without extras, for Python {sys.version.split()[0]}")
        python = make_environment(folder / "a venv", wheel)
        (folder / "work").mkdir()
        wrong = walk(python, folder / "work") + follow(python, folder / "work")
    finally:
        shutil.rmtree(folder)
    sys.exit("\n".join(["", *wrong]) if wrong else 0)


if __name__ == "__main__":
    main()
