"""The bundled model's recipe: what its sources hold and leave out, and how they are mixed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from benchmarks import mini, mini_kinds, mini_writing
from benchmarks.ngram import KneserNey, Primed
from recipes.mini import forms, mix, rungs, sources
from recipes.mini.worlds import UNSEEN, draw, story

from gpt2.tokenizer import train_tokenizer


def test_both_kinds_of_quotes() -> None:
    assert sources.typographic("\"It's mine,\" he said. 'No.'") == "“It’s mine,” he said. ‘No.’"
    texts = [f'"Number {n}," he said.' for n in range(300)]
    turned = sum("“" in sources.both_quotes(text) for text in texts)
    assert 70 < turned < 130


def test_lines_of_fixed_width_are_joined() -> None:
    hard = "\n\n".join("\n".join(["a line of some seventy signs or so that a typist broke"] * 3)
                       for _ in range(8))  # fmt: skip
    assert len(sources.unwrapped(hard).split("\n")) == 8
    long = "\n".join(["a paragraph " * 20] * 8)
    assert len(sources.unwrapped(long).split("\n")) == 8


def test_a_story_of_the_file_is_the_teller_s(tmp_path: Path) -> None:
    for told in draw(5, 3):
        kept = json.loads(json.dumps(asdict(told)))
        for language in ("en", "zh"):
            assert sources.story_text(kept, language) == told.text(language)


def test_documents_of_tasks_have_the_commands_forms() -> None:
    told = story("kite", 4)
    text = forms.asked(told.text("en"), [("Who?", "A boy"), ("Why?", "The wind")], "seed")
    assert text.startswith(told.text("en") + "\nQ: ")
    assert {"\nQ: Who?\nA: A boy", "\nQ: Why?\nA: The wind"} <= {
        "\nQ: " + turn for turn in text.split("\nQ: ")[1:]
    }
    assert forms.TRANSLATION.example(source="Hi.", target="嗨。") == "Hi. = 嗨。"


def test_a_mix_repeats_thins_and_counts() -> None:
    found = {"often": ["one two"] * 1 + ["three four"], "seldom": [f"text {n}" for n in range(100)]}
    tokenizer = train_tokenizer(["one two three four text 0 1 2"], 257)
    shares = {"often": mix.Share(3), "seldom": mix.Share(0.25)}
    texts, table = mix.mixed(found, shares, tokenizer, seed=1)
    counts = Counter(texts)
    assert counts["one two"] == counts["three four"] == 3
    assert sum(count for text, count in counts.items() if text.startswith("text")) == 25
    assert table[0]["tokens in the mix"] == 3 * table[0]["unique tokens"]
    assert mix.mixed(found, shares, tokenizer, seed=1)[0] == texts
    assert mix.mixed(found, shares, tokenizer, seed=2)[0] != texts
    few, rows = mix.mixed(found, {"seldom": mix.Share(1, most=40e-6)}, tokenizer, seed=1)
    assert len(few) < 10
    assert rows[0]["documents left out"] > 0


def test_every_source_is_in_a_mix() -> None:
    assert set(mix.TRUNK) == set(sources.SOURCES)
    assert set(mix.PLAIN) <= {*sources.SOURCES, *sources.FRESH_SOURCES}
    assert set(mix.PLAIN) >= set(sources.FRESH_SOURCES)
    assert set(mix.TASKS) == set(forms.TASK_SOURCES)
    assert set(mix.MIXES) == {"trunk", *rungs.DECAYS}


def test_the_plain_decay_has_no_task_in_it() -> None:
    assert not set(mix.MIXES["plain"]) & set(forms.TASK_SOURCES)


def test_a_story_of_the_decay_is_used_in_one_way() -> None:
    used = [number for ways in sources.FRESH.values() for number in ways]
    assert sorted(used) == list(range(40))


def test_stories_come_with_a_summary_and_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "WORK", tmp_path)
    told = [story("kite", seed) for seed in range(80)]
    (tmp_path / "fresh.jsonl").write_text("\n".join(json.dumps(asdict(t)) for t in told))
    texts = {each.text("zh") for each in told}
    found = list(forms.world_tasks(tmp_path, "zh"))
    assert len(found) == 20
    for text in found:
        summary, question = text.index("\nTL;DR: "), text.index("\nQ: ")
        assert text[: min(summary, question)] in texts
        assert text.count("\nA: ") >= 4
    plain = set(sources.fresh_worlds("zh"))
    assert len(plain) == 26
    assert plain < texts
    assert not plain & {text.split("\nTL;DR")[0].split("\nQ:")[0] for text in found}


def test_what_is_held_out_is_not_read(data_folder: Path) -> None:
    pytest.importorskip("opencc")
    if not (data_folder / "simple").is_dir():
        pytest.skip("the simple texts are not here")
    tested = sources.tested_sentences(data_folder)
    pairs = list(sources.pairs(data_folder))
    assert len(pairs) > 40_000
    assert not any(sources.key(side) in tested for pair in pairs[:5000] for side in pair)
    evaluated = sources.read(data_folder / "simple/tinystories_eval.txt.xz")
    trained = set(sources.tinystories(data_folder))
    assert not any(text in trained for text in sources.sections(evaluated))
    every = sources.rows(data_folder / "simple/storybooks_en.jsonl.xz")
    nc = {book["title"] for book in every if book["nc"]}
    free = {b["title"] for b in every if not b["nc"] and not sources.held_book(b["id"])}
    books = [text.split("\n")[0] for text in sources.storybooks(data_folder, "en")]
    assert nc
    assert not (nc - free) & set(books)


def test_the_baselines_of_questions() -> None:
    trained = [("", "What color was the kite?", "Red"), ("", "Where did he go?", "Home")]
    picker = mini.Picker(trained, mini.words)
    assert picker.answer("What color was the boat?") == "Red"
    text = "The boat was blue. A girl sat in it."
    assert mini.overlapping(text, "What color was the boat?", mini.words) == "The boat was blue."
    nearest = mini.Nearest([("I like tea.", "我喜欢茶。"), ("He ran home.", "他跑回家了。")])
    assert nearest.translation("She ran home.") == "他跑回家了。"
    scored = mini._scored(["Not said", "Red"], ["Not said", "Not said"], mini.words)
    assert scored["not said, recalled"] == 0.5
    assert scored["not said, precision"] == 1.0


def test_unseen_worlds_are_not_among_the_stories_to_train_on() -> None:
    assert len(UNSEEN) >= 3
    assert not {told.world for told in draw(200, 1)} & UNSEEN


def test_an_n_gram_model_s_probabilities_sum_to_one() -> None:
    ids = np.random.default_rng(0).integers(0, 6, 400)
    model = KneserNey(ids, 6, order=3)
    for context in ((0,), (1, 2), (3, 3), (0, 1, 2)):
        before = model.logprob(np.array(context)) if len(context) > 1 else 0.0
        logs = [model.logprob(np.array([*context, w])) - before for w in range(6)]
        assert np.exp(logs).sum() == pytest.approx(1.0)


def test_an_n_gram_model_learns_what_follows() -> None:
    model = KneserNey(np.array([0, 1, 2, 3, 4, 5] * 50 + [2, 1]), 6)
    in_order, turned = (model.logprob(np.array(ids)) for ids in ([0, 1, 2, 3], [0, 3, 2, 1]))
    assert in_order > -1
    assert turned < -5


def test_xz_needs_less_of_what_it_has_read() -> None:
    read = Primed(b"".join(f"the fox number {n} ran home. ".encode() for n in range(400)))
    known, strange = (b"the fox number 17 ran home. " * 3, bytes(range(84)))
    assert 2 * read.bits(known) < read.bits(strange)


def test_a_title_s_words_are_counted_in_its_text_and_in_the_others() -> None:
    titles = ["The red kite", "A lost key", "红风筝", "丢失的钥匙"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            mini_writing.gpt2, "write", lambda model, title, **options: f"It was {title}."
        )
        found = mini_writing.writing(None, "story", titles)
    assert found["model"] == {"title's words in the text": 1.0}
    assert found["texts of other titles"] == {"title's words in the text": 0.0}
    assert mini_writing.content("The red kite and the key") == {"red", "kite", "key"}


def test_questions_are_counted_by_kind() -> None:
    kinds = [mini_kinds.kind_of({"en": {"q": question, "a": answer}}) for question, answer in (
        ("Where did Ann live?", "In a box"), ("Where did Ann live?", "Not said"),
        ("Was Ann kind?", "Yes"), ("What was Ann like?", "Kind"), ("Who came?", "Mom"),
    )]  # fmt: skip
    assert len(set(kinds)) == 5
    assert kinds[-1] == mini_kinds.REST
