"""What the bundled model can and cannot do: a story with its summary, questions about a story that
it was not trained on, and a Chinese story.

python examples/first_look.py [SEED]
"""

from __future__ import annotations

import sys
import time
from typing import Any

import gpt2

DRAWN: dict[str, Any] = {"do_sample": True, "temperature": 0.7, "max_new_tokens": 200}
AFTER = ("\nQ:", "\nTL;DR:")  # some stories continue with questions, as training stories did
JULIA = (
    "Everybody knew the stubborn little girl who lived in two small rooms in the mountains. Her "
    "name was Julia. One Friday afternoon, Julia went out to look for strawberries. There were "
    "strawberries here and strawberries there, and Julia went deeper and deeper among the birches. "
    "The sun went down, and Julia did not know the way home. Somebody was coming through the "
    "birches with a red lantern. It was Mom! Mom took Julia's hand, and the lantern showed them "
    "the way. From then on Julia always came home before dark."
)
ASKED = {  # what `docs/results.md` reports for each kind of question
    "Where did Julia live?": "it finds where somebody lives",
    "What did Julia have for breakfast?": "it mostly notices when a text does not give the answer",
    "Why did Julia get lost?": "it is nearly always wrong about what happens, and why",
}


def write(model: gpt2.LanguageModel, start: str, seed: int) -> str:
    """Continue ``start`` as a story, print it while it is generated, and return it."""
    print(start, end="", flush=True)
    shown, held, begin = start, "", time.perf_counter()
    for piece in model.stream(start, **DRAWN, seed=seed, stop_strings=AFTER):
        held += piece
        if not any(end.startswith(held) for end in AFTER):
            print(held, end="", flush=True)
            shown, held = shown + held, ""
    seconds = time.perf_counter() - begin
    tokens = len(model.tokenizer.encode(shown + held)) - len(model.tokenizer.encode(start))
    print(f"\n   [{tokens} tokens, {tokens / seconds:,.0f} tokens/s]\n")
    return shown


def main() -> None:
    """Print the model's size, two stories, a summary and three answers."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    model = gpt2.load("gpt2-mini")
    size = model.config.parameter_count() / 1e6
    bits = model.sidecar["figures"]["TinyStories"]
    print(f"gpt2-mini: {size:.1f} million parameters, {model.dtype}")
    print(f"{bits:.2f} bits per byte on stories it never saw\n")
    story = write(model, "Once upon a time", seed)
    print(f"TL;DR: {gpt2.summarize(model, story, method='beam', sentences=1)}")
    print("   [the names are mostly right, the events mostly wrong]\n")
    print(f"A story that it was never trained on, and its answers to questions:\n{JULIA}\n")
    for question, holds in ASKED.items():
        found = gpt2.answer(model, question, JULIA)
        print(f"Q: {question}\nA: {found}\n   [probability {found.probability:.2f}; {holds}]\n")
    write(model, "从前，", seed)


if __name__ == "__main__":
    main()
