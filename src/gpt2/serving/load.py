"""Loads the models named on the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import MissingFileError, OptionError
from gpt2.serving.adapters import adapt
from gpt2.serving.classifier import Classifier, is_classifier
from gpt2.serving.models import Served
from gpt2.serving.scheduler import Limits, Loop, Scheduler
from gpt2.serving.settings import ServeOptions


class Loader:
    """Loads the models of a server one after the other.

    Args:
        names: as for `gpt2.load`.
        options: the options of the server.
        loading: options of `gpt2.load`.

    Raises `OptionError` for an alias without a model or a name that two models share, and what
    `gpt2.hub.resolve` raises, so a model that does not exist is reported before the server listens.
    """

    def __init__(
        self, names: Sequence[str], options: ServeOptions, loading: Mapping[str, Any]
    ) -> None:
        from gpt2.hub import resolve

        for name in names:
            resolve(name)
        self.names, self.options, self.loading = names, options, dict(loading)
        public = [public_name(name) for name in names]
        self.adapters = _pairs("adapter", "FOLDER", options.adapter)
        public += [name for name, _ in self.adapters]
        self.aliases = _aliases(options.alias, public)
        called = [*public, *(alias for aliases in self.aliases.values() for alias in aliases)]
        if self.adapters and is_classifier(names[0]):
            raise OptionError(f"an adapter needs a language model, and {names[0]} is a classifier.")
        double = next((name for name in called if called.count(name) > 1), None)
        if double is not None:
            raise OptionError(
                f"two models would have the name {double!r}: rename one of the folders."
            )
        for _, folder in self.adapters:
            if not (Path(folder) / "adapter_config.json").is_file():
                raise MissingFileError(f"{folder} has no adapter_config.json.")

    def __iter__(self) -> Iterator[Served]:
        from gpt2.loading import load

        o = self.options
        loop = Loop()  # one thread steps all models
        limits = Limits(memory_bytes=int(o.memory * 2**30), max_rows=o.slots,
                        queue_requests=o.queue_requests, queue_tokens=o.queue_tokens)  # fmt: skip
        for name in self.names:
            public = public_name(name)
            if is_classifier(name):
                yield Served(public, Classifier(name), None, self.aliases[public])
                continue
            model = load(name, **self.loading)
            model._resolve(None, {})  # reports now what its files need and is missing
            yield Served(public, model, Scheduler(model, limits, loop=loop), self.aliases[public])
            for called, folder in self.adapters if name == self.names[0] else ():
                other = adapt(model, name, folder)
                scheduler = Scheduler(other, limits, loop=loop)
                yield Served(called, other, scheduler, self.aliases[called], public)

    def about(self, one: Served) -> str:
        """The engine of a loaded model, and the number of requests that its memory holds."""
        if one.scheduler is None:
            return f"serving the classifier {one.name}: {', '.join(one.model.labels)}"
        precision = str(getattr(one.model, "dtype", "")).removeprefix("torch.")
        texts = min(one.scheduler.stats.slots, self.options.slots)
        return (
            f"serving {one.name} in {precision}: a KV cache of {self.options.memory:g} GiB, "
            f"{texts} texts of up to {one.context} tokens at a time"
        )


def public_name(name: str) -> str:
    """The name of a model for clients: the last part of its path, without a file extension."""
    path = Path(os.fspath(name))
    last = path.resolve().name if path.exists() else path.name
    return last.removesuffix(".safetensors").removesuffix(".gguf") or "gpt2"


def _aliases(given: str | list[str] | None, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    aliases: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    for alias, name in _pairs("alias", "MODEL", given):
        if name not in aliases:
            raise OptionError("alias must be NAME=MODEL, where MODEL is one of "
                              f"{', '.join(names)}; found {alias}={name}.")  # fmt: skip
        aliases[name] += (alias,)
    return aliases


def _pairs(option: str, what: str, given: str | list[str] | None) -> list[tuple[str, str]]:
    """Split each NAME=... into its two sides."""
    pairs = []
    for pair in [given] if isinstance(given, str) else given or []:
        name, sign, value = pair.partition("=")
        if not (name and sign and value):
            raise OptionError(f"{option} must be NAME={what}; found {pair!r}.")
        pairs.append((name, value))
    return pairs
