"""Questions: exact match and F1 of the task `answer`, compared with a constant answer.

The paper (section 3.8) reports 4.1 % on Natural Questions for its largest model, and 63.1 % on the
1 % of questions that it is most confident in; its smallest model does not exceed the 1.0 % of
always giving the most common answer for each kind of question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, Measure, Row, Subject, corpus, percent
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.metrics import best, exact_match, f1, words
from gpt2.evaluation.readers import Question, read_nq_open, read_webquestions
from gpt2.evaluation.statistics import calibration
from gpt2.generation import LanguageModel
from gpt2.tasks import TASKS

OPEN = "the task answer without a context: examples of questions with answers, greedy, one line"
READ = "the task answer with its context: text, question and A:, greedy, one line"
TRIVIAL = "the answer that is right most often in this very set: more than a constant can get"


@dataclass(frozen=True)
class Asked:
    """A question and the baseline answer that needs no model."""

    question: Question
    trivial: str


def ask(model: LanguageModel, **row: Any) -> dict[str, Any]:
    """The task's answer to a question and the model's probability of exactly that answer."""
    result = TASKS["answer"].run(model, row)
    return {"answer": result["answer"] or "", "probability": float(result["joint"])}


def with_most_frequent(questions: Sequence[Question]) -> list[Asked]:
    """Pair each question with the answer that is right most often; the first if several are."""
    counted = Counter(a for q in questions for a in dict.fromkeys(q.answers))
    return [Asked(question, counted.most_common(1)[0][0]) for question in questions]


def judge(
    units: Callable[[str], list[str]] = words, context: bool = False
) -> Callable[[Subject, Sequence[Asked]], list[dict[str, Any]]]:
    """A judge that compares answers in these units."""

    def judged(subject: Subject, examples: Sequence[Asked]) -> list[dict[str, Any]]:
        rows = []
        for example in examples:
            question = example.question
            more = {"context": question.context} if context else {}
            result = ask(subject.model, question=question.text, **more)
            for name, answer in (("", result["answer"]), ("trivial_", example.trivial)):
                result[f"{name}em"] = best(exact_match, answer, question.answers, units)
                result[f"{name}f1"] = best(f1, answer, question.answers, units)
            rows.append(result)
        return rows

    return judged


def measures(how: str, trivial: str) -> tuple[Measure, ...]:
    """Exact match and F1 in percent, for the model and the trivial answer."""
    titles = {"em": "exact match, %", "f1": "F1, %"}
    percents = [percent(key, title, how) for key, title in titles.items()]
    other = [percent(f"trivial_{k}", f"{t}: no model", trivial) for k, t in titles.items()]
    return (*percents, *other)


def _calibrate(of: Callable[[Any], float]) -> Callable[[Sequence[Row]], float]:
    def value(rows: Sequence[Row]) -> float:
        sure, right = ([float(row[key]) for row in rows] for key in ("probability", "em"))
        return of(calibration(sure, right))

    return value


def calibrate(how: str) -> tuple[Measure, ...]:
    """How well the probability of an answer predicts whether it is right (section 3.8)."""
    keys = ["probability", "em"]
    top = _calibrate(lambda calibration: 100 * calibration.top)
    error = _calibrate(lambda calibration: 100 * calibration.error)
    bins = "ten bins of equal count, by the probability of exactly this answer"
    return (
        corpus("top_em", "exact match of the surest 1 %", f"{how}; by its probability", keys, top),
        corpus("ece", "calibration error, %", f"{how}; {bins}", keys, error, better="lower"),
    )


def _open(name: str, read: Callable[[Path], list[Question]]) -> Benchmark:
    """A set of questions without a context."""
    every = (*measures(OPEN, TRIVIAL), *calibrate(OPEN))
    return publish(name, lambda path: with_most_frequent(read(path)), judge(), every)


NATURAL_QUESTIONS = _open("natural-questions", read_nq_open)
WEBQUESTIONS = _open("webquestions", read_webquestions)
