"""A model's regulated verse, compared with real poems and with shuffled ones.

    PYTHONPATH=src:. python -m benchmarks.poems --model out/poems/run/model --note "which base"

Reads the output of ``python -m recipes.poems pairs``. One poem is generated for the form and title
of each held-out poem, without selection, from the model's full distribution at a temperature.
Shuffled poems keep their characters but not their order, of all characters or of lines. Each share
has its standard error over poems.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import machine, table, write
from recipes.poems import verse
from recipes.poems.__main__ import WORK

import gpt2
from gpt2.training.inputs.examples import Pair, read_pairs

POEMS, SHOWN, LONGEST = 300, 12, 160  # titles at most; poems in the file; tokens of a poem
RNG = 7


def form(pair: Pair) -> verse.Form:
    return verse.FORMS[pair.prompt.split("：")[0]]


def written(model: Any, pairs: Sequence[Pair], temperature: float) -> list[str]:
    """A poem for each prompt, with its number as the seed."""
    return [
        model.generate(pair.prompt, seed=seed, do_sample=True, temperature=temperature, top_k=0,
                       max_new_tokens=LONGEST).removeprefix(pair.prompt)
        for seed, pair in enumerate(pairs)
    ]  # fmt: skip


def printed(lines: Iterable[str]) -> str:
    """Lines of verse as printed, two per line."""
    ends = ("，", "。\n")
    return "".join(line + ends[n % 2] for n, line in enumerate(lines)).rstrip()


def shuffled_signs(poem: str, rng: random.Random) -> str:
    lines = verse.verses(poem)
    signs = list("".join(lines))
    rng.shuffle(signs)
    width = len(lines[0])
    return printed("".join(signs[i : i + width]) for i in range(0, len(signs), width))


def shuffled_lines(poem: str, rng: random.Random) -> str:
    lines = verse.verses(poem)
    rng.shuffle(lines)
    return printed(lines)


def longest_copied(poem: str, trained: str) -> int:
    """The length of the longest run of characters that occurs in a training poem, across lines."""
    signs = "".join(verse.verses(poem))
    best = 0
    for begin in range(len(signs)):
        while signs[begin : begin + best + 1] in trained and begin + best < len(signs):
            best += 1
    return best


def figures(poems: Sequence[str], pairs: Sequence[Pair], trained: str) -> dict[str, Any]:
    """Means over poems, with the standard error of each, and the longest runs."""
    found = [verse.measured(poem, form(pair)) for poem, pair in zip(poems, pairs, strict=True)]
    copied = [longest_copied(poem, trained) for poem in poems]
    means = {name: _mean([_share(one[name]) for one in found]) for name in found[0]}
    return {
        "poems": len(poems),
        **means,
        "copied": {"median": statistics.median(copied), "max": max(copied)},
    }


def _share(value: Any) -> float:
    return statistics.mean(value) if isinstance(value, list) else float(value)


def _mean(values: list[float]) -> dict[str, float]:
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return {"value": round(statistics.mean(values), 4), "error": round(error, 4)}


def by_form(poems: Sequence[str], pairs: Sequence[Pair]) -> dict[str, dict[str, float]]:
    """Form, rhyme and tones of each of the four forms."""
    parts: dict[str, dict[str, float]] = {}
    for name, own in verse.FORMS.items():
        of = [verse.measured(p, own) for p, pair in zip(poems, pairs, strict=True)
              if form(pair) == own]  # fmt: skip
        if of:
            keys = ("form", "rhyme", "regulated")
            parts[name] = {"poems": len(of)} | {
                key: round(statistics.mean(one[key] for one in of), 4) for key in keys
            }
    return parts


def systems(held: Sequence[Pair]) -> dict[str, list[str]]:
    """The real poems and their shuffles, in the order of the prompts."""
    shuffles: dict[str, Callable[[str, random.Random], str]] = {
        "held-out poems": lambda poem, rng: poem,
        "the same, lines shuffled": shuffled_lines,
        "the same, signs shuffled": shuffled_signs,
    }
    return {
        name: [change(pair.completion, random.Random(RNG + n)) for n, pair in enumerate(held)]
        for name, change in shuffles.items()
    }


def measure(model: Any, work: Path, temperature: float, count: int = POEMS) -> dict[str, Any]:
    """All figures over the first ``count`` held-out titles."""
    trained = "\n".join(
        "".join(verse.verses(pair.completion)) for pair in read_pairs(work / "train.jsonl")
    )
    held = read_pairs(work / "held_out.jsonl")[:count]
    poems = written(model, held, temperature)
    return {
        "temperature": temperature,
        "trained_on": trained.count("\n") + 1,
        "systems": {
            name: figures(own, held, trained)
            for name, own in {"model": poems, **systems(held)}.items()
        },
        "forms": {"model": by_form(poems, held),
                  "held-out poems": by_form([pair.completion for pair in held], held)},
        "poems": [{"prompt": pair.prompt, "poem": poem.strip()}
                  for pair, poem in list(zip(held, poems, strict=True))[:SHOWN]],
    }  # fmt: skip


POEM_MEASURES = {
    "form": "right form",
    "width": "lines of right length",
    "rhyme": "rhyme",
    "level rhyme": "rhyme in a level tone",
    "lines": "tones alternate in lines",
    "couplets": "tones opposed in couplets",
    "regulated": "complete pattern",
}


def describe(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            *(f"{own[key]['value']:.1%} ± {own[key]['error']:.1%}" for key in POEM_MEASURES),
            f"{own['repeated']['value']:.1%}",
            f"{own['copied']['median']:.0f} ({own['copied']['max']})",
        ]
        for name, own in found["systems"].items()
    ]
    forms = [
        [name, *(f"{own[name][key]:.1%}" for own in found["forms"].values()
                 for key in ("form", "rhyme", "regulated"))]
        for name in found["forms"]["model"]
    ]  # fmt: skip
    head = ["", *POEM_MEASURES.values(), "characters repeated", "longest copied run (maximum)"]
    count = found["systems"]["model"]["poems"]
    return (
        f"{found['model']} It writes one poem for each of the {count} titles and forms of held-out "
        f"poems, at temperature {found['temperature']} and without selection. These are compared "
        "with the held-out poems and shuffled versions of them. Rhyme and tones follow the "
        "Pingshui table; a character with two tones may count as either. Rhyme, couplets and "
        "pattern count only if the poem's form is right. The longest copied run is the number of "
        f"characters of a poem that follow each other in one of the {found['trained_on']:,} "
        "training poems too: the median, with the maximum in brackets.\n\n"
        + table(head, rows)
        + "\n\n"
        + table(["", *(f"{who}: {what}" for who in found["forms"]
                       for what in ("form", "rhyme", "pattern"))], forms)
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--work", type=Path, default=WORK, help="what the stage pairs wrote")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--count", type=int, default=POEMS)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--name", default="poems", help="of the result's file")
    parser.add_argument("--note", default="", help="which model it is, in a sentence")
    given = parser.parse_args()
    here = machine(["numpy"])
    model = gpt2.load(given.model, threads=given.threads)
    found = measure(model, given.work, given.temperature, given.count)
    print(write(given.name, {"machine": here, "model": given.note, **found}))


if __name__ == "__main__":
    main()
