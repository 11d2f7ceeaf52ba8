"""A receipt proves its text on other kernels and threads, and what was changed is found."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import gpt2
from gpt2 import receipt as receipts
from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.cli.generate import command as generate
from gpt2.cli.replay import command as replay
from gpt2.errors import CorruptFileError, GPT2Warning, MissingFileError, OptionError
from gpt2.hub import BUNDLED
from tests.native.models import kernels_here
from tests.tiny import write_tiny

PROMPT = "It was a dark night"


def call(command: Any, *args: Any, text: str | None = None) -> Result:
    result = CliRunner().invoke(command, [str(a) for a in args], input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def written(tmp_path: Path, *args: Any, text: str | None = None) -> Path:
    path = tmp_path / "receipt.json"
    dtype = () if "--dtype" in args else ("--dtype", "int8")
    call(generate, *args, *dtype, "--max-new-tokens", 20, "--receipt", path, "-q", text=text)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A receipt of one streamed text at int8."""
    kernels = kernels_here()[min(1, len(kernels_here()) - 1)]
    folder = tmp_path_factory.mktemp("receipt")
    return written(folder, PROMPT, "--seed", 4, "--threads", 2, "--kernels", kernels)


def test_another_instruction_set_and_number_of_threads(made: Path) -> None:
    result = call(replay, made, "--threads", 1, "--kernels", "generic")
    assert (result.exit_code, result.stdout) == (0, "identical: all 20 tokens\n")
    assert "threads was 2, is 1" in result.stderr
    assert json.loads(made.read_text())["promise"] == receipts.PROMISES["whole"]


@pytest.mark.parametrize(
    "args",
    [
        ("-n", 3, "--seed", 2),
        ("--num-beams", 3),
        ("--no-do-sample", "--repetition-penalty", 1.2),
        ("--seed", 1, "--top-k", 0, "--top-p", 0.9, "--json"),
        ("--seed", 1, "--stop", "the"),
        ("--seed", 1, "--prompt-lookup-num-tokens", 4),
        ("--seed", 1, "--dtype", "fp32"),
        ("--seed", 1, "--kv-dtype", "int8"),
        ("--seed", 1, "--engine", "torch", "--dtype", "fp32"),
    ],
    ids=str,
)
def test_every_way_of_writing_has_a_receipt(tmp_path: Path, args: tuple[Any, ...]) -> None:
    path = written(tmp_path, "-", *args, text=PROMPT)
    content = receipts.read(path)
    assert content["prompt"]["text"] == PROMPT
    assert len(content["output"]["ids"]) == (3 if "-n" in args else 1)
    assert call(replay, path).exit_code == 0


def test_a_new_text_has_one_too(tmp_path: Path) -> None:
    path = written(tmp_path, "", "--seed", 1)
    assert receipts.read(path)["prompt"]["ids"] == []
    assert call(replay, path, "-q").exit_code == 0


def signed(content: dict[str, Any]) -> dict[str, Any]:
    """With its hash made new, as a forger would."""
    body = {name: value for name, value in content.items() if name != "sha256"}
    return {**body, "sha256": receipts.digest(body)}


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("options", "seed", 5), ("options", "temperature", 1.9), ("prompt", "ids", [7, 8])],
)
def test_a_changed_receipt_is_found(made: Path, part: str, name: str, value: Any) -> None:
    content = receipts.read(made)
    content[part][name] = value
    (first,) = receipts.replay(content).differences
    assert first.kind == "receipt"
    (first,) = receipts.replay(signed(content)).differences  # with a hash of its own, still
    assert first.kind == "tokens"
    assert "position" in first.message


def test_it_says_which_token_differs(made: Path, tmp_path: Path) -> None:
    content = receipts.read(made)
    old = content["output"]["ids"][0][11]
    content["output"]["ids"][0][11] = old + 1
    receipts.write(tmp_path / "forged.json", signed(content))
    result = call(replay, tmp_path / "forged.json")
    assert result.exit_code == 1
    assert f"differ from position 11 on: was {old + 1}, is {old}" in result.stdout
    shorter = copy.deepcopy(content)
    shorter["output"]["ids"][0] = receipts.read(made)["output"]["ids"][0][:7]
    (found,) = receipts.replay(signed(shorter)).differences
    assert "position 7 on: was the end" in found.message


