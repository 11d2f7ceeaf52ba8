"""One weight update: forward, backward, clip, step, on one process or several."""

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
from gpt2.training.planning.footprint import footprint, is_lean


@dataclasses.dataclass(frozen=True)
class Update:
    """The results of one step.

    Attributes:
        loss: the mean over all unmasked targets of the global batch, before the update.
        norm: the gradient norm before clipping.
        lr: the learning rate.
        tokens: the number of positions computed, over all processes.
        signal: the number of a signal that a process received, or 0.
    """

    loss: float
    norm: float
    lr: float
    tokens: int
    signal: int


class Stepper:
    """A model and everything that updates it.

    Args:
        model: on its device; it is wrapped here for several processes or the compiler.
        config: the training options.
        processes: the processes of the run.

    Attributes:
        model: as given (under FSDP with sharded parameters).
        plain: the model with its loss; FSDP shards this module.
        objective: the module to call: ``plain``, or its wrapper.
        optimizer, scale: the state apart from the weights.
        micro_batch: the micro-batch size, in rows per forward pass.
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
        self.plain = Objective(model)
        self.objective: nn.Module = self.plain
        if config.compile:
            self.plain.skip_head()  # its gradients are computed by hand: nothing to compile
            self.objective = Compiled(self.plain)
        if processes.ranks > 1:
            self.objective = distributed.spread(
                self.objective, self.plain, config.parallel, processes.device, self.low
            )
        self.optimizer = Optimizer(model.named_parameters(), config)

    @property
    def sharded(self) -> bool:
        """Whether each process has only a part of the weights."""
        return self.processes.ranks > 1 and self.config.parallel == "fsdp"

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """The autocast context of the forward pass."""
        if self.low is None:
            return contextlib.nullcontext()
        return torch.autocast(self.processes.device.type, self.low)

    @contextlib.contextmanager
    def gather_weights(self) -> Iterator[None]:
        """Within the block the parts of the model can be called separately even if the weights are
        sharded: weights outside the transformer blocks are gathered."""
        if not self.sharded:
            yield
            return
        self.plain.unshard()  # type: ignore[operator]
        try:
            yield
        finally:
            self.plain.reshard()  # type: ignore[operator]

    def finite(self) -> bool:
        """Whether all trained weights are finite in all processes; all processes must call it."""
        wrong = torch.zeros((), device=self.processes.device)
        for p in self.optimizer.named.values():
            local = p.detach()
            local = local.to_local() if hasattr(local, "to_local") else local
            wrong += (~torch.isfinite(local)).any()
        return not bool(self.processes.sum(wrong))

    def update(self, step: int, batch: Batch, signal: int = 0) -> Update:
        """Run step number ``step`` (from 0) on this process's rows of the batch.

        If the loss or the gradient is not finite, raises `TrainingError` in all processes before
        the weights change.
        """
        ranks = self.processes.ranks
        torch.manual_seed(random_bits(self.config.seed, step, self.processes.rank) >> 1)  # dropout
        self.model.train()
        counts = torch.tensor([batch.counted, batch.inputs.size], dtype=torch.float64)
        counted, tokens = self.processes.sum(counts).tolist()
        # The processes' gradients are averaged, so each counts ``ranks`` times.
        weight = self.scale.value * ranks / max(1.0, counted)
        total = self.gradients(batch, weight).item()
        signals = [0] * ranks  # one place for each process: two signals do not add up to another
        signals[self.processes.rank] = signal
        seen = torch.tensor([total, *signals], dtype=torch.float64)
        scaled, *signals = self.processes.sum(seen).tolist()
        loss = scaled / (self.scale.value * ranks)
        norm = self._norm() / self.scale.value
        lr = self._apply(step, loss, norm, self.scale.value)
        return Update(loss, norm, lr, int(tokens), int(max(signals)))

    def gradients(self, batch: Batch, weight: float) -> Tensor:
        """Accumulate the gradients of the losses times ``weight``; returns the weighted sum, []."""
        total = torch.zeros((), device=self.processes.device)
        passes = self._passes(len(batch))
        for number in range(passes):
            start, stop = (len(batch) * n // passes for n in (number, number + 1))
            part = batch.rows(start, stop) if stop > start else batch.rows(0, 1).ignore_labels()
            total += self._pass(part, weight, last=number == passes - 1)
        return total

    def fits(self, batch: Batch) -> bool:
        """Whether the memory of this GPU suffices for steps with this micro-batch size.

        It is tried, but with sharded weights computed: after a pass that ran out of memory FSDP
        gives no gradients, and the other processes would wait for this one.
        """
        if self.sharded:
            return self._missing(batch) <= memory.free_on_gpu()
        return memory.suffices(lambda: self.rehearse(batch))

    def _missing(self, batch: Batch) -> float:
        """The bytes that a step of sharded weights needs besides what is in memory already."""
        needed = footprint(
            self.model.config,
            min(self.micro_batch, len(batch)),
            batch.inputs.shape[1],
            precision=self.config.precision,
            optimizer=self.config.optimizer,
            strategy="fsdp",
            ranks=self.processes.ranks,
            recompute=self.config.recompute,
            accumulating=self._passes(len(batch)) > 1,
            trained=self.model.num_parameters(only_trainable=True),
            device=self.processes.device.type,
        )
        return needed.total - needed.weights - (needed.optimizer if self.optimizer.state() else 0)

    def rehearse(self, batch: Batch) -> None:
        """Take the memory of a step whose passes have the size of the micro-batch.

        Like the last pass, it runs beside the optimizer state and the gradients of earlier passes.
        The processes exchange nothing: if one runs out of memory, the others do not wait for it.
        """
        self.model.train()  # dropout keeps masks, and only training uses activation checkpointing
        part = batch.rows(0, self.micro_batch)
        state = self.optimizer.make_missing_state()
        try:
            for _ in range(min(2, self._passes(len(batch)))):
                self._pass(part, 0.0, last=False)  # weight 0: only the memory matters
        finally:
            del state
            self.optimizer.zero_grad()

    def _pass(self, part: Batch, weight: float, last: bool) -> Tensor:
        """One forward and backward pass; returns the weighted sum of its losses, []."""
        rows = Rows.of(part, self.processes.device)
        with distributed.accumulating(self.objective, self.plain, last):
            with self.autocast():
                loss = self.objective(rows.inputs, rows.places, rows.labels, weight)
            loss.backward()
        return loss.detach()

    def _passes(self, rows: int) -> int:
        """The number of micro-batches: the same on each process, because processes that share
        weights or gradients synchronise in every pass."""
        most = max(rows, -(-self.config.batch_size // self.processes.ranks))
        if self.processes.ranks == 1:
            most = rows
        return -(-most // self.micro_batch)

    def _norm(self) -> float:
        """The norm of the full gradient, still multiplied by the loss scale."""
        grads = self.optimizer.gradients()
        norm: Any = nn.utils.get_total_norm(grads)
        return float(distributed.full_tensor(norm))

    def _apply(self, step: int, loss: float, norm: float, scale: float) -> float:
        """Unscale the gradient by ``scale``, clip it and update the weights; returns the learning
        rate."""
        part = factor(step, self.config)
        self.optimizer.set_factor(part)
        if not math.isfinite(loss):
            raise TrainingError(f"the loss of step {step + 1} is {loss}.")
        if self.scale.accept(norm):
            if not math.isfinite(norm):
                raise TrainingError(f"the gradient of step {step + 1} is NaN or infinite.")
            wanted = min(1.0, self.config.clip / (norm + 1e-6)) if self.config.clip else 1.0
            if wanted != scale:
                torch._foreach_mul_(self.optimizer.gradients(), wanted / scale)
            self.optimizer.step()
        self.optimizer.zero_grad()
        return self.config.lr * part
