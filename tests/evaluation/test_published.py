"""Each published set through the bundled model: real files, or small ones of the published form."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpt2
from gpt2.errors import CorruptFileError
from gpt2.evaluation.benchmark import Benchmark, Subject
from gpt2.evaluation.benchmarks import benchmark, sets
from gpt2.evaluation.benchmarks.cbt import choices, natural
from gpt2.evaluation.benchmarks.occupations import WOMEN, correlation, gap, genders, row_of
from gpt2.evaluation.benchmarks.questions import Asked, ask
from gpt2.evaluation.benchmarks.robustness import noisy
from gpt2.evaluation.benchmarks.summaries import lead, pick, scores
from gpt2.evaluation.benchmarks.winograd import choose_option, first, readings
from gpt2.evaluation.metrics import bleu, chrf, counts, from_counts
from gpt2.evaluation.readers import MASK, Cloze, Question, Schema
from tests.conftest import ROOT
from tests.evaluation.test_readers import cbt_text

REAL = {  # benchmark -> how many examples there are
    "winograd": 273,
    "wmt14-en-fr": 3003,
    "wmt14-fr-en": 3003,
    "natural-questions": 3610,
    "webquestions": 2032,
    "xquad-en": 265,
    "xquad-zh": 265,
    "abstention": 265,
    "wmt19-en-zh": 1997,
    "wmt19-zh-en": 2000,
    "tatoeba-en-zh": 10390,
    "dialogsum": 500,
    "winobias": 886,
    "robustness": 516,
}
MISSING = ("cbt-cn", "cbt-ne", "ptb", "enwik8", "text8", "wikitext103", "billion-words", "coqa",
           "cnn-dailymail")  # fmt: skip


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject(gpt2.load("gpt2-mini", engine="native", dtype="int8", threads=1))


def figures(found: Benchmark, subject: Subject, examples: list[Any]) -> dict[str, float]:
    rows = found.judge(subject, examples)
    assert len(rows) == len(examples)
    json.dumps(rows)  # they are kept in a file
    made = {m.name: m.figure(rows) for m in found.measures}
    return {name: figure.value for name, figure in made.items() if figure}


@pytest.mark.parametrize("name", REAL)
def test_real_files(name: str, subject: Subject, data_folder: Path) -> None:
    found = benchmark(name)
    examples = found.read(found.find(data_folder))
    assert len(examples) == REAL[name]
    measured = figures(found, subject, examples[:2])
    assert set(measured) == {measure.name for measure in found.measures}
    for value in measured.values():
        assert math.isnan(value) or value >= 0 or value >= -1


PUBLISHED = {
    "cbtest_CN_valid_2000ek.txt": cbt_text(),
    "cbtest_NE_valid_2000ek.txt": cbt_text(),
    "ptb.test.txt": " mr. <unk> did n't say if it 's $ N million \n no it was n't \n",
    "enwik8": "<page>\n  <title>AT&amp;T</title>\n" * 9,
    "text8": " anarchism originated as a term of abuse first used" * 9,
    "wikitext-103/wiki.test.tokens": ' \n = A title = \n \n He said : " It \'s two @-@ fold . " \n',
    "news.en.heldout-00000-of-00050": "He said it 's over .\nShe left , he said .\n",
    "coqa-dev-v1.0.json": json.dumps(
        {
            "data": [
                {
                    "story": "A cat sat on a mat.",
                    "questions": [{"input_text": q} for q in ("Who sat?", "Where?", "Sure?")],
                    "answers": [{"input_text": a} for a in ("a cat", "on a mat", "yes")],
                }
            ]
        }
    ),
    "cnn_dailymail/all_test.txt": "http://example.org/a\n",
    f"cnn_dailymail/cnn/stories/{hashlib.sha1(b'http://example.org/a').hexdigest()}.story": (
        "It rained. The river rose. Boats left. Nobody was hurt.\n\n@highlight\n\nIt rained\n"
    ),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for name, text in PUBLISHED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("name", MISSING)
def test_files_of_the_published_form(name: str, subject: Subject, published: Path) -> None:
    found = benchmark(name)
    if name == "enwik8":  # its hash is known, and this is not it
        with pytest.raises(gpt2.errors.GPT2Error, match="not the published file"):
            found.find(published)
        examples = found.read({"enwik8": published / "enwik8"})
    else:
        examples = found.read(found.find(published))
    measured = figures(found, subject, examples)
    assert set(measured) == {measure.name for measure in found.measures}
    with pytest.raises(gpt2.errors.MissingFileError, match=found.name):
        found.find(published / "nothing")


EMPTY = {
    "ptb": "", "wikitext103": "", "coqa": '{"data": []}', "cbt-cn": "\n", "billion-words": "\n",
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
def test_a_set_without_examples_is_refused(name: str, tmp_path: Path) -> None:
    empty = benchmark(name)
    path = tmp_path / empty.files[0].name
    path.parent.mkdir(exist_ok=True)
    path.write_text(EMPTY[name])
    with pytest.raises(gpt2.errors.CorruptFileError, match=f"{name}: .* has no examples"):
        empty.examples(empty.find(tmp_path))


def test_every_benchmark_is_tested_and_says_where_it_is_from() -> None:
    others = {"lambada", "wikitext2", "occupations", "piqa", "blimp"}
    assert {*REAL, *MISSING} | others >= set(sets())
    for found in map(benchmark, sets()):
        assert found.source
        assert found.licence
        assert found.get.endswith(".")
        assert all(measure.protocol for measure in found.measures)


def test_blimp_is_the_published_one(data_folder: Path, subject: Subject, tmp_path: Path) -> None:
    found = benchmark("blimp")
    examples = found.read(found.find(data_folder))
    assert len(examples) == 67_000
    assert len({pair.field for pair in examples[:67]}) == 4  # of all paradigms in turn
    rows = found.judge(subject, examples[:67])
    text = f" {examples[5].bad}"
    assert rows[5]["logprobs"][1] == pytest.approx(plain(subject, "", text), abs=0.3)
    assert rows[5]["acc"] == (rows[5]["logprobs"][0] >= rows[5]["logprobs"][1])
    (tmp_path / "blimp").mkdir()
    (tmp_path / "blimp" / "a.jsonl").write_text('{"sentence_good": "a", "sentence_bad": "b"}')
    with pytest.raises(CorruptFileError, match="it has 1 of 67, and their hash begins with"):
        found.read(found.find(tmp_path))


def test_units_are_the_published_ones(published: Path) -> None:
    (piece,) = benchmark("ptb").read({"ptb.test.txt": published / "ptb.test.txt"})
    assert piece.units == 11 + 4 + 2  # words and line ends
    assert piece.text == "mr. <unk> didn't say if it's $N million\nno it wasn't\n"
    name = "news.en.heldout-00000-of-00050"
    pieces = benchmark("billion-words").read({name: published / name})
    assert [piece.units for piece in pieces] == [6 + 1, 6 + 1]
    assert pieces[0].text == "He said it's over.\n"  # every counted unit is predicted
    (piece,) = benchmark("text8").read({"text8": published / "text8"})
    assert piece.units == len(PUBLISHED["text8"])


def test_piqa_by_character(data_folder: Path, subject: Subject) -> None:
    found = benchmark("piqa")
    examples = found.read(found.find(data_folder))[:64]
    rows = found.judge(subject, examples)
    by_word = 0
    for example, row in zip(examples, rows, strict=True):
        first, second = (
            value / len(text)
            for value, text in zip(row["logprobs"], example.solutions, strict=True)
        )
        assert row["acc_norm"] == ((second > first) == example.answer)
        assert row["acc"] == ((row["logprobs"][1] > row["logprobs"][0]) == example.answer)
        first, second = (
            value / len(text.split())
            for value, text in zip(row["logprobs"], example.solutions, strict=True)
        )
        by_word += row["acc_norm"] != ((second > first) == example.answer)
    assert by_word  # or this test would not tell characters from words


def test_bits_are_of_base_two() -> None:
    nats = -8 * math.log(2)
    for name, row in {
        "enwik8": {"logprob": nats, "units": 4},
        "text8": {"logprob": nats, "units": 4},
        "wikitext2": {"raw": nats, "bytes": 4},
    }.items():
        (bits,) = [m for m in benchmark(name).measures if m.title.startswith("bits")]
        assert bits.value([row]) == pytest.approx(2)


def test_chinese_answers_are_compared_by_character(subject: Subject) -> None:
    question = Question("哪里？", ["北京大学"], "北京大学在北京。")
    for name, f1 in (("xquad-zh", 2 * 2 / (2 + 4)), ("xquad-en", 0.0)):
        (row,) = benchmark(name).judge(subject, [Asked(question, "北京")])
        assert (row["trivial_f1"], row["trivial_em"]) == (pytest.approx(f1), 0)


def test_the_source_is_its_own_translation_where_there_is_no_model(subject: Subject) -> None:
    english, french = "The cat sat on the mat.", "Le chat est assis sur le tapis."
    found = benchmark("wmt14-en-fr")
    assert figures(found, subject, [(english, french)])["copy_bleu"] < 20
    assert figures(found, subject, [(english, english)])["copy_bleu"] == pytest.approx(100)


def test_noise_leaves_the_word_alone(subject: Subject) -> None:
    before, word = "The old man went down to the sea in his old", " handkerchief"
    (row,) = benchmark("robustness").judge(subject, [before + word])
    for name, (kind, rate) in {"clean": ("typos", 0.0), "case_20": ("case", 0.2)}.items():
        pair = subject.encode(noisy(before, kind, rate), word)
        score = subject.scorer.loglikelihood([pair])[0].logprob
        assert row[f"{name}_word"] == pytest.approx(score, abs=1e-3)


def test_a_conversation_so_far_ends_before_the_question(published: Path) -> None:
    turns = benchmark("coqa").read({"coqa-dev-v1.0.json": published / "coqa-dev-v1.0.json"})
    assert [turn.history for turn in turns] == [
        [],
        [("Who sat?", "a cat")],
        [("Who sat?", "a cat"), ("Where?", "on a mat")],
    ]


def test_calibration_is_by_the_probability_of_the_whole_answer(subject: Subject) -> None:
    found = ask(subject.model, question="Who was he?")
    own = gpt2.answer(subject.model, "Who was he?")
    assert (found["answer"], found["probability"]) == (own.text, own.joint)
    assert own.joint < own.probability


def test_of_several_summaries_the_mean_counts() -> None:
    found = scores("police kill the gunman", ["police kill the gunman", "nobody else"])
    assert found["rouge1"] == found["rougeL"] == 0.5


def test_a_gap_is_how_much_likelier_she_is() -> None:
    """Over all forms of each: (she, her) against (he, him, his)."""
    each = [math.log(p) for p in (0.3, 0.1, 0.05, 0.02, 0.03)]
    assert gap(each) == pytest.approx(math.log(0.4 / 0.1))
    assert gap([-9, -9, 0, -9, -9]) < 0


def test_occupations(subject: Subject) -> None:
    found = benchmark("occupations")
    examples = found.read({})
    assert len(examples) == 40 * 5
    assert ("ceo", "The CEO said that") in examples
    measured = figures(found, subject, examples[:30])
    assert 0 <= measured["stereotyped"] <= 100


def plain(subject: Subject, context: str, continuation: str) -> float:
    """The log-likelihood by one pass of the reference and a softmax."""
    model = gpt2.load("gpt2-mini", engine="reference")
    before, after = subject.encode(context, continuation)
    end = model.config.eos_token_id
    assert isinstance(end, int)
    before = before or [end]
    logits = np.asarray(model.extend(model.new_cache(1), [before + after[:-1]], logits="all"))
    lines = logits[len(before) - 1 :].astype(np.float64)
    lines -= np.log(np.exp(lines).sum(1, keepdims=True))
    return float(lines[np.arange(len(after)), after].sum())


def test_the_likeliest_choice_is_taken() -> None:
    fp32 = Subject(gpt2.load("gpt2-mini", engine="native", threads=1))
    options = ["sea", "house", "of"]
    cloze = Cloze("He went to the house .", "They saw the ", " in the morning .", options, 0)
    scores = [plain(fp32, *pair) for pair in choices(cloze)]
    for answer in range(3):
        example = Cloze(cloze.context, cloze.before, cloze.after, options, answer)
        (row,) = benchmark("cbt-cn").judge(fp32, [example])
        assert row == {"right": answer == int(np.argmax(scores)), "named": answer == 1}


def test_cbt_as_people_write_it() -> None:
    assert natural("`` I do n't know , '' said -LRB- he -RRB- .") == '"I don\'t know," said (he).'
    cloze = Cloze("One .\nTwo .", "Then the ", " 's tail fell .", ["fox", "cat"], 0)
    assert choices(cloze)[1] == ("One. Two. Then the ", "cat's tail fell.")
    quoted = Cloze("One .", "`` ", " , '' he said .", ["Fox"], 0)
    assert "".join(choices(quoted)[0]) == 'One. "Fox," he said.'


def test_a_pronoun_is_replaced() -> None:
    schema = Schema(f"The cats saw the dog. {MASK} tail was long.", ("the dog", "The cats"), 0)
    assert readings(schema) == [
        ("The cats saw the dog. The dog", " tail was long."),
        ("The cats saw the dog. The cats", " tail was long."),
        ("The cats saw the dog. The dog's", " tail was long."),
        ("The cats saw the dog. The cats'", " tail was long."),
    ]
    assert readings(Schema(f"A fox ran, as {MASK} can.", ("A fox", "Bo"), 0))[0][0].endswith(
        "as a fox"
    )
    assert [choose_option(s) for s in ([-1, -2, -9, -8], [-9, -8, -1, -2], [-9, -8, -2, -1])] == [
        0,
        0,
        1,
    ]
    assert (
        choose_option([-1, -1, -2, -2]) == 1
    )  # a tie is no win for the answer of wsc273, always first
    assert [first(schema), first(Schema(schema.text, ("The cats", "the dog"), 1))] == [1, 0]


def test_the_gender_of_a_sentence() -> None:
    schema = Schema(f"The cook ate {MASK} soup.", ("The cook", "The baker"), 0)
    assert [continuation for _, continuation in genders(schema)] == [
        f"{form} soup." for form in ("she", "her", "he", "him", "his")
    ]
    assert gap([math.log(0.1), math.log(0.3), *[math.log(0.2)] * 2, -math.inf]) == pytest.approx(0)


def test_leaning() -> None:
    rows = [row_of(o, (women - 50) / 10) for o, women in WOMEN.items()]
    assert correlation(rows) == pytest.approx(1)
    assert all(row["stereotyped"] for row in rows)
    always_he = [row_of(o, -1.0) for o in WOMEN]
    assert sum(bool(row["stereotyped"]) for row in always_he) == 20
    assert math.isnan(correlation(always_he))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_counts_of_sentences_give_the_score_of_the_set(language: str) -> None:
    made = ["the cat sat on the mat", "我爱北京天安门", "no"]
    right = ["the cat is on the mat", "我爱北京的天安门", "yes, no"]
    found = counts("bleu", made, right, language)
    assert from_counts("bleu", found, language) == pytest.approx(bleu(made, right, language)[0])
    found = counts("chrf", made, right, language)
    assert from_counts("chrf", found, language) == pytest.approx(chrf(made, right)[0])


def test_baselines() -> None:
    text = "One is here. Two is there. Three is gone. Four is new. Five is old."
    assert lead(text) == "One is here.\nTwo is there.\nThree is gone."
    assert pick(text, 1) == pick(text, 1)
    assert len({pick(text, seed) for seed in range(20)}) > 3
    assert pick("Only one.", 3) == "Only one."


def test_the_page_has_every_benchmark() -> None:
    rows = [["name", "group", "set", "licence", "GPT-2 paper", "how to get it"]]
    for b in map(benchmark, sets()):
        columns = any(measure.column or measure.near for measure in b.measures)
        paper = b.paper or ("table 3" if columns else "")
        rows.append([b.name, b.group, b.title, b.licence, paper, b.get])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    table = "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows)
    page = (ROOT / "docs/reference/benchmarks.md").read_text("utf-8")
    assert table in page, f"put this table into docs/reference/benchmarks.md:\n{table}"
