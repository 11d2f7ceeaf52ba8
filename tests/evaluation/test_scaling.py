"""Scores against size: exact lines, the paper's own numbers, files of `gpt2 evaluate`."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

import gpt2
from gpt2.cli.scaling import command
from gpt2.errors import CorruptFileError, InputError
from gpt2.evaluation.scaling import fit, lines, paper_scores, read_results


def test_a_line_through_scores() -> None:
    line = fit([10**8, 10**9], [30.0, 50.0])
    assert (line.slope, line.at, line.r_squared) == pytest.approx((20, 30, 1))
    assert line(10**10) == pytest.approx(70)
    with pytest.raises(gpt2.errors.InputError):
        fit([1000, 1000], [1.0, 2.0])


def test_the_papers_own_scores_are_log_linear() -> None:
    found = {one.title: one for one in lines(paper_scores())}
    accuracy = found["paper: LAMBADA acc, %"]
    assert [value for _, value in accuracy.values] == [45.99, 55.48, 60.12, 63.24]
    assert accuracy.line.slope == pytest.approx(15.8, abs=0.1)  # by hand, from the four points
    assert accuracy.line.r_squared > 0.97
    loss = found["paper: WikiText2, perplexity"]
    assert loss.unit == "nats of loss"
    assert loss.line(124_439_808) == pytest.approx(math.log(29.41), abs=0.04)


def result(path: Path, parameters: int, value: float, protocol: str = "whole word") -> Path:
    measure = {"title": "accuracy, %", "value": value, "protocol": protocol}
    sets = {"lambada": {"title": "LAMBADA", "measures": {"acc": measure}}}
    path.write_text(json.dumps({"parameters": parameters, "benchmarks": sets}), "utf-8")
    return path


def test_command(tmp_path: Path) -> None:
    files = [
        str(result(tmp_path / f"{i}.json", 10**i, 10.0 * i, "whole word" if i < 9 else "token"))
        for i in (7, 8, 9)
    ]
    done = CliRunner().invoke(command, files)
    assert done.exit_code == 0, done.output
    assert "10M 70, 100M 80" in done.stdout
    assert "+10 of the score" in done.stdout
    assert "1,000M" not in done.stdout  # another protocol is no point of this line
    done = CliRunner().invoke(command, [files[0], "--paper", "--json"])
    assert len(json.loads(done.stdout)) == 10
    with pytest.raises(InputError, match="--paper"):
        CliRunner().invoke(command, files[:1], catch_exceptions=False)
    (tmp_path / "other.json").write_text('{"a": 1}', "utf-8")
    with pytest.raises(CorruptFileError, match="not a result file of gpt2 evaluate"):
        list(read_results([tmp_path / "other.json"]))
