"""What the bundled model does, and what it does not: a story with its gist, questions on a story
that it was never trained on, a Chinese story.

python examples/first_look.py [SEED]
"""

from __future__ import annotations

import sys
import time

import gpt2

DRAWN = {"do_sample": True, "temperature": 0.7, "max_new_tokens": 200}
AFTER = ("\nQ:", "\nTL;DR:")  # some stories go on with questions, as those it was trained on did
JULIA = (
    "Everybody knew the stubborn little girl who lived in two small rooms in the mountains. Her "
    "name was Julia. One Friday afternoon, Julia went out to look for strawberries. There were "
    "strawberries here and strawberries there, and Julia went deeper and deeper among the birches. "
    "The sun went down, and Julia did not know the way home. Somebody was coming through the "
    "birches with a red lantern. It was Mom! Mom took Julia's hand, and the lantern showed them "
    "the way. From then on Julia always came home before dark."
)
ASKED = {  # what `docs/results.md` says of questions of each kind
    "Where did Julia live?": "where somebody lives it finds",
    "What did Julia have for breakfast?": "what a text does not say it mostly sees",
    "Why did Julia get lost?": "what happens, and why, it nearly always gets wrong",
}


def write(model: gpt2.LanguageModel, start: str, seed: int) -> str:
    """A story that goes on from ``start``, printed while it is written; returns it."""
    print(start, end="", flush=True)
    shown, held, begin = start, "", time.perf_counter()
    for piece in model.stream(start, **DRAWN, seed=seed, stop_strings=AFTER):
        held += piece
        if not any(end.startswith(held) for end in AFTER):
            print(held, end="", flush=True)
            shown, held = shown + held, ""
    seconds = time.perf_counter() - begin
    tokens = len(model.tokenizer.encode(shown + held)) - len(model.tokenizer.encode(start))
    print(f"\n   [{tokens} tokens, {tokens / seconds:,.0f} a second]\n")
    return shown


def main() -> None:
    """Show it."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    model = gpt2.load("gpt2-mini")
    size = model.config.parameter_count() / 1e6
    bits = model.sidecar["figures"]["TinyStories"]
    print(f"gpt2-mini: {size:.1f} million parameters, {model.dtype}")
    print(f"{bits:.2f} bits a byte on stories it never saw\n")
    story = write(model, "Once upon a time", seed)
    print(f"TL;DR: {gpt2.summarize(model, story, method='beam', sentences=1)}")
    print("   [the names are mostly right, what happened is mostly not]\n")
    print(f"A story that it was never trained on, and what it answers:\n{JULIA}\n")
    for question, holds in ASKED.items():
        found = gpt2.answer(model, question, JULIA)
        print(f"Q: {question}\nA: {found}\n   [probability {found.probability:.2f}; {holds}]\n")
    write(model, "从前，", seed)


if __name__ == "__main__":
    main()
