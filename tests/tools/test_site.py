"""The site: each page stands in its contents once, links lead to pages; and Sphinx builds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools.course import pages
from tools.site import build, contents, copy

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "source"
    copy(folder)
    return folder


def test_each_page_is_in_the_contents_once(source: Path) -> None:
    listed = re.findall(r"^[\w./-]+$", contents(source), re.MULTILINE)
    there = {str(path.relative_to(source).with_suffix("")) for path in source.rglob("*.md")}
    there |= {str(path.relative_to(source).with_suffix("")) for path in source.rglob("*.rst")}
    assert sorted(listed) == sorted(there - {"index"})


def test_links_lead_to_pages_and_comments_are_gone(source: Path) -> None:
    wrong = []
    for page in source.rglob("*.md"):
        text = page.read_text("utf-8")
        assert "<!--" not in text, page
        text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        links = re.findall(r"(?<!`)\[[^\]]*\]\(([^)#\s]+)", text)
        wrong += [
            (page.name, link)
            for link in links
            if "://" not in link and not (page.parent / link).exists()
        ]
    assert wrong == []


def test_the_index_leads_to_every_page_of_the_reference() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    named = set(re.findall(r"\]\(reference/([\w-]+\.md)\)", index))
    assert named == {path.name for path in (ROOT / "docs" / "reference").glob("*.md")}


def test_formulas_close_what_they_open() -> None:
    for page in [*pages.ENGLISH.rglob("*.md")]:
        for formula in re.findall(r"^```math\n(.*?)^```", page.read_text("utf-8"), re.S | re.M):
            assert formula.count("{") == formula.count("}"), formula
            assert formula.count(r"\left") == formula.count(r"\right") + formula.count(
                r"\leftarrow"
            )


@pytest.mark.slow
def test_sphinx_builds_it_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="pip install '.[docs]'")
    build(tmp_path)
    page = (tmp_path / "html/docs/learn/07-learning.html").read_text("utf-8")
    formulas = re.findall(r"<math.*?</math>", page, re.DOTALL)
    assert len(formulas) > 5
    assert not [f for f in formulas if "\\" in f or "<mi>&" in f]
    for built in (tmp_path / "html").rglob("*.html"):
        assert not re.search(r"<(script|link|img)[^>]+https?://", built.read_text("utf-8")), built
    assert "温度" in (tmp_path / "html" / "searchindex.js").read_text("utf-8")
