"""What the bundled model does: a story, questions on it, its gist; then a Chinese story.

python examples/first_look.py [SEED]
"""

from __future__ import annotations

import sys
import time

import gpt2

DRAWN = {"do_sample": True, "temperature": 0.7, "max_new_tokens": 200}


def write(model: gpt2.LanguageModel, start: str, seed: int) -> str:
    """A story that goes on from ``start``, printed while it is written; returns it."""
    print(start, end="", flush=True)
    pieces, begin = [start], time.perf_counter()
    for piece in model.stream(start, **DRAWN, seed=seed):
        print(piece, end="", flush=True)
        pieces.append(piece)
    seconds, text = time.perf_counter() - begin, "".join(pieces)
    tokens = len(model.tokenizer.encode(text)) - len(model.tokenizer.encode(start))
    print(f"\n   [{tokens} tokens, {tokens / seconds:,.0f} a second]\n")
    return text


def main() -> None:
    """Show it."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    model = gpt2.load("gpt2-mini")
    size = model.config.parameter_count() / 1e6
    bits = model.sidecar["figures"]["TinyStories"]
    print(f"gpt2-mini: {size:.1f} million parameters, {model.dtype}")
    print(f"{bits:.2f} bits a byte on stories it never saw\n")
    story = write(model, "Once upon a time", seed)
    for question in ("Who is the story about?", "What happened at the end?"):
        found = gpt2.answer(model, question, story)
        print(f"Q: {question}\nA: {found}\n   [probability {found.probability:.2f}]\n")
    print(f"TL;DR: {gpt2.summarize(model, story, method='beam', sentences=1)}\n")
    write(model, "从前，", seed)


if __name__ == "__main__":
    main()
