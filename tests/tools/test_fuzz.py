"""`make fuzz` for some seconds: named cases and damage drawn from a seed; all forms are slow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tools.fuzz.box import Box
from tools.fuzz.corpus import CORPUS
from tools.fuzz.forms import FORMS
from tools.fuzz.report import PAGE, page

from tests.conftest import ROOT
from tests.native.conftest import _built  # noqa: F401  skips where the core was not built

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc are Linux's")


def fuzz(
    output: Path, *options: str, paths: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.fuzz", "-o", str(output), *options],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", ".", *paths])},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip


def ends_in_errors_of_ours(output: Path, forms: Sequence[str], each: int) -> None:
    """Run the named cases of forms, and so many others of each."""
    done = fuzz(output, "--each", str(each), "--forms", *forms)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    row = re.findall(r"\| all \| (.*) \| (.*) \| (.*) \| (.*) \| .* \|", done.stdout)[0]
    cases, read, refused, found = (int(cell.replace(",", "")) for cell in row)
    assert cases == sum(len(CORPUS.get(name, ())) for name in forms) + each * len(forms)
    assert found == 0
    assert refused > 2 * read


def test_damage_ends_in_errors_of_ours(tmp_path: Path) -> None:
    ends_in_errors_of_ours(tmp_path, ["config", "tokens", "tokenizer-json", "receipt"], 10)


@pytest.mark.slow
def test_damage_of_every_form_ends_in_errors_of_ours(tmp_path: Path) -> None:
    ends_in_errors_of_ours(tmp_path, list(FORMS), 8)


SPOILED = """
import os, pathlib, time
import gpt2.files

whole = gpt2.files.read_json_object

def spoiled(path, **options):
    text = pathlib.Path(path).read_bytes()
    if text == b"[]":
        return {}[text]
    if text == b"3":
        os.abort()
    if b"1e99999" in text:
        time.sleep(600)
    if text.startswith(b"[["):
        return bytes(1 << 31)
    if b"ud800" in text:
        pathlib.Path(os.environ["GPT2_FUZZ_BOX"], "outside", "victim.txt").write_text("theirs")
    return whole(path, **options)

gpt2.files.read_json_object = spoiled
"""


@pytest.mark.parametrize(
    ("case", "outcome"),
    [("a list", "exception"), ("a number", "crash"), ("half a character", "outside"),
     pytest.param("deep", "memory", marks=pytest.mark.slow),
     pytest.param("huge number", "hang", marks=pytest.mark.slow)],
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
    assert outcome in Path(f"{kept}.txt").read_text("utf-8").splitlines()[0]


def test_the_page_tells_what_was_run() -> None:
    assert PAGE.read_text("utf-8") == page()


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
