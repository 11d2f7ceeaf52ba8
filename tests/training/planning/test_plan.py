"""What training would take: counts that can be done by hand, and choices that follow from them."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch.profiler import ProfilerActivity, profile

from gpt2 import machine
from gpt2.cli.plan import command
from gpt2.config import GPT2Config
from gpt2.errors import GPT2Error, OptionError
from gpt2.model import GPT2LMHeadModel
from gpt2.training.config import TrainingConfig
from gpt2.training.inputs.batches import Batch
from gpt2.training.loop.distributed import Processes
from gpt2.training.loop.step import Stepper
from gpt2.training.planning.devices import DEVICES, Device
from gpt2.training.planning.footprint import footprint
from gpt2.training.planning.plan import USABLE, PlanConfig, count_of, make_plan
from tests.conftest import ROOT
from tests.tiny import write_tiny

GPT2 = GPT2Config.published("gpt2")
N = GPT2.parameter_count()
SMALL = Device("small", 2**31, {"fp32": 1e12}, 1e11, 1, "made up", ())


def test_sixteen_bytes_a_parameter_and_fsdp_divides_them() -> None:
    one = footprint(GPT2, 1, 1024)
    assert one.weights + one.gradients + one.optimizer == 16 * N
    many = footprint(GPT2, 1, 1024, strategy="fsdp", ranks=8, accumulating=False)
    assert many.weights + many.gradients + many.optimizer == 2 * N
    assert many.activations == one.activations
    # Until the last micro-batch of a step, each device keeps the gradients of all weights.
    parts = footprint(GPT2, 1, 1024, strategy="fsdp", ranks=8)
    assert parts.gradients == 4 * N
    assert parts.total - many.total > 3 * N
    assert many.gathered > 0 == one.gathered
    assert footprint(GPT2, 1, 1024, strategy="ddp", ranks=8) == one
    muon = footprint(GPT2, 1, 1024, optimizer="muon")
    assert one.optimizer - muon.optimizer == 4 * 12 * 12 * 768**2
    lora = footprint(GPT2, 1, 1024, trained=1000)
    assert (lora.gradients, lora.optimizer) == (4000, 8000)
    assert footprint(GPT2, 1, 1024, trained=1000, optimizer="muon") == lora


def test_activations_are_korthikantis_but_for_the_residual_stream() -> None:
    def per_layer(**changes: object) -> float:
        deep, flat = GPT2.replace(n_layer=13, **changes), GPT2.replace(n_layer=12, **changes)
        sizes = [footprint(c, 2, 1024, precision="bf16").activations for c in (deep, flat)]
        return (sizes[0] - sizes[1]) / (2 * 1024 * 768)

    # 34 bytes x T x D, without 2 of dropout masks; the residual stream here is fp32, twice 2 more;
    # and fused attention keeps a number for each head and token.
    assert per_layer(resid_pdrop=0.0) == 34 - 2 + 4 + 4 * 12 / 768
    assert per_layer() == 34 + 4 + 4 * 12 / 768
    kept = footprint(GPT2, 2, 1024, recompute=True).activations
    assert kept < footprint(GPT2, 2, 1024).activations / 4


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes that torch's allocator handed out on the CPU while ``work`` ran."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    events: Any = profiler.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    return max(itertools.accumulate(size for _, size in changes))


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ({}, {"micro_batch": 4}),
        ({}, {"micro_batch": 1}),
        ({}, {"micro_batch": 4, "recompute": True}),
        ({"n_layer": 1, "vocab_size": 9000}, {"micro_batch": 2, "optimizer": "muon"}),
        ({}, {"micro_batch": 2, "precision": "bf16"}),
        ({"n_layer": 12}, {"micro_batch": 4, "lean": True}),
        ({"n_layer": 12}, {"micro_batch": 2, "lean": True, "optimizer": "muon"}),
        ({"n_layer": 12}, {"micro_batch": 4, "lean": True, "recompute": True}),
    ],
    ids=["at once", "in parts", "recomputing", "large vocabulary", "bf16", "lean", "lean in parts",
         "lean, recomputing"],
)  # fmt: skip
def test_the_memory_is_what_a_real_step_takes(
    shape: dict[str, int], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = dict(options)
    if options.pop("lean", False):  # as large models are
        monkeypatch.setattr("gpt2.training.planning.footprint.LEAN_FROM", 0)
    dropouts = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    small = {"vocab_size": 1000, "n_positions": 128, "n_layer": 4, "n_embd": 128, "n_head": 4}
    config = GPT2Config(**{**small, **shape}, **dropouts)
    training = TrainingConfig(batch_size=4, device="cpu", **options)
    model = GPT2LMHeadModel(config)
    model.activation_checkpointing_enable(enabled=training.recompute)
    stepper = Stepper(model, training, Processes(torch.device("cpu")))
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (4, config.n_positions + 1))
    batch = Batch(ids[:, :-1], ids[:, 1:])
    stepper.update(0, batch)  # the optimizer's memory comes with the first step
    beyond = peak_of(lambda: stepper.update(1, batch))
    found = footprint(
        config,
        stepper.micro_batch,
        config.n_positions,
        precision=training.precision,
        optimizer=training.optimizer,
        recompute=training.recompute,
        accumulating=stepper.micro_batch < 4,
        device="cpu",
    )
    there = 4 * config.parameter_count() + found.optimizer
    assert found.total == pytest.approx(there + beyond, rel=0.1)


PROCESS = """
import sys, json, torch, numpy as np
from gpt2.training.planning.plan import USABLE
from gpt2.training.loop.step import Stepper
from tests.training.planning.test_plan import Batch, GPT2Config, GPT2LMHeadModel, Processes
from tests.training.planning.test_plan import TrainingConfig, footprint

