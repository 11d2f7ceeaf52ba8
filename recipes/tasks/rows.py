"""What a model makes of a recipe's rows that were not trained on, beside what needs no model.

A test set from elsewhere asks whether a model can do a task; these rows, of the very kind that it
was fine-tuned on, ask whether it learned its recipe. Every model is asked in the task's form,
greedily.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mini import Nearest, Picker, tatoeba
from recipes.mini.sources import pairs

from gpt2.evaluation.benchmark import Subject
from gpt2.evaluation.metrics import (
    characters,
    counts,
    exact_match,
    f1,
    from_counts,
    rouge,
    words,
)
from gpt2.evaluation.statistics import bootstrap_error
from gpt2.tasks import TASKS
from gpt2.tasks.sentences import is_cjk, join, sentences
from gpt2.training.inputs.examples import Pair

MOST = 60  # rows that are asked
LENGTH = {"translate": 48, "answer": 32, "summarize": 100}  # tokens written at most
Texts = list[str]
Figures = dict[str, dict[str, float]]  # measure -> its value and standard error


def asked_of(task: str, data: Path, validation: Sequence[Pair]) -> list[Pair]:
    """The rows that are asked. The bundled model has read the pairs of Tatoeba outside of its test,
    so translations are those of the test's short sentences."""
    if task != "translate":
        return random.Random(0).sample(list(validation), min(MOST, len(validation)))
    form = TASKS[task].form
    return [Pair(**form.pair(source=s, target=t)) for s, t in tatoeba(data)]


def known(task: str, data: Path, trained: Sequence[Pair]) -> list[Pair]:
    """What a baseline may pick from: the recipe's rows; of translations the bundled model's too."""
    if task != "translate":
        return list(trained)
    form = TASKS[task].form
    return [*trained, *(Pair(**form.pair(source=s, target=t)) for s, t in pairs(data))]


def on_rows(task: str, model: Any, asked: Sequence[Pair]) -> Figures:
    """The figures of a model."""
    if task == "write":
        return {"own title": _mean(own_title(model, asked))}
    return scored(task, [write_text(task, model, pair.prompt) for pair in asked], asked)


def without_model(task: str, trained: Sequence[Pair], asked: Sequence[Pair]) -> dict[str, Figures]:
    """The same figures of what needs no model, by its name."""
    if task == "write":
        return {"chance": {"own title": {"value": 50.0, "error": 0.0}}}
    return {
        name: scored(task, [system(pair.prompt) for pair in asked], asked)
        for name, system in _systems(task, trained).items()
    }


def _systems(task: str, trained: Sequence[Pair]) -> dict[str, Callable[[str], str]]:
    if task == "translate":
        nearest = Nearest([(_source(pair.prompt), pair.completion.strip()) for pair in trained])
        return {"nearest training pair": lambda prompt: nearest.translation(_source(prompt))}
    if task == "summarize":
        return {"first three sentences": lambda prompt: join(sentences(_source(prompt))[:3]),
                "first sentence": lambda prompt: sentences(_source(prompt))[0]}  # fmt: skip
    of_tongue = {of: Known([pair for pair in trained if is_cjk(_question(pair.prompt)) == of])
             for of in {is_cjk(_question(pair.prompt)) for pair in trained}}  # fmt: skip
    return {
        "most frequent answer": lambda prompt: of_tongue[is_cjk(_question(prompt))].usual,
        "nearest training question's answer": lambda prompt: of_tongue[
            is_cjk(_question(prompt))
        ].nearest(_question(prompt)),
    }


class Known:
    """The answers of one language's training rows."""

    def __init__(self, trained: Sequence[Pair]) -> None:
        self.usual = Counter(pair.completion for pair in trained).most_common(1)[0][0]
        turns = [("", _question(pair.prompt), pair.completion) for pair in trained]
        self.nearest = Picker(turns, _units(turns[0][1])).answer


def _source(prompt: str) -> str:
    """What is translated or summarised, without the end of the prompt."""
    return prompt.removesuffix(" =").removesuffix("\nTL;DR:")


def _question(prompt: str) -> str:
    return prompt.rpartition("Q: ")[2].removesuffix("\nA:")


def _units(text: str) -> Callable[[str], list[str]]:
    return characters if is_cjk(text) else words


def write_text(task: str, model: Any, prompt: str) -> str:
    """What a model writes after a prompt, greedily."""
    stop = {} if task == "summarize" else {"stop_strings": "\n"}
    room = model.config.n_positions - len(model.tokenizer.encode_prompt(prompt))
    length = min(LENGTH[task], room)  # a row fits, and 100 tokens after its prompt may not
    text = model.generate(prompt, max_new_tokens=length, **stop).removeprefix(prompt)
    own = text.split("<|endoftext|>")[0].strip()
    return own if task != "summarize" else join(sentences(own)[:3])


def scored(task: str, given: Texts, asked: Sequence[Pair]) -> Figures:
    """The task's measures of some texts, in per cent."""
    wanted = [pair.completion.strip() for pair in asked]
    if task == "translate":
        return {kind: _of_corpus(kind, given, wanted) for kind in ("bleu", "chrf")}
    both = list(zip(given, wanted, strict=True))
    if task == "answer":
        return {name: _mean([100 * kind(g, w, _units(w)) for g, w in both])
                for name, kind in (("f1", f1), ("em", exact_match))}  # fmt: skip
    found = [rouge(g, w, "zh" if is_cjk(w) else "en") for g, w in both]
    return {name: _mean([100 * one[name] for one in found])
            for name in ("rouge1", "rouge2", "rougeL")}  # fmt: skip


def _of_corpus(kind: str, given: Texts, wanted: Texts) -> dict[str, float]:
    rows = counts(kind, given, wanted, "zh")

    def score(own: Sequence[list[int]]) -> float:
        return from_counts(kind, own, "zh")

    return {"value": round(score(rows), 3), "error": round(bootstrap_error(rows, score), 3)}


def own_title(model: Any, asked: Sequence[Pair]) -> list[float]:
    """100 where a text is likelier under its own title than under the next text's, else 0."""
    subject = Subject(model)
    found = []
    for of in (False, True):  # titles are exchanged within a language
        own = [pair for pair in asked if is_cjk(pair.completion) == of]
        others = own[1:] + own[:1]
        texts = [subject.ids(pair.completion) for pair in own]
        scores = [
            subject.scorer.loglikelihood(
                [(subject.ids(p.prompt), t) for p, t in zip(titled, texts, strict=True)]
            )
            for titled in (own, others)
        ]
        found += [100.0 * (a.logprob > b.logprob) for a, b in zip(*scores, strict=True)]
    return found


def _mean(values: Sequence[float]) -> dict[str, float]:
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return {"value": round(statistics.mean(values), 3), "error": round(error, 3)}
