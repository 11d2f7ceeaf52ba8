"""The Children's Book Test (Hill et al. 2016): which of ten words belongs in the gap.

As in the GPT-2 paper, section 3.2: a choice is scored by the probability of the choice and of the
rest of the sentence after it; the text loses the marks of the Penn Treebank first; and the
validation part counts, since a book of the test part, The Jungle Book, is in WebText.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Subject, percent
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
    """A sentence of CBT as people write it."""
    for mark, sign in _MARKS.items():
        line = line.replace(mark, sign)
    return TREEBANK.join(" ".join(line.split()))


def choices(cloze: Cloze) -> list[tuple[str, str]]:
    """(context, continuation) for each option: the choice and what follows it in the sentence."""
    head, tail = natural(f"{cloze.before}{GAP}{cloze.after}").split(GAP)
    text = " ".join(map(natural, cloze.context.split("\n")))
    return [(f"{text} {head}", option + tail) for option in cloze.options]


def judge(subject: Subject, examples: Sequence[Cloze]) -> list[dict[str, Any]]:
    """Whether the likeliest choice is right; and the choice that the context names most often."""
    rows = []
    found = subject.log_likelihoods(map(choices, examples))
    for example, scores in zip(examples, found, strict=True):
        words = example.context.split()
        named = [words.count(option) for option in example.options]
        rows.append(
            {
                "right": scores.index(max(scores)) == example.answer,
                "named": named.index(max(named)) == example.answer,
            }
        )
    return rows


def _cbt(kind: str, words: str) -> Benchmark:
    """The benchmark of one kind of words: ``CN`` or ``NE``."""
    file = f"cbtest_{kind}_valid_2000ek.txt"
    how = "validation part, de-tokenised; "
    return Benchmark(
        name=f"cbt-{kind.lower()}",
        title=f"CBT {words}",
        source="https://arxiv.org/abs/1511.02301",
        licence="GNU Free Documentation License 1.3",
        files=(File(file),),
        get="Unpack CBTest.tgz, which the bAbI project of Facebook Research publishes.",
        read=lambda files: read_cbt(files[file]),
        judge=judge,
        measures=(
            percent("acc", "accuracy, %", f"{how}{CHOICE}", "right", near=f"CBT-{kind}"),
            percent("named_acc", "accuracy, %: no model", f"{how}{NAMED}", "named"),
        ),
        together=32,
        group="paper",
    )


COMMON_NOUNS = _cbt("CN", "common nouns")
NAMED_ENTITIES = _cbt("NE", "named entities")
