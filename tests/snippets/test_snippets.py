"""The table of snippets: current, nothing unclear, and what differs has a reason."""

from __future__ import annotations

import pytest

from tests.snippets.members import lacking
from tests.snippets.run import REASONS, Row, alike, compare
from tests.snippets.table import PAGE, page, rows
from tests.tiny import write_tiny

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def found() -> list[Row]:
    return rows()


def test_nothing_ends_in_an_unclear_error(found: list[Row]) -> None:
    assert not [row.title for row in found if row.outcome == "unclear error"]


def test_what_differs_has_a_reason(found: list[Row]) -> None:
    assert [row for row in found if row.outcome == "differs" and not row.note] == []
    told = {(row.group, row.title) for row in found if row.outcome == "differs"}
    assert told == set(REASONS), "a reason that no row needs"


def test_the_page_is_current(found: list[Row]) -> None:
    assert PAGE.read_text("utf-8") == page(found, lacking()), "run python -m tests.snippets.table"


def test_most_compute_the_same(found: list[Row]) -> None:
    equal = [row for row in found if row.outcome == "equal"]
    assert len(found) >= 100
    assert len(equal) >= 0.75 * len(found)


def test_a_comparison_sees_what_differs(tmp_path: object) -> None:
    write_tiny(tmp_path)
    code = "from transformers import GPT2Config\nresult = GPT2Config.__module__.split('.')[0]"
    row = compare("", "", code, tmp_path)
    assert row.outcome == "differs"
    row = compare("", "", "from transformers import set_seed\nset_seed('x')", tmp_path)
    assert row.outcome == "unclear error"
    assert alike({"a": [1.0, (2, "x")]}, {"a": (1.00001, [2, "x"])})
    for a, b in (({"a": 1}, {"b": 1}), ([1], [1, 2]), (1.0, 1.1), ("a", "b"), ([1], 1)):
        assert not alike(a, b)
