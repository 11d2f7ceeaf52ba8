"""Each spelling of a number format means the same, wherever one is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import gpt2
from gpt2.cli.bench import command as bench
from gpt2.cli.convert import command as convert
from gpt2.cli.generate import command as generate
from gpt2.cli.quantize import command as quantize
from gpt2.cli.train import command as train
from gpt2.errors import OptionError
from gpt2.precision import LONG, PACKED, long, short
from gpt2.training.config import TrainingConfig
from tests.tiny import write_tiny

SPELLINGS = {
    "fp32": ["fp32", "float32", "F32", "float", np.dtype("float32"), torch.float32],
    "fp16": ["fp16", "float16", "F16", "half", np.dtype("float16"), torch.float16],
    "bf16": ["bf16", "bfloat16", "BF16", torch.bfloat16],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tiny")
    write_tiny(place)
    return place


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(name: str) -> None:
    for spelling in SPELLINGS[name]:
        assert short(spelling) == name
        assert long(spelling) == LONG[name]


def test_what_is_none_stays() -> None:
    for other in ("auto", "q8_0", "int3", "", None):
        assert short(other) == long(other) == other
    assert [short(name) for name in PACKED] == list(PACKED)


@pytest.mark.parametrize("spelling", ["fp16", "float16", "F16"])
def test_every_engine_takes_every_spelling(folder: Path, spelling: str) -> None:
    assert gpt2.load(folder, engine="native", dtype=spelling).dtype == "fp16"
    assert gpt2.load(folder, engine="torch", dtype=spelling).dtype == torch.float16
    loaded = gpt2.GPT2LMHeadModel.from_pretrained(folder, dtype=spelling)
    assert loaded.dtype == torch.float16
    assert TrainingConfig(precision=spelling).precision == "fp16"
    for engine, found in (("native", "int3"), ("torch", "int8"), ("reference", "fp16")):
        with pytest.raises((OptionError, gpt2.errors.InputError), match="fp32"):
            gpt2.load(folder, engine=engine, dtype=found)


def test_the_command_line_takes_every_spelling(folder: Path, tmp_path: Path) -> None:
    for spelling in ("bf16", "bfloat16"):
        out = [str(folder), "-o", str(tmp_path / spelling), "--dtype", spelling, "--overwrite"]
        for command in (convert, quantize):
            done = CliRunner().invoke(command, out)
            assert done.exit_code == 0, done.output
    bytes_ = [(tmp_path / s / "model.safetensors").read_bytes() for s in ("bf16", "bfloat16")]
    assert bytes_[0] == bytes_[1]


@pytest.mark.parametrize("command", [bench, convert, generate, quantize, train])
def test_help_names_the_choices(command: object) -> None:
    shown = CliRunner().invoke(command, ["--help"]).stdout
    assert "bf16|" in shown.replace(" ", "").replace("\n", "")
