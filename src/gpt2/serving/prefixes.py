"""Finds texts with common prefixes by a radix tree over token ids."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, TypeVar

from gpt2.generation.prefix import count_common

Key = TypeVar("Key", bound=Hashable)


class _Node(Generic[Key]):
    """An edge of tokens below its parent; ``keys`` are the texts that contain all of the edge.

    A node without texts is dropped, and texts that diverge never share an edge beyond that point.
    """

    __slots__ = ("children", "edge", "keys")

    def __init__(self, edge: tuple[int, ...], keys: set[Key]) -> None:
        self.edge, self.keys = edge, keys
        self.children: dict[int, _Node[Key]] = {}

    def split(self, at: int) -> _Node[Key]:
        """Split the edge after ``at`` tokens; returns the upper node, this one's new parent."""
        upper: _Node[Key] = _Node(self.edge[:at], set(self.keys))
        self.edge = self.edge[at:]
        upper.children[self.edge[0]] = self
        return upper


class Prefixes(Generic[Key]):
    """Texts by key, searchable by common prefix. Texts may be equal."""

    def __init__(self) -> None:
        self._root: _Node[Key] = _Node((), set())
        self._texts: dict[Key, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, key: Key, ids: Sequence[int]) -> None:
        """Store a text under a key, replacing any earlier one."""
        self.remove(key)
        text = self._texts[key] = tuple(ids)
        node, at = self._root, 0
        while at < len(text):
            child = node.children.get(text[at])
            if child is None:
                node.children[text[at]] = _Node(text[at:], {key})
                return
            shared = _count_shared(child.edge, text, at)
            if shared < len(child.edge):
                child = node.children[text[at]] = child.split(shared)
            child.keys.add(key)
            node, at = child, at + shared

    def remove(self, key: Key) -> None:
        """Remove a text, if it exists."""
        text = self._texts.pop(key, None)
        node, at = self._root, 0
        while text is not None and at < len(text):
            child = node.children[text[at]]
            child.keys.discard(key)
            if not child.keys:  # so there is nothing below it
                del node.children[text[at]]
                return
            node, at = child, at + len(child.edge)

    def alike(self, ids: Sequence[int]) -> Iterator[tuple[int, Key]]:
        """Yield (length of the common prefix with ``ids``, key), longest first."""
        text = tuple(ids)
        path: list[tuple[int, set[Key]]] = []
        node, at = self._root, 0
        while at < len(text) and (child := node.children.get(text[at])) is not None:
            shared = _count_shared(child.edge, text, at)
            path.append((at + shared, child.keys))
            if shared < len(child.edge):
                break
            node, at = child, at + shared
        given: set[Key] = set()
        for length, keys in reversed(path):
            for key in keys - given:
                yield length, key
            given |= keys


def _count_shared(edge: tuple[int, ...], text: tuple[int, ...], at: int) -> int:
    piece = text[at : at + len(edge)]
    return len(edge) if piece == edge else count_common(edge, piece)
