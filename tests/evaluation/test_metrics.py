"""Exact numbers, from the published definitions and the packages' own examples."""

from __future__ import annotations

import math

import pytest
from rouge_score import rouge_scorer

from gpt2.errors import InputError
from gpt2.evaluation.metrics import (
    best,
    bits,
    bleu,
    characters,
    chrf,
    coqa_f1,
    exact_match,
    f1,
    normalise,
    perplexity,
    rouge,
)
from gpt2.evaluation.statistics import bootstrap_error, calibration, mean_error


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        ("The  Broncos!", "broncos"),
        ("an apple, a day", "apple day"),
        ("U.S.A.", "usa"),  # punctuation goes before words are cut
        ("co-op", "coop"),
        ("theatre", "theatre"),  # an article is a whole word
        ("the", ""),
    ],
)
def test_squad_normalisation(answer: str, form: str) -> None:
    assert normalise(answer) == form


def test_f1_counts_with_repetition() -> None:
    assert f1("the Denver Broncos", "Broncos of Denver") == pytest.approx(2 * 2 / (2 + 3))
    assert f1("no no no", "no") == pytest.approx(2 * 1 / (3 + 1))
    assert f1("x", "y") == 0
    assert f1("The", "a") == 1  # nothing left on either side
    assert f1("the", "cat") == 0
    assert best(f1, "Denver", ["Santa Clara", "Denver"]) == 1
    assert exact_match("The Denver Broncos.", "denver broncos") == 1
    assert exact_match("Denver", "denver broncos") == 0


def test_chinese_answers_are_compared_by_character() -> None:
    assert characters("《黑豹队》的 NFL，308分。") == [*"黑豹队的", "nfl", "308", "分"]
    assert f1("丹佛野马队", "野马队", characters) == pytest.approx(2 * 3 / (5 + 3))
    assert f1("丹佛野马队", "野马队") == 0  # by words it is all or nothing
    assert exact_match("“308分”", "308 分", characters) == 1


def test_coqa_leaves_each_reference_out_once() -> None:
    # best of {b, c}: 1, best of {a, c}: 0, best of {a, b}: 1
    assert coqa_f1("white", ["cream", "white", "grey"]) == pytest.approx((1 + 0 + 1) / 3)
    assert coqa_f1("white", ["white"]) == 1


def test_rouge() -> None:
    """The example of Lin (2004), section 3.1 and 2: S1 is the reference."""
    scores = rouge("police kill the gunman", "police killed the gunman")
    assert scores["rouge1"] == pytest.approx(3 / 4)
    assert scores["rouge2"] == pytest.approx(1 / 3)
    assert scores["rougeL"] == pytest.approx(3 / 4)
    assert rouge("the gunman kill police", "police killed the gunman")["rougeL"] == 0.5
    assert scores["average"] == pytest.approx((3 / 4 + 1 / 3 + 3 / 4) / 3)


def test_rouge_reads_chinese() -> None:
    scores = rouge("我爱北京天安门", "我爱北京")
    assert scores["rouge1"] == pytest.approx(2 * 4 / (7 + 4))
    assert scores["rouge2"] == pytest.approx(2 * 3 / (6 + 3))
    assert rouge("2026年的 GPT-2", "gpt 2")["rouge1"] == pytest.approx(2 * 2 / (5 + 2))


@pytest.mark.parametrize("text", [
    "Привет, мир и труд", "हिन्दी में लिखा हुआ", "สวัสดีชาวโลก", "مرحبا بالعالم العربي", "déjà vu été",
    "我爱北京", "日本語の文", "한국어 문장", "γειά σου κόσμε", "שלום עולם טוב",
])  # fmt: skip
def test_rouge_of_a_text_and_itself_is_whole_in_any_script(text: str) -> None:
    assert set(rouge(text, text).values()) == {1.0}
    assert rouge(text, "nothing of this")["rouge1"] == 0


