"""The batch of a step is a function of (seed, step), whoever asks and however often."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.data import PrepareConfig, TokenData, prepare
from gpt2.errors import InputError, OptionError
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.training.inputs.batches import IGNORED, Batch, Order, Whole, Windows, prefetch, share
from tests.examples import some

ORDER = [8, 4, 6, 3, 9, 1, 0, 2, 5, 7, 3, 7]
STARTS = [87, 24, 10, 38, 80, 17]


class Counting:
    """A corpus in which each token is its own place."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def run(self, start: int, length: int) -> np.ndarray:
        assert start >= 0
        assert start + length <= self.length
        return np.arange(start, start + length)


@given(count=st.integers(1, 3000), seed=st.integers(-5, 1 << 70), epoch=st.integers(0, 1 << 40))
@settings(deadline=None, max_examples=some(60))
def test_an_epoch_has_everything_once(count: int, seed: int, epoch: int) -> None:
    order = Order(count, seed)
    epochs, numbers = order.at(epoch * count + np.arange(count))
    assert set(epochs.tolist()) == {epoch}
    assert sorted(numbers.tolist()) == list(range(count))
    one = [int(order.at(np.array([epoch * count + k]))[1][0]) for k in range(min(count, 5))]
    assert numbers[:5].tolist() == one


def test_orders_look_random_and_differ() -> None:
    count = 2000
    epochs = [Order(count, 1).permute(np.arange(count), e) for e in range(3)]
    epochs.append(Order(count, 2).permute(np.arange(count), 0))
    for at, one in enumerate(epochs):
        assert abs(np.corrcoef(one, np.arange(count))[0, 1]) < 0.08  # 3.6 standard errors
        assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.08
        for other in epochs[:at]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.08
            assert (one == other).sum() < 10  # one is expected
    first = [int(Order(8, s).permute(np.arange(8), 0)[0]) for s in range(800)]
    assert np.bincount(first, minlength=8).min() > 60  # 100 are expected


def test_orders_never_change() -> None:
    """A checkpoint's data position stays good: these numbers are part of the format."""
    assert Order(10, 0).at(np.arange(12))[1].tolist() == ORDER
    assert Windows(Counting(100), 7, 4, seed=3).starts(np.arange(6)).tolist() == STARTS


@given(
    extra=st.integers(1, 400), length=st.integers(1, 40), seed=st.integers(0, 99),
    epoch=st.integers(0, 9),
)  # fmt: skip
@settings(deadline=None, max_examples=some(60))
def test_every_window_once_an_epoch(extra: int, length: int, seed: int, epoch: int) -> None:
    windows = Windows(Counting(length + extra), length, 1, seed)
    n = windows.per_epoch
    found = np.concatenate([windows.windows(epoch * n + k) for k in range(n)])
    starts = np.sort(found[:, 0])
    np.testing.assert_array_equal(np.diff(starts), np.full(n - 1, length))
    np.testing.assert_array_equal(found - found[:, :1], np.tile(np.arange(length + 1), (n, 1)))
    targets = found[:, 1:].ravel()
    assert len(np.unique(targets)) == len(targets)  # each token predicted once
    assert length + extra - len(targets) <= 2 * length


def test_windows_begin_elsewhere_in_each_epoch() -> None:
    windows = Windows(Counting(1000), 10, 4, seed=0)
    offsets = [windows.offset(epoch) for epoch in range(400)]
    assert set(offsets) == set(range(10))
    assert windows.per_epoch == 98


@given(ranks=st.integers(1, 9), size=st.integers(1, 17), step=st.integers(0, 50))
@settings(deadline=None, max_examples=some(60))
def test_the_ranks_slices_are_the_global_batch(ranks: int, size: int, step: int) -> None:
    windows = Windows(Counting(300), 9, size, seed=5)
    whole = windows.batch(step)
    slices = [windows.batch(step, rank, ranks) for rank in range(ranks)]
    assert {len(part) for part in slices} <= {size // ranks, -(-size // ranks)}
    np.testing.assert_array_equal(np.concatenate([p.inputs for p in slices]), whole.inputs)
    np.testing.assert_array_equal(np.concatenate([p.labels for p in slices]), whole.labels)
    micro = [whole.rows(start, start + 4) for start in range(0, len(whole), 4)]
    np.testing.assert_array_equal(np.concatenate([p.inputs for p in micro]), whole.inputs)
    with pytest.raises(OptionError):
        share(size, ranks, ranks)


def test_a_batch_may_lie_in_two_epochs() -> None:
    windows = Windows(Counting(100), 10, 5, seed=1)  # 8 windows an epoch
    one = np.concatenate([windows.windows(step) for step in range(8)])
    single = Windows(Counting(100), 10, 1, seed=1)
    np.testing.assert_array_equal(one, np.concatenate([single.windows(k) for k in range(40)]))


def test_labels_are_what_comes_next() -> None:
    batch = Windows(Counting(50), 6, 3, seed=0).batch(2)
    np.testing.assert_array_equal(batch.labels, batch.inputs + 1)
    assert batch.inputs.shape == (3, 6)
    assert batch.counted == 18


def test_it_reads_shards(corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer) -> None:
    prepare([corpus], tmp_path / "out", tokenizer, PrepareConfig(shard_tokens=700))
    data = TokenData(tmp_path / "out")
    windows = Windows(data, 50, 4, seed=0)
    everything = data[:].tolist()
    for row, start in zip(windows.windows(3), windows.starts(np.arange(12, 16)), strict=True):
        assert row.tolist() == everything[start : start + 51]


def test_too_little_text_is_said() -> None:
    assert Windows(Counting(11), 10, 2, seed=0).windows(7)[:, 0].tolist() == [0, 0]
    with pytest.raises(InputError, match="10 tokens, but a window of 10 requires 11"):
        Windows(Counting(10), 10, 2, seed=0)
    with pytest.raises(OptionError):
        Windows(Counting(10), 0, 2, seed=0)
    with pytest.raises(InputError):
        Whole(Counting(1), 4, 2)


@pytest.mark.parametrize(("tokens", "ranks"), [(2, 1), (21, 3), (22, 1), (57, 2), (60, 4)])
def test_the_whole_text_is_predicted_once(tokens: int, ranks: int) -> None:
    whole = Whole(Counting(tokens), 5, 4)
    labels, rows = [], 0
    for step in range(len(whole)):
        for rank in range(ranks):
            batch = whole.batch(step, rank, ranks)
            counts = batch.labels != IGNORED
            np.testing.assert_array_equal(batch.inputs[counts] + 1, batch.labels[counts])
            labels += batch.labels[counts].tolist()
            rows += len(batch)
    assert labels == list(range(1, tokens))
    assert rows == whole.per_epoch


def test_prefetching_changes_nothing() -> None:
    windows = Windows(Counting(500), 8, 3, seed=2)
    made = list(prefetch(windows.batch, 5, 25, depth=3))
    assert [step for step, _ in made] == list(range(5, 25))
    for step, batch in made:
        np.testing.assert_array_equal(batch.inputs, windows.batch(step).inputs)


def test_prefetching_hands_on_errors_and_ends() -> None:
    def batch(step: int) -> Batch:
        if step == 2:
            raise InputError("no such batch")
        return Windows(Counting(50), 8, 3, seed=2).batch(step)

    with pytest.raises(InputError, match="no such batch"):
        list(prefetch(batch, 0))
    endless = prefetch(Windows(Counting(50), 8, 3, seed=2).batch, 0)
    next(endless)
    endless.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("prefetch") for thread in threading.enumerate())
