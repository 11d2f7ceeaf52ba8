"""Pack a rung as the package's model: int8 in shards, with a card of data, figures and samples."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from itertools import pairwise
from pathlib import Path
from typing import Any

from recipes.mini import measure, sources
from recipes.mini.rungs import DECAYS, STEP_TOKENS
from recipes.mini.sources import WORK

import gpt2
from gpt2.files import atomic, read_json, write_json
from gpt2.quantization import quantize

TARGET = Path("src/gpt2/bundled/gpt2-mini")
TEXTS = Path("src/gpt2/quantization/texts")
SHARD = 3_900_000  # bytes: tracked files stay below 4 MB
PAUSE = 120  # seconds between two steps that are no training
SAMPLES = 10  # of each language, unpicked
STARTS = {"English": "Once upon a time", "Chinese": "从前"}
DRAWN = {"do_sample": True, "temperature": 0.7, "top_k": 0, "max_new_tokens": 220}
LICENCE = "MIT; trained on texts whose licences the model card names"
DATA = """| data | licence |
|---|---|
| our own story worlds and notes in both languages (`recipes/mini/worlds`) | MIT |
| TinyStories, 9,016 stories (Eldan and Li 2023; written by GPT-3.5 and GPT-4) | CDLA-Sharing-1.0 |
| picture books of African Storybook without NC licences, by the authors of each | CC BY |
| picture books of Pratham Books, by the authors of each | CC BY 3.0 and 4.0 |
| FairytaleQA, training stories and questions (Xu et al. 2022) | Apache-2.0 |
| children's books of Project Gutenberg, the simplest pages | public domain in the USA |
| OneStopEnglish, elementary level (Vajjala and Lucic 2018, from The Guardian) | CC BY-SA 4.0 |
| Tatoeba, English-Chinese pairs (tatoeba.org, by its members) | CC BY 2.0 FR |
| 3AM, captions and their Chinese translations, training split (github MaxyLee/3AM) | MIT |
| HSK sentences (github no7z/hsk-sentences-audio) | CC BY-SA 4.0 |
| chinese-poetry (github chinese-poetry/chinese-poetry), regulated verse of the Tang | MIT |
| Chinese Wikipedia (zh.wikipedia.org, by its authors), 722 articles | CC BY-SA |
"""
CARD = """---
license: mit
language: [en, zh]
library_name: gpt2
pipeline_tag: text-generation
---
# gpt2-mini

This model ships with the package `gpt2`, so that everything runs without a network. It is a GPT-2
with {parameters:,} parameters ({layers} layers, width {width}, context length {context}, and its
own vocabulary of {vocabulary:,}), quantized to int8. It tells small stories in English and
simplified Chinese, answers some questions about them and summarizes them in a sentence. It knows
nothing of the world beyond these stories.

**Training**: {tokens:,} tokens at a constant learning rate and {decay:,} more while the learning
rate decayed to zero. In the decay, three fifths of the text were tasks (stories with questions,
summaries, translations). Training used Muon and bf16 matmuls on two cores of an Intel Xeon with
AMX, next to other work: {operations:.1e} floating-point operations in {hours:.1f} hours.
`recipes/mini` reproduces it, one command per stage, and has a table of tokens by source. The model
was trained on the tasks, so its results on them are not zero-shot.

{curve}

**Figures** (int8; bits per byte of UTF-8 over the first 200,000 bytes of each text, none of which
was in the training data):

{figures}

**Data**: OpenCC converted traditional characters to simplified ones. The test sets of Tatoeba, 3AM
and FairytaleQA were left out.

