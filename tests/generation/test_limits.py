"""Ids outside the vocabulary and numbers without bound: as transformers, or one clear error."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from gpt2.errors import InputError, OptionError
from gpt2.generation import GenerationConfig
from tests.generation import tiny_models

pytestmark = pytest.mark.parity
transformers.logging.set_verbosity_error()
IDS = tiny_models.prompt(2, seed=3)  # the vocabulary has 61 ids
HUGE = 10**9

HARMLESS: list[dict[str, Any]] = [
    {"eos_token_id": 50256, "pad_token_id": 0, "min_new_tokens": 4},
    {"eos_token_id": [2, 50256], "min_length": 9},
    {"eos_token_id": -1, "pad_token_id": 0, "min_new_tokens": 2},
    {"suppress_tokens": [49, 100, 50256]},
    {"suppress_tokens": [-12]},
    {"begin_suppress_tokens": [49, 54, 61, -7]},
    {"eos_token_id": 49, "pad_token_id": 1, "suppress_tokens": [-1, 61]},
]


@pytest.mark.parametrize("search", [{}, {"num_beams": 3}], ids=str)
@pytest.mark.parametrize("options", HARMLESS, ids=str)
def test_ids_that_are_only_looked_for(options: dict[str, Any], search: dict[str, Any]) -> None:
    said = {"max_new_tokens": 7, **options, **search}
    theirs = tiny_models.peer().generate(IDS, attention_mask=torch.ones_like(IDS), **said)
    for name, engine in tiny_models.engines().items():
        assert engine.generate(IDS, **said).tolist() == theirs.tolist(), name


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"sequence_bias": {(61,): 1.0}},
     "sequence_bias contains the token id 61; the model has the ids 0 to 60"),
    ({"sequence_bias": {(-3,): 50.0}}, "sequence_bias contains the token id -3"),
    ({"sequence_bias": {(70, 5): 1.0}}, "sequence_bias contains the token id 70"),
    ({"bad_words_ids": [[5, 61]]}, "bad_words_ids contains the token id 61"),
    ({"bad_words_ids": [[-1]]}, "bad_words_ids contains the token id -1"),
    ({"forced_bos_token_id": 61}, "forced_bos_token_id contains the token id 61"),
    ({"forced_eos_token_id": [5, 61]}, "forced_eos_token_id contains the token id 61"),
    ({"forced_eos_token_id": -1}, "forced_eos_token_id contains the token id -1"),
    ({"exponential_decay_length_penalty": (1, 2.0), "eos_token_id": 61},
     r"eos_token_id \(used by exp"),
    ({"eos_token_id": list(range(61)), "num_beams": 2},
     "beam search needs at least one that does not end"),
    ({"pad_token_id": 99, "return_dict_in_generate": True, "output_scores": True},
     r"pad_token_id \(used if scores"),
    ({"num_beams": HUGE}, "1,000,000,000"),
    ({"num_return_sequences": HUGE, "do_sample": True}, "GiB of memory; this machine has"),
    ({"max_new_tokens": 10**13, "long": "window"}, "GiB of memory; this machine has"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda v: str(v)[:50])
def test_what_would_be_used_is_refused(options: dict[str, Any], message: str) -> None:
    for engine in tiny_models.engines().values():
        with pytest.raises(OptionError, match=message):
            engine.generate(IDS, **{"max_new_tokens": 3, **options})


@pytest.mark.parametrize("allowed", [[61], [-1], [5, 99]], ids=str)
def test_allowed_ids_are_the_models(allowed: list[int]) -> None:
    for engine in tiny_models.engines().values():
        with pytest.raises(InputError, match="prefix_allowed_tokens_fn allows the token id"):
            engine.generate(IDS, prefix_allowed_tokens_fn=lambda *_: allowed, max_new_tokens=2)


def test_lookups_without_bound_end_at_the_context() -> None:
    want = tiny_models.ours().generate(IDS[:1], max_new_tokens=9, eos_token_id=None)
    for more in ({"prompt_lookup_num_tokens": HUGE},
                 {"prompt_lookup_num_tokens": 2, "max_matching_ngram_size": HUGE}):  # fmt: skip
        out = tiny_models.ours().generate(IDS[:1], max_new_tokens=9, eos_token_id=None, **more)
        assert out.tolist() == want.tolist()


@pytest.mark.parametrize(
    "options", [{}, {"repetition_penalty": 1.1}, {"no_repeat_ngram_size": 1}], ids=str
)
def test_pad_ids_outside_fill_rows(options: dict[str, Any]) -> None:
    """Nothing reads them here; in transformers an IndexError ends the call."""
    said = {"pad_token_id": 99, "max_new_tokens": 8, **options}
    for engine in tiny_models.engines().values():
        whole = engine.generate([[6, 7, 20], [3, 4, 5]], eos_token_id=None, **said).tolist()
        end = whole[0][3]  # the first row ends at once
        length = min(11, [*whole[1], end].index(end, 3) + 1)
        out = engine.generate([[6, 7, 20], [3, 4, 5]], eos_token_id=end, **said).tolist()
        assert out == [[*whole[0][:4], *[99] * (length - 4)], whole[1][:length]]
        assert length > 5


SCORED: list[dict[str, Any]] = [
    {}, {"eos_token_id": [2, 25, 36, 54, 16]}, {"repetition_penalty": 1.5},
    {"num_beams": 3, "num_return_sequences": 2, "eos_token_id": [2, 25, 36, 54, 16]},
]  # fmt: skip


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("options", SCORED, ids=str)
def test_transition_scores_are_theirs(options: dict[str, Any], normalize: bool) -> None:
    said = {"max_new_tokens": 8, "return_dict_in_generate": True, "output_scores": True, **options}
    mask = torch.ones_like(IDS)
    out = tiny_models.peer().generate(IDS, attention_mask=mask, **said)
    beams = out.beam_indices if "num_beams" in options else None
    theirs = tiny_models.peer().compute_transition_scores(
        out.sequences, out.scores, beams, normalize_logits=normalize
    )
    for engine in (tiny_models.ours(), tiny_models.on_torch()):
        mine = engine.generate(IDS, attention_mask=mask, **said)
        assert len(mine) == len(mine.to_tuple()) == len(dict(mine.items()))
        beams = mine.beam_indices if "num_beams" in options else None
        found = engine.compute_transition_scores(mine.sequences, mine.scores, beams, normalize)
        torch.testing.assert_close(found, theirs)
        plain = engine.generate(IDS.numpy(), attention_mask=mask.numpy(), **said)
        beams = plain.beam_indices if "num_beams" in options else None
        found = engine.compute_transition_scores(plain.sequences, plain.scores, beams, normalize)
        torch.testing.assert_close(torch.as_tensor(found), theirs)


def test_a_config_says_the_same_of_both() -> None:
    assert GenerationConfig(suppress_tokens=[-1]).suppress_tokens == [-1]