def test_rouge_keeps_accents_and_marks() -> None:
    assert rouge("déjà", "dàjé")["rouge1"] == 0
    assert rouge("de\u0301ja\u0300", "déjà")["rouge1"] == 1
    assert rouge("कि", "की")["rouge1"] == 0
    assert rouge("กำลังมา", "กำลังไป")["rouge1"] == pytest.approx(2 * 3 / (5 + 5))


def test_rouge_of_english_is_the_packages() -> None:
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"])
    a, b = "The café’s owner sat.\nIt's 3.5% more; naïve.", "The cafe's owner, naïve, sat: 3.5 %."
    theirs = scorer.score(b, a)
    ours = rouge(a, b, "en")
    assert {name: theirs[name].fmeasure for name in theirs} == {k: ours[k] for k in theirs}
    plain = a.replace("é", "e").replace("ï", "i"), b.replace("ï", "i")
    assert rouge(*plain) == rouge(*plain, "en")


@pytest.mark.parametrize(
    ("language", "cut"),
    [("zh-Hant", "zh"), ("zh_CN", "zh"), ("zho_Hans", "zh"), ("yue", "zh"), ("cmn", "zh"),
     ("ZH", "zh"), ("ja", "char"), ("ja-JP", "char"), ("kor_Hang", "char"), ("th", "char"),
     ("lo", "char"), ("km", "char"), ("my", "char"), ("en", "13a"), ("pt-BR", "13a")],
)  # fmt: skip
def test_bleu_cuts_by_the_language_whatever_its_tag(language: str, cut: str) -> None:
    text = "我爱北京天安门" if cut != "13a" else "the cat sat on the mat"
    score, signature = bleu([text], [text], language)
    assert score == pytest.approx(100)
    assert f"tok:{cut}" in signature


def test_bleu_and_chrf() -> None:
    score, signature = bleu(["the cat sat on the mat"], ["the cat sat on the mat"], "en")
    assert score == pytest.approx(100)
    assert "tok:13a" in signature
    # Precisions 5/6, 3/5, 1/4, and 1/6 for no 4-gram (exponential smoothing); no brevity penalty.
    one_wrong, _ = bleu(["the cat sat on a mat"], ["the cat is on a mat"], "en")
    assert one_wrong == pytest.approx(100 * (5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25)
    chinese, signature = bleu(["我爱北京天安门"], ["我爱北京天安门"], "zh")
    assert chinese == pytest.approx(100)
    assert "tok:zh" in signature
    assert bleu(["我爱北京天安门"], ["我爱北京天安们"], "en")[0] < 1e-9  # one word, and wrong
    assert bleu(["我爱北京天安门"], ["我爱北京天安们"], "zh")[0] > 70
    assert chrf(["abc"], ["abc"])[0] == pytest.approx(100)
    with pytest.raises(InputError, match="1 translations cannot be compared with 2"):
        bleu(["a"], ["a", "b"], "en")


def test_perplexity_and_bits() -> None:
    assert perplexity(10 * math.log(1 / 8), 10) == pytest.approx(8)
    assert bits(10 * math.log(1 / 8), 5) == pytest.approx(6)


def test_standard_errors() -> None:
    assert mean_error([0, 1, 1, 0]) == pytest.approx(math.sqrt(1 / 3) / 2)
    assert math.isnan(mean_error([1]))
    values = [float(i % 2) for i in range(100)]
    drawn = bootstrap_error(values, lambda v: sum(v) / len(v), times=500)
    assert drawn == pytest.approx(mean_error(values), rel=0.1)
    assert drawn == bootstrap_error(values, lambda v: sum(v) / len(v), times=500)


def test_calibration() -> None:
    sure = [0.1, 0.9, 0.2, 0.8]
    right = [0, 1, 0, 0]
    found = calibration(sure, right, bins=2, share=0.25)
    assert [(b.count, b.accuracy) for b in found.bins] == [(2, 0), (2, 0.5)]
    assert [b.confidence for b in found.bins] == pytest.approx([0.15, 0.85])
    assert found.error == pytest.approx((0.15 + 0.35) / 2)
    assert (found.top, found.top_count) == (1, 1)
    with pytest.raises(InputError):
        calibration([], [])
