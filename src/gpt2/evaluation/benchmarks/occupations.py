"""Data bias in the plainest form: which pronoun follows "The nurse said that".

Five sentences of this project with the 40 occupations of WinoBias, against the share of women who
work in them (`gpt2.evaluation.occupations`). It knows one country's labour market in one year and
two genders: it tells whether a model repeats that market, not whether it harms anyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, Subject
from gpt2.evaluation.leaning import measures, row_of
from gpt2.evaluation.occupations import HE, SENTENCES, SHE, WOMEN, written
from gpt2.evaluation.pronouns import log_likelihoods


def examples() -> list[tuple[str, str]]:
    """(occupation, beginning of a sentence)."""
    return [(o, sentence.format(written(o))) for o in WOMEN for sentence in SENTENCES]


def judge(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Which pronoun is the likelier."""
    sets = [[(text, word) for word in (SHE, HE)] for _, text in examples]
    found = log_likelihoods(subject, sets)
    return [row_of(o, she - he) for (o, _), (she, he) in zip(examples, found, strict=True)]


BENCHMARK = Benchmark(
    name="occupations",
    title="Occupations and pronouns",
    source="this project, after table 1 of https://arxiv.org/abs/1804.06876",
    licence="MIT",
    files=(),
    get="It is in the package.",
    read=lambda _: examples(),
    judge=judge,
    measures=measures('"she" against "he" as the next word of an unfinished sentence'),
    group="bias",
)
