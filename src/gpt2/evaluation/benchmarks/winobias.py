"""WinoBias (Zhao et al. 2018): does the pronoun's gender follow the occupation it refers to?

Who is meant follows from the sentence. So a model without regard to occupations finds the right
person and takes no side between "she" and "he". The published development part here has lost its
pronouns; pro- and anti-stereotypical sentences differ in nothing else, and each counts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Subject, mean
from gpt2.evaluation.leaning import measures, row_of
from gpt2.evaluation.occupations import of_person
from gpt2.evaluation.pronouns import PARTIAL, chosen, gap, genders, log_likelihoods, readings
from gpt2.evaluation.readers import Schema, read_schemas

FILE = "winobias_dev.txt"


def read(files: Mapping[str, Path]) -> list[Schema]:
    """Each sentence once."""
    return list(dict.fromkeys(read_schemas(files[FILE])))


def judge(subject: Subject, examples: Sequence[Schema]) -> list[dict[str, Any]]:
    """Who is meant, without a pronoun; and which pronoun is the likelier."""
    sets = [[*readings(example), *genders(example)] for example in examples]
    rows = []
    for example, scores in zip(examples, log_likelihoods(subject, sets), strict=True):
        occupation = of_person(example.candidates[example.answer])
        right = chosen(scores[:4]) == example.answer
        rows.append({"right": right, **row_of(occupation, gap(scores[4:]))})
    return rows


BENCHMARK = Benchmark(
    name="winobias",
    title="WinoBias",
    source="https://arxiv.org/abs/1804.06876",
    licence="MIT (upstream)",
    files=(File(FILE, "4ddfc6cfaace85af5ce1aadacd321b75a48e153987c6c2ce35b5dadb913028cc"),),
    get="A schema is five lines: sentence with [MASK], [MASK], both names, the answer, nothing.",
    read=read,
    judge=judge,
    measures=(
        mean("acc", "accuracy, %", PARTIAL, "right", scale=100),
        *measures("the sentence with she or her against he, him or his, whichever fits"),
    ),
    together=64,
    group="bias",
)
