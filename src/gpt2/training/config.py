"""`TrainingConfig`: every option of training, declared once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

from gpt2.errors import OptionError
from gpt2.options import check_names, option, validate
from gpt2.precision import short

Precision = Literal["fp32", "bf16", "fp16"]
# What may differ when a run resumes: none of it changes what the weights become.
HARMLESS = ("validate_every", "save_every", "save_minutes", "keep", "sample_every", "prompt",
            "sample_tokens")  # fmt: skip
TUNED_BATCH, TUNED_LENGTH = 8, 256  # fine-tuning: rows of a step, tokens of a row of plain text


@dataclasses.dataclass
class TrainingConfig:
    """How a model is trained. Raises `OptionError` for a value that cannot be."""

    steps: int = option(2000, "Updates of the weights, in all.", minimum=1)
    batch_size: int = option(16, "Rows of a step, over all processes.", minimum=1)
    length: int | None = option(
        None, "Sequence length: tokens of a row; the model's context by default.", minimum=2
    )
    micro_batch: int | None = option(
        None,
        "Micro-batch size: rows of a forward pass; by default what the memory allows.",
        minimum=1,
    )
    lr: float = option(1e-3, "The highest learning rate.", above=0)
    schedule: Literal["cosine", "wsd", "constant"] = option(
        "cosine",
        "Schedule of the learning rate after warm-up; wsd: constant, at the end linear decay.",
    )
    warmup: int | None = option(
        None, "Steps of linear warm-up; a twentieth of all, at most 200, by default.", minimum=0
    )
    min_lr: float = option(
        0.1,
        "The learning rate that cosine and wsd end at, as a part of --lr.",
        minimum=0,
        maximum=1,
    )
    decay: float = option(0.2, "The part of the steps that wsd decays in.", minimum=0, maximum=1)
    optimizer: Literal["adamw", "muon"] = option(
        "adamw", "AdamW, or Muon for the matrices of the blocks and AdamW for the rest."
    )
    beta1: float = option(0.9, "AdamW's average of gradients.", minimum=0, maximum=1)
    beta2: float = option(0.95, "AdamW's average of their squares.", minimum=0, maximum=1)
    eps: float = option(1e-8, "AdamW's guard against division by zero.", above=0)
    momentum: float = option(0.95, "Muon's average of gradients.", minimum=0, maximum=1)
    weight_decay: float = option(
        0.1, "Weight decay of the matrices, decoupled from the gradient.", minimum=0, off=0
    )
    clip: float = option(1.0, "Max norm of the gradient, which is clipped to it.", minimum=0, off=0)
    precision: Precision = option("fp32", "Precision of the matmuls; the weights stay fp32.")
    recompute: bool = option(
        False, "Activation checkpointing: keep only each layer's input; less memory, a third "
        "slower."
    )  # fmt: skip
    compile: bool = option(False, "Compile with torch.compile, where it works.")
    seed: int = option(
        0,
        "Seed of the first weights, the order of the rows and dropout.",
        minimum=0,
        maximum=2**64 - 1,
    )
    threads: int | None = option(
        None, "Threads of a CPU process; torch's choice by default.", minimum=1, maximum=1024
    )
    device: str | None = option(
        None, "Device: cpu, cuda, cuda:1, mps; a GPU by default if there is one."
    )
    parallel: Literal["ddp", "fsdp"] = option(
        "ddp", "Strategy under torchrun: the weights whole in each process, or sharded."
    )
    validate_every: int = option(
        250, "Steps between validations; there is one at the end too.", minimum=0, off=0
    )
    patience: int = option(
        0, "Stop after that many validations without a new best.", minimum=0, off=0
    )
    save_every: int = option(0, "Steps between checkpoints.", minimum=0, off=0)
    save_minutes: float = option(10.0, "Minutes between checkpoints.", minimum=0, off=0)
    keep: int = option(2, "Last checkpoints to keep; the best one is kept beside.", minimum=1)
    sample_every: int = option(500, "Steps between samples of text.", minimum=0, off=0)
    prompt: str = option("\n", "What samples begin with.", blank=True)
    sample_tokens: int = option(80, "Length of a sample.", minimum=1)

    def __post_init__(self) -> None:
        self.precision = short(self.precision)
        validate(self)
        for name, value in self.to_dict().items():
            if isinstance(value, float) and not math.isfinite(value):
                raise OptionError(f"{name} must be finite, found {value}.")
        if self.optimizer == "adamw" and not (self.beta1 < 1 and self.beta2 < 1):
            raise OptionError(f"beta1 and beta2 must be below 1: {self.beta1}, {self.beta2}.")
        if self.warmup is not None and self.warmup > self.steps:
            raise OptionError(f"warmup must be at most steps ({self.steps}), found {self.warmup}.")

    @property
    def warmup_steps(self) -> int:
        """Steps of warm-up, as asked or by default."""
        return min(200, self.steps // 20) if self.warmup is None else self.warmup

    def to_dict(self) -> dict[str, Any]:
        """All options, for a file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingConfig:
        """From a file's contents; raises `OptionError`."""
        check_names(cls, values)
        return cls(**values)

    def changes(self, other: TrainingConfig) -> dict[str, tuple[Any, Any]]:
        """Options whose change from ``self`` to ``other`` changes what the weights become."""
        before, after = self.to_dict(), other.to_dict()
        return {
            name: (value, after[name])
            for name, value in before.items()
            if name not in HARMLESS and value != after[name]
        }


@dataclasses.dataclass(frozen=True)
class Start:
    """How a run's folder is taken up; by default it must not hold a run. Raises `OptionError`."""

    resume: bool = option(False, "Resume from the last checkpoint, bit for bit.", flag=True)
    allow_changes: bool = option(False, "Resume with other data or options than before.", flag=True)
    overwrite: bool = option(False, "Begin anew, whatever the folder holds.", flag=True)

    def __post_init__(self) -> None:
        validate(self)
        if self.resume and self.overwrite:
            raise OptionError("resume needs what overwrite would remove: give one of them.")


@dataclasses.dataclass
class FinetuneConfig:
    """What fine-tuning adds to the options of training. Raises `OptionError`."""

    lora: bool = option(
        False, "Train adapters beside frozen weights (LoRA): less memory, a small file to keep."
    )
    epochs: float = option(10.0, "Times over the data, where --steps is not given.", above=0)
    held_out: float = option(
        0.1, "The share of the data to validate on.", minimum=0, maximum=0.5, off=0
    )
    dropout: float = option(0.0, "Dropout of the residual stream.", minimum=0, maximum=0.9, off=0)
    prompt_field: str = option("prompt", "Field of JSON lines and tables that holds the prompt.")
    completion_field: str = option("completion", "Field that holds what is to be learned.")
    anyway: bool = option(False, "Begin even if the memory seems too small.")

    def __post_init__(self) -> None:
        validate(self)
