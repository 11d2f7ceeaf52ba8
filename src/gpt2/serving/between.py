"""`between`: a model whose engine calls run in the stepping thread, in pieces of bounded size.

Tasks, beam search and reading an answer from a text run in separate threads. Each of their engine
calls runs between two steps, so other requests wait for at most one call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from gpt2.generation import LanguageModel
from gpt2.serving.scheduler import Loop

PIECE = 128  # prompt tokens per call
# Each takes (cache, ids, rows, ...): the pieces of a prompt before the last are read first.
EXTENDS = ("extend", "extend_top", "extend_draw")
OTHERS = ("extend_asked", "extend_logprobs", "new_cache")
NUMBERS = ("most_top", "score_tokens")


def between(model: Any, loop: Loop) -> Any:
    """Wrap a model for use in a thread other than the loop's, with the methods of its engine."""
    numbers = {name: getattr(model, name) for name in NUMBERS if hasattr(model, name)}
    calls = {name: _wrap(loop, getattr(model, name)) for name in OTHERS if hasattr(model, name)}
    calls |= {name: _in_pieces(loop, model, getattr(model, name)) for name in EXTENDS
              if hasattr(model, name)}  # fmt: skip
    if hasattr(model, "stepper"):
        calls["stepper"] = lambda *given: _wrap(loop, loop.call(partial(model.stepper, *given)))
    methods = {name: staticmethod(call) for name, call in calls.items()}
    return type("Between", (_Between,), numbers | methods)(model, loop)


class _Between(LanguageModel):
    """The parts that all wrapped models share."""

    def __init__(self, model: Any, loop: Loop) -> None:
        self._loop = loop
        self.model, self.config, self.dtype = model, model.config, model.dtype
        self.tokenizer, self.sidecar = model.tokenizer, model.sidecar
        self.generation_config = model.generation_config

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the engine."""
        return self.model.name

    @property
    def exact_pieces(self) -> bool:
        """The property of the engine."""
        return bool(self.model.exact_pieces)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of the engine, read between two steps."""
        return self._loop.call(lambda: self.model.facts)


def _wrap(loop: Loop, call: Callable[..., Any]) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        return loop.call(partial(call, *given, **named))

    return run


def _in_pieces(loop: Loop, model: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def run(cache: Any, ids: Any, rows: Any = None, *given: Any, **named: Any) -> Any:
        if model.exact_pieces and "all" not in (*given, named.get("logits")):
            rows = list(range(cache.rows)) if rows is None else list(rows)
            ids = [[int(i) for i in row] for row in ids]
            for piece in _pieces(ids, rows):
                loop.call(partial(model.extend, cache, *piece, "none"))
        return loop.call(partial(call, cache, ids, rows, *given, **named))

    return run


def _pieces(ids: list[list[int]], rows: list[int]) -> Iterator[tuple[list[Any], list[int]]]:
    """Yield pieces from the start of the rows, with row numbers; ``ids`` keeps the rest."""
    most = max(1, PIECE // max(1, len(ids)))
    while long := [i for i, row in enumerate(ids) if len(row) > most]:
        yield [ids[i][:most] for i in long], [rows[i] for i in long]
        for i in long:
            ids[i] = ids[i][most:]
