"""Results keep the caller's columns: padding of every kind, lengths counted as there."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from gpt2.generation import TextStreamer
from tests.generation import tiny_models

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:Unfeasible length", "ignore:Using the model-agnostic"),
]
transformers.logging.set_verbosity_error()

ENDS = [2, 25, 36, 54, 16]  # several, so that texts end at different places


def padded(*lengths: int, width: int = 7, fill: int = 2) -> tuple[Any, Any]:
    """Ids [rows, width] whose last ``lengths`` count, and their mask."""
    ids = tiny_models.prompt(len(lengths), width, seed=5)
    mask = torch.arange(width)[None] >= width - torch.tensor(lengths)[:, None]
    return ids.masked_fill(~mask, fill), mask.long()


IDS, MASK = padded(4, 5)
HOLES = torch.tensor([[0, 1, 1, 0, 1, 0, 1], [1, 0, 1, 1, 1, 1, 1]])
# ids, mask, further options. No pad id 0: transformers' beams take it for none and fill with eos.
PADDINGS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "beyond the longest row": (IDS, MASK, {}),
    "one row": (*padded(3), {}),
    "one token": (*padded(1, 1), {}),
    "an ordinary pad id": (*padded(4, 7, fill=1), {"pad_token_id": 1}),
    "holes": (IDS, HOLES, {}),
    "a pad id within the text": (torch.tensor([[5, 1, 7, 9]]), None, {"pad_token_id": 1}),
    "some are pad ids": (torch.tensor([[9, 8], [1, 5]]), None, {"pad_token_id": 1}),
    "unmasked pad ids": (torch.tensor([[5, 1, 7], [1, 1, 4]]), torch.ones(2, 3).long(),
                         {"pad_token_id": 1}),
}  # fmt: skip
LENGTHS: dict[str, dict[str, Any]] = {
    "max_new_tokens": {"max_new_tokens": 8},
    "max_length": {"max_length": 12},
    "min_length": {"max_new_tokens": 9, "min_length": 12},
    "min_new_tokens": {"max_new_tokens": 9, "min_new_tokens": 4},
    "by default": {},
}
SEARCHES = {"greedy": {}, "beams": {"num_beams": 3, "num_return_sequences": 2}}


@cache
def theirs_of(padding: str, search: str, name: str) -> torch.Tensor:
    ids, mask, more = PADDINGS[padding]
    options = {"eos_token_id": ENDS, **more, **SEARCHES[search], **LENGTHS[name]}
    return tiny_models.peer().generate(ids, attention_mask=mask, **options)


@pytest.mark.parametrize("engine", ["reference", "torch", "native"])
@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("padding", PADDINGS)
def test_rows_keep_their_columns(padding: str, search: str, engine: str) -> None:
    ids, mask, more = PADDINGS[padding]
    model = tiny_models.engines()[engine]
    for name, lengths in LENGTHS.items():
        options = {"eos_token_id": ENDS, **more, **SEARCHES[search], **lengths}
        theirs = theirs_of(padding, search, name)
        mine = model.generate(ids, attention_mask=mask, **options)
        assert mine.tolist() == theirs.tolist(), name
        kept = ids.repeat_interleave(len(theirs) // len(ids), 0)
        assert torch.equal(mine[:, : ids.shape[1]], kept)


@pytest.mark.parametrize("engine", ["reference", "torch", "native"])
def test_no_rows_keep_their_columns_too(engine: str) -> None:
    """transformers ends in torch's RuntimeError."""
    for search in SEARCHES.values():
        ids = torch.zeros((0, 3), dtype=torch.long)
        found = tiny_models.engines()[engine].generate(ids, attention_mask=ids, **search)
        assert found.shape == (0, 3)
        assert found.dtype == ids.dtype


PROCESSORS: list[dict[str, Any]] = [
    {"repetition_penalty": 1.7},
    {"no_repeat_ngram_size": 2},
    {"forced_eos_token_id": 17},
    {"exponential_decay_length_penalty": (2, 1.5)},
    {"begin_suppress_tokens": list(range(3, 55))},
]


@pytest.mark.parametrize("options", PROCESSORS, ids=str)
@pytest.mark.parametrize("padding", PADDINGS)
def test_processors_count_the_columns(padding: str, options: dict[str, Any]) -> None:
    ids, mask, more = PADDINGS[padding]
    said = {"max_new_tokens": 8, "eos_token_id": ENDS, **more, **options}
    theirs = tiny_models.peer().generate(ids, attention_mask=mask, **said)
    assert tiny_models.ours().generate(ids, attention_mask=mask, **said).tolist() == theirs.tolist()


