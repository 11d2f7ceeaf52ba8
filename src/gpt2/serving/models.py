"""The served models: identified by name, never by path, each with its scheduler."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gpt2.errors import InputError
from gpt2.generation.config import GenerationConfig, token_list
from gpt2.serving.between import between
from gpt2.serving.entries import Names
from gpt2.serving.errors import ApiError, unsupported_error
from gpt2.serving.scheduler import Scheduler


@dataclass(eq=False)
class Turns:
    """Exclusive use of an engine, in turn; ``calls`` wait for their turn or have it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    calls: int = 0


@dataclass(eq=False)
class Served:
    """A model that generates text, or, with ``labels``, a classifier.

    ``whole`` are the turns of code that calls the engine directly (tasks, embeddings), ``looking``
    those of the explorer, which has a separate engine.
    """

    name: str
    model: Any
    scheduler: Scheduler | None
    aliases: tuple[str, ...] = ()
    parent: str | None = None  # the base model of an adapter
    created: int = field(default_factory=lambda: int(time.time()))
    whole: Turns = field(default_factory=Turns)
    looking: Turns = field(default_factory=Turns)
    answers: Any = field(init=False, default=None)  # for /v1/explain: made on first use
    between: Any = field(init=False, default=None)  # the model for calls between steps

    def __post_init__(self) -> None:
        if self.model.tokenizer is None:
            raise InputError(f"{self.name} has no tokenizer and cannot be served.")
        self.names = Names(self.model.tokenizer)
        if self.scheduler is not None:
            self.between = between(self.model, self.scheduler.loop)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of the model."""
        return self.model.tokenizer

    @property
    def context(self) -> int:
        """The context length in tokens."""
        return int(self.model.config.n_positions)

    @property
    def vocabulary(self) -> int:
        """The size of the vocabulary."""
        return int(self.model.config.vocab_size)

    @property
    def defaults(self) -> GenerationConfig:
        """The model's own decoding options."""
        return self.model.generation_config

    @property
    def start(self) -> int:
        """The id that stands for an empty prompt."""
        ids = [self.defaults.bos_token_id, *token_list(self.defaults.eos_token_id)]
        first = next((i for i in ids if i is not None), None)
        if first is None:
            raise ApiError("the prompt is empty, and this model has no token to start from.",
                           code="invalid_value", param="prompt")  # fmt: skip
        return first

    def writing(self) -> Scheduler:
        """The scheduler; raises `ApiError` for a classifier."""
        if self.scheduler is None:
            raise unsupported_error("model", f"{self.name} is a classifier and does not generate "
                                             "text: use /classify.")  # fmt: skip
        return self.scheduler


class Models:
    """The served models by name and alias."""

    def __init__(self, served: Iterable[Served] = ()) -> None:
        self._by_name: dict[str, Served] = {}
        self.all: list[Served] = []
        for one in served:
            self.add(one)

    def add(self, one: Served) -> None:
        """Add a model; its names must be unused."""
        self._by_name |= dict.fromkeys((one.name, *one.aliases), one)
        self.all.append(one)

    def get(self, name: str | None) -> Served:
        """The model of a request; the first one by default. Raises `ApiError`."""
        served = self.all[0] if name is None else self._by_name.get(name)
        if served is None:
            known = ", ".join(self._by_name)
            raise ApiError(f"there is no model {str(name)[:80]!a}; this server has {known}.",
                           status=404, code="model_not_found", param="model")  # fmt: skip
        return served

    def get_writer(self, name: str | None) -> Served:
        """The same for a request that a classifier cannot answer."""
        served = self.get(name)
        served.writing()
        return served

    def list_entries(self) -> Iterator[dict[str, Any]]:
        """The entries of /v1/models: each name and alias."""
        for name, one in self._by_name.items():
            yield {"id": name, "object": "model", "created": one.created, "owned_by": "gpt2",
                   "root": one.name, "parent": one.parent,
                   "max_model_len": one.context}  # fmt: skip

    def __bool__(self) -> bool:
        return bool(self.all)
