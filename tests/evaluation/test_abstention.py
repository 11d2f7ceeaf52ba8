"""Whether a probability tells when to say nothing: figures that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpt2.errors import InputError
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.statistics import answered_wrongly, area, auroc, risk_coverage


def test_the_area_under_the_roc_curve() -> None:
    assert auroc([3, 4], [1, 2]) == 1
    assert auroc([1, 2], [3, 4]) == 0
    assert auroc([2, 2], [2]) == 0.5
    assert auroc([1, 3], [2, 2, 0]) == pytest.approx((1 + 3) / 6)
    with pytest.raises(InputError, match="both classes"):
        auroc([], [1])


def test_the_risk_of_what_is_answered() -> None:
    assert risk_coverage([0.9, 0.1, 0.5], [0, 1, 0.5]) == pytest.approx([0, 0.25, 0.5])
    assert area([0.9, 0.1, 0.5], [0, 1, 0.5]) == pytest.approx(0.25)
    assert area([0.1, 0.9, 0.5], [0, 1, 0.5]) == pytest.approx((1 + 0.75 + 0.5) / 3)
    for order in ([0, 1, 1], [1, 1, 0]):  # what tells nothing gives the mean risk, in any order
        assert area([0.5] * 3, order) == pytest.approx(2 / 3)
    with pytest.raises(InputError, match="2 confidences do not match 1"):
        area([1, 2], [1])


def test_questions_that_should_not_have_been_answered() -> None:
    assert answered_wrongly([0.8, 0.6, 0.4, 0.2], [0.1, 0.55, 0.7, 0.3]) == 0.5
    assert answered_wrongly([0.8, 0.6], [0.1]) == 0


def test_the_other_context_is_of_another_article(data_folder: Path) -> None:
    found = benchmark("abstention")
    examples = found.read(found.find(data_folder))
    title = {question.context: question.title for question, _ in examples}
    assert all(title[other] != question.title for question, other in examples)
    assert len({other for _, other in examples}) > 20


def test_its_figures() -> None:
    measures = {m.name: m for m in benchmark("abstention").measures}
    rows = [{"own": 0.9, "other": 0.2, "f1": 1.0}, {"own": 0.4, "other": 0.5, "f1": 0.0}]
    values = {name: m.value(rows) for name, m in measures.items()}
    assert values["auroc"] == pytest.approx(75)
    assert values["trivial_aurc"] == pytest.approx(75)  # three of four answers are wrong
    assert values["aurc"] == pytest.approx(100 * (0 + 1 / 2 + 2 / 3 + 3 / 4) / 4)
    assert values["answered_wrongly"] == 0  # the bound is 0.65
    assert values["f1"] == 50
