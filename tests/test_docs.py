"""The documentation says what is so: figures come from results, snippets and commands run.

They run in an environment with the package as a wheel holds it (tests/test_distribution.py) beside
the optional packages, away from the checkout. `.ci/run` runs them without those as well.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from benchmarks import exact_head, opening, reproducibility, shards, speculation
from benchmarks.common import note_run, other_runs, spread, tie, times
from benchmarks.peers import __main__ as peers
from benchmarks.peers import table
from benchmarks.report import PAGE, PICTURE, page, results
from benchmarks.summary import picture
from tools.installed import PAGES, Snippet, fault, make_files, run, snippets

import gpt2
from gpt2.native.library import PATH as CORE
from tests.conftest import ROOT, listed
from tests.snippets.plain import GROUPS

README = (ROOT / "README.md").read_text("utf-8")
SNIPPETS = [snippet for page in PAGES for snippet in snippets(page)]


def test_the_figures_are_those_of_the_results() -> None:
    assert PAGE.read_text("utf-8") == page()
    assert PICTURE.read_text("utf-8") == picture(results())


def test_the_readmes_open_with_six_figures_of_the_results() -> None:
    for language, readme in opening.PAGES.items():
        text = readme.read_text("utf-8")
        (shown,) = opening.PLACE.findall(text)
        assert shown == opening.opening(results(), language)
        assert shown.count("](docs/results.md#") == 6
        titles = re.findall(r"^## (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}
        assert set(re.findall(r"results\.md#([\w-]+)", shown)) <= anchors


def test_the_number_of_snippets_is_that_of_the_table() -> None:
    count = sum(map(len, GROUPS.values()))
    said = {
        name: re.findall(r"(\d+) snippets", (ROOT / name).read_text("utf-8"))
        for name in ("README.md", "CHANGELOG.md", "docs/reference/snippets.md")
    }
    assert said == {name: [str(count)] for name in said}


def test_the_readmes_count_the_snippets_as_their_table_does() -> None:
    table = (ROOT / "docs/reference/snippets.md").read_text("utf-8")
    line = re.search(r"Of (\d+) snippets: (\d+) clear error, (\d+) differs, (\d+) equal\.", table)
    assert line is not None
    total, refused, different, equal = line.groups()
    english = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert f"Of [{total} snippets run with both]" in english
    assert (
        f"{equal} give the same result, {refused} end in a clear error and {different}" in english
    )
    chinese = (ROOT / "README.zh-CN.md").read_text("utf-8")
    assert f"[{total} 段代码]" in chinese
    assert f"{equal} 段结果相同，{refused} 段给出明确的错误，{different} 段不同" in chinese


def test_the_results_open_with_ten_lines_and_a_picture() -> None:
    head = PAGE.read_text("utf-8").split("\n## ")[0]
    assert [line.split(".")[0] for line in head.splitlines() if re.match(r"\d+\. ", line)] == [
        str(number) for number in range(1, 11)
    ]
    assert f"]({PICTURE.name})" in head
    assert ElementTree.parse(PICTURE).getroot().tag.endswith("svg")


def test_overlapping_spreads_are_a_tie() -> None:
    slow, near, fast = ({"median": m, "min": m - 10, "max": m + 10} for m in (100.0, 115.0, 150.0))
    assert tie(slow, near)
    assert tie(near, slow)
    assert not tie(slow, fast)
    assert [times(slow, near), times(fast, slow)] == ["tie (0.87x)", "1.50x"]


def test_a_ratio_of_overlapping_spreads_is_called_a_tie() -> None:
    found = results()
    near = {"median": 100.0, "min": 90.0, "max": 110.0}
    for one in found["exact_head"]["models"]["gpt2-mini"]["fp32"].values():
        one["tokens_per_second"] = dict.fromkeys(one["tokens_per_second"], near)
    for one in found["reproducibility"]["dtypes"]["int8"]["tasks"].values():
        one["tokens_per_second"] = dict.fromkeys(one["tokens_per_second"], near)
    for one in found["speculation"]["scripted, 124M int8"].values():
        one["tokens_per_second"] = {**near}
    assert exact_head.describe(found["exact_head"]).count("tie (1.00x)") >= 3
    assert reproducibility.describe(found["reproducibility"]).count("tie (1.00x)") >= 4
    assert speculation.describe(found["speculation"]).count("tie (1.00x)") == 3


def test_a_part_that_another_run_measured_is_named_with_its_commit() -> None:
    result: dict[str, Any] = {"machine": {"commit": "a1", "time": "t", "load_before": 1.0}}
    note_run(result, "one")
    note_run(result, "two")
    assert other_runs(result) == ""
    result["machine"] = {**result["machine"], "commit": "b2"}
    note_run(result, "two")
    assert other_runs(result) == "At commit a1: one."
    for name in ("evaluation", "mini", "mini_overlap"):
        found = results()[name]
        assert found["machine"]["commit"] in {one["commit"] for one in found["measured"].values()}
        assert other_runs(found) in PAGE.read_text("utf-8")
    scored = [f"{model} {name}" for model, sets in results()["evaluation"]["models"].items()
              for name in sets]  # fmt: skip
    assert sorted(results()["evaluation"]["measured"]) == sorted(scored)


def test_a_single_run_has_no_spread() -> None:
    assert spread(dict.fromkeys(("median", "min", "max"), 2.0), 1) == "2.0"
    assert "(50-50)" not in PAGE.read_text("utf-8")
    assert "one run of each, so the spread is unknown" in shards.describe(results()["shards"])


def test_the_bundled_model_is_measured_at_the_precision_it_has() -> None:
    text = PAGE.read_text("utf-8")
    shown = re.findall(
        r"(?:-mini`, zero-shot, at|\ngpt2-mini at|gpt2-mini's own text,|model's logits at) (\w+)",
        text,
    )
    assert len(shown) == 6
    assert set(shown) == {gpt2.load("gpt2-mini").dtype}


def test_only_tuned_precisions_claim_the_fastest_settings() -> None:
    shown = table.describe(results()["peers-decode-32"])
    assert "At int4 and int8 each library has the fastest of several settings" in shown
    assert "keys and values are fp16 in gpt2 and llama.cpp" in shown
    assert "the median of 3 turns" in shown


def test_every_peer_takes_part_tuned_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_fp32() -> set[str]:
        return {entry.peer for kind, entry in peers.best("decode-32") if kind == "fp32"}

    every = {entry.peer for entry in peers.CLASSES["fp32"]}
    assert of_fp32() == every
    one = {"class": "fp32", "peer": "OpenVINO", "precision": "fp32", "settings": {},
           "environment": {}, "tokens_per_second": {"median": 1.0}}  # fmt: skip
    tuned = json.dumps({"tasks": {"decode-32": {"one": one}}})
    (tmp_path / "peers-settings.json").write_text(tuned, "utf-8")
    monkeypatch.setattr(peers, "RESULTS", tmp_path)
    assert of_fp32() == every


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has what git has of the package, and no way to src."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in listed():
        if name.startswith("src/gpt2/"):
            target = site / name.removeprefix("src/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    shutil.copy(CORE, site / "gpt2" / "native")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site / "others.pth").write_text("\n".join(others))  # whose own .pth files then do nothing
    script = folder / "bin" / "gpt2"
    script.write_text(f"#!/bin/sh\nexec '{folder}/bin/python' -m gpt2 \"$@\"\n")
    script.chmod(0o755)
    return folder / "bin" / "python"


def written(snippet: Snippet) -> str | None:
    """The folder that a command makes."""
    found = re.search(r" -o (\S+)", snippet.code) if snippet.language == "sh" else None
    return found[1] if found else None


def read(snippet: Snippet) -> list[Snippet]:
    """The commands whose folders this one reads."""
    made = {written(one): one for one in SNIPPETS if one.page == snippet.page}
    return [made[w] for w in snippet.code.split() if w in made and w != written(snippet)]


@pytest.fixture(scope="session")
def faults(
    installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Snippet], list[str]]:
    """What is wrong with a snippet and with those it needs; one that two pages have runs once."""
    ended: dict[str, tuple[Path, list[str]]] = {}

    def end(snippet: Snippet) -> tuple[Path, list[str]]:
        if snippet.code not in ended:
            folder, wrong = tmp_path_factory.mktemp("snippet"), []
            make_files(folder)
            for before, others in map(end, read(snippet)):
                shutil.copytree(before, folder, dirs_exist_ok=True)
                wrong += others
            found = fault(snippet, run(snippet, installed, folder), lacking=False)
            ended[snippet.code] = folder, [*wrong, *([found] if found else [])]
        return ended[snippet.code]

    return lambda snippet: end(snippet)[1]


def marked(snippet: Snippet) -> Any:
    """Slow is what needs no extra, since `make walk` runs it, the Chinese page's training, which
    is the English one's with other names, and fine-tuning, which examples/letters.py does too."""
    twin = snippet.page == "README.zh-CN.md" and snippet.extra == "torch"
    again = snippet.extra is None or twin or "gpt2 finetune" in snippet.code
    return pytest.param(snippet, marks=[pytest.mark.slow] if again else [])


