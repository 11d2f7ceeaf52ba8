"""The Children's Book Test (Hill et al. 2016): which of ten words belongs in the gap.

This follows the GPT-2 paper, section 3.2. A choice is scored by the probability of the choice and
of the rest of its sentence. The marks of the Penn Treebank are removed first. The validation part
is used because a book of the test part, The Jungle Book, is in WebText.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, Subject, percent
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.benchmarks.detokenise import Detokeniser
from gpt2.evaluation.readers import Cloze, read_cbt

TREEBANK = Detokeniser(
    openers="([$",
    closers=(",", ".", ";", ":", "!", "?", "%", ")", "]", "..."),
    quotes=True,
    possessive=True,
    negation=True,
)
GAP = "XXXXX"
CHOICE = "the choice and the rest of its sentence"
NAMED = "the choice that the 20 sentences name most often"
_MARKS = {"``": '"', "''": '"', "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]"}


def natural(line: str) -> str:
    """Turn a CBT sentence into ordinary text."""
    for mark, sign in _MARKS.items():
        line = line.replace(mark, sign)
    return TREEBANK.join(" ".join(line.split()))


def choices(cloze: Cloze) -> list[tuple[str, str]]:
    """(context, continuation) for each option: the choice and the rest of the sentence."""
    head, tail = natural(f"{cloze.before}{GAP}{cloze.after}").split(GAP)
    text = " ".join(map(natural, cloze.context.split("\n")))
    return [(f"{text} {head}", option + tail) for option in cloze.options]


def judge(subject: Subject, examples: Sequence[Cloze]) -> list[dict[str, Any]]:
    """Whether the most probable choice is right, and whether the most frequent in context is."""
    rows = []
    likelihoods = subject.log_likelihoods(map(choices, examples))
    for example, scores in zip(examples, likelihoods, strict=True):
        words = example.context.split()
        named = [words.count(option) for option in example.options]
        rows.append(
            {
                "right": scores.index(max(scores)) == example.answer,
                "named": named.index(max(named)) == example.answer,
            }
        )
    return rows


def _cbt(kind: str) -> Benchmark:
    """The benchmark of one kind of words: ``CN`` (common nouns) or ``NE`` (named entities)."""
    how = "validation part, de-tokenised; "
    measures = (
        percent("acc", "accuracy, %", f"{how}{CHOICE}", "right", near=f"CBT-{kind}"),
        percent("named_acc", "accuracy, %: no model", f"{how}{NAMED}", "named"),
    )
    return publish(f"cbt-{kind.lower()}", read_cbt, judge, measures)


COMMON_NOUNS, NAMED_ENTITIES = _cbt("CN"), _cbt("NE")
