"""Robustness: the effect of typing errors, changed case and lost characters on a prediction.

The model predicts LAMBADA's last word after a passage with noise (`noisy`). The word itself is
unchanged, so the perplexity measures the cost of the noise, not how unusual the noise is. Every
tenth passage is used, at each rate of each kind.

A rate is the share of letters that are changed. The same text, kind, rate and seed give the same
result on every machine, and a higher rate changes the same letters as a lower one and more.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import OptionError
from gpt2.evaluation.benchmark import Measure, Subject, percent, perplexity
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.benchmarks.lambada import last_word
from gpt2.evaluation.readers import read_lines

EVERY = 10
RATES = (0.0, 0.05, 0.1, 0.2)
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
WORDS = {"typos": "the key beside it", "case": "the other case", "drop": "left out"}


def _near(letter: str, draw: float) -> str:
    """An adjacent key on a QWERTY keyboard; letters that are not on it are unchanged."""
    low = letter.lower()
    for row, keys in enumerate(_KEYBOARD):
        if low in keys:
            at = keys.index(low)
            places = [(row, at - 1), (row, at + 1), (row - 1, at), (row + 1, at)]
            beside = [
                _KEYBOARD[r][i] for r, i in places if 0 <= r < 3 and 0 <= i < len(_KEYBOARD[r])
            ]
            neighbour = beside[int(draw * len(beside))]
            return neighbour.upper() if letter.isupper() else neighbour
    return letter


KINDS: dict[str, Callable[[str, float], str]] = {
    "typos": _near,  # an adjacent key
    "case": lambda letter, _: letter.swapcase(),
    "drop": lambda *_: "",
}


def noisy(text: str, kind: str, rate: float, seed: int = 0) -> str:
    """Change a share of the letters of a text.

    Args:
        text: any text; only letters are changed.
        kind: ``typos``, ``case`` or ``drop``.
        rate: the share, 0..1.
        seed: determines the letters, together with the text.
    """
    if kind not in KINDS or not 0 <= rate <= 1:
        raise OptionError(
            f"noise must be {', '.join(KINDS)} at a rate from 0 to 1, found {kind!r} at {rate}."
        )
    digest = hashlib.sha256(f"{seed} {kind} {text}".encode()).digest()
    draws = random.Random(int.from_bytes(digest[:8], "big"))
    change, out = KINDS[kind], []
    for letter in text:
        chosen, how = draws.random(), draws.random()
        touched = letter.isalpha() and chosen < rate
        out.append(change(letter, how) if touched else letter)
    return "".join(out)


def conditions() -> dict[str, tuple[str, float]]:
    """Name -> kind and rate; there is one condition without noise for all kinds."""
    noise = [(kind, rate) for kind in KINDS for rate in RATES if rate]
    return {"clean": ("typos", 0.0), **{f"{k}_{round(100 * r)}": (k, r) for k, r in noise}}


def read(path: Path) -> list[str]:
    """Read every tenth passage."""
    return [str(entry["text"]) for entry in read_lines(path)][::EVERY]


def judge(subject: Subject, examples: Sequence[str]) -> list[dict[str, Any]]:
    """The last word's log-probability, and whether it is predicted, under each condition."""
    sets = []
    for before, word in map(last_word, examples):
        sets.append([(noisy(before, *condition), word) for condition in conditions().values()])
    pairs = [subject.encode(*pair) for choices in sets for pair in choices]
    scores = iter(subject.scorer.loglikelihood(pairs))
    rows = []
    for _ in examples:
        row: dict[str, Any] = {}
        for name in conditions():
            score = next(scores)
            row |= {f"{name}_word": score.logprob, f"{name}_acc": score.greedy}
        rows.append(row)
    return rows


def _measures() -> list[Measure]:
    measures = []
    for name, (kind, rate) in conditions().items():
        noise = f"{rate:.0%} of the letters before it: {WORDS[kind]}" if rate else "no noise"
        how = f"LAMBADA, OpenAI's text, every tenth passage; the whole last word; {noise}"
        title = f"{kind} {rate:.0%}" if rate else "clean"
        measures += [
            perplexity(f"{name}_ppl", f"perplexity, {title}", how, f"{name}_word"),
            percent(f"{name}_acc", f"accuracy, %, {title}", how),
        ]
    return measures


ROBUSTNESS = publish("robustness", read, judge, tuple(_measures()))
