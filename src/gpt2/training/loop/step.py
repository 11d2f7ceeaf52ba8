"""One update of the weights: forward, backward, clip, step, on one process or many."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gpt2.errors import TrainingError
from gpt2.model.lean import make_lean
from gpt2.precision import long
from gpt2.randomness import random_bits
from gpt2.training.config import TrainingConfig
from gpt2.training.inputs.batches import Batch
from gpt2.training.loop import distributed, memory
from gpt2.training.loop.compiling import Compiled
from gpt2.training.loop.distributed import Processes
from gpt2.training.loop.loss_scale import LossScale
from gpt2.training.loop.objective import Objective, Rows
from gpt2.training.loop.optimizers import Optimizer
from gpt2.training.loop.schedules import factor
from gpt2.training.planning.footprint import is_lean


@dataclasses.dataclass(frozen=True)
class Update:
    """What one step found.

    Attributes:
        loss: the mean over all unmasked targets of the global batch, before the update.
        norm: the gradient's norm, before clipping.
        lr: the learning rate.
        tokens: places computed, of all processes.
        signal: the number of a signal that reached a process, or 0.
    """

    loss: float
    norm: float
    lr: float
    tokens: int
    signal: int


class Stepper:
    """A model with all that updates it.

    Args:
        model: on its device; here it is wrapped for several processes or the compiler.
        config: how.
        processes: this one among them.

    Attributes:
        model: as given (under FSDP with sharded parameters).
        objective: what is called, perhaps wrapped.
        optimizer, scale: the state beside the weights.
        micro_batch: rows of a forward pass, the micro-batch size.
    """

    def __init__(self, model: Any, config: TrainingConfig, processes: Processes) -> None:
        self.model, self.config, self.processes = model, config, processes
        low = config.precision != "fp32"
        self.low: torch.dtype | None = getattr(torch, long(config.precision)) if low else None
        self.scale = LossScale.of(config.precision)
        self.micro_batch = config.micro_batch or config.batch_size
        if config.recompute and processes.device.type == "cpu":
            memory.give_back()
        if is_lean(model.config, processes.device.type):
            make_lean(model)
        plain = Objective(model)
        self.objective: nn.Module = plain
        if config.compile:
            plain.skip_head()  # its gradients are made by hand, there is nothing to compile
            self.objective = Compiled(plain)
        if processes.ranks > 1:
            self.objective = distributed.spread(
                self.objective, plain, config.parallel, processes.device, self.low
            )
        self.optimizer = Optimizer(model.named_parameters(), config)

    @property
    def sharded(self) -> bool:
        """Whether each process has only a part of the weights."""
        return self.processes.ranks > 1 and self.config.parallel == "fsdp"

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """The context that the model computes in."""
        if self.low is None:
            return contextlib.nullcontext()
        return torch.autocast(self.processes.device.type, self.low)

    @contextlib.contextmanager
    def gathered(self) -> Iterator[None]:
        """Within the block the model's parts can be called by themselves, also where the weights
        are sharded: those outside the blocks are whole."""
        if not self.sharded:
            yield
            return
        self.objective.unshard()  # type: ignore[operator]
        try:
            yield
        finally:
            self.objective.reshard()  # type: ignore[operator]

    def finite(self) -> bool:
        """Whether all trained weights are, in all processes; all must ask."""
        wrong = torch.zeros((), device=self.processes.device)
        for p in self.optimizer.named.values():
            local = p.detach()
            local = local.to_local() if hasattr(local, "to_local") else local
            wrong += (~torch.isfinite(local)).any()
        return not bool(self.processes.sum(wrong))

    def update(self, step: int, batch: Batch, signal: int = 0) -> Update:
        """Do step number ``step`` (from 0) with this process's rows of it.

        Raises `TrainingError`, on all processes and before the weights change, for a loss or a
        gradient that is not finite.
        """
        ranks, device = self.processes.ranks, self.processes.device
        torch.manual_seed(random_bits(self.config.seed, step, self.processes.rank) >> 1)  # dropout
        self.model.train()
        counts = torch.tensor([batch.counted, batch.inputs.size], dtype=torch.float64)
        counted, tokens = self.processes.sum(counts.to(device)).tolist()
        # The processes' gradients are averaged, so each counts ``ranks`` times.
        weight = self.scale.value * ranks / max(1.0, counted)
        total = self.gradients(batch, weight)
        seen = torch.stack([total.double(), total.new_tensor(signal, dtype=torch.float64)])
        scaled, signals = self.processes.sum(seen).tolist()
        loss = scaled / (self.scale.value * ranks)
        norm = self._norm() / self.scale.value
        lr = self._apply(step, loss, norm, self.scale.value)
        return Update(loss, norm, lr, int(tokens), int(signals))

    def gradients(self, batch: Batch, weight: float) -> Tensor:
        """Add the gradients of the losses times ``weight``; returns those losses' sum, []."""
        total = torch.zeros((), device=self.processes.device)
        passes = self._passes(len(batch))
        for number in range(passes):
            start, stop = (len(batch) * n // passes for n in (number, number + 1))
            part = batch.rows(start, stop) if stop > start else batch.rows(0, 1).ignored()
            rows = Rows.of(part, self.processes.device)
            with distributed.accumulating(self.objective, last=number == passes - 1):
                with self.autocast():
                    loss = self.objective(rows.inputs, rows.places, rows.labels, weight)
                loss.backward()
            total += loss.detach()
        return total

    def _passes(self, rows: int) -> int:
        """How many parts the rows are computed in: as many on each process, since those that
        share weights or gradients meet in every pass."""
        most = max(rows, -(-self.config.batch_size // self.processes.ranks))
        if self.processes.ranks == 1:
            most = rows
        return -(-most // self.micro_batch)

    def _norm(self) -> float:
        """The norm of the whole gradient, as it is scaled."""
        grads = self.optimizer.gradients()
        norm: Any = nn.utils.get_total_norm(grads)
        return float(distributed.full_tensor(norm))

    def _apply(self, step: int, loss: float, norm: float, scale: float) -> float:
        """Clip the gradient, which is ``scale`` times too long, and update; returns the rate."""
        part = factor(step, self.config)
        self.optimizer.set_factor(part)
        if not math.isfinite(loss):
            raise TrainingError(f"the loss of step {step + 1} is {loss}.")
        if self.scale.accept(norm):
            if not math.isfinite(norm):
                raise TrainingError(f"the gradient of step {step + 1} is not finite.")
            wanted = min(1.0, self.config.clip / (norm + 1e-6)) if self.config.clip else 1.0
            if wanted != scale:
                torch._foreach_mul_(self.optimizer.gradients(), wanted / scale)
            self.optimizer.step()
        self.optimizer.zero_grad()
        return self.config.lr * part