def test_another_weight_config_or_tokenizer_is_found(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BUNDLED / "gpt2-mini", folder)
    assert call(replay, made, "--model", folder).exit_code == 0
    for file in ("merges.txt", "config.json"):
        before = (folder / file).read_bytes()
        (folder / file).write_bytes(before + b"\n")
        result = call(replay, made, "--model", folder)
        assert result.exit_code == 1
        assert "the model differs" in result.stdout
        (folder / file).write_bytes(before)
    checkpoint = read_checkpoint(folder)
    tensors = {name: np.array(t) for name, t in checkpoint.tensors.items()}
    tensors["transformer.ln_f.bias"][3] += 1e-6
    other = tmp_path / "other"
    write_checkpoint(other, checkpoint.config, tensors)
    for file in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"):
        if (folder / file).exists():
            shutil.copy(folder / file, other)
    result = call(replay, made, "--model", other, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["differences"][0]["kind"] == "model"


def test_a_quantised_folder(tmp_path: Path) -> None:
    from gpt2.quantization import quantize

    quantize("gpt2-mini", tmp_path / "int4", dtype="int4", rounding="nearest", tokens=0)
    path = written(tmp_path, PROMPT, "-m", tmp_path / "int4", "--dtype", "int4", "--seed", 1)
    result = call(replay, path, "--threads", 1, "--kernels", "generic")
    assert result.exit_code == 0
    assert receipts.read(path)["engine"]["head_dtype"] == "int8"


def test_from_python(tmp_path: Path) -> None:
    model = gpt2.load("gpt2-mini", dtype="int8")
    options = {"do_sample": True, "seed": 3, "max_new_tokens": 9}
    ids = model.tokenizer.encode(PROMPT)
    (new,) = receipts.generate_ids(model, ids, options)
    receipts.write(tmp_path / "r.json", receipts.make(model, "gpt2-mini", ids, [new], options))
    assert receipts.replay(receipts.read(tmp_path / "r.json")).same


@pytest.mark.parametrize("where", ["call", "model"])
def test_an_option_that_is_switched_off_stays_off(tmp_path: Path, where: str) -> None:
    write_tiny(tmp_path)
    options: dict[str, Any] = {"do_sample": True, "seed": 1, "max_new_tokens": 9}
    (new,) = receipts.generate_ids(gpt2.load(tmp_path), [5], {**options, "eos_token_id": None})
    saved = {"eos_token_id": new[2], "min_p": 0.9, "top_p": 0.1, "guidance_scale": 1.5}
    (tmp_path / "generation_config.json").write_text(json.dumps(saved))
    with pytest.warns(GPT2Warning, match="guidance_scale"):
        model = gpt2.load(tmp_path)
    if where == "call":
        options |= dict.fromkeys(saved)
    else:
        model.generation_config = gpt2.GenerationConfig()
    assert receipts.generate_ids(model, [5], options) == [new]
    receipts.write(tmp_path / "r.json", receipts.make(model, tmp_path, [5], [new], options))
    receipt = receipts.read(tmp_path / "r.json")
    if where == "call":
        recorded = {"eos_token_id": None, "min_p": None, "top_p": 1.0, "guidance_scale": None}
        assert recorded.items() <= receipt["options"].items()
    with pytest.warns(GPT2Warning, match="guidance_scale"):
        assert receipts.replay(receipt).same


def test_infinite_biases_are_read_back(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    model = gpt2.load(tmp_path)
    options = {"sequence_bias": {(7,): -np.inf}, "max_new_tokens": 3}
    new = receipts.generate_ids(model, [5], options)
    receipts.write(tmp_path / "r.json", receipts.make(model, tmp_path, [5], new, options))
    assert receipts.replay(receipts.read(tmp_path / "r.json")).same


def test_lone_surrogates(tmp_path: Path) -> None:
    """They reach a prompt in arguments that are not UTF-8."""
    write_tiny(tmp_path)
    model = gpt2.load(tmp_path)
    ids = model.tokenizer.encode_prompt("\udcff a")
    new = receipts.generate_ids(model, ids, {"max_new_tokens": 3})
    made = receipts.make(model, tmp_path, ids, new, {"max_new_tokens": 3}, "\udcff a")
    receipts.write(tmp_path / "r.json", made)
    receipt = receipts.read(tmp_path / "r.json")
    assert model.tokenizer.encode_prompt(receipt["prompt"]["text"]) == ids
    assert receipts.replay(receipt).same


def test_what_cannot_be_promised_or_read(tmp_path: Path, made: Path) -> None:
    with pytest.raises(OptionError, match="cannot be reproduced"):
        written(tmp_path, PROMPT, "--max-time", 3)
    assert not (tmp_path / "receipt.json").exists()
    with pytest.raises(MissingFileError):
        call(replay, tmp_path / "none.json")
    content = receipts.read(made)
    damages: list[dict[str, Any]] = [
        {"form": "x"}, {"output": {}}, {"output": {"ids": [["a"]]}}, {"model": 3},
    ]  # fmt: skip
    for damage in damages:
        receipts.write(tmp_path / "r.json", {**content, **damage})
        with pytest.raises(CorruptFileError, match="receipt"):
            call(replay, tmp_path / "r.json")
    receipts.write(tmp_path / "r.json", {**content, "model": {**content["model"], "name": "./no"}})
    with pytest.raises(MissingFileError, match="--model"):
        receipts.replay(signed(json.loads((tmp_path / "r.json").read_text())))


def test_the_exit_code_of_a_process(made: Path) -> None:
    line = [sys.executable, "-m", "gpt2", "replay", str(made)]
    run = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (0, "identical: all 20 tokens\n")


def test_a_receipt_of_the_first_form_is_replayed(made: Path, tmp_path: Path) -> None:
    content = receipts.read(made)
    name = content["model"]["name"]
    assert "model.safetensors.index.json" in content["model"]["weights"]
    old = {**content, "form": "gpt2-receipt-1",
           "model": {"name": name, **receipts.first_model_files(name)}}  # fmt: skip
    assert receipts.replay(signed(old)).same
    old["model"]["weights"] = "0" * 64
    (first,) = receipts.replay(signed(old)).differences
    assert "has other weights" in first.message


def test_changed_files_are_named(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BUNDLED / receipts.read(made)["model"]["name"], folder)
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (first,) = receipts.replay(receipts.read(made), model=folder).differences
    assert "has other tokenizer (chat_template.jinja)" in first.message


@pytest.mark.parametrize(
    ("part", "name"), [("model", "name"), ("engine", "name"), ("engine", "dtype")]
)
@pytest.mark.parametrize("value", [None, 3, ["int8"]], ids=str)
def test_a_receipt_without_its_facts(
    made: Path, tmp_path: Path, part: str, name: str, value: Any
) -> None:
    content = json.loads(made.read_text())
    content[part][name] = value
    receipts.write(tmp_path / "r.json", signed(content))
    with pytest.raises(CorruptFileError, match=f"damaged receipt: its {part} has no {name}"):
        receipts.read(tmp_path / "r.json")
