"""Choosing among fixed answers by their probability: nothing is written, so nothing can go astray.

python examples/choices.py [MODEL]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import gpt2
from gpt2.scoring import Scorer

QUESTIONS = [
    ("Tom fell into the water. Now his clothes were", ["wet", "loud", "square"]),
    ("It was night, and in the sky they saw the", ["moon", "spoon", "shoes"]),
    ("The dog was very hungry, so it wanted to", ["eat", "read", "sing"]),
    ("Lily lost her favorite toy. She was very", ["sad", "tall", "green"]),
]


def choose(scorer: Scorer, prompt: str, choices: Sequence[str]) -> list[tuple[float, str]]:
    """The choices after a prompt, most probable first, with log p a byte.

    A byte, and not in all: a long answer has more factors below 1, and would lose for that alone.
    """
    encode = scorer.model.tokenizer.encode
    pairs = [(encode(prompt), encode(f" {choice}")) for choice in choices]
    scores = scorer.loglikelihood(pairs)
    byte = [s.logprob / len(f" {c}".encode()) for s, c in zip(scores, choices, strict=True)]
    return sorted(zip(byte, choices, strict=True), reverse=True)


def main() -> None:
    """Ask all of them."""
    scorer = Scorer(gpt2.load(sys.argv[1] if len(sys.argv) > 1 else "gpt2-mini"))
    for prompt, choices in QUESTIONS:
        ranked = choose(scorer, prompt, choices)
        print(prompt, "...", ", ".join(f"{choice} ({score:.2f})" for score, choice in ranked))


if __name__ == "__main__":
    main()
