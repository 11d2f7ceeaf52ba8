"""`make fuzz` for a few seconds: all named cases, and damage drawn from a seed, of every form."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.native.conftest import _built  # noqa: F401  skips where the core was not built
from tools.fuzz.box import Box
from tools.fuzz.corpus import CORPUS
from tools.fuzz.work import FORMS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc are Linux's")


def fuzz(
    output: Path, *options: str, paths: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.fuzz", "-o", str(output), *options],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", ".", *paths])},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip


def test_no_damage_ends_otherwise_than_in_an_error_of_ours(tmp_path: Path) -> None:
    for name in ("fastwarc", "pyarrow", "resiliparse", "tokenizers"):
        pytest.importorskip(name)
    done = fuzz(tmp_path, "--each", "8")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    all_, cases, read, refused, found = re.findall(r"\| (all) \| (.*) \| (.*) \| (.*) \| (.*) \|",
                                                   done.stdout)[0]  # fmt: skip
    named = sum(map(len, CORPUS.values()))
    assert (all_, found) == ("all", "0")
    assert int(cases.replace(",", "")) == named + 8 * len(FORMS)
    assert int(refused.replace(",", "")) > 2 * int(read.replace(",", ""))


SPOILED = """
import os, pathlib, time
import gpt2.config

whole = gpt2.config.read_json_object

def spoiled(path, **options):
    text = pathlib.Path(path).read_bytes()
    if text == b"[]":
        return {}[text]
    if text == b"3":
        os.abort()
    if b"1e99999" in text:
        time.sleep(60)
    if text.startswith(b"[["):
        return bytes(1 << 31)
    if b"ud800" in text:
        pathlib.Path(os.environ["GPT2_FUZZ_BOX"], "outside", "victim.txt").write_text("theirs")
    return whole(path, **options)

gpt2.config.read_json_object = spoiled
"""


@pytest.mark.parametrize(
    ("case", "outcome"),
    [("a list", "exception"), ("a number", "crash"), ("huge number", "hang"), ("deep", "memory"),
     ("half a character", "outside")],
)  # fmt: skip
def test_what_it_finds_is_told_and_kept(tmp_path: Path, case: str, outcome: str) -> None:
    """A reader of config.json that does all that none may do."""
    (tmp_path / "sitecustomize.py").write_text(SPOILED)
    done = fuzz(tmp_path / "found", "--repeat", f"config config.json {case}", "--seed", "4",
                paths=[str(tmp_path)])  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count(f"{outcome}: ") == 1, done.stdout
    assert f'--repeat "config config.json {case}" --seed 4' in done.stdout
    kept = next(path for path in (tmp_path / "found").iterdir() if path.is_dir())
    assert (kept / "config.json").exists()
    assert outcome in kept.with_suffix(".txt").read_text().splitlines()[0]


def test_reading_outside_by_a_name_is_seen(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.case.mkdir()
    (box.case / "link").symlink_to(box.outside / "victim.txt")
    with box:
        (box.case / "link").read_bytes()
    assert box.touched() == []
    with box:
        Path(box.case, "../outside/victim.txt").read_bytes()
    assert box.touched() == [f"open {box.outside}/victim.txt"]
    (box.case / "link").write_bytes(b"")
    assert box.touched() == ["changed victim.txt"]
