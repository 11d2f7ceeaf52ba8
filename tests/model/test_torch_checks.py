"""Whatever cannot be used is named in one clear error, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from gpt2.errors import InputError
from tests.model.torch_pairs import pair, tokens

IDS = tokens()
FAR = torch.full((2, 9), 99)
CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "both": ("either input_ids or", lambda m: m(IDS, inputs_embeds=torch.zeros(2, 9, 24))),
    "list": ("integers .*found list", lambda m: m([[1, 2]])),
    "floats": ("integers .*found torch.float", lambda m: m(IDS.float())),
    "one id": (r"must be \[batch, tokens\]", lambda m: m(IDS[0, 0])),
    "negative id": ("token id -1", lambda m: m(IDS - IDS - 1)),
    "positions": ("position 99 .* context of 32", lambda m: m(IDS, position_ids=FAR)),
    "types": ("token type 99", lambda m: m(IDS, token_type_ids=FAR)),
    "mask": (r"must be \[2, 9\].*\[3, 9\]", lambda m: m(IDS, attention_mask=torch.ones(3, 9))),
    "width": ("24], found .*25", lambda m: m(inputs_embeds=torch.zeros(2, 9, 25))),
    "flat": ("24], found", lambda m: m(inputs_embeds=torch.zeros(9, 24))),
    "cache rows": (
        "the cache has 3 rows, but the inputs have 2",
        lambda m: m(IDS, past_key_values=m.new_cache(3)),
    ),
    "old cache": ("found a tuple", lambda m: m(IDS, past_key_values=((IDS, IDS),))),
    "same row": (r"found \[0, 0\]", lambda m: m.extend(m.new_cache(2), IDS, rows=[0, 0])),
    "no row": (r"found \[0, 2\]", lambda m: m.extend(m.new_cache(2), IDS, rows=[0, 2])),
    "logits": ("'first'", lambda m: m.extend(m.new_cache(2), IDS, logits="first")),
    "gather": (r"found \[0, 7\]", lambda m: m.new_cache(2).gather([0, 7])),
    "truncate": ("row 5", lambda m: m.new_cache(2).truncate(5, 0)),
    "longer": ("1 cannot be kept", lambda m: m.new_cache(2).truncate(0, 1)),
    "vocabulary": ("found 0", lambda m: m.resize_token_embeddings(0)),
}


@pytest.mark.parametrize("name", CALLS)
def test_is_named(name: str) -> None:
    says, call = CALLS[name]
    model, _ = pair()
    with pytest.raises(InputError, match=says):
        call(model)


def test_a_refused_call_leaves_the_cache_alone() -> None:
    model, _ = pair()
    cache = model.new_cache(2)
    model.extend(cache, IDS)
    with pytest.raises(InputError):
        model.extend(cache, [[1], [99]])
    with pytest.raises(InputError):
        model.extend(cache, [[1], [2]], rows=[1, 1])
    assert cache.lengths == [9, 9]
    last = model.extend(cache, [[1], [2]])
    whole = model(torch.cat([IDS, torch.tensor([[1], [2]])], 1)).logits[:, -1]
    assert torch.allclose(last, whole, atol=1e-10)
