"""The command line of `make fuzz`; see `tools.fuzz`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from tools.fuzz.campaign import Campaign, Named
from tools.fuzz.corpus import CORPUS
from tools.fuzz.forms import FORMS
from tools.fuzz.report import BOUNDS, record, table
from tools.fuzz.server import ROOT


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, help="(10; with --each, until they are done)")
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    parser.add_argument("--each", type=int, default=0, help="so many of each form, not by time")
    parser.add_argument("--forms", nargs="*", choices=sorted(FORMS), metavar="FORM")
    parser.add_argument("--repeat", metavar="CASE", help="one case, as a finding names it")
    parser.add_argument("--record", action="store_true", help="add to benchmarks/results/fuzz.json")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "fuzz")
    return parser.parse_args()


def main() -> None:
    """Run the command."""
    asked = arguments()
    named: list[Named] = [(name, case) for name in CORPUS for case in CORPUS[name]]
    forms = asked.forms or list(FORMS)
    if asked.repeat:
        name, case = asked.repeat.split(" ", 1)
        named, forms = [(name, int(case) if case.isdigit() else case)], [name]
    asked.output.mkdir(parents=True, exist_ok=True)
    print("Bounds of a case: {seconds:.0f} s of a processor, {MiB:,} MiB of address space.".format(
        **BOUNDS), flush=True)  # fmt: skip
    minutes = asked.minutes or (24 * 60 if asked.each or asked.repeat else 10)
    done = Campaign(asked.seed, asked.output, forms, asked.each, time.monotonic() + 60 * minutes)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    done.run([one for one in named if one[0] in forms], only=bool(asked.repeat))
    text = table(done)
    (asked.output / "report.md").write_text(f"Seed {asked.seed}.\n\n{text}\n", "utf-8")
    print(text)
    if asked.record:
        record(done)
    if done.findings:
        sys.exit(f"{len(done.findings)} findings; each is kept in {asked.output}.")


if __name__ == "__main__":
    main()
