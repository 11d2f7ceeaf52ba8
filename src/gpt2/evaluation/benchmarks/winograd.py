"""The Winograd schema challenge (Levesque et al. 2012): which of two does a pronoun mean.

Partial scoring as Trinh & Le (2018) describe it and the GPT-2 paper takes it (section 3.4: 70.70 %
for the largest model).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Subject, mean
from gpt2.evaluation.pronouns import PARTIAL, chosen, log_likelihoods, readings
from gpt2.evaluation.readers import Schema, read_schemas

FILE = "wsc273.txt"


def first(schema: Schema) -> int:
    """The candidate that the sentence names first, by its last word; the file lists them by answer.

    The second where neither or both at once are found there.
    """
    places = [schema.text.lower().find(name.split()[-1].lower()) for name in schema.candidates]
    return int(not 0 <= places[0] < (places[1] if places[1] >= 0 else len(schema.text)))


def judge(subject: Subject, examples: Sequence[Schema]) -> list[dict[str, Any]]:
    """Whether the right name is the likelier; and whether it stands first in the sentence."""
    found = log_likelihoods(subject, [readings(example) for example in examples])
    return [
        {"right": chosen(scores) == example.answer, "first": first(example) == example.answer}
        for example, scores in zip(examples, found, strict=True)
    ]


BENCHMARK = Benchmark(
    name="winograd",
    title="Winograd schemas (273)",
    source="https://arxiv.org/abs/1806.02847",
    licence="CC BY 4.0",
    files=(File(FILE, "43103428d77df28b1bb37156eaf3c43a954a02b5dc7ff72453f5c54abf394bad"),),
    get="A schema is five lines: sentence with [MASK], [MASK], both names, the answer, nothing.",
    read=lambda files: read_schemas(files[FILE]),
    judge=judge,
    measures=(
        mean("acc", "accuracy, %", PARTIAL, "right", scale=100),
        mean("first_acc", "accuracy, %: no model", "who is named first", "first", scale=100),
    ),
    group="paper",
    paper="70.70 % of the 1558M model (section 3.4)",
)