@pytest.mark.parametrize("snippet", [*map(marked, SNIPPETS)], ids=str)
def test_a_snippet_runs(snippet: Snippet, faults: Callable[[Snippet], list[str]]) -> None:
    assert faults(snippet) == []


def test_what_needs_an_extra_is_marked_with_one_that_there_is() -> None:
    assert {one.extra for one in SNIPPETS} == {None, "torch", "gguf"}


def test_the_map_of_the_tree_is_right() -> None:
    tree = README.split("## Map of the tree")[1].split("```")[1]
    inside = [ln.split()[0] for ln in tree.splitlines() if ln.startswith("  ")]
    outside = [ln.split()[0] for ln in tree.splitlines() if ln and not ln.startswith(" ")]
    names = [ROOT / "src" / "gpt2" / name for name in inside] + [ROOT / name for name in outside]
    assert [str(path) for path in names if not path.exists()] == []


@pytest.mark.parametrize("page_", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=str)
def test_links_lead_somewhere(page_: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*)(#[^)\s]+)?\)", page_.read_text("utf-8"))
    local = [(link, place) for link, place in links if "://" not in link]
    assert [link for link, _ in local if not (page_.parent / link).exists()] == []
    wrong = [(link, place) for link, place in local if place and not there(page_, link, place)]
    assert wrong == []


def there(page_: Path, link: str, place: str) -> bool:
    """Whether a page has a heading, or a file a line."""
    text = (page_.parent / link if link else page_).read_text("utf-8")
    if lines := re.fullmatch(r"#L(\d+)(?:-L(\d+))?", place):
        return int(lines[2] or lines[1]) <= len(text.splitlines())
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return place[1:] in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
