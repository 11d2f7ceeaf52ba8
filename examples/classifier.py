"""Classify texts on a CPU, without PyTorch: logistic regression on the model's activations.

python examples/classifier.py [TABLE.csv] [MODEL]

TABLE.csv has lines of the form text,label. Without it, the program uses 24 sentences, glad and sad.
It holds out a quarter of the lines four times in turn, so each line is classified once by a
classifier that was not trained on it.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import gpt2

GLAD = """Tom got a new kite and jumped for joy.
Lily smiled all day because she won the race.
The children had so much fun at the party.
Mom gave me a big hug and I felt loved.
The dog wagged its tail and ran to its friend.
It was the best birthday that Mia ever had.
Ben laughed when the funny clown came in.
The old man was glad to see his family again.
They danced and sang under the warm sun.
Sue loved the cake and asked for more.
The little bird sang a happy song.
We played in the park and had a great time."""
SAD = """Tom broke his kite and began to cry.
Lily was alone and missed her mom.
The boy fell down and hurt his knee.
Nobody wanted to play with the little girl.
The dog was lost and cold in the rain.
Mia cried all night because her cat ran away.
Ben was scared of the dark and could not sleep.
The old man was sick and had no friends.
They had to go home because of the storm, and were sad.
Sue dropped her cake and tears ran down her face.
The little bird hurt its wing and could not fly.
Dad was angry and shouted at us."""


def rows_of(path: str | None) -> list[tuple[str, str]]:
    """Texts with their labels."""
    if path is None:
        glad, sad = ([(text, mood) for text in texts.splitlines()]
                     for mood, texts in (("glad", GLAD), ("sad", SAD)))  # fmt: skip
        return [*glad, *sad]
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in csv.reader(file) if len(row) > 1]


def features(model: gpt2.native.NativeEngine, text: str) -> np.ndarray:
    """The features of a text: the output of the last LayerNorm, averaged over its tokens."""
    seen: list[np.ndarray] = []
    with model.tapped(lambda name, x: seen.append(x[0].mean(0)), points=["ln_f"]):
        model.extend(model.new_cache(1), [model.tokenizer.encode(text)])
    return seen[0]


def fit(x: np.ndarray, y: np.ndarray, classes: int, steps: int = 300) -> np.ndarray:
    """The weights of a softmax regression, by gradient descent with a little weight decay."""
    w = np.zeros((x.shape[1], classes))
    for _ in range(steps):
        z = x @ w
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        w -= 0.5 * (x.T @ p / len(y) + 1e-3 * w)
    return w


def main() -> None:
    """Train and test."""
    path, name = [*sys.argv[1:3], None, None][:2]
    rows = rows_of(path)
    labels = sorted({label for _, label in rows})
    model = gpt2.load(name or "gpt2-mini")
    assert isinstance(model, gpt2.native.NativeEngine)  # the engine that exposes activations here
    x = np.array([features(model, text) for text, _ in rows])
    y = np.array([labels.index(label) for _, label in rows])
    order, right = np.random.default_rng(0).permutation(len(rows)), 0
    for test in np.array_split(order, 4):
        train = np.setdiff1d(order, test)
        mean, spread = x[train].mean(0), x[train].std(0) + 1e-6
        z = np.hstack([(x - mean) / spread / np.sqrt(x.shape[1]), np.ones((len(x), 1))])
        right += int(((z[test] @ fit(z[train], y[train], len(labels))).argmax(1) == y[test]).sum())
    print(f"{len(rows)} texts, labels: {', '.join(labels)}")
    print(f"right: {right / len(rows):.0%}; always saying the most frequent: "
          f"{max(Counter(y.tolist()).values()) / len(rows):.0%}")  # fmt: skip


if __name__ == "__main__":
    main()
