"""Writes stories as JSON lines, shows them, or measures how much they differ.

python -m recipes.mini.worlds --stories 2000 --seed 1 > stories.jsonl
python -m recipes.mini.worlds --stories 3 --world kite --show
python -m recipes.mini.worlds --measure
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict

from . import SEEN, UNSEEN, WORLDS, draw
from .notes import notes
from .telling import Story


def ngrams(story: Story, language: str, n: int = 8) -> list[tuple[str, ...]]:
    """The runs of n words (Chinese: characters) of a story, without line ends."""
    text = story.text(language)
    units = text.split() if language == "en" else list(text.replace("\n", ""))
    return [tuple(units[i : i + n]) for i in range(len(units) - n + 1)]


def distinct(stories: list[Story], language: str) -> float:
    """The share of distinct 8-grams among all."""
    grams = [gram for s in stories for gram in ngrams(s, language)]
    return len(set(grams)) / len(grams)


def measure(count: int, seed: int) -> None:
    """Prints lengths, distinct 8-grams of all worlds together and of each, and its plots."""
    for name, worlds in (("seen", SEEN), ("all", WORLDS)):
        told = list(draw(count, seed, worlds))
        words = sum(len(s.text("en").split()) for s in told) / count
        characters = sum(len(s.text("zh")) for s in told) / count
        print(
            f"{name}: {len(worlds)} worlds, {count} stories, {words:.0f} words and "
            f"{characters:.0f} characters each; distinct 8-grams "
            f"en {distinct(told, 'en'):.1%} zh {distinct(told, 'zh'):.1%}"
        )
    for world in WORLDS:
        told = list(draw(200, seed, (world,)))
        plots = Counter(s.plot for s in told)
        texts = len({s.text("en") for s in told})
        lengths = [len(s.text("en").split()) for s in told]
        print(
            f"{world:12}{' unseen' if world in UNSEEN else '       '} {len(plots):3} plots, "
            f"{texts} of 200 stories differ, {min(lengths)}-{max(lengths)} words, distinct 8-grams "
            f"of 50: en {distinct(told[:50], 'en'):.0%} zh {distinct(told[:50], 'zh'):.0%}"
        )


def show(story: Story) -> None:
    """Prints a story as one would read it."""
    print(f"=== {story.world} {story.seed} {story.plot}")
    for language in ("en", "zh"):
        print(f"# {story.title[language]}\n{story.text(language)}\n= {story.summary[language]}")
    for question in story.questions:
        print(f"[{question['kind']}]", *(" ".join(question[k].values()) for k in ("en", "zh")))
    print()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stories", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", action="append", choices=WORLDS)
    parser.add_argument("--unseen", action="store_true", help="the worlds that are not trained on")
    parser.add_argument("--notes", action="store_true", help="facts on some people, not stories")
    parser.add_argument("--show", action="store_true", help="as text, to read")
    parser.add_argument("--measure", action="store_true")
    args = parser.parse_args()
    if args.measure:
        measure(args.stories, args.seed)
        return
    worlds = tuple(args.world or (sorted(UNSEEN) if args.unseen else SEEN))
    drawn = draw(args.stories, args.seed, worlds)
    for told in notes(args.stories, args.seed) if args.notes else drawn:
        if args.show:
            show(told)
        else:
            record = {**asdict(told), "unseen": told.world in UNSEEN}
            print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
