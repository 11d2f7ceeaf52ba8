"""The page's model has the command line's bits on 1,000 prompts, with parts off too: in node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.explain.conftest import needs_core, needs_node
from tests.explain.thousand import here, questions

pytestmark = [needs_core, needs_node]


def check(model: Any, ask: Callable[..., Any], asked: list[dict[str, Any]]) -> None:
    both = [(name, one) for one in asked for name in ("read", "digest", "write")]
    there = ask(*both)
    for i, wanted in enumerate(here(model, asked)):
        assert there[3 * i + 1] == wanted["digest"], asked[i]
        assert there[3 * i + 2]["ids"] == wanted["ids"], asked[i]


def test_some_prompts_have_the_command_lines_bits(model: Any, ask: Callable[..., Any]) -> None:
    check(model, ask, questions(8192, 6, 5)[:16])


@pytest.mark.slow
def test_a_thousand_do(model: Any, ask: Callable[..., Any]) -> None:
    check(model, ask, questions(8192, 6, 5))
