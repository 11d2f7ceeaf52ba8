"""A form that cannot say what a model is is refused; what it can say is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpt2.cli.convert import convert
from gpt2.errors import OptionError, UnsupportedError
from tests.tiny import tiny_config, write_tiny


@pytest.mark.parametrize("activation", ["relu", "silu", "swish", "tanh"])
@pytest.mark.parametrize("form", ["nanogpt", "gguf"])
def test_another_activation(tmp_path: Path, activation: str, form: str) -> None:
    write_tiny(tmp_path / "model", activation_function=activation)
    with pytest.raises(UnsupportedError, match=activation):
        convert(str(tmp_path / "model"), tmp_path / "out", form)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("form", ["nanogpt", "gguf"])
def test_shards_of_a_form_that_is_one_file(tmp_path: Path, form: str) -> None:
    with pytest.raises(OptionError, match=f"{form} is always one file"):
        convert(str(tmp_path), tmp_path / "out", form, shard_size="4MB")


def test_the_kinds_of_tokens_in_gguf(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    from gpt2.tokenizer import AddedToken, GPT2Tokenizer

    write_tiny(tmp_path)
    tokenizer = GPT2Tokenizer.from_pretrained(tmp_path)
    assert isinstance(tokenizer, GPT2Tokenizer)
    tokenizer.add_tokens([AddedToken("New York")])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<sep>"]})
    tokenizer.add_bos_token = True
    tokenizer.save_pretrained(tmp_path)
    ids = tokenizer.convert_tokens_to_ids(["New York", "<sep>", "<|endoftext|>", "a"])
    convert(str(tmp_path), tmp_path / "m.gguf", "gguf")
    fields = gguf.GGUFReader(tmp_path / "m.gguf").fields
    kinds = [int(fields["tokenizer.ggml.token_type"].parts[i][0])
             for i in fields["tokenizer.ggml.token_type"].data]  # fmt: skip
    assert [kinds[i] for i in ids] == [4, 3, 3, 1]  # user defined, control, control, normal
    assert kinds[-1] == 5  # a row without a token: unused
    assert len(kinds) == tiny_config().vocab_size
    assert bool(fields["tokenizer.ggml.add_bos_token"].parts[-1][0])
