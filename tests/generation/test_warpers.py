"""Each warper on a vocabulary of four with exact numbers, then against transformers' own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from transformers.generation import logits_process as theirs

from gpt2.generation import warpers

INF = math.inf
MASSES = [0.1, 0.5, 0.15, 0.25]
SCORES = [math.log(m) for m in MASSES]


@pytest.fixture(params=["numpy", "torch"])
def kept(request: pytest.FixtureRequest) -> Any:
    """Calls a warper on log-probabilities and returns the ids that are left."""

    def call(warp: Any, masses: list[float], *settings: Any, **named: Any) -> set[int]:
        rows = np.log(np.array([masses], dtype=np.float32))
        scores = rows if request.param == "numpy" else torch.from_numpy(rows)
        out = np.asarray(warp(scores, *settings, **named))[0]
        stay = np.flatnonzero(out > -INF)
        np.testing.assert_array_equal(out[stay], rows[0][stay])
        return set(stay.tolist())

    return call


def test_temperature() -> None:
    scores = np.array([[1.0, -2.0, 0.5, 4.0]], dtype=np.float32)
    assert warpers.temperature(scores, 0.5).tolist() == [[2.0, -4.0, 1.0, 8.0]]


@pytest.mark.parametrize(("k", "left"), [(1, {1}), (2, {1, 3}), (3, {1, 2, 3}), (9, {0, 1, 2, 3})])
def test_top_k(kept: Any, k: int, left: set[int]) -> None:
    assert kept(warpers.top_k, MASSES, k) == left


def test_top_k_keeps_equals_and_the_least_number(kept: Any) -> None:
    assert kept(warpers.top_k, [0.25] * 4, 1) == {0, 1, 2, 3}
    assert kept(warpers.top_k, MASSES, 1, keep=2) == {1, 3}


@pytest.mark.parametrize(
    ("p", "left"), [(0.0, {1}), (0.49, {1}), (0.6, {1, 3}), (0.8, {1, 2, 3}), (0.95, {0, 1, 2, 3})]
)
def test_top_p(kept: Any, p: float, left: set[int]) -> None:
    assert kept(warpers.top_p, MASSES, p) == left


def test_top_p_keeps_the_least_number(kept: Any) -> None:
    assert kept(warpers.top_p, MASSES, 0.1, keep=3) == {1, 2, 3}


@pytest.mark.parametrize(("p", "left"), [(0.1, {0, 1, 2, 3}), (0.25, {1, 2, 3}), (0.6, {1})])
def test_min_p(kept: Any, p: float, left: set[int]) -> None:
    assert kept(warpers.min_p, MASSES, p) == left


def test_top_h(kept: Any) -> None:
    assert kept(warpers.top_h, MASSES, 0.2) == {1}
    assert kept(warpers.top_h, MASSES, 0.6) == {1, 3}
    assert kept(warpers.top_h, MASSES, 1.0) >= {1, 2, 3}


def test_typical_p(kept: Any) -> None:
    # entropy 1.208; surprises 2.303, 0.693, 1.897, 1.386: nearest are 3, then 1
    assert kept(warpers.typical_p, MASSES, 0.2) == {3}
    assert kept(warpers.typical_p, MASSES, 0.6) == {1, 3}


def test_epsilon_cutoff(kept: Any) -> None:
    assert kept(warpers.epsilon_cutoff, MASSES, 0.2) == {1, 3}
    assert kept(warpers.epsilon_cutoff, MASSES, 0.9) == {1}
    assert kept(warpers.epsilon_cutoff, MASSES, 0.9, keep=2) == {1, 3}


def test_eta_cutoff(kept: Any) -> None:
    # sqrt(0.16) exp(-1.208) = 0.1195
    assert kept(warpers.eta_cutoff, MASSES, 0.16) == {1, 2, 3}


PAIRS: dict[str, tuple[Any, Any]] = {
    "temperature": (warpers.temperature, lambda v: theirs.TemperatureLogitsWarper(v)),
    "top_k": (warpers.top_k, lambda v: theirs.TopKLogitsWarper(v)),
    "top_p": (warpers.top_p, lambda v: theirs.TopPLogitsWarper(v)),
    "min_p": (warpers.min_p, lambda v: theirs.MinPLogitsWarper(v)),
    "top_h": (warpers.top_h, lambda v: theirs.TopHLogitsWarper(v)),
    "typical_p": (warpers.typical_p, lambda v: theirs.TypicalLogitsWarper(v)),
    "epsilon_cutoff": (warpers.epsilon_cutoff, lambda v: theirs.EpsilonLogitsWarper(v)),
    "eta_cutoff": (warpers.eta_cutoff, lambda v: theirs.EtaLogitsWarper(v)),
}
VALUES: dict[str, list[Any]] = {
    "temperature": [0.3, 1.7],
    "top_k": [1, 5, 40, 5000],
    "epsilon_cutoff": [3e-4, 0.01],
    "eta_cutoff": [3e-4, 0.01],
}


@pytest.mark.parity
@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("name", PAIRS)
def test_the_distribution_is_theirs(name: str, kind: str) -> None:
    mine, make = PAIRS[name]
    for seed, spread in enumerate([0.5, 2.0, 6.0]):
        torch.manual_seed(seed)
        scores = torch.randn(3, 5000) * spread
        scores[1, torch.randperm(5000)[:4000]] = -INF  # as after another warper
        for value in VALUES.get(name, [0.1, 0.5, 0.9, 0.99]):
            want = make(value)(None, scores)
            got = mine(scores if kind == "torch" else scores.numpy(), value)
            torch.testing.assert_close(torch.as_tensor(got), want, rtol=1e-6, atol=0)
