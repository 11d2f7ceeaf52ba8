"""Text metrics: exact match and F1 of answers, ROUGE, BLEU, chrF; perplexity and bits.

Answers are normalised and compared as in the scripts published with SQuAD (Rajpurkar et al. 2016)
and CoQA (Reddy et al. 2019). ROUGE uses the package rouge-score, with its own tokens for English
and words of any script for other languages; BLEU and chrF use sacrebleu.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import regex

from gpt2.errors import InputError
from gpt2.extras import needed
from gpt2.figures import perplexity_of
from gpt2.tasks.words import WORD

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# Ideographs, kana and Hangul: scripts written without spaces, or counted by character here.
_CHARACTERS = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
)
_UNIT = re.compile(f"[{_CHARACTERS}]|[^\\s{_CHARACTERS}]+")
_CHINESE = ("zh", "zho", "chi", "cmn", "yue", "wuu", "nan", "hak", "gan", "hsn", "lzh")
_UNSPACED = ("ja", "jpn", "ko", "kor", "th", "tha", "lo", "lao", "km", "khm", "my", "mya")
ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def normalise(answer: str) -> str:
    """Normalise an answer like SQuAD: lower case, no ASCII punctuation, articles, extra spaces."""
    bare = answer.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def words(answer: str) -> list[str]:
    """The words of an answer in SQuAD's normal form."""
    return normalise(answer).split()


def characters(answer: str) -> list[str]:
    """The units of a Chinese answer: single ideographs, and complete words of other scripts.

    Punctuation that SQuAD's ASCII list would keep (Unicode category P) separates units.
    """
    marks = {c for c in answer if unicodedata.category(c).startswith("P") and not c.isascii()}
    bare = "".join(" " if c in marks else c for c in answer)
    return _UNIT.findall(normalise(bare))


def exact_match(answer: str, truth: str, units: Callable[[str], list[str]] = words) -> float:
    """1.0 if both are equal after normalisation, else 0.0."""
    return float(units(answer) == units(truth))


def f1(answer: str, truth: str, units: Callable[[str], list[str]] = words) -> float:
    """Harmonic mean of precision and recall of the units, counted with repetition, in 0..1.

    If one side is empty, it is 1.0 if both are, else 0.0, as in CoQA and SQuAD 2.0.
    """
    given, wanted = units(answer), units(truth)
    if not given or not wanted:
        return float(given == wanted)
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted))


def best(
    score: Callable[[str, str, Callable[[str], list[str]]], float],
    answer: str,
    truths: Sequence[str],
    units: Callable[[str], list[str]] = words,
) -> float:
    """The best score against any of several truths (SQuAD, Natural Questions, WebQuestions)."""
    return max(score(answer, truth, units) for truth in truths)


def coqa_f1(answer: str, truths: Sequence[str]) -> float:
    """CoQA's F1 of a turn: with several truths, the mean of the best scores leaving out each one.

    So a model is compared with as many references as a human annotator, whose answer is compared
    with all the others.
    """
    if len(truths) == 1:
        return f1(answer, truths[0])
    scores = [f1(answer, truth) for truth in truths]
    left_out = [max(scores[:i] + scores[i + 1 :]) for i in range(len(scores))]
    return sum(left_out) / len(left_out)


class _Words:
    """Words of any script and single ideographs; rouge-score's own words have only a-z and 0-9."""

    _token = regex.compile(f"[{_CHARACTERS}]|{WORD.pattern}", regex.V1)

    def tokenize(self, text: str) -> list[str]:
        return self._token.findall(unicodedata.normalize("NFC", text).lower())


@cache
def _rouge_scorer(english: bool) -> Any:
    with needed("ROUGE"):
        from rouge_score.rouge_scorer import RougeScorer
    return RougeScorer(list(ROUGE), tokenizer=None if english else _Words())


