"""The bundled model on the small world it was made for, next to trivial baselines.

    PYTHONPATH=src:. python -m benchmarks.mini --data ../shared/data [--model M] [--on PARTS]
        [--former FOLDER]: another model, for its bits per byte on the same texts
        [--plain FOLDER]: the last checkpoint of the decay without the tasks, for the same
        [--source FOLDER]: the last checkpoint of the decay with them, before packing, for the
            loss of int8 and int4. (A rung's folder `model` is its best by validation, which is the
            trunk's.)

The stories of the unseen worlds come from ``recipes/mini`` and are never trained on. Baselines for
questions: the most frequent answer in training; the sentence of the text that shares the most words
with the question; the answer of the training question that shares the most words. For summaries:
the first sentence. For translations: the unchanged source; the translation of the nearest training
pair.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks import mini_kinds
from benchmarks.common import RESULTS, machine, note_run, table, write
from benchmarks.mini_writing import ARTICLES, EMAILS, writing
from recipes.mini import measure, sources
from recipes.mini.forms import PAIR_WORDS
from recipes.mini.worlds import SEEN, UNSEEN, draw

import gpt2
from gpt2.evaluation.benchmark import Subject
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.metrics import bleu, characters, chrf, exact_match, f1, rouge, words
from gpt2.evaluation.runner import run
from gpt2.quantization import quantize
from gpt2.tasks.sentences import sentences

STORIES, FAIRY, LINES = 25, 300, 300  # of each unseen world; questions; translations
LIMITS = {  # examples of published sets: what takes a few minutes; the first three are whole
    "blimp": 67_000, "lambada": 5_153, "piqa": 1_838, "xquad-en": 100, "xquad-zh": 100,
    "dialogsum": 25, "tatoeba-en-zh": 200,
}  # fmt: skip
NOT_SAID = {"en": "Not said", "zh": "没有说"}
Question = tuple[str, str, str]  # context, question, answer
Units = Callable[[str], list[str]]


def told(worlds: Any, count: int, seed: int) -> list[Any]:
    """Stories from worlds, ``count`` from each."""
    return list(draw(count * len(worlds), seed, tuple(sorted(worlds))))


def world_questions(stories: list[Any], language: str) -> list[Question]:
    """All questions about some stories."""
    return [
        (story.text(language), str(asked[language]["q"]), str(asked[language]["a"]))
        for story in stories
        for asked in story.questions
    ]


def fairy_questions(data: Path, split: str) -> list[Question]:
    """FairytaleQA questions whose answer occurs verbatim in the section."""
    return [
        (sources.tidy(story["sections"][q["sections"]]), q["question"], q["answer"].rstrip("."))
        for story in sources.rows(data / f"simple/fairytaleqa_{split}.jsonl.xz")
        for q in story["qa"]
        if q["type"].endswith("explicit") and q["sections"] in story["sections"]
    ]


def answering(
    model: Any, asked: list[Question], trained: list[Question], units: Units
) -> dict[str, Any]:
    """F1 and exact match of the model and of the baselines."""
    usual = Counter(answer for _, _, answer in trained).most_common(1)[0][0]
    picker = Picker(trained, units)

    def of_model(context: str, question: str) -> str:
        return gpt2.answer(model, question, context, max_new_tokens=24).text or ""

    systems: dict[str, Callable[[str, str], str]] = {
        "model": of_model,
        "most frequent answer": lambda context, question: usual,
        "sentence of longest overlap": lambda c, q: overlapping(c, q, units),
        "nearest training question's answer": lambda context, question: picker.answer(question),
    }
    found: dict[str, Any] = {"questions": len(asked)}
    for name, system in systems.items():
        given = [system(context, question) for context, question, _ in asked]
        found[name] = _scored(given, [answer for _, _, answer in asked], units)
        if name == "model":
            found["examples"] = [
                {"question": q, "wanted": a, "given": g}
                for (_, q, a), g in list(zip(asked, given, strict=True))[:10]
            ]
    return found


def _scored(given: list[str], wanted: list[str], units: Units) -> dict[str, float]:
    pairs = list(zip(given, wanted, strict=True))
    scores = {
        "f1": statistics.mean(f1(g, w, units) for g, w in pairs),
        "exact": statistics.mean(float(exact_match(g, w, units)) for g, w in pairs),
    }
    unsaid = [(g, w) for g, w in pairs if w in NOT_SAID.values()]
    if unsaid:
        scores["not said, recalled"] = statistics.mean(g == w for g, w in unsaid)
        claimed = [w for g, w in pairs if g in NOT_SAID.values()]
        right = sum(w in NOT_SAID.values() for w in claimed)
        scores["not said, precision"] = right / max(1, len(claimed))
    return {name: round(value, 4) for name, value in scores.items()}


def overlapping(context: str, question: str, units: Units) -> str:
    """The sentence of a text that shares the most words with a question."""
    asked = set(units(question))
    return max(sentences(context), key=lambda s: len(asked & set(units(s))), default="")


class Picker:
    """Returns the answer of the training question that shares the most words."""

    def __init__(self, trained: list[Question], units: Units) -> None:
        unique = list({q: a for _, q, a in trained}.items())
        self.known = [(set(units(q)), a) for q, a in random.Random(0).sample(
            unique, min(4000, len(unique)))]  # fmt: skip
        self.units = units

    def answer(self, question: str) -> str:
        """The answer, chosen by the share of common words."""
        asked = set(self.units(question))
        return max(self.known, key=lambda known: len(asked & known[0]) / len(asked | known[0]))[1]


def summaries(model: Any, stories: list[Any], language: str) -> dict[str, Any]:
    """ROUGE of the model's one sentence and of the story's first sentence."""
    wanted = [story.summary[language] for story in stories]
    texts = [story.text(language) for story in stories]
    systems = {
        "model": [gpt2.summarize(model, t, method="beam", sentences=1) for t in texts],
        "first sentence": [sentences(text)[0] for text in texts],
    }
    found: dict[str, Any] = {"stories": len(stories)}
    for name, given in systems.items():
        scores = [rouge(g, w, language) for g, w in zip(given, wanted, strict=True)]
        found[name] = {
            kind: round(statistics.mean(s[kind] for s in scores), 4)
            for kind in ("rouge1", "rouge2", "rougeL")
        }
    found["examples"] = systems["model"][:5]
    return found


def tatoeba(data: Path) -> list[tuple[str, str]]:
    """Short sentences of the Tatoeba test with their simplified Chinese translations."""
    ends = (data / f"parallel/tatoeba-test-v2021-08-07.eng-zho.{end}" for end in ("eng", "zho"))
    lines = zip(*(sources.read(path).split("\n") for path in ends), strict=True)
    short = [(a, sources.simplified(b)) for a, b in lines if 0 < len(a.split()) <= 8 and b]
    return random.Random(0).sample(short, LINES)


def world_lines(stories: list[Any]) -> list[tuple[str, str]]:
    """Parallel sentences of stories."""
    pairs = [(s["en"], s["zh"]) for story in stories for s in story.sentences]
    pairs = [pair for pair in dict.fromkeys(pairs) if len(pair[0].split()) <= PAIR_WORDS]
    return random.Random(0).sample(pairs, min(LINES, len(pairs)))


def translating(
    model: Any, asked: list[tuple[str, str]], trained: list[tuple[str, str]]
) -> dict[str, Any]:
    """BLEU and chrF of the model and of the baselines."""
    nearest = Nearest(trained)
    given = {
        "model": [
            gpt2.translate(model, source, to="zh", examples=trained[:4]) for source, _ in asked
        ],
        "the source itself": [source for source, _ in asked],
        "nearest training pair": [nearest.translation(source) for source, _ in asked],
    }
    wanted = [target for _, target in asked]
    found: dict[str, Any] = {"sentences": len(asked)}
    for name, texts in given.items():
        found[name] = {
            "bleu": round(bleu(texts, wanted, "zh")[0], 2),
            "chrf": round(chrf(texts, wanted)[0], 2),
        }
    found["examples"] = [
        {"source": s, "wanted": w, "given": g}
        for (s, w), g in list(zip(asked, given["model"], strict=True))[:10]
    ]
    return found


class Nearest:
    """The translation of the training sentence that shares the most words with a sentence."""

    def __init__(self, trained: list[tuple[str, str]]) -> None:
        self.known = [(set(words(source)), target) for source, target in trained]
        self.having: dict[str, list[int]] = {}
        for number, (own, _) in enumerate(self.known):
            for word in own:
                self.having.setdefault(word, []).append(number)

    def translation(self, source: str) -> str:
        """By the share of common words; rare words decide which sentences to compare."""
        asked = set(words(source))
        near = {n for w in sorted(asked, key=lambda w: len(self.having.get(w, ())))[:4]
                for n in self.having.get(w, ())[:2000]}  # fmt: skip
        score = {n: len(asked & self.known[n][0]) / len(asked | self.known[n][0]) for n in near}
        return self.known[max(score, key=score.__getitem__)][1] if score else ""


def copied(model: Any, data: Path, seeds: int = 20) -> dict[str, Any]:
    """How much of unselected stories occurs in the training text: 8-grams, the longest run."""
    found: dict[str, Any] = {}
    for language, start, units in (("English", "Once upon a time", words),
                                   ("Chinese", "从前", characters)):  # fmt: skip
        texts = [model.generate(start, seed=seed, do_sample=True, temperature=0.7,
                                max_new_tokens=200) for seed in range(seeds)]  # fmt: skip
        known: set[tuple[str, ...]] = set()
        runs = [units(text) for text in texts]
        asked = {tuple(run[i : i + 8]) for run in runs for i in range(len(run) - 7)}
        for line in chain.from_iterable(
            (sources.WORK / f"{mix}.jsonl").open(encoding="utf-8") for mix in ("trunk", "tasks")
        ):
            read = units(json.loads(line)["text"])
            known |= asked & {tuple(read[i : i + 8]) for i in range(len(read) - 7)}
        found[language] = {
            "stories": seeds,
            "8-grams seen in training": round(len(known) / max(1, len(asked)), 4),
            "longest run of seen 8-grams, words": max(_longest(run, known) for run in runs),
        }
    return found


def _longest(run: list[str], known: set[tuple[str, ...]]) -> int:
    best = here = 0
    for i in range(len(run) - 7):
        here = here + 1 if tuple(run[i : i + 8]) in known else 0
        best = max(best, here + 7 if here else 0)
    return best


def parts(model: Any, data: Path, name: str) -> dict[str, Callable[[], Any]]:
    """The measurements by name."""
    unseen, seen = told(UNSEEN, STORIES, 1), told(SEEN, 20, 2)
    pairs = list(sources.pairs(data))
    return {
        "bits a byte": lambda: measure.held_out(name, data),
        "questions, unseen worlds, English": lambda: answering(
            model, world_questions(unseen, "en"), world_questions(seen, "en"), words),
        "questions, unseen worlds, Chinese": lambda: answering(
            model, world_questions(unseen, "zh"), world_questions(seen, "zh"), characters),
        mini_kinds.NAME: lambda: mini_kinds.by_kind(model, unseen[::3], {
            lang: Picker(world_questions(seen, lang), units).answer
            for lang, units in (("en", words), ("zh", characters))}),
        "questions, FairytaleQA test": lambda: answering(
            model, fairy_questions(data, "test")[:FAIRY], fairy_questions(data, "train"), words),
        "summaries, unseen worlds, English": lambda: summaries(model, unseen, "en"),
        "summaries, unseen worlds, Chinese": lambda: summaries(model, unseen, "zh"),
        "translation, Tatoeba test, short": lambda: translating(model, tatoeba(data), pairs),
        "translation, unseen worlds": lambda: translating(
            model, world_lines(unseen), [*pairs, *world_lines(seen)]),
        "writing, stories": lambda: writing(model, "story", _titles(unseen)),
        "writing, articles": lambda: writing(model, "article", ARTICLES),
        "writing, e-mails": lambda: writing(model, "email", EMAILS),
        "copied from training": lambda: copied(model, data),
        "published sets": lambda: published(model, data),
    }  # fmt: skip


def _titles(stories: list[Any]) -> list[str]:
    """Ten titles in each language."""
    found = list({story.title["en"]: story.title for story in stories}.values())[:10]
    return [title[language] for language in ("en", "zh") for title in found]


def published(model: Any, data: Path) -> dict[str, Any]:
    """The first examples of published benchmarks, in their published form."""
    found = {}
    for name, limit in LIMITS.items():
        got = run(benchmark(name), Subject(model), data, limit=limit)
        found[got["title"]] = {
            "examples": got["examples"],
            "of": got["of"],
            "measures": {
                measure["title"] + (f", {key}" if key != "value" else ""): round(
                    measure["value"], 2
                )
                for key, measure in got["measures"].items()
            },
        }
    return found


def precisions(source: Path, data: Path) -> dict[str, Any]:
    """The loss of int8 and int4 in bits per byte against the unpacked model, in per cent."""
    before = measure.held_out(source, data)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for dtype in ("int8", "int4"):
            quantize(source, Path(folder) / dtype, dtype=dtype, tokens=0)
            after = measure.held_out(Path(folder) / dtype, data)
            found[dtype] = {t: round(100 * (after[t] / before[t] - 1), 3) for t in before}
    return {"fp32": before, **found}


SCORE_TITLES = {
    "f1": "F1", "exact": "exact match", "not said, recalled": "recall of unanswerable",
    "not said, precision": "precision of unanswerable", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L", "bleu": "BLEU", "chrf": "chrF",
}  # fmt: skip


def describe(found: dict[str, Any]) -> str:
    """The section of the results page."""
    columns = {"gpt2-mini, int8": found["bits a byte"]}
    if "without tasks" in found:
        columns["decayed without task data, fp32"] = found["without tasks"]
    if "former" in found:
        columns["previous gpt2-mini"] = found["former"]
    ngram = RESULTS / "ngram.json"
    counted = json.loads(ngram.read_text("utf-8")) if ngram.exists() else {}
    for name in ("5-gram, modified Kneser-Ney", "xz primed with the training text"):
        if counted:
            columns[name] = {text: counted[text][name] for text in found["bits a byte"]}
    parts = ["Bits per byte on texts that were not trained on (`recipes/mini/measure.py`). The"
             " 5-gram model was trained on the trunk's training text, each document once; xz was"
             " primed with its first 4 MB (`python -m benchmarks.ngram`):",
             table(["text", *columns], [
                 [text, *(f"{column[text]:.3f}" for column in columns.values())]
                 for text in found["bits a byte"]])]  # fmt: skip
    if lost := found.get("precisions"):
        rows = [[text, f"{bits:.4f}", *(f"{lost[kind][text]:+.2f} %" for kind in ("int8", "int4"))]
                for text, bits in lost["fp32"].items()]  # fmt: skip
        parts += ["The cost of rounding the weights, relative to the model before quantization:",
                  table(["text", "fp32, bits per byte", "int8", "int4"], rows)]  # fmt: skip
    for name, part in found.items():
        if isinstance(part, dict) and isinstance(part.get("model"), dict):
            systems = {k: v for k, v in part.items() if isinstance(v, dict)}
            kinds = list(part["model"])
            rows = [[system, *(_shown(scores, kind) for kind in kinds)]
                    for system, scores in systems.items()]  # fmt: skip
            count = next(f"{v} {k}" for k, v in part.items() if isinstance(v, int))
            heads = [SCORE_TITLES.get(kind, kind) for kind in kinds]
            parts += [f"{name[0].upper()}{name[1:]}, {count}:", table(["", *heads], rows)]
    if by_kind := found.get(mini_kinds.NAME):
        parts += mini_kinds.describe(by_kind)
    for language, own in found.get("copied from training", {}).items():
        counts = ", ".join(f"{k}: {v}" for k, v in own.items())
        parts.append(f"Overlap of generated text with the training text, {language}: {counts}.")
    if sets := found.get("published sets"):
        rows = [
            [name, f"{of['examples']:,} of {of['of']:,}", measure, f"{value:.2f}"]
            for name, of in sets.items()
            for measure, value in of["measures"].items()
        ]
        parts += ["Published test sets, on the first examples of each:",
                  table(["set", "examples", "measure", "value"], rows)]  # fmt: skip
    return "\n\n".join(parts)


def _shown(scores: dict[str, float], kind: str) -> str:
    if kind not in scores:
        return ""
    return f"{scores[kind]:.1f}" if kind in ("bleu", "chrf") else f"{100 * scores[kind]:.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", default="gpt2-mini")
    parser.add_argument("--on", help="parts whose names contain this")
    parser.add_argument("--source", type=Path, help="the folder of the model before it was packed")
    parser.add_argument("--former", type=Path, help="the folder of another model")
    parser.add_argument("--plain", type=Path, help="the folder of the decay without the tasks")
    given = parser.parse_args()
    path = RESULTS / "mini.json"
    result: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if given.source:
        result["precisions"] = precisions(given.source, given.data)
    if given.former:
        result["former"] = measure.held_out(given.former, given.data)
    if given.plain:
        result["without tasks"] = measure.held_out(given.plain, given.data)
    if given.source or given.former or given.plain:
        write("mini", result)
    model = gpt2.load(given.model)
    for name, part in parts(model, given.data, given.model).items():
        if given.on is None or given.on in name:
            result |= {"machine": machine(["numpy", "sacrebleu"]), "model": Path(given.model).name}
            result[name] = part()
            note_run(result, name)
            print(name, json.dumps({k: v for k, v in result[name].items() if k != "examples"}))
            write("mini", result)


if __name__ == "__main__":
    main()