{data}
**Limits** (figures in the project's `docs/results.md`, "The bundled model"): Stories lose their
thread, names and things get mixed up, and people talk to themselves or share a name. Ten of twenty
Chinese stories, not cherry-picked, continue with a summary or questions, as the training stories
did: stop generating at a line that begins with `Q:` or `TL;DR:`. Its Chinese is narrower than its
English, because most of the Chinese text is our own worlds and sentence pairs.

In questions about stories, it finds where somebody lives and mostly notices when a text does not
give the answer. It is wrong about what happens, who did it and why, and it answers "Who is the
story about?" correctly for five of 33 of its own stories. Summaries have the right names and mostly
the wrong events. Translations from English to Chinese are no better than the nearest sentence in
its training data. It cannot write articles or e-mails, and it does not know news, facts or other
languages.

Old books carry the prejudices of their time. Do not use the model where its output matters.

**Samples**: the first ten of each language, not cherry-picked (temperature 0.7, seeds 0 to 9):

{samples}
"""


def course(run: Path) -> tuple[float, str]:
    """Hours of a run, pauses left out, and a table of its losses."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    steps = [line for line in lines if line["kind"] == "step"]
    took = [b["time"] - a["time"] for a, b in pairwise(steps)]
    hours = sum(seconds for seconds in took if 0 < seconds < PAUSE) / 3600
    held = {line["step"]: line["loss"] for line in lines if line["kind"] == "validation"}
    rows = [
        "| step | held-out loss on the trunk's text, nats per token | training loss |",
        "|---|---|---|",
    ]
    for last in [*range(200, steps[-1]["step"], 200), steps[-1]["step"]]:
        near = [line["loss"] for line in steps if last - 10 < line["step"] <= last]
        rows.append(f"| {last:,} | {held[last]:.2f} |" if last in held else f"| {last:,} | |")
        rows[-1] += f" {statistics.mean(near):.2f} |"
    return hours, "\n".join(rows)


def samples(model: Any) -> str:
    """Unpicked samples, as quotes."""
    parts = []
    for language, start in STARTS.items():
        parts.append(f"*{language}*")
        for seed in range(SAMPLES):
            text = model.generate(start, seed=seed, **DRAWN).replace(sources.END, "").strip()
            parts.append(f"{seed}. " + text.replace("\n", "\n   \n   "))
    return "\n\n".join(parts)


def excerpts(data: Path) -> None:
    """The texts that `gpt2 quantize` calibrates on and measures on: what is trained on, and not."""
    stories = sources.world_stories(data)[:400:8]
    calibrate = [sources.story_text(s, lang) for s in stories for lang in ("en", "zh")]
    calibrate += list(sources.children_books(data))[:24]
    held = measure.held_texts(data)
    tested = [held["novels"][0], *held["unseen worlds, English"][:12],
              *held["unseen worlds, Chinese"][:12]]  # fmt: skip
    for name, texts in (("calibrate", calibrate), ("measure", tested)):
        with atomic(TEXTS / f"{name}.txt") as part:
            part.write_text("\n\n".join(texts) + "\n", "utf-8")


def ship(asked: argparse.Namespace) -> None:
    """Pack a rung's checkpoint with tasks as the package's model."""
    # The last checkpoint: the run's best one by validation may still be the trunk's.
    last = sorted((WORK / asked.name / "tasks/checkpoints").glob("step-*"))[-1]
    excerpts(asked.data)
    for old in TARGET.iterdir():
        old.unlink()
    quantize(last, TARGET, dtype="int8", shard_size=SHARD,
             calibrate=TEXTS / "calibrate.txt", text=TEXTS / "measure.txt")  # fmt: skip
    figures = measure.held_out(TARGET, asked.data)
    sidecar = read_json(TARGET / "gpt2.json")
    write_json(TARGET / "gpt2.json", {"licence": LICENCE, "figures": figures, **sidecar})
    model = gpt2.load(TARGET)
    steps = int(last.name.split("-")[1])
    trunk = round(steps / (1 + DECAYS["tasks"]))
    hours, curve = course(WORK / asked.name / "tasks")
    card = CARD.format(
        hours=hours,
        curve=curve,
        operations=6 * model.config.parameter_count() * steps * STEP_TOKENS,
        parameters=model.config.parameter_count(),
        layers=model.config.n_layer,
        width=model.config.n_embd,
        context=model.config.n_positions,
        vocabulary=model.config.vocab_size,
        tokens=trunk * STEP_TOKENS,
        decay=(steps - trunk) * STEP_TOKENS,
        figures="| text | bits per byte |\n|---|---|\n"
        + "\n".join(f"| {name} | {value:.3f} |" for name, value in figures.items()),
        data=DATA,
        samples=samples(model),
    )
    (TARGET / "README.md").write_text(card, "utf-8")
    shutil.rmtree(TARGET / "tensorboard", ignore_errors=True)
