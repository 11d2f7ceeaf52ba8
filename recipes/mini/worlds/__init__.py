"""Story worlds: small simulations told in plain English and plain Chinese, in parallel.

The stories, their summaries and questions are under the project's licence: a program writes them
from the sentences in `stories/`. Spelling is American, as in the other stories of the mixture.

    from recipes.mini.worlds import story
    print(story("kite", 7).text("zh"))
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from . import stories
from .telling import Story, Teller

UNSEEN = frozenset({"bakery", "lantern", "raft", "robot"})  # never trained on
WORLDS = tuple(sorted(m.name for m in pkgutil.iter_modules(stories.__path__)))
SEEN = tuple(w for w in WORLDS if w not in UNSEEN)


def story(world: str, seed: int) -> Story:
    """The story of a world that belongs to a seed: the same one every time."""
    if world not in WORLDS:
        raise ValueError(f"there is no world {world!r}; there are {', '.join(WORLDS)}")
    teller = Teller(world, seed)
    import_module(f"{stories.__name__}.{world}").tell(teller)
    return teller.finish()


def draw(count: int, seed: int, worlds: tuple[str, ...] = SEEN) -> Iterator[Story]:
    """`count` stories, the worlds in turn; another `seed` gives other stories."""
    for i in range(count):
        yield story(worlds[i % len(worlds)], seed * 1_000_000 + i // len(worlds))
