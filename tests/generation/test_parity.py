"""Every deterministic option gives transformers' ids; the numpy engine runs the same weights."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import some
from tests.generation import tiny_models

pytestmark = pytest.mark.parity
transformers.logging.set_verbosity_error()

ENDS = [2, 25, 36, 54, 16]  # several, so that texts end at different places


def both(ids: Any, mask: Any = None, **options: Any) -> tuple[Any, Any]:
    mask = torch.ones_like(ids) if mask is None else mask
    theirs = tiny_models.peer().generate(ids, attention_mask=mask, **options)
    mine = tiny_models.ours().generate(ids, attention_mask=mask, **options)
    return theirs, mine


OPTIONS: dict[str, dict[str, Any]] = {
    "several ends": {"eos_token_id": ENDS},
    "repetition_penalty": {"repetition_penalty": 1.7},
    "no_repeat_ngram_size 1": {"no_repeat_ngram_size": 1},
    "no_repeat_ngram_size 2": {"no_repeat_ngram_size": 2},
    "bad_words_ids": {"bad_words_ids": [[5], [0], [13, 16], [2], [53, 36, 5]]},
    "sequence_bias": {"sequence_bias": {(7,): 4.0, (13, 49): -30.0, (54, 0): -30.0, (49, 50): 3.0}},
    "sequence_bias as lists": {"sequence_bias": [[[49], -9.0], [[7, 9], 30.0]]},
    "min_length": {"min_length": 17, "eos_token_id": ENDS},
    "min_new_tokens": {"min_new_tokens": 9, "eos_token_id": ENDS},
    "max_length": {"max_length": 13},
    "suppress_tokens": {"suppress_tokens": list(range(36, 55))},
    "begin_suppress_tokens": {"begin_suppress_tokens": list(range(3, 55))},
    "forced_eos_token_id": {"forced_eos_token_id": [17, 18]},
    "exponential_decay": {"exponential_decay_length_penalty": (3, 1.5), "eos_token_id": ENDS},
    "remove_invalid_values": {"remove_invalid_values": True},
    "renormalize_logits": {"renormalize_logits": True},
    "prefix_allowed_tokens_fn": {
        "prefix_allowed_tokens_fn": lambda prompt, ids: [3 + prompt, 20, 30, 40 + len(ids) % 7]
    },
}
SEARCHES = [{}, {"num_beams": 3, "num_return_sequences": 2}]


@pytest.mark.parametrize("search", SEARCHES, ids=["greedy", "beams"])
@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_gives_their_ids(name: str, search: dict[str, Any]) -> None:
    options = {"max_new_tokens": 16, **OPTIONS[name], **search}
    if "max_length" in options:
        del options["max_new_tokens"]
    theirs, mine = both(tiny_models.prompt(2, seed=3), **options)
    assert theirs.tolist() == mine.tolist()
    ends = {"eos_token_id": ENDS} if "eos_token_id" in options and name != "several ends" else {}
    plain = both(tiny_models.prompt(2, seed=3), max_new_tokens=16, **ends, **search)[1]
    idle = {"remove_invalid_values", "renormalize_logits"}
    assert name in idle or mine.tolist() != plain.tolist(), "the option changed nothing"


@pytest.mark.parametrize("length_penalty", [-1.0, 0.0, 1.0, 2.0])
@pytest.mark.parametrize("early_stopping", [True, False, "never"])
def test_beams_give_their_ids_and_scores(early_stopping: Any, length_penalty: float) -> None:
    for beams, texts in ((2, 1), (4, 3)):
        theirs, mine = both(
            tiny_models.prompt(2, seed=1), max_new_tokens=12, num_beams=beams, eos_token_id=ENDS,
            num_return_sequences=texts, early_stopping=early_stopping, output_scores=True,
            length_penalty=length_penalty, return_dict_in_generate=True, output_logits=True,
        )  # fmt: skip
        assert theirs.sequences.tolist() == mine.sequences.tolist()
        assert theirs.beam_indices.tolist() == mine.beam_indices.tolist()
        torch.testing.assert_close(theirs.sequences_scores, mine.sequences_scores)
        torch.testing.assert_close(torch.stack(theirs.scores), torch.stack(mine.scores))
        torch.testing.assert_close(torch.stack(theirs.logits), torch.stack(mine.logits))


def left_padded() -> tuple[Any, Any]:
    ids = tiny_models.prompt(3, 7, seed=5)
    mask = torch.ones_like(ids)
    mask[0, :3] = 0
    mask[2, :5] = 0
    return ids.masked_fill(mask == 0, 2), mask


@pytest.mark.parametrize("search", SEARCHES, ids=["greedy", "beams"])
@pytest.mark.parametrize("name", ["several ends", "repetition_penalty", "no_repeat_ngram_size 2"])
def test_a_left_padded_batch_gives_their_ids(name: str, search: dict[str, Any]) -> None:
    ids, mask = left_padded()
    theirs, mine = both(ids, mask, max_new_tokens=12, **OPTIONS[name], **search)
    assert theirs.tolist() == mine.tolist()


def test_scores_and_logits_are_theirs() -> None:
    ids, mask = left_padded()
    options = {
        "max_new_tokens": 10, "eos_token_id": ENDS, "repetition_penalty": 1.3,
        "output_scores": True, "output_logits": True, "return_dict_in_generate": True,
    }  # fmt: skip
    theirs, mine = both(ids, mask, **options)
    assert theirs.sequences.tolist() == mine.sequences.tolist()
    torch.testing.assert_close(torch.stack(theirs.scores), torch.stack(mine.scores))
    torch.testing.assert_close(torch.stack(theirs.logits), torch.stack(mine.logits))
    assert list(theirs.keys()) == list(mine.keys())


@pytest.mark.parametrize(
    "options", [{}, {"num_beams": 3, "num_return_sequences": 2}, {"prompt_lookup_num_tokens": 4}],
    ids=["greedy", "beams", "lookup"],
)  # fmt: skip
def test_the_cache_is_theirs_and_goes_on(options: dict[str, Any]) -> None:
    ids = tiny_models.prompt(1, 6, seed=2).repeat(1, 2)
    mask = torch.ones_like(ids)
    said = {"max_new_tokens": 7, "eos_token_id": None, "return_dict_in_generate": True, **options}
    theirs = tiny_models.peer().generate(ids, attention_mask=mask, **said)
    model = tiny_models.on_torch()
    mine = model.generate(ids, attention_mask=mask, **said)
    assert list(theirs.keys()) == list(mine.keys())
    assert mine.past_key_values.get_seq_length() == theirs.past_key_values.get_seq_length()
    sure = 17 if "num_beams" in options else 18  # which beams go on after the end is a tie
    for a, b in zip(theirs.past_key_values.layers, mine.past_key_values.layers, strict=True):
        torch.testing.assert_close(a.keys[:, :, :sure], b.keys[:, :, :sure])
        torch.testing.assert_close(a.values[:, :, :sure], b.values[:, :, :sure])
    rows = len(mine.past_key_values.layers[0].keys)
    last = mine.sequences[:1, -1:].repeat(rows, 1)
    with torch.no_grad():
        logits = model(last, past_key_values=mine.past_key_values).logits
        expected = tiny_models.peer()(last, past_key_values=theirs.past_key_values).logits
    if sure == 18:
        torch.testing.assert_close(logits, expected)
    assert "past_key_values" not in model.generate(ids, **said, use_cache=False)


def test_engines_that_are_not_torch_hand_their_cache_over_too() -> None:
    model = tiny_models.ours()
    said = {"max_new_tokens": 5, "eos_token_id": None, "return_dict_in_generate": True}
    for _ in range(2):
        with model.keeping():
            out = model.generate([[5, 6, 7]], **said)
            assert out.past_key_values.lengths == [7]
    logits = model.extend(out.past_key_values, out.sequences[:, -1:])
    whole = model.extend(model.new_cache(1), out.sequences)
    np.testing.assert_allclose(logits, whole, rtol=1e-5, atol=1e-6)


def test_forced_bos_follows_a_prompt_of_one_token() -> None:
    theirs, mine = both(tiny_models.prompt(1, 1), max_new_tokens=5, forced_bos_token_id=9)
    assert theirs.tolist() == mine.tolist()
    assert mine[0, 1] == 9


def test_no_prompt_starts_from_bos() -> None:
    theirs = tiny_models.peer().generate(max_new_tokens=6)
    mine = tiny_models.ours().generate(max_new_tokens=6)
    assert theirs.tolist() == mine.tolist()


def test_own_processors_and_criteria_are_called_as_theirs() -> None:
    def processor(ids: Any, scores: Any) -> Any:
        scores = scores.copy() if hasattr(scores, "copy") else scores.clone()
        scores[:, ids[0, -1]] = -float("inf")
        return scores

    def criterion(ids: Any, scores: Any, **_: Any) -> Any:
        return ids[:, -1] % 5 == 0

    ids = tiny_models.prompt(3, seed=2)
    for search in SEARCHES:
        theirs = tiny_models.peer().generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, **search,
            logits_processor=transformers.LogitsProcessorList([processor]),
            stopping_criteria=transformers.StoppingCriteriaList([criterion]),
        )  # fmt: skip
        mine = tiny_models.ours().generate(
            ids, max_new_tokens=12, logits_processor=[processor], stopping_criteria=[criterion],
            **search,
        )  # fmt: skip
        assert theirs.tolist() == mine.tolist()


@settings(max_examples=some(25), deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(
    names=st.sets(st.sampled_from([n for n in OPTIONS if n != "max_length"]), max_size=5),
    beams=st.sampled_from([1, 1, 2, 4]),
    early=st.sampled_from([True, False, "never"]),
    penalty=st.sampled_from([0.0, 1.0, -0.7]),
    seed=st.integers(0, 5),
    padded=st.booleans(),
)
def test_options_together_give_their_ids(
    names: set[str], beams: int, early: Any, penalty: float, seed: int, padded: bool
) -> None:
    options: dict[str, Any] = {"max_new_tokens": 10}
    for name in sorted(names):
        options |= OPTIONS[name]
    if beams > 1:
        options |= {"num_beams": beams, "early_stopping": early, "length_penalty": penalty}
    ids, mask = left_padded() if padded else (tiny_models.prompt(2, seed=seed), None)
    theirs, mine = both(ids, mask, **options)
    assert theirs.tolist() == mine.tolist()


def test_every_combination_of_lengths() -> None:
    ids = tiny_models.prompt(1, 4)
    for new, least in itertools.product([1, 2, 7], [0, 3]):
        theirs, mine = both(ids, max_new_tokens=new, min_new_tokens=min(new, least))
        assert theirs.tolist() == mine.tolist()
    assert [t.shape for t in both(ids)] == [(1, 24), (1, 24)]  # 20 new ones by default
