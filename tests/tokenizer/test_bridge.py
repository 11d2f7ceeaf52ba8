"""to_transformers gives transformers' object, which does the same."""

from __future__ import annotations

import pytest
import transformers

from tests.tiny import tiny_tokenizer

TEXTS = ["The quick  brown fox", " 狐狸\n\n", "a<pad>b <sep>", ""]


@pytest.mark.parity
def test_the_other_object_does_the_same() -> None:
    ours = tiny_tokenizer()
    ours.add_special_tokens({"pad_token": "<pad>", "sep_token": "<sep>"})
    ours.add_tokens(["fox"])
    ours.padding_side, ours.model_max_length = "left", 64
    ours.chat_template = "{% for m in messages %}{{ m['content'] }}!{% endfor %}"
    theirs = ours.to_transformers()
    assert isinstance(theirs, transformers.PreTrainedTokenizerBase)
    for text in TEXTS:
        assert theirs(text).input_ids == ours(text).input_ids
    assert theirs(TEXTS, padding=True).input_ids == ours(TEXTS, padding=True).input_ids
    assert theirs.decode([300, 5, 301]) == ours.decode([300, 5, 301])
    assert (len(theirs), theirs.pad_token_id) == (len(ours), ours.pad_token_id)
    assert (theirs.model_max_length, theirs.padding_side) == (64, "left")
    talk = [{"role": "user", "content": "The fox"}]
    assert theirs.apply_chat_template(talk, tokenize=False) == "The fox!"
