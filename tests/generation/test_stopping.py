from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from gpt2.errors import OptionError
from gpt2.generation.config import GenerationConfig
from gpt2.generation.stopping import Stopping
from tests.generation import tiny_models

BIG = {"vocab_size": 300}


@pytest.mark.parity
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("search", [{}, {"num_beams": 3}], ids=["greedy", "beams"])
def test_stop_strings_end_where_theirs_do(search: dict[str, Any], rows: int) -> None:
    tokenizer = tiny_models.tokenizer()
    ids = tiny_models.prompt(rows, seed=4)
    plain = tiny_models.ours(**BIG).generate(ids, max_new_tokens=20, **search)
    text = tokenizer.decode(plain[0, 8:])
    for stop in (text[:1], text[2:5], [text[4:6], text[7:9]], "never there", "\N{FOX FACE}"):
        options = {"max_new_tokens": 20, "stop_strings": stop, "tokenizer": tokenizer, **search}
        theirs = tiny_models.peer(**BIG).generate(
            ids, attention_mask=torch.ones_like(ids), **options
        )
        assert theirs.tolist() == tiny_models.ours(**BIG).generate(ids, **options).tolist()


@pytest.mark.parity
def test_every_ending_of_a_text_is_judged_as_theirs() -> None:
    tokenizer = tiny_models.tokenizer()
    text = "The quick brown fox jumps over the 懒狗 \N{FOX FACE}<|endoftext|> dog.\n"
    ids = tokenizer.encode(text)
    for stop in ("ox ju", "o", " ", "狗", "\n", "text", "quick brown", "<|endoftext|>", "zz"):
        theirs = transformers.StopStringCriteria(tokenizer, [stop])
        mine = Stopping(GenerationConfig(stop_strings=stop), tokenizer)
        for end in range(1, len(ids) + 1):
            row = ids[:end]
            want = theirs(torch.tensor([row]), None).tolist()
            assert [mine.ending(row) == "stop_string"] == want, (stop, end)


def test_stop_strings_need_a_tokenizer() -> None:
    with pytest.raises(OptionError, match="requires a tokenizer"):
        tiny_models.ours().generate([3], stop_strings="a")


def test_max_time_ends_soon() -> None:
    out = tiny_models.ours().generate([3], max_new_tokens=40, max_time=0.0, eos_token_id=None)
    assert out.shape == (1, 2)  # the pass under way is finished, as in transformers


def test_a_criterion_may_answer_for_all_rows_at_once() -> None:
    out = tiny_models.ours().generate(
        [[3, 4], [5, 6]], max_new_tokens=9, stopping_criteria=[lambda ids, scores: len(ids[0]) > 4]
    )
    assert out.shape == (2, 5)


def test_finished_rows_are_computed_no_further() -> None:
    engine = tiny_models.ours()
    plain = engine.generate([[3, 4], [5, 6]], max_new_tokens=12, eos_token_id=None)
    end = int(plain[0, 4])
    sizes = []
    original = engine.extend

    def extend(cache: Any, ids: Any, rows: Any = None, logits: Any = "last") -> Any:
        sizes.append(len(ids))
        return original(cache, ids, rows, logits)

    engine.extend = extend  # type: ignore[method-assign]
    try:
        out = engine.generate([[3, 4], [5, 6]], max_new_tokens=12, eos_token_id=end, pad_token_id=0)
    finally:
        del engine.extend
    assert sizes[-1] == 1
    row = out[0].tolist()
    assert set(row[row.index(end) + 1 :]) <= {0}
