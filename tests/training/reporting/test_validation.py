"""The loss on held-out text against plain definitions of it."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gpt2.errors import InputError
from gpt2.model import GPT2LMHeadModel
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.training.inputs.batches import IGNORED, Batch, Whole
from gpt2.training.planning.flops import (
    flops_per_token,
    known_peak,
    measured_peak,
    multiplied_parameters,
)
from gpt2.training.reporting import validation as module
from gpt2.training.reporting.validation import place_losses, token_bytes, validate
from tests.tiny import tiny_config

TEXT = "The quick brown fox jumps over the lazy dog. 狐狸\n" * 4


class Ids:
    """Tokens of a list."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = np.array(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def run(self, start: int, length: int) -> np.ndarray:
        return self.ids[start : start + length]


@pytest.fixture(scope="module")
def model() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    shape = {"vocab_size": 320, "n_positions": 16, "n_layer": 1}
    return GPT2LMHeadModel(tiny_config(**shape, initializer_range=0.5)).train()


@pytest.fixture(scope="module")
def ids(tokenizer: GPT2Tokenizer) -> list[int]:
    return tokenizer.encode(TEXT)


def all_batches(ids: list[int], rank: int = 0, ranks: int = 1) -> list[Batch]:
    whole = Whole(Ids(ids), 16, 4)
    return [whole.batch(n, rank, ranks) for n in range(len(whole))]


def test_it_is_the_mean_over_every_token(
    model: GPT2LMHeadModel, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 7)  # more than one chunk, the last smaller
    found = validate(model, all_batches(ids))
    total, by_place = 0.0, [[] for _ in range(16)]  # type: ignore[var-annotated]
    with torch.no_grad():
        for start in range(0, len(ids) - 1, 16):
            window = torch.tensor([ids[start : start + 17]])
            logits = model.eval()(window[:, :-1]).logits[0]
            model.train()
            for place, wanted in enumerate(window[0, 1:]):
                loss = -logits[place].log_softmax(-1)[wanted].item()
                total += loss
                by_place[place].append(loss)
    assert found.tokens == len(ids) - 1
    assert found.loss == pytest.approx(total / (len(ids) - 1), rel=1e-5)
    assert list(found.by_position) == ["1", "2", "3-4", "5-8", "9-16"]
    assert found.by_position["3-4"] == pytest.approx(np.mean(by_place[2] + by_place[3]), rel=1e-5)
    assert found.perplexity == pytest.approx(math.exp(found.loss))
    assert model.training


def test_bits_count_the_bytes_that_were_predicted(
    model: GPT2LMHeadModel, tokenizer: GPT2Tokenizer, ids: list[int]
) -> None:
    end = tokenizer.eos_token_id
    assert isinstance(end, int)
    sizes = token_bytes(tokenizer, 330)
    with_end = [*ids, end, *ids, end]
    found = validate(model, all_batches(with_end), bytes=sizes)
    first = len(tokenizer.token_bytes(ids[0]))  # it is read, not predicted
    assert sizes[with_end].sum() == 2 * len(TEXT.encode())
    expected = found.loss * found.tokens / math.log(2) / (2 * len(TEXT.encode()) - first)
    assert found.bits_per_byte == pytest.approx(expected)


def test_ranks_together_find_the_same(
    model: GPT2LMHeadModel, tokenizer: GPT2Tokenizer, ids: list[int]
) -> None:
    sizes = token_bytes(tokenizer, 330)
    alone = validate(model, all_batches(ids), bytes=sizes)
    sums: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        sums.append(tensor)
        return sum(sums)  # type: ignore[return-value]

    for rank in range(5):  # more ranks than rows of a batch: some have none
        with contextlib.suppress(InputError):  # the first ones' sum here is of nothing
            together = validate(model, all_batches(ids, rank, 5), bytes=sizes, reduce=keep)
    assert together.tokens == alone.tokens
    assert together.loss == pytest.approx(alone.loss, rel=1e-6)
    assert together.bits_per_byte == pytest.approx(alone.bits_per_byte)
    assert together.by_position == pytest.approx(alone.by_position, rel=1e-5)


def test_what_does_not_count_is_left_out(model: GPT2LMHeadModel, ids: list[int]) -> None:
    batch = all_batches(ids)[0]
    labels = batch.labels.copy()
    labels[:, :10] = IGNORED
    seen: list[tuple[int, ...]] = []

    def own(inputs: Tensor, labels: Tensor) -> Tensor:
        seen.append(tuple(inputs.shape))
        return place_losses(model, inputs, labels)

    found = validate(model, [Batch(batch.inputs, labels)], losses=own)
    assert found.tokens == 4 * 6
    assert found.bits_per_byte is None
    assert list(found.by_position) == ["9-16"]
    assert seen == [(4, 16)]
    with pytest.raises(InputError, match="nothing to measure"):
        validate(model, [Batch(batch.inputs, np.full_like(labels, IGNORED))])


def test_flops_are_palms(model: GPT2LMHeadModel) -> None:
    config = model.config
    matrices = sum(p.numel() for n, p in model.named_parameters() if "wpe" not in n)
    assert multiplied_parameters(config) == matrices  # tied: once, as the head
    assert multiplied_parameters(config.replace(tie_word_embeddings=False)) == matrices
    assert flops_per_token(config, 16) == 6 * matrices + 12 * 1 * 64 * 16
    assert flops_per_token(config, 16, frozen=True) == 4 * matrices + 12 * 1 * 64 * 16


def test_peaks_of_known_gpus_and_of_this_machine() -> None:
    assert known_peak("NVIDIA A100-SXM4-80GB", "bfloat16") == 312e12
    assert known_peak("NVIDIA H100 80GB HBM3", "bfloat16") == 989e12
    assert known_peak("NVIDIA H100 PCIe", "bfloat16") == 756e12
    assert known_peak("Tesla T4", "bfloat16") is None  # it has none
    assert known_peak("NVIDIA L40S", "float16") == 362e12
    assert known_peak("NVIDIA GeForce RTX 4090", "float32") == 82.6e12
    assert known_peak("GeForce GTX 480", "float32") is None
    too_large = (10**6, 10**6, 10**6)  # terabytes, were it tried
    assert 1e6 < measured_peak("cpu", torch.float32, [(256, 128, 64), too_large]) < 1e14
