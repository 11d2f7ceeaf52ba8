"""The examples run and do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_has_a_test() -> None:
    here = Path(__file__).read_text("utf-8")
    assert [name for name in EXAMPLES if f'run("{name}"' not in here] == []


def test_first_look() -> None:
    shown = run("first_look")
    assert "Q: Where did Julia live?\nA: In two small rooms in the mountains\n" in shown
    assert "Q: What did Julia have for breakfast?\nA: Not said\n" in shown
    assert shown.count("Q: ") == 3  # a story that goes on with questions is cut before them
    assert "从前，" in shown


def test_choices_are_ranked_by_their_probability() -> None:
    for line in run("choices").splitlines():
        scores = [float(number) for number in re.findall(r"\((-\d+\.\d+)\)", line)]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)


def test_a_classifier_learns_what_its_table_says(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [f"the {n} cats sleep in the sun,cat\n{n} 只狗在雨里跑,dog\n" for n in range(12)]
    table.write_text("".join(rows), "utf-8")
    shown = run("classifier", str(table))
    assert (
        shown == "24 texts, labels: cat, dog\nright: 100%; always saying the most frequent: 50%\n"
    )
    assert re.search(r"labels: glad, sad\nright: \d+%", run("classifier"))


def test_chinese_is_written() -> None:
    shown = run("chinese", "今天")
    assert shown.startswith("“今天”：2 个字，")
    assert len(re.findall(r"^\d\. 今天", shown, re.MULTILINE)) == 3


def test_a_poem_has_its_form_or_there_is_none() -> None:
    shown = run("poems", "山中", "gpt2-mini", "12")
    poem = re.search(r"^([\u4e00-\u9fff]{5}|[\u4e00-\u9fff]{7})，", shown, re.MULTILINE)
    assert poem or shown == "[none of 12 tries kept the form: recipes/poems tunes a model for it]\n"
    from examples.poems import quatrain

    assert quatrain("白日依山尽，黄河入海流。欲穷千里目，更上一层楼。")
    assert not quatrain("白日依山尽，黄河入海。欲穷千里目，更上一层楼。")
    assert not quatrain("白日依山尽，黄河入海流。")


def test_letters_are_learned_from(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="fine-tuning needs torch")
    letters = tmp_path / "letters"
    letters.mkdir()
    text = "Dear Anna,\nthe garden is green and I think of you.\nYours, Tom\n"
    for number in range(4):
        (letters / f"{number}.txt").write_text(text * 6, "utf-8")
    shown = run("letters", str(letters), str(tmp_path / "run"), "2")
    assert shown.index("before:") < shown.index("after:") < shown.index("use it: gpt2 generate")
    assert (tmp_path / "run" / "adapter" / "adapter_config.json").exists()