@pytest.mark.parametrize("kind", [torch.bool, torch.float32, torch.int32, torch.uint8])
def test_a_mask_of_any_kind(kind: Any) -> None:
    mask = MASK.to(kind)
    theirs = tiny_models.peer().generate(IDS, attention_mask=mask, max_new_tokens=5)
    for model in tiny_models.engines().values():
        for form in (mask, mask.numpy(), mask.tolist(), list(mask)):
            mine = model.generate(IDS, attention_mask=form, max_new_tokens=5)
            assert mine.tolist() == theirs.tolist()


@pytest.mark.parametrize("search", SEARCHES)
def test_samples_of_a_padded_batch(search: str) -> None:
    options = {"do_sample": True, "max_new_tokens": 6, "temperature": 1.5, **SEARCHES[search]}
    torch.manual_seed(3)
    theirs = tiny_models.peer().generate(IDS, attention_mask=MASK, **options)
    torch.manual_seed(3)
    mine = tiny_models.on_torch().generate(IDS, attention_mask=MASK, **options)
    assert mine.tolist() == theirs.tolist()


def test_scores_beside_padding() -> None:
    options = {"max_new_tokens": 5, "eos_token_id": ENDS, "return_dict_in_generate": True,
               "output_scores": True}  # fmt: skip
    theirs = tiny_models.peer().generate(IDS, attention_mask=MASK, **options)
    mine = tiny_models.ours().generate(IDS, attention_mask=MASK, **options)
    assert mine.sequences.tolist() == theirs.sequences.tolist()
    torch.testing.assert_close(torch.stack(mine.scores), torch.stack(theirs.scores))


class Collector(TextStreamer):
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    def put(self, value: Any) -> None:
        self.got.append(value.tolist())

    def end(self) -> None:
        self.got.append("end")


@pytest.mark.parametrize("more", [{}, {"prompt_lookup_num_tokens": 3}], ids=str)
def test_streams_of_a_padded_row(more: dict[str, Any]) -> None:
    ids, mask = padded(3)
    theirs, mine = Collector(), Collector()
    options = {"attention_mask": mask, "max_new_tokens": 6, "eos_token_id": None}
    # their prompt lookup gives several tokens at a time: the same ones
    tiny_models.peer().generate(ids, streamer=theirs, **options)
    out = tiny_models.ours().generate(ids, streamer=mine, **options, **more)
    assert mine.got == theirs.got
    assert out[0, :7].tolist() == ids[0].tolist()


def test_padding_on_the_right_is_read_over() -> None:
    """transformers goes on from the padding (and warns); here it is as if there were none."""
    ids, mask = torch.tensor([[3, 4, 5, 6], [7, 8, 2, 2]]), torch.tensor([[1] * 4, [1, 1, 0, 0]])
    theirs = tiny_models.peer().generate(ids, attention_mask=mask, max_new_tokens=5)
    alone = tiny_models.peer().generate(ids[1:, :2], max_new_tokens=5)
    for model in tiny_models.engines().values():
        mine = model.generate(ids, attention_mask=mask, max_new_tokens=5)
        assert mine.shape == theirs.shape
        assert mine[:, :4].tolist() == ids.tolist()
        assert mine[0].tolist() == theirs[0].tolist()
        assert mine[1, 4:].tolist() == alone[0, 2:].tolist()


def test_rows_wider_than_the_context() -> None:
    ids, mask = padded(3, 40, width=60)  # the context is of 48
    out = tiny_models.ours().generate(ids, attention_mask=mask, eos_token_id=None)
    assert out.shape == (2, 68)  # 20 new ones by default, but 8 are all that the longest leaves


@pytest.mark.parametrize("nothing", [[], torch.zeros(0, 3).long(), np.zeros((0, 3), int)])
def test_no_prompts_no_texts(nothing: Any) -> None:
    width = 0 if isinstance(nothing, list) else nothing.shape[1]
    out = tiny_models.ours().generate(nothing, max_new_tokens=3)
    assert len(out) == 0
    assert isinstance(out, torch.Tensor if isinstance(nothing, torch.Tensor) else np.ndarray)
    assert tiny_models.ours().generate(nothing, num_beams=2).shape[1] == width
