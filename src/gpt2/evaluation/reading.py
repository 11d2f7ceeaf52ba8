"""XQuAD (Artetxe et al. 2019): questions about paragraphs, the same ones in several languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.metrics import characters, words
from gpt2.evaluation.questions import READ, Asked, judge, measures
from gpt2.evaluation.readers import read_squad
from gpt2.tasks.sentences import sentences

TRAIN_TITLES = 36  # the articles before are for training, where a recipe uses this set
UNITS = {"en": words, "zh": characters}


def xquad(language: str, sha256: str) -> Benchmark:
    """The benchmark of one language: the last 12 articles, which no recipe here trains on."""
    name = f"xquad.{language}.json"

    def read(files: Mapping[str, Path]) -> list[Asked]:
        every = read_squad(files[name])
        known = set(list(dict.fromkeys(q.title for q in every))[:TRAIN_TITLES])
        kept = [question for question in every if question.title not in known]
        return [Asked(question, sentences(question.context)[0]) for question in kept]

    compared = "characters" if language == "zh" else "words"
    return Benchmark(
        name=f"xquad-{language}",
        title=f"XQuAD, {'Chinese' if language == 'zh' else 'English'}",
        source="https://github.com/google-deepmind/xquad",
        licence="CC BY-SA 4.0",
        files=(File(name, sha256),),
        get=f"{name} of the source.",
        read=read,
        judge=judge(UNITS[language], context=True),
        measures=measures(
            f"{READ}; SQuAD's normalisation, by {compared}; the last 12 of 48 articles",
            f"the context's first sentence; by {compared}; the last 12 of 48 articles",
        ),
        together=16,
        group="tasks",
    )
