"""Measures the speed of real training steps on this machine."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
import torch

from gpt2.config import GPT2Config
from gpt2.model import GPT2LMHeadModel
from gpt2.training.config import Precision, TrainingConfig
from gpt2.training.inputs.batches import Batch
from gpt2.training.loop.distributed import Processes, pick_device
from gpt2.training.loop.step import Stepper


def measured_speed(
    config: GPT2Config,
    rows: int,
    precision: Precision,
    optimizer: Literal["adamw", "muon"],
    recompute: bool,
    steps: int = 2,
) -> float:
    """Tokens per second of real steps of ``rows`` rows on this machine, after one warm-up step.

    The model has random weights; one device is used.
    """
    training = TrainingConfig(
        batch_size=rows, precision=precision, optimizer=optimizer, recompute=recompute
    )
    device = pick_device(None)
    model = GPT2LMHeadModel(config.replace(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0))
    model.to(device).activation_checkpointing_enable(enabled=recompute)
    stepper = Stepper(model, training, Processes(device))
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (rows, config.n_positions + 1))
    batch = Batch(ids[:, :-1], ids[:, 1:])
    stepper.update(0, batch)
    begin = time.perf_counter()
    for step in range(1, steps + 1):
        stepper.update(step, batch)  # reads the loss, so it waits for the device
    del stepper, model
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return steps * batch.inputs.size / (time.perf_counter() - begin)
