"""Generate poems until one has the right form.

python examples/poems.py [TITLE] [MODEL] [TRIES]

The bundled model was trained on Tang verse: title（poet）, then the lines. The program looks for a
quatrain of five or seven characters per line. A small model seldom keeps that form, so the program
tries with one seed after another and prints how many tries it needed. `recipes/poems` fine-tunes a
model for verse, and also checks rhymes and tones.
"""

from __future__ import annotations

import re
import sys

import gpt2

LINE = re.compile(r"[\u4e00-\u9fff]{5}|[\u4e00-\u9fff]{7}")


def quatrain(text: str) -> list[str] | None:
    """The first four lines, if all of them have five characters or all have seven."""
    lines = [part for part in re.split(r"[，。！？；,.\s]+", text) if part][:4]
    formed = len(lines) == 4 and all(LINE.fullmatch(line) for line in lines)
    return lines if formed and len({len(line) for line in lines}) == 1 else None


def main() -> None:
    """Generate until a poem has the form."""
    title, name, tries = [*sys.argv[1:4], *("春望", "gpt2-mini", "40")[len(sys.argv[1:4]) :]]
    model = gpt2.load(name)
    for seed in range(int(tries)):
        start = f"{title}（王维）\n"
        text = "".join(
            model.stream(start, max_new_tokens=48, do_sample=True, temperature=0.7, seed=seed)
        )
        if lines := quatrain(text):
            print(f"《{title}》, written by a program")
            print(f"{lines[0]}，{lines[1]}。\n{lines[2]}，{lines[3]}。")
            print(f"[try {seed + 1} of {tries}; seed {seed}]")
            return
    print(f"[none of {tries} tries kept the form: recipes/poems tunes a model for it]")


if __name__ == "__main__":
    main()