def status(name):
    with open("/proc/self/status") as file:
        return next(int(ln.split()[1]) * 1024 for ln in file if ln.startswith(name))

torch.optim.AdamW([torch.zeros(3, requires_grad=True)])  # imports what an optimiser needs
before = status("VmRSS")
dropouts = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
config = GPT2Config(vocab_size=8192, n_positions=256, n_layer=12, n_embd=512, n_head=8, **dropouts)
training = TrainingConfig(batch_size=8, micro_batch=8, device="cpu", **json.loads(sys.argv[1]))
model = GPT2LMHeadModel(config)
model.activation_checkpointing_enable(enabled=training.recompute)
stepper = Stepper(model, training, Processes(torch.device("cpu")))
ids = np.random.default_rng(0).integers(0, 8192, (8, 257))
for step in range(2):
    stepper.update(step, Batch(ids[:, :-1], ids[:, 1:]))
expected = footprint(config, 8, 256, optimizer=training.optimizer, recompute=training.recompute,
                     accumulating=False, device="cpu").total
print(expected, status("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("options", [{}, {"recompute": True}], ids=str)
def test_what_a_process_takes_is_within_what_may_be_used(options: dict[str, Any]) -> None:
    """Its tensors, and at most a fourth more for kernels and the allocator's holes."""
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, json.dumps(options)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected, found = map(float, done.stdout.split())
    assert found * USABLE["cpu"] <= expected <= found * 1.05


def test_the_plan_for_a_node() -> None:
    options = PlanConfig(device="a100", gpus=8, tokens="10B", price=2.0, utilisation=0.5)
    plan = make_plan("gpt2", options)
    assert plan.batch_size == 512
    assert plan.steps == 19074  # 10^10 / (512 x 1024), rounded up
    assert plan.flops == (6 * (N - 1024 * 768) + 12 * 12 * 768 * 1024) * 1e10
    assert plan.seconds == pytest.approx(plan.flops / (8 * 312e12 * 0.5))
    assert plan.cost == pytest.approx(plan.seconds / 3600 * 8 * 2)
    assert plan.optimal_tokens == 20 * N
    assert 6 * plan.optimal_parameters * 20 * plan.optimal_parameters == pytest.approx(plan.flops)
    assert plan.chosen
    assert plan.chosen.name == "DDP"
    assert plan.command == (
        "torchrun --nproc-per-node 8 -m gpt2 train DATA -o RUN --size gpt2 --steps 19074 "
        "--batch-size 512 --precision bf16 --lr 0.0006 --parallel ddp"
    )
    assert not any("assumed" in note for note in plan.notes)
    assert any("assumed" in n for n in make_plan("gpt2", PlanConfig(device="a100")).notes)


def test_the_way_follows_from_the_memory() -> None:
    nodes = PlanConfig(device="a10", gpus=4, nodes=4)
    plan = make_plan("gpt2-xl", nodes)
    assert plan.chosen
    assert plan.chosen.strategy == "fsdp"  # 16 bytes a parameter are more than a device has
    assert plan.command.startswith("torchrun --nnodes 4 --node-rank NODE")
    assert [way.rows for way in plan.ways if way.strategy == "ddp"] == [0, 0]
    for way in plan.ways:
        assert way.rows == 0 or way.memory.total <= plan.memory
    recomputing = make_plan("gpt2", PlanConfig(), dataclass_with(SMALL, memory=3.2 * 2**30))
    assert recomputing.chosen
    assert recomputing.chosen.recompute
    assert "--recompute" in recomputing.command
    assert recomputing.utilisation == pytest.approx(0.4 * 0.75)
    none = make_plan("gpt2-xl", PlanConfig(), SMALL)
    assert none.chosen is None
    assert "does not fit" in none.notes[0]


def dataclass_with(device: Device, **changes: float) -> Device:
    return Device(**{**device.__dict__, **changes})


def test_wrong_wishes_are_refused() -> None:
    for options, words in (
        ({"device": "v100", "precision": "bf16"}, "v100 does not support bf16"),
        ({"device": "a100", "tokens": "many"}, "300M or 10B, found 'many'"),
        ({"device": "abacus"}, "device must be one of"),
        ({"device": "here"}, r"device .here. requires machine=here\(\)"),
    ):
        with pytest.raises(OptionError, match=words):
            make_plan("gpt2", PlanConfig(**options))
    with pytest.raises(GPT2Error):
        make_plan("no-such-folder/x", PlanConfig(device="a100"))
    assert count_of("1.5e9") == count_of("1.5B") == count_of("1,500M") == 1.5e9
    assert all(device.source and device.peaks for device in DEVICES.values())


def test_the_speed_can_be_measured(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    asked = [str(tmp_path), "--measure", "--batch-tokens", "256", "--json"]
    read = json.loads(CliRunner().invoke(command, asked).output)
    speed = re.match(r"Measured here: ([\d,]+) tokens/s on one device, 4 row", read["notes"][0])
    assert speed
    rate = float(speed[1].replace(",", ""))
    assert read["tokens"] / read["seconds"] == pytest.approx(rate, rel=0.02)
    refused = CliRunner().invoke(command, ["gpt2", "--measure", "--device", "a100"])
    assert "--measure measures this machine" in str(refused.exception)


def test_the_command(tmp_path: Path) -> None:
    shown = CliRunner().invoke(command, ["6x384", "--device", "rtx-4090", "--tokens", "1B"])
    assert shown.exit_code == 0, shown.output
    assert "1 x rtx-4090" in shown.output
    assert shown.output.splitlines()[-1].startswith("gpt2 train DATA -o RUN --layers 6 --width 384")
    write_tiny(tmp_path)
    shown = CliRunner().invoke(command, [str(tmp_path), "--device", "t4", "--json"])
    read = json.loads(shown.output)
    assert read["precision"] == "fp16"
    assert read["command"].startswith(f"gpt2 train DATA -o RUN --from {tmp_path}")
    assert 1e7 < machine.available_memory() < 1e14
