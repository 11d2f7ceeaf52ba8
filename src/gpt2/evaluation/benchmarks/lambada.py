"""LAMBADA: the last word of a passage that needs all of it (Paperno et al. 2016, 1606.06031).

Published figures differ by what they predict, and of which text: the whole last word or its last
token; OpenAI's version, with the books' own spelling, or the set as first published, in lower case
with spaces around punctuation; with stop words ruled out or not. All of them are measured here.
The paper does not say enough to know its own: the whole last word gives lower figures, the last
token nearly the same ones (46.89 % of the 124M model: openai/gpt-2 issue 131), so none of these is
put in a row with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Measure, Row, Subject, corpus, mean
from gpt2.evaluation.readers import read_lines
from gpt2.evaluation.stop_words import STOP_WORDS
from gpt2.files import read_text
from gpt2.scoring import Score

OPENAI, ORIGINAL = "lambada_test.jsonl", "lambada_test_plain_text.txt"


def read(files: Mapping[str, Path]) -> list[tuple[str, str]]:
    """(text's version, passage)."""
    found = [("openai", str(entry["text"])) for entry in read_lines(files[OPENAI])]
    if ORIGINAL in files:
        lines = read_text(files[ORIGINAL]).splitlines()
        found += [("original", line.strip()) for line in lines if line.strip()]
    return found


def judge(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Of the whole last word its logarithm, of the last token too, and what was right."""
    pairs = [subject.encode(*_cut(text)) for _, text in examples]
    scores = subject.scorer.loglikelihood(pairs, each=True)
    filtered = _filtered(subject, pairs, scores)
    rows = []
    for (version, _), score, right in zip(examples, scores, filtered, strict=True):
        assert score.logprobs is not None
        assert score.best is not None
        own = {
            "word": score.logprob,
            "acc": score.greedy,
            "token": float(score.logprobs[-1]),
            "token_acc": bool(score.best[-1]),
            "filtered_acc": right,
        }
        rows.append({f"{version}_{key}": value for key, value in own.items()})
    return rows


def _cut(text: str) -> tuple[str, str]:
    at = text.rindex(" ")
    return text[:at], text[at:]


def _filtered(subject: Subject, pairs: Sequence[Any], scores: Sequence[Score]) -> list[bool]:
    """Whether the last word is predicted when a first token that is a stop word is ruled out.

    It is when its first token comes before all others but stop words, and its further tokens are
    the most probable ones. What the plain prediction decides is not asked again.
    """
    words = [subject.tokenizer.decode(ids).strip().lower() for _, ids in pairs]
    open_ = [
        i
        for i, (word, score) in enumerate(zip(words, scores, strict=True))
        if word not in STOP_WORDS and not score.greedy and score.best[1:].all()  # type: ignore[index]
    ]
    right = [s.greedy and w not in STOP_WORDS for s, w in zip(scores, words, strict=True)]
    if open_:
        most = min(128, subject.model.config.vocab_size)
        best = subject.scorer.top([pairs[i][0] for i in open_], most)
        for i, tokens in zip(open_, best, strict=True):
            kept = (t for t in tokens if not _is_stop_word(subject, t))
            right[i] = next(kept, None) == pairs[i][1][0]
    return right


def _is_stop_word(subject: Subject, token: int) -> bool:
    if token >= len(subject.tokenizer):  # a row that pads the embedding
        return False
    return subject.tokenizer.decode([token]).strip().lower() in STOP_WORDS


def _perplexity(key: str) -> Any:
    def value(rows: Sequence[Row]) -> float:
        return math.exp(-sum(row[key] for row in rows) / len(rows))

    return value


def _measures(version: str, words: str) -> list[Measure]:
    whole, token = f"{words}; the whole last word", f"{words}; the last token of the last word"
    filtered = f"{whole}, greedy, first tokens that are stop words (NLTK) ruled out"
    v, openai = version, version == "openai"

    def perplexity(name: str, how: str, key: str) -> Measure:
        near = "LAMBADA ppl" if openai else None
        keys, value = [f"{v}_{key}"], _perplexity(f"{v}_{key}")
        return corpus(f"{v}_{name}", "perplexity", how, keys, value, better="lower", near=near)

    def accuracy(name: str, how: str) -> Measure:
        near = "LAMBADA acc" if openai else None
        return mean(f"{v}_{name}", "accuracy, %", how, f"{v}_{name}", scale=100, near=near)

    return [
        perplexity("ppl", whole, "word"),
        perplexity("token_ppl", token, "token"),
        accuracy("acc", f"{whole}, greedy"),
        accuracy("token_acc", f"{token}, greedy"),
        accuracy("filtered_acc", filtered),
    ]


BENCHMARK = Benchmark(
    name="lambada",
    title="LAMBADA",
    source="https://doi.org/10.5281/zenodo.2630551 (original), https://huggingface.co/datasets/"
    "EleutherAI/lambada_openai (OpenAI's version)",
    licence="CC BY 4.0",
    files=(
        File(OPENAI, "4aa8d02cd17c719165fc8a7887fddd641f43fcafa4b1c806ca8abc31fabdb226"),
        File(ORIGINAL, optional=True),
    ),
    get="Save https://huggingface.co/datasets/EleutherAI/lambada_openai, data/lambada_test.jsonl; "
    f"{ORIGINAL} of lambada-dataset.tar.gz beside it adds the original text.",
    read=read,
    judge=judge,
    measures=(
        *_measures("openai", "OpenAI's text"),
        *_measures("original", "original text"),
    ),
    group="paper",
)
