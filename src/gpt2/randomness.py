"""Pseudorandom numbers as a function of their arguments: SplitMix64."""

from __future__ import annotations

from typing import Any, TypeVar

MASK = (1 << 64) - 1
Bits = TypeVar("Bits", bound=Any)  # an integer, or a numpy array of uint64


def mix(z: Bits) -> Bits:
    """One round of SplitMix64 (Steele, Lea and Flood 2014): each of 64 bits depends on all of z."""
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def random_bits(*words: int) -> int:
    """64 bits that depend on all the words: a reproducible seed."""
    state = 0
    for word in words:
        state = mix(state ^ (word & MASK))
    return state
