"""Acceptance checks that need a network: OpenAI's GPT-2 and a Chinese model, from the hub.

    python tools/acceptance.py [--data FOLDER] [--limit N] [-o acceptance.md]

Runs the article's snippet with gpt2, ``gpt2 verify gpt2``, the paper's table 3 (on the test sets in
FOLDER; ``gpt2 evaluate --list`` says how to get them) and a Chinese GPT-2 on two engines. Writes a
report to send back: the output of each step, seconds, versions, the machine, and the hash of every
file. The report is rewritten after each step, and table 3 resumes where it was interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from installed import snippets  # type: ignore[import-not-found]

from gpt2.checkpoint import identity
from gpt2.errors import GPT2Error
from gpt2.evaluation.runner import surroundings
from gpt2.files import atomic
from gpt2.hub import resolve

MODEL, CHINESE = "gpt2", "uer/gpt2-chinese-cluecorpussmall"
PROMPT = "这是很久之前的事情了"
SHOWN = 200  # lines of a step's output in the report
GREEDY = ("--no-do-sample", "--max-new-tokens", "40")


@dataclasses.dataclass(frozen=True)
class Step:
    """A command to run, which must print ``wanted``; ``skipped`` is why it does not run."""

    title: str
    command: list[str]
    wanted: str = ""
    skipped: str | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of a step."""

    step: Step
    result: str
    seconds: float = 0.0
    output: str = ""


def steps(data: Path | None, limit: int | None, table: Path) -> list[Step]:
    """All steps, in order."""
    snippet = next(one.code for one in snippets("README.md") if one.language == "python")
    from_data = ["--data", str(data)] if data else []
    few = ["--limit", str(limit)] if limit else []
    chinese = ["generate", PROMPT, "--model", CHINESE, *GREEDY]
    command = [sys.executable, "-m", "gpt2"]
    return [
        Step("The article's snippet",
             [sys.executable, "-c", snippet.replace('"gpt2-mini"', f'"{MODEL}"')]),
        Step("gpt2 verify", [*command, "verify", MODEL, *from_data],
             f"{MODEL} computes what was recorded"),
        Step("Table 3 of the paper",
             [*command, "evaluate", MODEL, "--on", "paper", *from_data, *few, "-o", str(table),
              "--overwrite"],
             skipped=None if data else "no --data: gpt2 evaluate --list tells how to get the sets"),
        Step("Chinese tokens", [*command, "tokenize", PROMPT, "--model", CHINESE]),
        Step("Chinese text, native engine", [*command, *chinese]),
        Step("Chinese text, torch", [*command, *chinese, "--engine", "torch"]),
    ]  # fmt: skip


def run(step: Step) -> Outcome:
    """Run a step in a separate process and keep its output and the last lines of its errors."""
    if step.skipped:
        return Outcome(step, f"not run ({step.skipped})")
    begin = time.perf_counter()
    quiet = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(step.command, env=quiet, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()[:SHOWN] + done.stderr.splitlines()[-20:]
    result = "ran"
    if done.returncode:
        result = f"FAILED, exit code {done.returncode}"
    elif step.wanted not in done.stdout:
        result = f"FAILED, it does not say: {step.wanted}"
    return Outcome(step, result, time.perf_counter() - begin, "\n".join(lines))


def compared(outcomes: list[Outcome]) -> str | None:
    """Whether both engines generated the same Chinese text, as a sentence; None if one failed."""
    texts = [
        one.output.splitlines()[0]
        for one in outcomes
        if one.step.title.startswith("Chinese text") and one.result == "ran"
    ]
    if len(texts) < 2:
        return None
    return "ran" if texts[0] == texts[1] else "FAILED, the engines differ"


def files(name: str) -> dict[str, Any]:
    """The location of a model in the hub's cache and each file's hash, or why it is missing."""
    try:
        place = resolve(name, local_files_only=True)
        return {"place": str(place), **identity(place)}
    except GPT2Error as error:
        return {"missing": str(error)}


def report(outcomes: list[Outcome]) -> str:
    """The report, in Markdown."""
    rows = [(one.step.title, one.result, f"{one.seconds:,.1f}") for one in outcomes]
    if (same := compared(outcomes)) is not None:
        rows.append(("Chinese text is the same on both", same, ""))
    about = {"surroundings": surroundings(), "files": {one: files(one) for one in (MODEL, CHINESE)}}
    parts = ["# Acceptance\n", "| step | result | seconds |\n|---|---|---|"]
    parts += [f"| {' | '.join(row)} |" for row in rows]
    parts.append(f"\n```json\n{json.dumps(about, ensure_ascii=False, indent=2)}\n```")
    for one in outcomes:
        if one.output:
            words = "\n".join(["", f"## {one.step.title}", "", "````", one.output, "````"])
            parts.append(words)
    return "\n".join(parts) + "\n"


def write(path: Path, text: str) -> None:
    """Write the report atomically."""
    with atomic(path) as part:
        part.write_text(text, "utf-8")


def main(show: Callable[[str], None] = print) -> None:
    """Run all steps; the exit code is 1 if any failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help="the folder with the paper's test sets")
    parser.add_argument("--limit", type=int, help="only so many examples of each set")
    parser.add_argument("-o", "--output", type=Path, default=Path("acceptance.md"))
    given = parser.parse_args()
    outcomes: list[Outcome] = []
    for step in steps(given.data, given.limit, given.output.with_suffix(".table3.json")):
        show(f"{step.title} ...")
        outcomes.append(run(step))
        show(f"    {outcomes[-1].result}, {outcomes[-1].seconds:.1f} s")
        write(given.output, report(outcomes))
    show(f"\nThe report: {given.output}. Please send it back.")
    failed = [one for one in outcomes if one.result.startswith("FAILED")]
    sys.exit(1 if failed or (compared(outcomes) or "ran") != "ran" else 0)


if __name__ == "__main__":
    main()
