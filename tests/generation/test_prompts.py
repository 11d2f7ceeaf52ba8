"""The border of ``generate``: kinds of prompts, padding, the empty and the too long."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from gpt2.config import GPT2Config
from gpt2.errors import ContextLengthError, GPT2Warning, InputError
from gpt2.numpy_engine import NumpyEngine
from gpt2.tokenizer import GPT2Tokenizer
from tests.generation import tiny_models


def test_one_row_may_come_without_its_batch() -> None:
    engine = tiny_models.ours()
    want = engine.generate([[3, 4, 5]], max_new_tokens=3)
    for prompt in ([3, 4, 5], (3, 4, 5), np.array([3, 4, 5]), [np.array([3, 4, 5])]):
        np.testing.assert_array_equal(engine.generate(prompt, max_new_tokens=3), want)
    np.testing.assert_array_equal(engine.generate(input_ids=[3, 4, 5], max_new_tokens=3), want)
    for row in (list(torch.tensor([3, 4, 5])), [np.array(3), np.int64(4), 5]):
        for given in (row, [row]):
            np.testing.assert_array_equal(engine.generate(given, max_new_tokens=3), want)


def test_rows_of_any_length_are_padded_on_the_left() -> None:
    engine = tiny_models.ours()
    out = engine.generate([[3, 4, 5], [6]], max_new_tokens=4, eos_token_id=None, pad_token_id=0)
    assert out[1, :3].tolist() == [0, 0, 6]
    for row, prompt in zip(out, ([3, 4, 5], [6]), strict=True):
        alone = engine.generate(prompt, max_new_tokens=4, eos_token_id=None)
        assert row[3:].tolist() == alone[0, len(prompt) :].tolist()


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_is_taken_out_by_the_mask(side: str) -> None:
    engine = tiny_models.ours()
    row, mask = ([2, 2, 6], [0, 0, 1]) if side == "left" else ([6, 2, 2], [1, 0, 0])
    out = engine.generate(
        torch.tensor([[3, 4, 5], row]), attention_mask=torch.tensor([[1, 1, 1], mask]),
        max_new_tokens=4, eos_token_id=None,
    )  # fmt: skip
    assert isinstance(out, torch.Tensor)
    alone = engine.generate([6], max_new_tokens=4, eos_token_id=None)
    assert out[1, 3:].tolist() == alone[0, 1:].tolist()


@pytest.mark.parity
def test_a_pad_id_of_its_own_needs_no_mask() -> None:
    ids = torch.tensor([[3, 4, 5], [0, 0, 6]])
    options = {"pad_token_id": 0, "max_new_tokens": 8}
    theirs = tiny_models.peer().generate(ids, **options)
    assert theirs.tolist() == tiny_models.ours().generate(ids, **options).tolist()


def test_a_batch_that_seems_padded_warns() -> None:
    with pytest.warns(GPT2Warning, match="attention_mask"):
        tiny_models.ours().generate(torch.tensor([[3, 4], [2, 6]]), max_new_tokens=2)


def test_nothing_begins_a_new_text() -> None:
    engine = tiny_models.ours()
    want = engine.generate([1], max_new_tokens=4).tolist()
    nothing: tuple[Any, ...] = (None, [[]], torch.zeros(1, 0, dtype=torch.long))
    for empty in nothing:
        assert engine.generate(empty, max_new_tokens=4).tolist() == want


def test_without_bos_there_is_nothing_to_begin_with() -> None:
    engine = tiny_models.ours()
    bare = NumpyEngine(engine.weights, GPT2Config(**tiny_models.SHAPE | {"bos_token_id": None}))
    with pytest.raises(InputError, match="the prompt is empty and the model has no bos_token_id"):
        bare.generate()


BAD: list[tuple[Any, dict[str, Any], str]] = [
    (np.array([0.5]), {}, "integers"),
    (np.zeros((1, 2, 3), int), {}, "integers"),
    ([["a"]], {}, "integers"),
    (7, {}, "text or token ids"),
    ("text", {}, "requires a tokenizer"),
    ([[3, 4], 5], {}, "text or token ids, found list"),
    ([3, 4], {"attention_mask": [1]}, "shape of the ids: 1 rows of 2, found 1"),
    ([3, 4], {"attention_mask": np.ones((1, 1, 2, 2))}, "shape of the ids"),
    ([3, 4], {"attention_mask": 1}, "shape of the ids"),
    ([3, 4], {"attention_mask": ["1", "0"]}, "numbers or booleans"),
    ("text", {"attention_mask": [1]}, "leave it out for a text, which has no padding"),
    ([3, 4], {"attention_mask": [0, 0]}, "masks every token"),
    ([3, 4], {"input_ids": [3]}, "pass the prompt either"),
    ([61], {}, "ids must be from 0 to 60"),
    ([-1], {}, "ids must be from 0 to 60"),
    ([3, 4], {"max_length": 2}, "leaves no room for new tokens"),
]


@pytest.mark.parametrize(("prompt", "more", "message"), BAD)
def test_a_prompt_that_cannot_be_used(prompt: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tiny_models.ours().generate(prompt, **more)


def test_text_in_text_out() -> None:
    engine, tokenizer = tiny_models.ours(vocab_size=300), tiny_models.tokenizer()
    options = {"tokenizer": tokenizer, "max_new_tokens": 6}
    out = engine.generate("The quick", **options)
    ids = engine.generate([tokenizer.encode("The quick")], max_new_tokens=6)
    assert out == tokenizer.decode(ids[0], skip_special_tokens=True)
    assert engine.generate(["The quick"], **options) == [out]
    both = engine.generate("The quick", num_beams=2, num_return_sequences=2, **options)
    assert len(both) == 2
    assert all(text.startswith("The quick") for text in both)


TEXTS = ["The quick", "fox", "The lazy dog. The lazy dog"]


@pytest.mark.parametrize("name", ["ours", "on_torch", "native"])
@pytest.mark.parametrize("more", [{}, {"num_beams": 3}, {"stop_strings": ["o", "e"]}], ids=str)
def test_padding_is_no_text(name: str, more: dict[str, Any]) -> None:
    """A pad id that is an ordinary token is not shown, before a text or after it."""
    engine, tokenizer = getattr(tiny_models, name)(vocab_size=300), tiny_models.tokenizer()
    options = {"tokenizer": tokenizer, "max_new_tokens": 12, "pad_token_id": 39, **more}
    alone = [engine.generate(text, **options) for text in TEXTS]
    end = tokenizer.encode(alone[0])[-4]  # one that ends some texts sooner
    for eos in (end, 299):
        alone = [engine.generate(text, eos_token_id=eos, **options) for text in TEXTS]
        assert engine.generate(TEXTS, eos_token_id=eos, **options) == alone


@pytest.mark.parametrize("name", ["ours", "on_torch", "native"])
def test_a_row_of_the_embedding_without_a_token_is_no_text(name: str) -> None:
    """An embedding may have more rows than there are tokens: such an id shows nothing."""
    engine, peer = getattr(tiny_models, name)(vocab_size=320), tiny_models.tokenizer()
    vocab, merges = peer.get_vocab(), json.loads(peer.backend_tokenizer.to_str())["model"]["merges"]
    tokenizer = GPT2Tokenizer(vocab, [tuple(pair) for pair in merges])
    options = {"max_new_tokens": 3, "sequence_bias": {(310,): 1e3}, "tokenizer": tokenizer}
    ids = engine.generate([tokenizer.encode("The fox")], **options)
    assert ids.tolist()[0][-3:] == [310] * 3
    assert engine.generate("The fox", **options) == "The fox"
    assert list(engine.stream("The fox", **options)) == []
    assert engine.generate("The fox", stop_strings="x", **options) == "The fox"


def test_the_last_place_of_the_context_is_used() -> None:
    engine, prompt = tiny_models.ours(), list(range(3, 43))  # 40 tokens, a context of 48
    out = engine.generate(prompt, max_new_tokens=9, eos_token_id=None)
    assert out.shape == (1, 49)  # the last token is written and never read


def test_beyond_the_context_is_an_error_that_advises() -> None:
    engine, prompt = tiny_models.ours(), list(range(3, 43))
    with pytest.raises(
        ContextLengthError, match=r"context length of 48.*at most 9 new.*long='window'"
    ):
        engine.generate(prompt, max_new_tokens=10)
    with pytest.raises(ContextLengthError, match="a prompt of 60 tokens"):
        engine.generate(list(range(60)))


def test_the_default_length_stops_at_the_context() -> None:
    out = tiny_models.ours().generate(list(range(3, 43)), eos_token_id=None)
    assert out.shape == (1, 48)  # as in transformers


@pytest.mark.parametrize("name", ["ours", "on_torch"])
def test_a_window_goes_on_from_the_last_half(name: str) -> None:
    engine = getattr(tiny_models, name)()
    options = {"max_new_tokens": 70, "long": "window", "eos_token_id": None}
    out = engine.generate([[3, 4, 5], [6]], **options)
    row = [6]
    while len(row) < 71:  # what the definition says, token by token: no cache
        # the window moves at 49, 74, ...: 24 are kept and it fills up again
        shown = row if len(row) <= 48 else row[(len(row) - 49) // 25 * 25 + 25 :]
        row += engine.generate([shown], max_new_tokens=1)[0, -1:].tolist()
    assert out[1, 2:].tolist() == row


def test_a_prompt_longer_than_the_context_keeps_its_last_half() -> None:
    engine, prompt = tiny_models.ours(), [3 + i * i % 50 for i in range(60)]
    options = {"max_new_tokens": 5, "eos_token_id": None, "return_dict_in_generate": True}
    out = engine.generate(prompt, long="window", output_logits=True, **options)
    alone = engine.generate(prompt[-24:], output_logits=True, **options)
    assert out.sequences[0, 60:].tolist() == alone.sequences[0, 24:].tolist()
    np.testing.assert_array_equal(out.logits, alone.logits)
