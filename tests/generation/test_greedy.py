from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.generation import tiny_models


@pytest.mark.parametrize("rows", [1, 3])
def test_greedy_is_that_of_transformers(rows: int) -> None:
    ids = tiny_models.prompt(rows)
    theirs = tiny_models.peer().generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=20
    )
    mine = tiny_models.ours().generate(ids, max_new_tokens=20)
    assert torch.equal(theirs, mine)


def test_same_kind_in_same_kind_out() -> None:
    ids = tiny_models.prompt()
    engine = tiny_models.ours()
    from_torch = engine.generate(ids, max_new_tokens=4)
    from_numpy = engine.generate(ids.numpy(), max_new_tokens=4)
    from_list = engine.generate(ids.tolist(), max_new_tokens=4)
    assert isinstance(from_torch, torch.Tensor)
    assert isinstance(from_numpy, np.ndarray)
    assert isinstance(from_list, np.ndarray)
    np.testing.assert_array_equal(from_torch.numpy(), from_numpy)
    np.testing.assert_array_equal(from_list, from_numpy)
