"""Whether a run fits in memory, checked before it starts, and which options would make it fit."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

import torch

from gpt2.config import GPT2Config
from gpt2.errors import OptionError
from gpt2.machine import available_memory
from gpt2.model import GPT2LMHeadModel
from gpt2.model.lora import LoraConfig, add_lora
from gpt2.training.config import TrainingConfig
from gpt2.training.planning.footprint import Footprint, footprint
from gpt2.training.planning.plan import USABLE
from gpt2.training.units import gib


@dataclasses.dataclass(frozen=True)
class Fit:
    """The memory that a run needs and the memory that is free, in bytes."""

    needed: Footprint
    free: float
    rows: int

    @property
    def fits(self) -> bool:
        """Whether the run fits."""
        return self.needed.total <= self.free

    def words(self) -> str:
        """The result as a sentence."""
        part = self.needed
        return (
            f"training needs about {gib(part.total)} for {self.rows} row(s) at a time (weights "
            f"{gib(part.weights)}, gradients {gib(part.gradients)}, optimizer "
            f"{gib(part.optimizer)}, activations {gib(part.activations)}); {gib(self.free)} is "
            "available"
        )


@dataclasses.dataclass(frozen=True)
class Demand:
    """The inputs to a memory estimate: a model, the tokens per row, and how it is trained."""

    config: GPT2Config
    length: int
    training: TrainingConfig
    lora: LoraConfig | None
    device: torch.device
    ranks: int = 1

    def fit(self) -> Fit:
        """The least memory it needs: with the configured micro-batch, or one row if none is set."""
        training, on_gpu = self.training, self.device.type == "cuda"
        if on_gpu:
            free = USABLE["cuda"] * torch.cuda.mem_get_info(self.device)[0]
        else:
            free = USABLE["cpu"] * available_memory() / int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        needed = footprint(
            self.config,
            training.micro_batch or 1,
            self.length,
            precision=training.precision,
            optimizer=training.optimizer,
            strategy="one" if self.ranks == 1 else training.parallel,
            ranks=self.ranks,
            recompute=training.recompute,
            trained=None if self.lora is None else adapter_size(self.config, self.lora),
            device="cuda" if on_gpu else "cpu",
        )
        return Fit(needed, free, training.micro_batch or 1)

    def check(self, anyway: bool = False) -> Fit:
        """Like `fit`, but raises `OptionError` listing options that would fit if it does not."""
        asked = self.fit()
        if asked.fits or anyway:
            return asked
        proposals = [
            f"{words} ({gib(fit.needed.total)})" for words, fit in self._less() if fit.fits
        ]
        advice = (
            f"What would fit: {', or '.join(proposals)}."
            if proposals
            else "No option makes it fit: use a smaller model, a machine with more memory, or "
            "several GPUs with --parallel fsdp."
        )
        raise OptionError(
            f"the memory is too small: {asked.words()}. {advice} --anyway starts regardless."
        )

    def _less(self) -> Iterator[tuple[str, Fit]]:
        """Options that need less memory, each with the resulting estimate."""
        replace, training = dataclasses.replace, self.training
        yield "--recompute", replace(self, training=replace(training, recompute=True)).fit()
        small = "--recompute"
        if (training.micro_batch or 1) > 1:
            small += " --micro-batch 1"
            least = replace(training, recompute=True, micro_batch=1)
            yield small, replace(self, training=least).fit()
        words, adapters = "--lora", replace(self, lora=self.lora or LoraConfig())
        if training.optimizer == "muon":  # it does not train adapters
            words += " --optimizer adamw"
            adapters = replace(adapters, training=replace(training, optimizer="adamw"))
        if adapters != self:
            yield words, adapters.fit()
        least = replace(adapters.training, recompute=True, micro_batch=1)
        adapters = replace(adapters, training=least)
        yield f"{words} {small}", adapters.fit()
        length = max(2, self.length // 4)
        yield f"{words} {small} --length {length}", replace(adapters, length=length).fit()


def adapter_size(config: GPT2Config, lora: LoraConfig) -> int:
    """The number of parameters in the adapters."""
    with torch.device("meta"):
        model = GPT2LMHeadModel(config)
        add_lora(model, lora)
    return model.num_parameters(only_trainable=True)
