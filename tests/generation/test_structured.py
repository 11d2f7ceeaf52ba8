"""Text of a given structure: whatever the model likes, it fits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gpt2
from gpt2.cli import gpt2 as group
from gpt2.errors import InputError, OptionError
from gpt2.generation.structured import Structured
from tests.tiny import END, write_tiny

pytest.importorskip("llguidance")
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 4}, "age": {"type": "integer"},
                   "kind": {"enum": ["fox", "狐"]}},
    "required": ["name", "age", "kind"],
    "additionalProperties": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("structured")
    write_tiny(folder, n_positions=256, vocab_size=END + 1)
    return gpt2.load(folder)


def written(model: Any, structure: Structured, prompt: Any = "The", **options: Any) -> list[str]:
    """Texts to their end, and None where they have none."""
    ids = [model.tokenizer.encode_prompt(prompt)] if isinstance(prompt, str) else prompt
    options = {"do_sample": True, "top_k": 0, "max_new_tokens": 120, "seed": 5, **options}
    rows = model.generate(ids, logits_processor=[structure], **options)
    new = [row[rows.shape[1] - len(row) + len(ids[0]) :].tolist() for row in rows]
    assert all(END in row for row in new)
    return [model.tokenizer.decode(row[: row.index(END)]) for row in new]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_written_fits(model: Any, seed: int) -> None:
    choices = ["fox", "fox jumps", "狐狸", "dog."]
    assert set(written(model, Structured(model, choices=choices), seed=seed)) <= set(choices)
    regex = r"[a-c]{2,5}-(\d\d|狐)?!"
    (text,) = written(model, Structured(model, regex=regex), seed=seed)
    assert re.fullmatch(regex, text)
    (text,) = written(model, Structured(model, schema=SCHEMA), seed=seed, temperature=0.5)
    found = json.loads(text)
    assert list(found) == ["name", "age", "kind"]
    assert isinstance(found["age"], int)
    assert found["kind"] in ("fox", "狐")


def test_rows_go_their_own_ways(model: Any) -> None:
    choices = ["fox", "dog", "brown fox", "lazy"]
    alone = [written(model, Structured(model, choices=choices), num_return_sequences=n)[-1]
             for n in (1, 2, 5)]  # fmt: skip
    together = written(model, Structured(model, choices=choices), num_return_sequences=5)
    assert alone == [together[0], together[1], together[4]]
    assert set(together) <= set(choices)
    beams = written(model, Structured(model, choices=choices), do_sample=False, num_beams=3,
                    seed=None, num_return_sequences=3, top_k=None)  # fmt: skip
    assert set(beams) <= set(choices)


def test_end_ids_outside_the_vocabulary_have_no_effect(model: Any) -> None:
    choices, before = ["fox", "brown fox jumps", "lazy"], model.generation_config.eos_token_id
    want = written(model, Structured(model, choices=choices), num_return_sequences=4)
    model.generation_config.eos_token_id = [9000, END]  # and the first one is the padding
    try:
        structure = Structured(model, choices=choices)
        assert written(model, structure, num_return_sequences=4) == want
        assert len({len(text) for text in want}) > 1
        model.generation_config.eos_token_id = [9000, -1]
        with pytest.raises(InputError, match="eos_token_id"):
            Structured(model, choices=choices)
    finally:
        model.generation_config.eos_token_id = before


def test_a_tokenizer_of_transformers(model: Any, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    regex, tokenizer = r"[a-c]{2,5}-(\d\d|狐)?!", model.tokenizer
    want = written(model, Structured(model, regex=regex), [[3]])
    tokenizer.save_pretrained(tmp_path)
    model.tokenizer = transformers.GPT2TokenizerFast.from_pretrained(tmp_path)
    try:
        assert written(model, Structured(model, regex=regex), [[3]]) == want
    finally:
        model.tokenizer = tokenizer


def test_the_likeliest_choice_is_the_scorers(model: Any) -> None:
    """A choice of one token each: the mask changes nothing else."""
    scores = np.asarray(model.extend(model.new_cache(1), [[3]]))
    best = max((int(i) for i in (65, 66, 67)), key=lambda i: scores[0, i])
    choices = [model.tokenizer.decode([i]) for i in (65, 66, 67)]
    (text,) = written(model, Structured(model, choices=choices), [[3]], do_sample=False,
                      seed=None, top_k=None)  # fmt: skip
    assert text == model.tokenizer.decode([best])


@pytest.mark.parametrize(
    "wrong",
    [{}, {"choices": []}, {"choices": [""]}, {"regex": "("}, {"regex": "a", "choices": ["a"]},
     {"schema": {"type": "nothing"}}, {"regex": "a" * 70_000}],
)  # fmt: skip
def test_what_is_no_structure(model: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Structured(model, **wrong)


def test_thousands_of_choices(model: Any) -> None:
    choices = [f"{i} 狐😀" for i in range(5000)]
    assert set(written(model, Structured(model, choices=choices))) <= set(choices)


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "#"},  # valid, but no text follows it
     {"type": "object", "properties": {f"k{i}": {"type": "integer"} for i in range(1000)}}],
)  # fmt: skip
def test_a_limit_of_the_library_ends_no_text(model: Any, schema: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="llguidance reports"):
        written(model, Structured(model, schema=schema))


def test_the_command_line_has_it_too(model: Any, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    for asked, fits in (
        (["--choice", "fox", "--choice", "dog"], lambda text: text in ("fox", "dog")),
        (["--regex", "[ab]{3}"], lambda text: re.fullmatch("[ab]{3}", text)),
        (["--json-schema", str(tmp_path / "s.json")], json.loads),
    ):
        command = ["generate", "The", "-m", "gpt2-mini", "--no-echo", "-q", "--seed", "1", *asked]
        done = CliRunner().invoke(group, command)
        assert done.exit_code == 0, done.output
        assert fits(done.output.removesuffix("\n"))