def rouge(summary: str, reference: str, language: str | None = None) -> dict[str, float]:
    """F1 of ROUGE-1, -2, -L and -Lsum in 0..1, without stemming, and their mean as in the paper.

    ``rougeLsum`` treats lines as sentences. ``average`` is the mean of ROUGE-1, -2 and -L (paper,
    table 4).

    Args:
        summary, reference: texts.
        language: ``en`` counts like rouge-score, whose words contain only a-z and 0-9 ("café" is
            "caf"), for comparison with published figures. Otherwise words consist of letters, their
            marks and digits of any script, and an ideograph is a word; plain English gives the same
            result.
    """
    scorer = _rouge_scorer(language is not None and _base(language) == "en")
    scores = {name: s.fmeasure for name, s in scorer.score(reference, summary).items()}
    scores["average"] = (scores["rouge1"] + scores["rouge2"] + scores["rougeL"]) / 3
    return scores


def bleu(
    translations: Sequence[str], references: Sequence[str], language: str
) -> tuple[float, str]:
    """BLEU of a full test set in 0..100 and sacrebleu's signature, which describes how it counts.

    Args:
        translations: one per sentence.
        references: one per sentence.
        language: of the references, a tag such as ``en``, ``zh-Hant`` or ``zho_Hans``. Chinese
            languages are tokenised with sacrebleu's ``zh``; other languages written without spaces,
            and Korean, into characters; the rest with its ``13a``.
    """
    return _corpus(_metric("bleu", language), translations, references)


def chrf(translations: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
    """chrF2 of a full test set in 0..100 and sacrebleu's signature."""
    return _corpus(_metric("chrf"), translations, references)


def counts(
    kind: str, translations: Sequence[str], references: Sequence[str], language: str
) -> list[list[int]]:
    """The integer statistics that each sentence adds to the corpus score, ``bleu`` or ``chrf``.

    `from_counts` of several sentences gives their corpus score, as in sacrebleu's own bootstrap, so
    scoring many resamples costs only sums.
    """
    _check_lengths(translations, references)
    statistics = _metric(kind, language)._extract_corpus_statistics(
        list(translations), [list(references)]
    )
    return [list(map(int, row)) for row in statistics]


def from_counts(kind: str, rows: Sequence[Sequence[int]], language: str) -> float:
    """The corpus score of sentences from their `counts`, in 0..100."""
    total = [sum(column) for column in zip(*rows, strict=True)]
    return _metric(kind, language)._compute_score_from_stats(total).score


def bleu_tokens(language: str) -> str:
    """The name of the sacrebleu tokeniser used for BLEU into a language."""
    base = _base(language)
    return "zh" if base in _CHINESE else "char" if base in _UNSPACED else "13a"


def _base(language: str) -> str:
    """The language of a tag without script and country: zh for zh-Hant and zh_TW."""
    return re.split("[-_]", language.strip().lower())[0]


def _metric(kind: str, language: str = "en") -> Any:
    if kind == "bleu":
        return _sacrebleu("BLEU", tokenize=bleu_tokens(language))
    return _sacrebleu("CHRF")


@cache
def _sacrebleu(kind: str, **options: Any) -> Any:
    with needed(kind):
        from sacrebleu import metrics
    return getattr(metrics, kind)(**options)


def _corpus(
    metric: Any, translations: Sequence[str], references: Sequence[str]
) -> tuple[float, str]:
    _check_lengths(translations, references)
    score = metric.corpus_score(list(translations), [list(references)])
    return score.score, str(metric.get_signature())


def _check_lengths(translations: Sequence[str], references: Sequence[str]) -> None:
    if len(translations) != len(references) or not references:
        raise InputError(
            f"{len(translations)} translations cannot be compared with {len(references)} "
            "references."
        )


def perplexity(log_likelihood: float, units: int) -> float:
    """exp of the mean negative log-likelihood (nats) per unit: word, token or last word."""
    return perplexity_of(-log_likelihood / units)


def bits(log_likelihood: float, units: int) -> float:
    """Bits per unit (byte or character), from a log-likelihood in nats."""
    return -log_likelihood / units / math.log(2)
