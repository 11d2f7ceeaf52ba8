"""The story worlds: what they write is clean in both languages and follows from the state."""

import json
import re
import subprocess
import sys
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import pytest
from recipes.mini.worlds import SEEN, UNSEEN, WORLDS, draw, story
from recipes.mini.worlds.__main__ import distinct
from recipes.mini.worlds.notes import notes
from recipes.mini.worlds.telling import Story, Teller, halves
from recipes.mini.worlds.values import Person

ROOT = Path(__file__).parents[2]
SEEDS = range(20)
WITH_PEOPLE = {"dragon", "lantern"}  # animals among people without names
EN_FAULTS = [
    r"[{}\[\]|~]",  # a placeholder or a choice that was left
    r"  |^ | $| [.,!?]",
    r"\b[Aa] (?=[aeio]\w)(?!one|unic)",
    r"\b[Aa]n (?![aeiouh])",
    r"\b(\w+) \1\b(?<!had had)(?<!that that)",
    r"[\u3000-\u9fff\uff00-\uffef“”]",
    r"(?<![.!?,:])\"$|[^.!?\"]$",
    r"^[a-z]",
]
ZH_FAULTS = [
    r"[{}\[\]|~]",
    r"[,.!?:;\"'()]",  # ASCII punctuation
    r"\s",
    r"[A-Za-z0-9]",
    r"[，。！？：；、][，。：；、]",
    r"的的|了了(?!解)|个个(?!都)|一一|在在|二[个只条块颗把]|是是(?!非)",
    r"[^。！？”…]$",
]


@lru_cache(None)
def told(world: str, seed: int) -> tuple[Story, Teller]:
    teller = Teller(world, seed)
    import_module(f"recipes.mini.worlds.stories.{world}").tell(teller)
    return teller.finish(), teller


def faults(text: str, patterns: list[str]) -> list[str]:
    return [f"{p}: {text}" for p in patterns if re.search(p, text)]


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_writes_clean_sentences_in_both_languages(world: str) -> None:
    found = []
    for seed in SEEDS:
        s, teller = told(world, seed)
        people = [v for v in teller.state.values() if isinstance(v, Person)]
        for pair in [*s.sentences, s.summary]:
            found += faults(pair["en"], EN_FAULTS) + faults(pair["zh"], ZH_FAULTS)
            assert pair["zh"].count("“") == pair["zh"].count("”"), pair
            assert pair["en"].count('"') % 2 == 0, pair
        text = s.text("zh").replace("其他", "")
        if people and all(p.animal for p in people) and world not in WITH_PEOPLE:
            found += faults(text, ["[他她]"])
    assert not found, found[:5]


@pytest.mark.parametrize("world", WORLDS)
def test_a_story_has_its_parts(world: str) -> None:
    for seed in SEEDS:
        s, _ = told(world, seed)
        words, characters = len(s.text("en").split()), len(s.text("zh"))
        assert 80 <= words <= 330, (seed, words)
        assert 1.2 <= characters / words <= 2.4, (seed, words, characters)
        assert s.paragraphs[0] == 0
        assert s.paragraphs == sorted(set(s.paragraphs))
        assert s.paragraphs[-1] < len(s.sentences)
        assert s.plot
        assert 5 <= len(s.questions) <= 8, (seed, len(s.questions))
        for language in ("en", "zh"):
            assert s.title[language]
            assert "{" not in s.title[language] + s.summary[language]
        for question in s.questions:
            assert question["kind"] in {
                "who",
                "what",
                "where",
                "when",
                "why",
                "how",
                "howmany",
                "yesno",
                "unsaid",
            }
            for language in ("en", "zh"):
                side = question[language]
                assert side["q"].endswith("?" if language == "en" else "？")
                assert side["a"]
                assert not faults(side["a"], [r"[{}\[\]|~]"])


@pytest.mark.parametrize("world", WORLDS)
def test_what_is_answered_is_told(world: str) -> None:
    """A name, a color or a number that answers a question is in the story."""
    for seed in SEEDS:
        s, teller = told(world, seed)
        for question in s.questions:
            if question["kind"] not in ("who", "howmany"):
                continue
            en, zh = question["en"]["a"], question["zh"]["a"]
            names = [
                v
                for v in teller.state.values()
                if (en == v.en or zh == v.zh) and (v.pool or isinstance(v, Person))
            ]
            text = s.text("en").lower() + s.text("zh")
            for value in names:
                assert value.en.lower() in text, (seed, question)
                assert value.zh in text, (seed, question)


