"""``gpt2 bench`` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpt2.quantization import quantize
from tests.tiny import END, write_tiny


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gpt2", "bench", *map(str, arguments), "--rounds=1", "--tokens=2"]
    environment = {k: v for k, v in os.environ.items() if k != "GPT2_THREADS"}
    return subprocess.run(line, capture_output=True, text=True, timeout=120, env=environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiny(tmp_path, vocab_size=END + 1)  # whatever it draws is text
    return tmp_path


def test_what_it_measures(folder: Path) -> None:
    done = bench(folder, "--dtype=int8", "--dtype=fp32", "--threads=1", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["precisions"]) == ["int8", "fp32"]
    for one in found["precisions"].values():
        assert one["threads"] == 1
        assert all(rate["median"] > 0 for rate in one["tokens_per_second"].values())
        assert len(one["tokens_per_second"]) == 5
        assert 0.02 < one["cold_start_seconds"] < 60
        assert 0 < one["share_of_multiply"] < 3
        assert one["share_of_read"] is None  # so small a model lies in the caches
    small, large = (one["weight_bytes"] for one in found["precisions"].values())
    assert small < large / 2


@pytest.fixture(scope="module")
def packed_table(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What it says of a quantised model, without a table's format or a precision in the command."""
    folder = tmp_path_factory.mktemp("bench")
    write_tiny(folder / "whole", vocab_size=END + 1)
    quantize(folder / "whole", folder / "packed", dtype="int4", rounding="nearest", tokens=0)
    done = bench(folder / "packed", "-q")
    assert done.returncode == 0, done.stderr
    return done


def test_a_table_without_the_option_and_nothing_else_on_standard_output(
    packed_table: subprocess.CompletedProcess[str],
) -> None:
    done = packed_table
    assert done.stderr == ""
    assert "decode after 32, tokens/s" in done.stdout
    assert "GB/s" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_quantised_model_is_measured_as_it_is(
    packed_table: subprocess.CompletedProcess[str],
) -> None:
    head = next(line for line in packed_table.stdout.splitlines() if line.strip())
    assert head.split() == ["int4"]  # the columns


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gpt2-mini", "--shape=gpt2"], "not both"),
        (["no-such-folder/x/y"], "no-such-folder"),
        (["--dtype=int3"], "int3"),
    ],
)
def test_what_it_refuses(arguments: list[str], words: str) -> None:
    done = bench(*arguments)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_in_the_measured_process_is_told_once(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    done = bench(folder, "--dtype=fp32")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "model.safetensors" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_random_weights_of_a_published_size() -> None:
    done = bench("--shape=gpt2", "--dtype=int8", "--json")
    assert done.returncode == 0, done.stderr
    [one] = json.loads(done.stdout)["precisions"].values()
    assert 120e6 < one["weight_bytes"] < 140e6
    assert 0 < one["share_of_read"] < 1.1
    assert one["cold_start_seconds"] is None
