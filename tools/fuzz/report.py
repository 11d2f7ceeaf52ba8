"""Reports a run as a table, and keeps the record of all runs for the documentation.

{"bounds": {...}, "runs": [{"seed", "date", "commit", "cases"}], "findings": [{...}],
 "forms": {name: {"cases", "read", "refused", "findings", "ms"}}}
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.fuzz.campaign import Campaign
from tools.fuzz.corpus import CORPUS
from tools.fuzz.server import ROOT, SECONDS
from tools.fuzz.trial import FINDINGS
from tools.fuzz.worker import BOUND

PAGE = ROOT / "docs" / "reference" / "fuzzing.md"
HEAD = """# Fuzzing results

`python -m tools.fuzz --record` adds each run to `benchmarks/results/fuzz.json` and writes this page
from it; a test checks that the two agree. [Files](files.md#fuzzing) explains how the fuzzing works.
Each case may use {seconds:.0f} s of CPU time and {MiB:,} MiB of address space beyond that of
an idle process.
"""
RECORD = ROOT / "benchmarks" / "results" / "fuzz.json"
PARTS = ("cases", "read", "refused", "findings")
BOUNDS = {"seconds": SECONDS, "MiB": BOUND >> 20}


def parts(counts: Counter[str]) -> dict[str, int]:
    """Outcomes by column of the table."""
    findings = sum(counts[kind] for kind in FINDINGS)
    refused = counts.total() - counts["read"] - findings
    return dict(zip(PARTS, (counts.total(), counts["read"], refused, findings), strict=True))


def table(done: Campaign) -> str:
    """The counts by form and by kind of outcome."""
    rows = ["| form | cases | read | refused | findings | ms |", "|---|---|---|---|---|---|"]
    total = sum(done.counts.values(), Counter())
    for name, counts in (*sorted(done.counts.items()), ("all", total)):
        found = parts(counts)
        seconds = sum(done.seconds.values()) if name == "all" else done.seconds[name]
        cells = [f"{found[part]:,}" for part in PARTS]
        cells.append(f"{1000 * seconds / max(1, found['cases']):.1f}")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    kinds = ", ".join(f"{count} {kind}" for kind, count in total.most_common())
    return "\n".join([*rows, "", kinds])


def record(done: Campaign, path: Path = RECORD) -> None:
    """Add a run to the record."""
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    cases = sum(counts.total() for counts in done.counts.values())
    run = {"seed": done.seed, "date": datetime.now(UTC).strftime("%Y-%m-%d"), "commit": _commit(),
           "cases": cases, "seconds": round(sum(done.seconds.values()), 1)}  # fmt: skip
    found = [dict(zip(("form", "case", "outcome", "text"), one, strict=True)) | {"seed": done.seed}
             for one in done.findings]  # fmt: skip
    forms: dict[str, Any] = known.get("forms", {})
    for name, counts in done.counts.items():
        before = forms.get(name, dict.fromkeys((*PARTS, "seconds"), 0))
        now = parts(counts) | {"seconds": done.seconds[name]}
        forms[name] = {part: round(before[part] + now[part], 3) for part in before}
    content = {
        "bounds": BOUNDS,
        "corpus": sum(map(len, CORPUS.values())),
        "runs": [*known.get("runs", []), run],
        "findings": [*known.get("findings", []), *found],
        "forms": dict(sorted(forms.items())),
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(), "utf-8")


def page(path: Path = RECORD) -> str:
    """The documentation page."""
    known = json.loads(path.read_text("utf-8"))
    total: Counter[str] = sum(map(Counter, known["forms"].values()), Counter())
    runs = "\n".join(
        f"- {run['date']}, seed {run['seed']}, {_of(run['commit'])}: {run['cases']:,} cases in "
        f"{run['seconds']:,.0f} s of CPU time"
        for run in known["runs"]
    )
    found = "\n".join(
        f"- {one['form']} {one['case']}, seed {one['seed']}: {one['outcome']}, "
        f"`{_cell(one['text'])}`"
        for one in known["findings"]
    )
    rows = ["| input | cases | read | refused | findings |", "|---|---|---|---|---|"]
    for name, counts in (*known["forms"].items(), ("all", total)):
        rows.append(f"| {name} | {' | '.join(f'{counts[part]:,}' for part in PARTS)} |")
    return "\n\n".join([
        HEAD.format(**known["bounds"]).rstrip(),
        f"{total['cases']:,} cases of {len(known['forms'])} kinds of input. Each run includes "
        f"the corpus ({known['corpus']:,} named cases):",
        runs, "Findings of these runs. Each has been fixed and is kept as a named case:",
        found or "- nothing", "\n".join(rows),
    ]) + "\n"  # fmt: skip


def _of(commit: str) -> str:
    return f"commit {commit}" if commit else "a working copy"


def _cell(text: str) -> str:
    return re.sub(r"/\S*/case/", "", text).replace("`", "'")[:100]


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True,
                          text=True, check=False)  # fmt: skip
    return done.stdout.strip()
