"""Choose among fixed answers by their probability. Nothing is generated, so no answer is off-topic.

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
    """The choices after a prompt, most probable first, with their log-probability per byte.

    The total would favour short answers: a longer one has more factors below 1.
    """
    encode = scorer.model.tokenizer.encode
    pairs = [(encode(prompt), encode(f" {choice}")) for choice in choices]
    scores = scorer.loglikelihood(pairs)
    byte = [s.logprob / len(f" {c}".encode()) for s, c in zip(scores, choices, strict=True)]
    return sorted(zip(byte, choices, strict=True), reverse=True)


def main() -> None:
    """Rank the choices for each question."""
    scorer = Scorer(gpt2.load(sys.argv[1] if len(sys.argv) > 1 else "gpt2-mini"))
    for prompt, choices in QUESTIONS:
        ranked = choose(scorer, prompt, choices)
        print(prompt, "...", ", ".join(f"{choice} ({score:.2f})" for score, choice in ranked))


if __name__ == "__main__":
    main()