def test_a_note_is_clean_and_its_answers_are_read_off_it() -> None:
    unsaid = asked = 0
    for note in notes(120, 3):
        text = {language: note.text(language) for language in ("en", "zh")}
        for pair in note.sentences:
            assert not faults(pair["en"], EN_FAULTS) + faults(pair["zh"], ZH_FAULTS)
        for question in note.questions:
            en, zh = question["en"]["a"], question["zh"]["a"]
            asked += 1
            if question["kind"] == "unsaid":
                unsaid += 1
                assert (en, zh) == ("Not said", "没有说")
            elif question["kind"] == "yesno":
                assert en in ("Yes", "No")
            elif question["kind"] in ("who", "howmany"):
                assert en.removesuffix("'s").lower() in text["en"].lower(), (text, question)
                assert zh.removesuffix("的")[:2] in text["zh"], (text, question)
    assert 0.08 < unsaid / asked < 0.35


def test_a_note_names_each_kind_of_fact_twice() -> None:
    """So that the kind alone does not tell the answer."""
    note = next(note for note in notes(200, 4) if "wore" in note.plot)
    assert len(re.findall(r" wore | far away in ", note.text("en"))) == 2


def test_what_the_state_says_is_told_in_its_own_words() -> None:
    """Rewording changes the sentence around a value, so an answer can be copied from the text."""
    for seed in range(60):
        teller = Teller("kite", seed)
        teller.child("a")
        teller.let(why="he was very sad ~ 他非常难过，可是没有说")
        teller.tell("{a} cried, because {why}. ~ {a}哭了，因为{why}。")
        told = teller.story.sentences[0]
        assert "he was very sad" in told["en"]
        assert "他非常难过，可是没有说" in told["zh"]


def test_yes_and_no_follow_from_the_state() -> None:
    checked = 0
    for seed in range(200):
        s, teller = told("kite", seed)
        for question in s.questions:
            found = re.fullmatch(r"Was the kite (\w+)\?", question["en"]["q"])
            if found:
                yes = found[1] == teller.state["col"].en
                assert question["en"]["a"] == ("Yes" if yes else "No")
                assert question["zh"]["a"] == ("是的" if yes else "不是")
                checked += 1
    assert checked > 50


def test_the_same_seed_tells_the_same_story_and_another_seed_another() -> None:
    for world in WORLDS:
        assert story(world, 7) == told(world, 7)[0]
        assert len({told(world, seed)[0].text("zh") for seed in range(10)}) == 10


def test_the_unseen_worlds_exist_and_are_not_drawn_from() -> None:
    assert set(WORLDS) >= UNSEEN
    assert len(UNSEEN) * 10 >= len(WORLDS) - 9
    assert {s.world for s in draw(len(SEEN) * 2, 1)} == set(SEEN)
    assert not set(SEEN) & UNSEEN


def test_stories_differ() -> None:
    """A small sample; the measured figures are in the folder's README."""
    stories = [told(world, seed)[0] for world in SEEN for seed in range(8)]
    assert distinct(stories, "en") > 0.75
    assert distinct(stories, "zh") > 0.6


def test_the_command_writes_json_lines() -> None:
    command = [sys.executable, "-m", "recipes.mini.worlds", "--stories", "5", "--seed", "2"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    records = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(records) == 5
    assert set(records[0]) == {
        "world",
        "seed",
        "plot",
        "title",
        "sentences",
        "paragraphs",
        "summary",
        "questions",
        "unseen",
    }
    first = story(records[0]["world"], records[0]["seed"])
    assert records[0]["sentences"] == first.sentences


def test_a_line_with_choices_that_do_not_match_is_refused() -> None:
    with pytest.raises(ValueError, match="differ between the languages"):
        halves("He (ran|walked). ~ 他(跑|走|跳)了。")
    with pytest.raises(ValueError, match="once"):
        halves("He ran. 他跑了。")


def test_an_unknown_world_is_named() -> None:
    with pytest.raises(ValueError, match=r"no world 'atlantis'"):
        story("atlantis", 1)


def test_choices_of_one_shape_go_together() -> None:
    for seed in range(20):
        teller = Teller("kite", seed)
        pair = teller._pair("He saw [one|two] [dogs|cats]. ~ 他看见[一|两]只[狗|猫]。")
        assert ("one" in pair["en"]) == ("一" in pair["zh"])
        assert ("dogs" in pair["en"]) == ("狗" in pair["zh"])
