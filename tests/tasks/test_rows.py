"""What a model fine-tuned for a task is measured by on the recipe's own rows."""

from __future__ import annotations

from pathlib import Path

from recipes.tasks.rows import own_title, scored, without_model, write_text

import gpt2
from gpt2.tasks import TASKS
from gpt2.training.inputs.examples import Pair


def pair(task: str, **fields: str) -> Pair:
    return Pair(**TASKS[task].form.pair(**fields))


def test_translations_beside_the_nearest_pair() -> None:
    trained = [
        pair("translate", source="He ran home.", target="他跑回家了。"),
        pair("translate", source="I like tea.", target="我喜欢茶。"),
    ]
    asked = [pair("translate", source="He ran back home.", target="他跑回家了。")] * 3
    found = without_model("translate", trained, asked)["nearest training pair"]
    assert found["bleu"]["value"] == 100
    assert found["bleu"]["error"] == 0
    assert scored("translate", ["我不知道。"] * 3, asked)["chrf"]["value"] < 50


def test_answers_beside_the_most_frequent_and_the_nearest_question_s() -> None:
    trained = [
        *(
            pair("answer", context="A text.", question=f"Who is {n}?", answer="a fox")
            for n in "abc"
        ),
        pair("answer", context="A text.", question="When was the war?", answer="1914"),
        pair("answer", context="文章。", question="谁来了？", answer="狐狸"),
    ]
    asked = [pair("answer", context="Text.", question="When was the great war?", answer="1914"),
             pair("answer", context="文章。", question="谁跑了？", answer="狐狸")]  # fmt: skip
    found = without_model("answer", trained, asked)
    assert found["most frequent answer"]["em"]["value"] == 50
    assert found["nearest training question's answer"]["f1"]["value"] == 100


def test_summaries_beside_the_first_sentences() -> None:
    asked = [pair("summarize", text="A fox ran. It slept. It ate. It left.", summary="A fox ran.")]
    found = without_model("summarize", [], asked)
    assert found["first sentence"]["rouge1"]["value"] == 100
    assert found["first three sentences"]["rouge1"]["value"] < 100


def test_a_text_is_asked_under_its_own_title_and_another(tiny_folder: Path) -> None:
    model = gpt2.load(tiny_folder, engine="native")
    asked = [pair("write", title=t, text=f"The {t} came.") for t in ("fox", "dog", "fox and dog")]
    found = own_title(model, asked)
    assert len(found) == 3
    assert set(found) <= {0.0, 100.0}
    same = [pair("write", title="fox", text=text) for text in ("It ran.", "It slept.")]
    assert own_title(model, same) == [0.0, 0.0]  # neither title is the likelier one


def test_a_prompt_that_nearly_fills_the_context_is_answered_in_what_is_left() -> None:
    model = gpt2.load("gpt2-mini", engine="native", dtype="int8", threads=1)
    prompt = "Tom ran home. " * 124 + "\nTL;DR:"
    assert 412 < len(model.tokenizer.encode_prompt(prompt)) < 512
    assert write_text("summarize", model, prompt)
