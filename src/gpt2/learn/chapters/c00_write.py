"""Chapter 0: a text is written by asking for the next token again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gpt2 import reference
from gpt2.learn.exercise import Exercise, Mistake, tiny
from gpt2.reference import Array

Logits = Callable[[list[int]], Array]


def write(logits: Logits, ids: list[int], count: int) -> list[int]:
    """The ids followed by ``count`` new ones, each the most probable next token.

    logits(ids) returns an array [T, V] with a row for each of the T ids. A row holds a score for
    each of the V tokens that could come next. ids is a list of ints. Return a list of ints.
    """
    ids = list(ids)
    for _ in range(count):
        ids.append(int(logits(ids)[-1].argmax()))
    return ids


def _never_fed(logits: Logits, ids: list[int], count: int) -> list[int]:
    return [*ids, *[int(logits(ids)[-1].argmax())] * count]


def _last_alone(logits: Logits, ids: list[int], count: int) -> list[int]:
    return write(lambda known: logits(known[-1:]), ids, count)


def _first_row(logits: Logits, ids: list[int], count: int) -> list[int]:
    return write(lambda known: logits(known)[:1], ids, count)


def _least(logits: Logits, ids: list[int], count: int) -> list[int]:
    return write(lambda known: -logits(known), ids, count)


def _new_alone(logits: Logits, ids: list[int], count: int) -> list[int]:
    return write(logits, ids, count)[len(ids) :]


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, ids, count in ((0, [3, 1, 4], 6), (9, [5, 9, 2, 6, 5], 5), (20, [7, 8], 8)):
        config, weights = tiny(seed)
        yield lambda known, c=config, w=weights: reference.forward(w, c, known), ids, count


EXERCISE = Exercise(
    0, "One token at a time", write, _cases,
    (
        Mistake("the text is not fed back", "append each chosen token to the ids before you call "
                "logits() again", _never_fed),
        Mistake("only the last token is read", "pass all ids so far to logits(): the next token "
                "depends on all of them", _last_alone),
        Mistake("the wrong row", "row t scores what follows token t: the last row, not the first, "
                "scores the next token of the whole text", _first_row),
        Mistake("the least probable token", "the largest logit is the most probable token",
                _least),
        Mistake("the beginning is not returned", "return the ids you were given, followed by the "
                "new ones", _new_alone),
    ),
)  # fmt: skip
