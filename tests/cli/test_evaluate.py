"""``gpt2 evaluate``: tables, results, what is missing, going on."""

from __future__ import annotations

import json
from itertools import takewhile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gpt2.cli import gpt2
from gpt2.cli.tables import WIDTH, number, table, with_notes
from gpt2.evaluation.paper import SIZES, TABLE_3, beside
from tests.tiny import write_tiny


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gpt2, ["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_tiny(folder)
    return folder


def test_the_list_says_how_to_get_each_set() -> None:
    shown = call("--list")
    assert shown.exit_code == 0
    assert "lambada" in shown.stdout
    assert "huggingface.co/datasets/EleutherAI/lambada_openai" in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines() if "http" not in line) <= WIDTH
    values = json.loads(call("--list", "--json").stdout)
    assert {"lambada", "wikitext2"} <= {one["name"] for one in values}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--on"),
        (["--on", "lambada"], "--data"),
        (["--on", "lambda", "--data", "."], "no benchmark 'lambda'"),
        (["--on", "lambada", "--data", "."], "Download data"),
        (["--on", "paper", "--data", "."], "wikitext-2-v1.zip"),
    ],
)
def test_what_is_asked_wrongly(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GPT2_DATA", raising=False)
    result = call(*arguments)
    assert result.exit_code != 0
    assert message in str(result.exception)


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lambada_test.jsonl").write_text('{"text": "not the published one"}\n')
    assert "not the published file" in str(call("--on", "paper", "--data", tmp_path).exception)


def test_a_set_that_cannot_be_read_does_not_stop_its_group(model: Path, tmp_path: Path) -> None:
    (tmp_path / "lambada_test.jsonl").write_text('{"text": "not the published one"}\n')
    (tmp_path / "coqa-dev-v1.0.json").write_text("{}")
    (tmp_path / "news.en.heldout-00000-of-00050").write_text("She left .\n")
    shown = call(model, "--on", "paper", "--data", tmp_path, "-q", "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert list(found["benchmarks"]) == ["billion-words"]
    assert "not the published file" in found["missing"]["lambada"]
    assert "has no list" in found["missing"]["coqa"]
    assert "has no list" in str(call(model, "--on", "coqa", "--data", tmp_path).exception)


def test_it_measures(model: Path, data_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    common = [model, "--on", "paper", "--data", data_folder, "--limit", "1", "-o", output]
    shown = call(*common, "--engine", "reference")
    assert shown.exit_code == 0, shown.output
    told = " ".join(shown.stdout.split())
    assert "OpenAI's text; the whole last word; the first 1 examples only" in told
    assert "Table 3 of the paper" in shown.stdout
    assert "not evaluated: ptb" in shown.stdout
    assert "context of 64 tokens" in told  # no room for examples of translation
    assert not list(tmp_path.glob("*.journal"))
    found = json.loads(output.read_text())
    assert found["benchmarks"]["lambada"]["files"]["lambada_test.jsonl"].startswith("4aa8d02c")
    for name in ("weights", "parameters", "commit", "versions", "machine", "time", "seconds"):
        assert name in found, name
    assert (found["engine"], found["limit"]) == ("reference", 1)
    printed = json.loads(call(*common, "--engine", "reference", "--json", "--overwrite").stdout)
    assert (
        printed["benchmarks"]["lambada"]["measures"] == found["benchmarks"]["lambada"]["measures"]
    )


def test_every_setting_that_figures_depend_on_is_recorded(model: Path, tmp_path: Path) -> None:
    """Parts of other settings do not merge, and a run does not continue another one's journal."""
    common = [model, "--on", "occupations", "--data", tmp_path, "--limit", "2", "-q"]
    settings = {
        "kv_dtype": ("--kv-dtype", "int8"),
        "kernels": ("--kernels", "generic"),
        "device": ("--engine", "torch", "--device", "cpu"),
    }
    one, two, whole = tmp_path / "1", tmp_path / "2", tmp_path / "whole"
    assert call(*common, "--shard", "1/2", "-o", one).exit_code == 0
    for name, options in settings.items():
        assert call(*common, *options, "--shard", "2/2", "-o", two, "--overwrite").exit_code == 0
        assert json.loads(two.read_text())[name] == options[-1]
        merged = CliRunner().invoke(gpt2, ["merge", str(one), str(two), "-o", f"{tmp_path}/all"])
        assert f"{name} (" in str(merged.exception)
    assert call(*common, "-o", whole).exit_code == 0
    about = takewhile(lambda pair: pair[0] != "benchmarks", json.loads(whole.read_text()).items())
    journal = tmp_path / "whole.journal"
    journal.write_text(json.dumps({"settings": {**dict(about), "data": {}}}) + "\n")
    refused = call(*common, "--kv-dtype", "int8", "-o", whole)
    assert "a different model, options or data" in str(refused.exception)
    assert call(*common, "-o", whole).exit_code == 0


def test_an_undefined_figure_is_null(model: Path, tmp_path: Path) -> None:
    """NaN is not JSON."""
    paths = [str(tmp_path / name) for name in ("1.json", "2.json")]
    common = [model, "--on", "occupations", "--data", tmp_path, "--limit", "1", "-q"]
    shown = call(*common, "-o", paths[0])
    assert shown.exit_code == 0, shown.output
    assert "nan" not in shown.stdout
    measures = json.loads(Path(paths[0]).read_text())["benchmarks"]["occupations"]["measures"]
    assert (measures["she"]["error"], measures["correlation"]["value"]) == (None, None)
    larger = json.loads(Path(paths[0]).read_text()) | {"parameters": 10**9}
    Path(paths[1]).write_text(json.dumps(larger))
    scaled = CliRunner().invoke(gpt2, ["scaling", *paths, "--json"])
    assert scaled.exit_code == 0, scaled.exception
    lines = json.loads(scaled.stdout, parse_constant=pytest.fail)
    assert "correlation" not in scaled.stdout
    assert [line["line"]["r_squared"] for line in lines] == [None, None]  # the scores are equal


def figure(column: str | None, near: str | None, protocol: str) -> dict[str, object]:
    return {"column": column, "near": near, "protocol": protocol, "value": 30.0, "error": 1.0}


def test_unlike_protocols_never_share_a_row() -> None:
    measures = {
        "same": figure("WikiText2", None, "as the paper"),
        "other": figure(None, "WikiText2", "another way"),
        "else": figure(None, None, "not in the table"),
    }
    rows = beside({"wikitext2": {"measures": measures}})
    own = [row for row in rows if row["column"] == "WikiText2"]
    assert [len(row["measured"]) for row in own] == [1, 1]
    assert own[0]["paper"] == dict(zip(SIZES, (29.41, 22.76, 19.93, 18.34), strict=True))
    assert own[1]["paper"] is None
    assert own[1]["protocol"] == "another way"
    assert len(rows) == len(TABLE_3) + 1


def test_numbers_and_tables() -> None:
    assert number(12.3456, 0.123) == "12.35 ± 0.12"
    assert number(123456.0) == "123,456"
    assert (number(1.5, None), number(None)) == ("1.5", "-")
    assert table(["a", "b"], [["1", "23"], ["狐狸", "[b]"]]) == "a       b\n1      23\n狐狸  [b]"
    wide = with_notes(["set", "value", "how"], [["x" * 99, "1", "y " * 60], ["z", "2", "y " * 60]])
    assert max(map(len, wide.splitlines())) <= WIDTH
    assert wide.count("[1]") == 3
