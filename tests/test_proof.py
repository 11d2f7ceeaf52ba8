"""Proof links: made, read, replayed; the page's own reading of them in node."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2 import proof
from gpt2.errors import GPT2Error, InputError, MissingFileError, OptionError
from gpt2.explain.answers import Answers
from tests.conftest import ROOT
from tests.explain.conftest import evaluated, needs_node
from tests.tiny import END, write_tiny

SETTINGS = {"count": 12, "temperature": 0.7, "top_k": 40, "top_p": 0.9, "seed": 5}


@pytest.fixture(scope="module")
def model() -> Any:
    return gpt2.load("gpt2-mini")


def written(model: Any, settings: dict[str, Any]) -> proof.Proof:
    ids = model.tokenizer.encode("Once upon a time")
    asked = proof.Proof("gpt2-mini", "", [], ids, settings, "")
    new = model.generate([ids], **asked.options)[0][len(ids) :]
    return proof.make(model, "gpt2-mini", ids, [int(i) for i in new], settings)


@pytest.mark.parametrize("settings", [SETTINGS, {**SETTINGS, "temperature": 0}])
def test_a_link_is_read_and_replayed(model: Any, settings: dict[str, Any]) -> None:
    made = written(model, settings)
    link = made.link("https://example.org/gpt2.html")
    assert link.startswith("https://example.org/gpt2.html#proof=")
    assert set(link.partition("#proof=")[2]) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )
    assert proof.read(link) == made
    found, text = proof.replay(made)
    assert found.same
    assert text.startswith("Once upon a time")


def test_another_text_and_another_model_are_told(model: Any, tmp_path: Path) -> None:
    made = written(model, SETTINGS)
    other, _ = proof.replay(proof.Proof(**{**vars(made), "settings": {**SETTINGS, "seed": 6}}))
    assert [one.kind for one in other.differences] == ["tokens"]
    folder = tmp_path / "copy"
    shutil.copytree(gpt2.hub.resolve("gpt2-mini"), folder)
    assert proof.replay(made, model=folder)[0].same
    with (folder / "merges.txt").open("a") as file:
        file.write("\n")
    found, text = proof.replay(made, model=folder)
    assert [one.kind for one in found.differences] == ["model"]
    assert text == ""
    with pytest.raises(MissingFileError, match="--model"):
        proof.replay(made, model=tmp_path / "nowhere")


def test_beams_in_a_models_own_options_change_no_proof(tmp_path: Path) -> None:
    """A server and a page generate without them."""
    write_tiny(tmp_path / "model", vocab_size=END + 1)
    (tmp_path / "model" / "generation_config.json").write_text('{"num_beams": 3}')
    model: Any = gpt2.load(tmp_path / "model", dtype="int8")
    how = {name: value for name, value in SETTINGS.items() if name != "count"}
    new = list(model.stream([3, 4], max_new_tokens=12, do_sample=True, num_beams=1, **how))
    made = proof.make(model, str(tmp_path / "model"), [3, 4], new, SETTINGS)
    assert proof.replay(made)[0].same
    assert Answers(model).write([3, 4], None, 12, how)["sha256"] == made.text


def test_a_model_whose_bits_are_not_promised_gives_none(model: Any) -> None:
    with pytest.raises(OptionError, match="int8 or int4"):
        proof.make(gpt2.load("gpt2-mini", dtype="fp32"), "gpt2-mini", [1], [2], SETTINGS)
    facts = {"name": "native", "dtype": "int4", "head_dtype": "int8", "kv_dtype": "fp32"}
    assert proof.provable(facts)
    assert not proof.provable({**facts, "head_dtype": "fp16"})
    assert not proof.provable({"name": "torch", "dtype": "bf16"})


def packed(content: Any) -> str:
    text = json.dumps(content) if not isinstance(content, str) else content
    return "x#proof=" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


GOOD = {"form": proof.FORM, "name": "gpt2-mini", "model": "0" * 64, "text": "0" * 64,
        "dtype": ["int8", "int8", "fp16"], "prompt": [1, 2], "settings": SETTINGS}  # fmt: skip
BAD = {
    "no link": "receipt.json",
    "no base64": "x#proof=@@@@",
    "cut": packed(GOOD)[:-9],
    "no JSON": packed("{"),
    "a list": packed([1]),
    "deep": packed("[" * 100_000),
    "another form": packed({**GOOD, "form": "gpt2-proof-9"}),
    "no prompt": packed({**GOOD, "prompt": []}),
    "a text as prompt": packed({**GOOD, "prompt": "Once"}),
    "no ids": packed({**GOOD, "prompt": [1, True]}),
    "a lacking seed": packed({**GOOD, "settings": {**SETTINGS, "seed": None}}),
    "no settings": packed({**GOOD, "settings": []}),
    "two precisions": packed({**GOOD, "dtype": ["int8", "int8"]}),
    "a number as name": packed({**GOOD, "name": 3}),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_damaged_link_is_one_clear_error(kind: str) -> None:
    with pytest.raises(InputError, match="proof"):
        proof.read(BAD[kind])


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": [10**9]},
        {"settings": {**SETTINGS, "count": -1}},
        {"settings": {**SETTINGS, "count": 10**9}},
        {"settings": {**SETTINGS, "temperature": -1}},
        {"settings": {**SETTINGS, "top_p": 7}},
        {"dtype": ["int3", "int8", "fp16"]},
        {"dtype": ["int8", "int8", "fp99"]},
    ],
)
def test_impossible_settings_are_errors_of_ours(model: Any, change: dict[str, Any]) -> None:
    content = {**GOOD, "model": proof.model_hash("gpt2-mini"), **change}
    with pytest.raises(GPT2Error):
        proof.replay(proof.read(packed(content)))


def test_the_command(model: Any) -> None:
    made = written(model, SETTINGS)

    def replay(link: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gpt2", "replay", link]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")

    done = replay(made.link())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Once upon a time")
    assert done.stderr.splitlines() == ["identical: all bytes"]
    other = replay(proof.Proof(**{**vars(made), "text": "1" * 64}).link())
    assert other.returncode == 1
    assert "different" in other.stdout


@needs_node
def test_the_page_reads_and_writes_the_same_form() -> None:
    made = proof.Proof("名 gpt2", "a" * 64, ["int8", "int8", "fp16"], [1, 2], SETTINGS, "b" * 64)
    (first, *others), again = evaluated(
        "import {fragment, readProof} from './explain/web/proof.js';",
        "[asked.map(readProof), fragment(readProof(asked[0]))]",
        [made.link(), *BAD.values()],
    )
    assert first["name"] == made.name
    assert dict(zip(BAD, others, strict=True)) == dict.fromkeys(BAD)
    assert proof.read(again) == made


@needs_node
def test_the_page_tells_another_model_and_another_precision() -> None:
    own = {"model": "0" * 64, "dtype": "int8", "headDtype": "int8", "kvDtype": "fp16"}
    kinds = ["int4", "int8", "fp16"], ["int8", "int8", "fp32"]
    proofs = [GOOD, {**GOOD, "model": "1" * 64}, *({**GOOD, "dtype": kind} for kind in kinds)]
    models = [own, own | {"provable": False}, own | {"dtype": "fp32"}, own | {"headDtype": "fp16"}]
    others, provable = evaluated(
        "import {isProvable, otherIn} from './explain/web/proof.js';",
        "[asked[0].map((proof) => otherIn(proof, asked[1][0])), asked[1].map(isProvable)]",
        [proofs, models],
    )
    assert others == [None, "model", "dtype", "dtype"]
    assert provable == [True, False, False, False]
