"""`TrainingConfig`: every training option, declared once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

from gpt2.errors import OptionError
from gpt2.options import Checked, check_names, option, validate
from gpt2.precision import short

Precision = Literal["fp32", "bf16", "fp16"]
# Options that may differ when a run resumes: none of them affects the trained weights.
HARMLESS = ("validate_every", "save_every", "save_minutes", "keep", "sample_every", "prompt",
            "sample_tokens")  # fmt: skip
TUNED_BATCH, TUNED_LENGTH = 8, 256  # fine-tuning: rows per step, tokens per row of plain text


@dataclasses.dataclass
class TrainingConfig:
    """How a model is trained. Raises `OptionError` for an invalid value."""

    steps: int = option(2000, "Number of training steps (weight updates).", minimum=1)
    batch_size: int = option(16, "Rows per step, over all processes.", minimum=1)
    length: int | None = option(
        None, "Sequence length: tokens per row.", minimum=2, unset="the model's context length"
    )
    micro_batch: int | None = option(
        None,
        "Micro-batch size: rows per forward pass.",
        minimum=1,
        unset="what the memory allows",
    )
    lr: float = option(1e-3, "Peak learning rate.", above=0)
    schedule: Literal["cosine", "wsd", "constant"] = option(
        "cosine",
        "Learning-rate schedule after warm-up; wsd is constant, with linear decay at the end.",
    )
    warmup: int | None = option(
        None, "Steps of linear warm-up.", minimum=0, unset="5% of the steps, at most 200"
    )
    min_lr: float = option(
        0.1,
        "Final learning rate of cosine and wsd, as a fraction of --lr.",
        minimum=0,
        maximum=1,
    )
    decay: float = option(
        0.2, "Fraction of the steps over which wsd decays the rate.", minimum=0, maximum=1
    )
    optimizer: Literal["adamw", "muon"] = option(
        "adamw", "Optimizer: AdamW, or Muon for the matrices of the blocks and AdamW for the rest."
    )
    beta1: float = option(
        0.9, "Coefficient of AdamW's running average of the gradient.", minimum=0, below=1
    )
    beta2: float = option(
        0.95,
        "Coefficient of AdamW's running average of the squared gradient.",
        minimum=0,
        below=1,
    )
    eps: float = option(1e-8, "Term added to AdamW's denominator for numerical stability.", above=0)
    momentum: float = option(0.95, "Momentum of Muon.", minimum=0, below=1)
    weight_decay: float = option(
        0.1, "Decoupled weight decay of the matrices; 0 disables it.", minimum=0, off=0
    )
    clip: float = option(1.0, "Max norm for gradient clipping; 0 disables it.", minimum=0, off=0)
    precision: Precision = option("fp32", "Precision of the matmuls; the weights stay in fp32.")
    recompute: bool = option(
        False, "Use activation checkpointing: keep only each layer's input; less memory, a third "
        "slower."
    )  # fmt: skip
    compile: bool = option(False, "Compile the model with torch.compile if it works here.")
    seed: int = option(
        0,
        "Random seed for the initial weights, the order of the rows and dropout.",
        minimum=0,
        maximum=2**64 - 1,
    )
    threads: int | None = option(
        None, "Number of threads per CPU process.", minimum=1, maximum=1024,
        unset="PyTorch's choice",
    )  # fmt: skip
    device: str | None = option(
        None, "Device, such as cpu, cuda, cuda:1 or mps.", unset="a GPU if available, else cpu"
    )
    parallel: Literal["ddp", "fsdp"] = option(
        "ddp",
        "Strategy under torchrun: ddp replicates the weights in each process, fsdp shards them.",
    )
    validate_every: int = option(
        250, "Steps between validations, with one at the end; 0 disables them.", minimum=0, off=0
    )
    patience: int = option(
        0,
        "Validations without improvement before training stops; 0 disables this.",
        minimum=0,
        off=0,
    )
    save_every: int = option(0, "Steps between checkpoints; 0 disables this.", minimum=0, off=0)
    save_minutes: float = option(
        10.0, "Minutes between checkpoints; 0 disables this.", minimum=0, off=0
    )
    keep: int = option(2, "Number of recent checkpoints to keep, besides the best one.", minimum=1)
    sample_every: int = option(
        500, "Steps between text samples; 0 disables them.", minimum=0, off=0
    )
    prompt: str = option("\n", "Prompt of the text samples.", blank=True)
    sample_tokens: int = option(80, "Number of tokens per text sample.", minimum=1)

    def __post_init__(self) -> None:
        self.precision = short(self.precision)
        validate(self)
        for name, value in self.to_dict().items():
            if isinstance(value, float) and not math.isfinite(value):
                raise OptionError(f"{name} must be finite, found {value}.")
        if self.warmup is not None and self.warmup > self.steps:
            raise OptionError(f"warmup must be at most steps ({self.steps}), found {self.warmup}.")

    @property
    def warmup_steps(self) -> int:
        """The number of warm-up steps: ``warmup`` if it is set, else the default."""
        return min(200, self.steps // 20) if self.warmup is None else self.warmup

    def to_dict(self) -> dict[str, Any]:
        """All options as a dict that can be written as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingConfig:
        """Build a config from what `to_dict` returned. Raises `OptionError`."""
        check_names(cls, values)
        return cls(**values)

    def without_effect(self) -> dict[str, str]:
        """Options that have no effect, each with the option to which that is due."""
        reasons = {
            "momentum": "" if self.optimizer == "muon" else "--optimizer adamw",
            "min_lr": "--schedule constant" if self.schedule == "constant" else "",
            "decay": "" if self.schedule == "wsd" else f"--schedule {self.schedule}",
            "patience": "" if self.validate_every else "--validate-every 0",
            "prompt": "" if self.sample_every else "--sample-every 0",
            "sample_tokens": "" if self.sample_every else "--sample-every 0",
        }
        return {name: reason for name, reason in reasons.items() if reason}

    def changes(self, other: TrainingConfig) -> dict[str, tuple[Any, Any]]:
        """Options that differ between ``self`` and ``other`` and affect the trained weights."""
        before, after = self.to_dict(), other.to_dict()
        return {
            name: (value, after[name])
            for name, value in before.items()
            if name not in HARMLESS and value != after[name]
        }


@dataclasses.dataclass(frozen=True)
class Start:
    """How to treat an existing run folder; by default an error. Raises `OptionError`."""

    resume: bool = option(False, "Resume from the last checkpoint, bit for bit.", flag=True)
    allow_changes: bool = option(
        False, "Resume even if the data or options have changed.", flag=True
    )
    overwrite: bool = option(False, "Start over even if the folder is not empty.", flag=True)

    def __post_init__(self) -> None:
        validate(self)
        if self.resume and self.overwrite:
            raise OptionError("resume and overwrite are mutually exclusive: give one of them.")


@dataclasses.dataclass
class FinetuneConfig(Checked):
    """The options that fine-tuning adds to those of training. Raises `OptionError`."""

    lora: bool = option(
        False, "Train LoRA adapters with the base model frozen: less memory, and a small file."
    )
    epochs: float = option(
        10.0, "Number of passes over the data, unless --steps is given.", above=0
    )
    held_out: float = option(
        0.1, "Fraction of the data to hold out for validation.", minimum=0, maximum=0.5, off=0
    )
    dropout: float = option(0.0, "Dropout of the residual stream.", minimum=0, maximum=0.9, off=0)
    prompt_field: str = option("prompt", "Field of JSON Lines and tables that holds the prompt.")
    completion_field: str = option("completion", "Field that holds the completion to learn.")
    anyway: bool = option(False, "Start even if the memory seems too small.")
