"""Questions about a text and without one, and how sure the model is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import regex

import gpt2
from gpt2.errors import ContextLengthError, InputError, OptionError, UnsupportedError
from gpt2.tasks.sentences import sentences

Asked = Callable[[Any], list[str]]
CONTEXT = "The old man lived in Paris, near the river. His wife, Mary Ann, died in 1840."
LONG = " ".join(f"The fox number {n} jumps over the dog." for n in range(40))


def probability_of(model: Any, prompt: str, line: str) -> list[float]:
    """The model's log-probability of each token of ``line`` after ``prompt``, by the logits."""
    ids = model.tokenizer.encode(prompt)
    new = model.tokenizer.encode(line)
    logits = model.extend(model.new_cache(1), [[*ids, *new]], logits="all").astype(np.float64)
    shifted = logits - logits.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return [float(logs[len(ids) - 1 + i, token]) for i, token in enumerate(new)]


def test_the_prompt_with_a_context_is_the_papers(mini: Any, asked: Asked) -> None:
    prompts = asked(mini)
    found = gpt2.answer(
        mini, "Where did he live?", CONTEXT, history=[("Who lived there?", "A man")]
    )
    assert prompts == [CONTEXT + "\nQ: Who lived there?\nA: A man\nQ: Where did he live?\nA:"]
    greedy = mini.generate(prompts[0], do_sample=False, max_new_tokens=32)[len(prompts[0]) :]
    assert found.text == greedy.split("\n")[0].strip() == str(found)
    assert found.generated
    assert found.windows == 1


def test_the_probability_is_the_models(mini: Any, asked: Asked) -> None:
    prompts = asked(mini)
    for mode in ("short", "extract"):
        found = gpt2.answer(mini, "Where did he live?", CONTEXT, mode=mode, max_new_tokens=9)
        logs = probability_of(mini, prompts[-1], f" {found.text}")
        assert found.probability == pytest.approx(np.exp(np.mean(logs)), abs=2e-4)
        assert found.joint == pytest.approx(np.exp(np.sum(logs)), abs=2e-4)


def test_without_a_context_there_are_examples(mini: Any, asked: Asked) -> None:
    prompts = asked(mini)
    gpt2.answer(mini, "Who is he?")
    assert prompts == [
        "Q: What do bees make?\nA: honey\n"
        "Q: How many days are there in a week?\nA: seven\n"
        "Q: Which city is the capital of Italy?\nA: Rome\n"
        "Q: Who wrote the play Hamlet?\nA: William Shakespeare\n"
        "Q: What colour is fresh snow?\nA: white\n"
        "Q: In which month is Christmas Day?\nA: December\n"
        "Q: Which planet do we live on?\nA: Earth\n"
        "Q: Who is he?\nA:"
    ]
    gpt2.answer(mini, "他是谁？")
    assert prompts[1].startswith("Q: 蜜蜂酿造什么？\nA: 蜂蜜\n")


def test_a_whole_sentence_is_marked_as_generated(mini: Any, asked: Asked) -> None:
    prompts = asked(mini)
    found = gpt2.answer(mini, "Where did he live?", CONTEXT, mode="sentence")
    assert prompts[0].startswith("The library opens at nine")
    assert prompts[0].endswith(f"A: The library closes at six.\n\n{CONTEXT}\nQ: Where did he "
                               "live?\nA:")  # fmt: skip
    assert found.generated
    assert found.text is not None
    assert sentences(found.text) == [found.text]


@pytest.mark.parametrize("question", ["Once upon a time", "从前"])
def test_the_probability_of_a_sentence_is_without_the_rest_of_its_line(
    mini: Any, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"name": "answer", "prompt": "{question}", "completion": " {answer}"}
    monkeypatch.setattr(mini, "sidecar", {"task": form})  # so that it tells a story on one line
    line = gpt2.answer(mini, question, max_new_tokens=48)
    found = gpt2.answer(mini, question, max_new_tokens=48, mode="sentence")
    assert line.text is not None
    first, *rest = sentences(line.text)
    assert rest
    assert found.text == first
    logs = probability_of(mini, question, first)
    assert found.probability == pytest.approx(np.exp(np.mean(logs)), abs=2e-4)
    assert found.joint == pytest.approx(np.exp(np.sum(logs)), abs=2e-4)


@pytest.mark.parametrize("context", [CONTEXT, "老人住在巴黎，离河很近。他卖了三十年的书。"])
def test_an_extract_is_words_of_one_sentence_as_they_stand(mini: Any, context: str) -> None:
    for question in ("Who died?", "Where did he live?", "When?"):
        found = gpt2.answer(mini, question, context, mode="extract")
        assert not found.generated
        assert found.text
        home = [s for s in sentences(context) if found.text in s]
        assert home
        if context is CONTEXT:
            assert f" {found.text} " in f" {home[0].replace(',', ' ').replace('.', ' ')} "


@pytest.mark.parametrize(
    "context", ["我喜欢今天。天气很好！", "the éte\u0301 9.5, don't. Hello ing!"]
)
def test_an_extract_with_word_pieces(wordpiece: Any, context: str) -> None:
    """The vocabulary has no line end, and its text has spaces that the context has not."""
    for question in ("我？", "天气？", "who?", "the?"):
        found = gpt2.answer(wordpiece, question, context, mode="extract", max_new_tokens=9)
        assert found.text
        assert any(found.text in s for s in sentences(context))
        border = "" if "我" in context else r"\b"
        assert regex.search(border + regex.escape(found.text) + border, context)
    wordpiece.tokenizer.sep_token = None
    with pytest.raises(UnsupportedError, match="neither a token for a line end nor a separator"):
        gpt2.answer(wordpiece, "who?", context, mode="extract")
    wordpiece.tokenizer.sep_token = "[SEP]"


