"""`make fuzz`: starts the worker, watches it, counts, and writes down what is found."""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tools.fuzz.box import empty, keep
from tools.fuzz.corpus import CORPUS
from tools.fuzz.work import FORMS
from tools.fuzz.worker import BOUND, FINDINGS, Case

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 10.0  # of a processor that a case may take
WAITING = 30.0  # by the clock, for a case that computes nothing, or on a machine with others' work
START = 240.0  # that a worker may take to make a valid folder of each form


class Fuzz:
    """One run: the corpus, then numbered cases until the time is over."""

    def __init__(self, seed: int, found: Path, forms: list[str], each: int) -> None:
        self.seed, self.found, self.forms, self.each = seed, found, forms, each
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in forms}
        self.findings: list[tuple[str, Case, str]] = []
        self.next = dict.fromkeys(forms, 0)
        self.box = Path(tempfile.mkdtemp(prefix="gpt2-fuzz-", dir=_quick()))

    def run(self, named: list[tuple[str, Case]], until: float, only: bool = False) -> None:
        """Try named cases and, but for ``only``, numbered ones. A worker that dies is replaced."""
        try:
            while True:
                rest = self._work(named, until, only)
                if rest is None:
                    return
                named = rest
        finally:
            empty(self.box)

    def _work(self, named: list[tuple[str, Case]], until: float, only: bool
              ) -> list[tuple[str, Case]] | None:  # fmt: skip
        """What is left of the named cases when a worker was lost, or None at the end."""
        for part in ("box", "forms"):
            empty(self.box / part)
        asked = {
            "box": str(self.box),
            "found": str(self.found),
            "seed": self.seed,
            "named": named,
            "forms": self.forms,
            "first": self.next,
            "each": self.each,
            "only": only,
        }
        with tempfile.TemporaryFile() as errors, _Child(asked, errors) as child:
            left = list(named)
            while time.monotonic() < until:
                begun = child.line(START)
                if begun is None:
                    if child.process.wait() == 0:
                        return None
                    raise SystemExit(f"The worker did not begin:\n{_end(errors)}")
                name, case = begun["started"]
                if isinstance(case, int):
                    self.next[name] = case + 1
                else:
                    left.pop(0)
                done = child.line(WAITING, SECONDS)
                if done is None:
                    self._lost(name, case, child.ended(), _end(errors))
                    return left
                self._count(name, case, done["ended"], done["text"])
            return None

    def _lost(self, name: str, case: Case, code: int | None, text: str) -> None:
        """A worker that hangs, or died, in a case."""
        keep(self.box / "box" / "case", self.found / _folder(name, case))
        self._count(name, case, "hang" if code is None else "crash", f"exit code {code}\n{text}")

    def _count(self, name: str, case: Case, outcome: str, text: str) -> None:
        self.counts[name][outcome] += 1
        if outcome not in FINDINGS:
            return
        self.findings.append((name, case, outcome))
        place = self.found / _folder(name, case)
        again = f'python -m tools.fuzz --repeat "{name} {case}" --seed {self.seed}'
        place.with_suffix(".txt").write_text(f"{outcome}\n{again}\n\n{text}\n", "utf-8")
        last = text.strip().splitlines()[-1] if text.strip() else ""
        print(f"{outcome}: {last:.150}\n    {again}", flush=True)

    def report(self) -> str:
        """Counts by form and outcome."""
        rows = ["| form | cases | read | refused | findings |", "|---|---|---|---|---|"]
        total: Counter[str] = Counter()
        for name, counts in sorted(self.counts.items()):
            total += counts
            rows.append(_row(name, counts))
        kinds = ", ".join(f"{n} {kind}" for kind, n in total.most_common())
        return "\n".join([*rows, _row("all", total), "", kinds])


class _Child:
    """A worker, and the lines it writes."""

    def __init__(self, asked: dict[str, Any], errors: Any) -> None:
        paths = (str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", ""))
        place = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONHASHSEED": "0"}
        small = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "GPT2_THREADS": "1",
                 "HF_HUB_OFFLINE": "1"}  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.fuzz.worker"], cwd=ROOT, env=os.environ | place | small,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0,
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._rest = b""

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def line(self, seconds: float, computing: float = START) -> dict[str, Any] | None:
        """The next line; None where none comes in time, by the clock or the processor's, or the
        worker ended."""
        assert self.process.stdout is not None
        end, most = time.monotonic() + seconds, self._computed() + computing
        while b"\n" not in self._rest:
            if not select.select([self.process.stdout], [], [], 0.5)[0]:
                if time.monotonic() > end or self._computed() > most:
                    return None
                continue
            block = os.read(self.process.stdout.fileno(), 1 << 16)
            if not block:
                return None
            self._rest += block
        text, self._rest = self._rest.split(b"\n", 1)
        found: dict[str, Any] = json.loads(text)
        return found

    def _computed(self) -> float:
        """Seconds of processors that the worker has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ended(self) -> int | None:
        """The exit code, or None where it still runs."""
        try:
            return self.process.wait(1)
        except subprocess.TimeoutExpired:
            return None


def _row(name: str, counts: Counter[str]) -> str:
    found = ", ".join(f"{counts[kind]} {kind}" for kind in FINDINGS if counts[kind])
    refused = sum(n for kind, n in counts.items() if kind != "read" and kind not in FINDINGS)
    return f"| {name} | {counts.total():,} | {counts['read']:,} | {refused:,} | {found or 0} |"


def _end(errors: Any) -> str:
    errors.seek(0)
    return str(errors.read().decode("utf-8", "replace")[-6000:])


def _folder(name: str, case: Case) -> str:
    return f"{name} {case}".replace(" ", "-").replace("/", "-")


def _quick() -> str | None:
    """Memory, where it can be had as a folder: a case is a few small files, written and removed."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="(10)")
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    parser.add_argument("--each", type=int, default=0, help="so many of each form, not by time")
    parser.add_argument("--forms", nargs="*", choices=sorted(FORMS), metavar="FORM")
    parser.add_argument("--repeat", metavar="CASE", help="one case, as a finding names it")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "fuzz")
    asked = parser.parse_args()
    named = [(name, case) for name in CORPUS for case in CORPUS[name]]
    forms = asked.forms or list(FORMS)
    if asked.repeat:
        name, case = asked.repeat.split(" ", 1)
        named, forms = [(name, int(case) if case.isdigit() else case)], [name]
    asked.output.mkdir(parents=True, exist_ok=True)
    fuzz = Fuzz(asked.seed, asked.output, forms, asked.each)
    print(
        f"Bounds of a case: {SECONDS:.0f} s of a processor, {BOUND >> 20:,} MiB of address space.",
        flush=True,
    )
    until = time.monotonic() + (3600 if asked.each or asked.repeat else 60 * asked.minutes)
    fuzz.run([c for c in named if c[0] in forms], until, only=bool(asked.repeat))
    report = fuzz.report()
    (asked.output / "report.md").write_text(f"Seed {asked.seed}.\n\n{report}\n", "utf-8")
    print(report)
    if fuzz.findings:
        sys.exit(f"{len(fuzz.findings)} findings; each is kept in {asked.output}.")


if __name__ == "__main__":
    main()