def test_windows_of_word_pieces_fit(wordpiece: Any) -> None:
    context = "我喜欢今天，天气很好。" * 60
    assert gpt2.answer(wordpiece, "我？", context, max_new_tokens=8).windows > 2


def test_a_long_context_is_asked_in_windows(tiny: Any, asked: Asked) -> None:
    prompts = asked(tiny)
    steps: list[tuple[int, int]] = []
    found = gpt2.answer(
        tiny, "Who?", LONG, mode="extract", progress=lambda *step: steps.append(step)
    )
    windows = [p.removesuffix("\nQ: Who?\nA:") for p in prompts]
    assert found.windows == len(windows) > 2
    assert steps[0] == (0, len(windows))
    assert steps[-1] == (len(windows), len(windows))
    for sentence in sentences(LONG):
        assert any(sentence in window for window in windows)
    for before, after in pairwise(windows):  # they overlap
        assert sentences(after)[0] in before
        assert sentences(after)[1] in before
    alone = [gpt2.answer(tiny, "Who?", window, mode="extract") for window in windows]
    assert found.probability == max(one.probability for one in alone)
    assert found.text in {one.text for one in alone if one.probability == found.probability}


@pytest.mark.parametrize("context", [
    " ".join(f"the fox number {n} jumps over the dog and the" for n in range(60)) + ".",
    "老人住在巴黎离河很近" * 40,
    "Short. " + " ".join(f"The fox {n} jumps" for n in range(90)) + ". Short. " * 30,
])  # fmt: skip
def test_windows_overlap_where_sentences_are_long(tiny: Any, asked: Asked, context: str) -> None:
    prompts = asked(tiny)
    gpt2.answer(tiny, "Who?", context, max_new_tokens=8)
    windows = [p.removesuffix("\nQ: Who?\nA:") for p in prompts]
    room = 256 - 8 - len(tiny.tokenizer.encode("\nQ: Who?\nA:"))
    assert len(windows) > 2
    for before, after in pairwise(windows):
        same = max(n for n in range(len(after)) if before.endswith(after[:n]))
        assert len(tiny.tokenizer.encode(after[:same])) > room // 4 - 12
        assert after[0] in "老人住在巴黎离河很近" or f" {after.split()[0]}" in before


def test_what_it_is_not_sure_of_is_not_said(mini: Any) -> None:
    sure = gpt2.answer(mini, "Who died?", CONTEXT)
    refused = gpt2.answer(mini, "Who died?", CONTEXT, min_probability=sure.probability + 0.01)
    assert refused.text is None
    assert refused.probability == sure.probability
    assert "below" in str(refused)
    nothing = gpt2.answer(mini, "Who?", "... --- ...", mode="extract")  # no word to extract
    assert nothing.text is None


def test_what_cannot_be_asked(tiny: Any) -> None:
    for question, context in (("", CONTEXT), ("Who?", " "), ("Who?", "a\x00b")):
        with pytest.raises(InputError, match=r"empty|binary"):
            gpt2.answer(tiny, question, context)
    with pytest.raises(OptionError, match="require a context"):
        gpt2.answer(tiny, "Who?", mode="extract")
    with pytest.raises(ContextLengthError, match="has no room left"):
        gpt2.answer(tiny, "Who? " * 200, CONTEXT)


def test_a_context_without_words_gives_no_words(mini: Any) -> None:
    found = gpt2.answer(mini, "Who?", "\U0001f600 ...", mode="extract")
    assert (found.text, found.reason) == (None, "no answer: the context has no words")


@pytest.mark.parametrize("context", ["ชายชราอาศัยอยู่ริมน้ำ กำลังขายหนังสือ", "बूढ़ा आदमी नदी के पास रहता था"])
def test_an_extract_begins_and_ends_with_whole_characters(mini: Any, context: str) -> None:
    """Vowel signs and accents are characters of Unicode, and no words."""
    whole = regex.findall(r"\X", context)
    for question in ("Who?", "Where?", "When?", "What?"):
        found = gpt2.answer(mini, question, context, mode="extract", max_new_tokens=12).text
        assert found
        assert any(
            whole[i : i + n] == regex.findall(r"\X", found)
            for n in (len(regex.findall(r"\X", found)),)
            for i in range(len(whole))
        )


@pytest.mark.parametrize("name", ["translate", "summarize"])
def test_half_characters_are_not_shown(tiny: Any, name: str) -> None:
    """A model of bytes with random weights writes hardly a whole character."""
    options = {"examples": [("a", "b")]} if name == "translate" else {}
    assert "\ufffd" not in getattr(gpt2, name)(tiny, "\U0001f600\U0001f600", **options)
    raw = tiny.generate("\U0001f600\U0001f600 =", do_sample=False, max_new_tokens=16)
    assert "\ufffd" in raw  # or this test tells nothing


def test_half_characters_are_not_written(tiny: Any) -> None:
    seen = [gpt2.write(tiny, title, kind="email", length=20) for title in ("会议", "日程")]
    assert not any("\ufffd" in text for text in seen)
    raw = tiny.generate("主题：会议\n\n您好", do_sample=True, top_k=40, seed=0, max_new_tokens=80)
    assert "\ufffd" in raw  # or this test tells nothing
