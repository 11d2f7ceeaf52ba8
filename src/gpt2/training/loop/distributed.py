"""Distributed training: process groups, DDP and FSDP2, and gathering tensors for files.

The processes find each other through the environment variables that torchrun sets, and communicate
by NCCL between GPUs and gloo between CPUs. With DDP each process has all weights; FSDP2
(`fully_shard`) shards weights, gradients and optimiser state. Each process computes its slice of
the global batch, and losses are divided by the number of unmasked targets in the global batch, so
the update equals that of a single process.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gpt2.errors import GPT2Error, OptionError, TrainingError, first_line
from gpt2.training.loop.watch import Watch

T = TypeVar("T")
PATIENCE = datetime.timedelta(minutes=30)  # long enough for a process to write a large checkpoint
PREPARING = datetime.timedelta(days=30)  # for the first process to prepare a text
# Messages of gloo and NCCL about a broken connection; the errors often have no class of their own.
BROKEN = re.compile(r"gloo|nccl|connection (closed|reset|refused)|broken pipe|timed? ?out", re.I)


def pick_device(name: str | None) -> torch.device:
    """The device of this process: ``name``, or by default a GPU if any. Raises `OptionError`."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        if device.type == "cuda":
            local = int(os.environ.get("LOCAL_RANK", 0))
            device = torch.device("cuda", local if device.index is None else device.index)
            torch.cuda.set_device(device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, AttributeError) as error:
        first = first_line(error)
        if name.startswith("cuda") and not torch.cuda.is_available():
            first = "this PyTorch installation finds no CUDA GPU"
        raise OptionError(f"the device {name!r} cannot be used here: {first}") from None
    return device


class Processes:
    """This process and its communication with the other processes of the run.

    Attributes:
        rank, ranks: the number of this process, and how many there are.
        device: the device that it computes on.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.owns = "RANK" in os.environ and not dist.is_initialized()
        if self.owns:
            backend = "nccl" if device.type == "cuda" else "gloo"
            dist.init_process_group(backend, timeout=PATIENCE)
        several = dist.is_initialized()
        self.rank = dist.get_rank() if several else 0
        self.ranks = dist.get_world_size() if several else 1
        self.watch: Watch | None = None
        if self.owns and self.ranks > 1:
            address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
            self.watch = Watch(self.rank, self.ranks, address, port)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, on the device of ``values``."""
        if self.ranks == 1:
            return values  # not moved to the device: mps has no float64
        sums = values.to(self.device)
        dist.all_reduce(sums)
        return sums.to(values.device)

    def same(self, value: Any, group: dist.ProcessGroup | None = None) -> Any:
        """Broadcast the first process's value to all processes; ``group`` has all of them."""
        if self.ranks == 1:
            return value
        box = [value]
        device = self.device if group is None else torch.device("cpu")
        dist.broadcast_object_list(box, src=0, group=group, device=device)
        return box[0]

    def least(self, value: int) -> int:
        """The minimum over all processes."""
        if self.ranks == 1:
            return value
        smallest = torch.tensor(value, device=self.device)
        dist.all_reduce(smallest, dist.ReduceOp.MIN)
        return int(smallest)

    def on_first(self, work: Callable[[], T], patience: datetime.timedelta | None = None) -> T:
        """Run ``work`` on the first process; return its result, or raise its error, in all.

        ``patience``: how long the other processes wait for it, by default `PATIENCE`.
        """
        group = None
        if patience is not None and self.ranks > 1:
            group = dist.new_group(backend="gloo", timeout=patience)
        result: Any = None
        error: Exception | None = None
        if self.first:
            try:
                result = work()
            except GPT2Error as raised:
                error = raised
        result, error = self.same((result, error), group)
        if group is not None:
            dist.destroy_process_group(group)
        if error is not None:
            raise error
        return result

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Within the block, raise a `TrainingError` that names the process if another one ends.

        If it has died, the error comes within seconds. If it does not answer, `Watch` ends this
        process after `LOST` seconds. If it answers but computes nothing, the error comes after
        `PATIENCE`.
        """
        try:
            yield
        except RuntimeError as error:
            if self.ranks == 1 or not _is_of_backend(error):
                raise
            gone = self.watch.gone() if self.watch else ""
            gone = gone or f"another of the {self.ranks} processes"
            raise TrainingError(
                f"{gone} has exited or does not respond, so process {self.rank} stops too."
            ) from None

    def wait(self) -> None:
        """Wait until all processes have reached this point."""
        if self.ranks > 1:
            dist.barrier()

    def close(self) -> None:
        """Leave the process group if this object joined it."""
        if self.watch is not None:
            self.watch.close()
            self.watch = None
        if self.owns and dist.is_initialized():
            dist.destroy_process_group()


def _is_of_backend(error: RuntimeError) -> bool:
    if isinstance(error, torch.OutOfMemoryError):
        return False
    return isinstance(error, dist.DistError) or bool(BROKEN.search(str(error)))


def spread(
    objective: nn.Module,
    plain: Any,
    parallel: str,
    device: torch.device,
    precision: torch.dtype | None,
) -> nn.Module:
    """Wrap the objective for all processes, starting from the first process's weights.

    Args:
        objective: the module to call: ``plain``, or its compiled form.
        plain: the module with the ``model``.
        parallel: "ddp": gradients are averaged while the backward pass still runs; "fsdp": each
            process keeps a slice of every weight, and a block is gathered when it runs.
        device: the device of this process.
        precision: the precision in which FSDP gathers the weights.
    """
    if parallel == "ddp":
        ids = [device] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(
            objective, device_ids=ids, gradient_as_bucket_view=True
        )
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    for parameter in plain.parameters():
        dist.broadcast(parameter.data, src=0)
    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    options: dict[str, Any] = {"mesh": mesh}
    if precision is not None:
        options["mp_policy"] = MixedPrecisionPolicy(precision, torch.float32)
    for block in plain.model.transformer.h:
        fully_shard(block, **options)
    fully_shard(plain, **options)
    return objective


@contextlib.contextmanager
def accumulating(objective: nn.Module, plain: Any, last: bool) -> Iterator[None]:
    """The context of a pass; the processes exchange gradients only in the last one of a step.

    ``objective`` is what `spread` returned for ``plain``.
    """
    if isinstance(objective, nn.parallel.DistributedDataParallel) and not last:
        with objective.no_sync():
            yield
        return
    if hasattr(plain, "set_requires_gradient_sync"):
        plain.set_requires_gradient_sync(last)
    yield


def whole(tensor: Any) -> Tensor:
    """Gather a tensor that FSDP may have sharded; all processes must call it."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def full_tensor(tensor: Any) -> Tensor:
    """Gather a tensor, which may be sharded, on the CPU; all processes must call it."""
    return whole(tensor).detach().cpu()


def sharded_like(value: Tensor, p: Any) -> Tensor:
    """Return this process's slice of a whole tensor if ``p`` is sharded, else all of it."""
    if not hasattr(p, "full_tensor"):
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, p.device_mesh, p.placements, src_data_rank=None)


def redistribute(value: Tensor, p: Any) -> Tensor:
    """Place a tensor like ``p``: on its device, and sharded if ``p`` is sharded."""
    if hasattr(value, "full_tensor"):  # already sharded
        return value
    return sharded_like(value.to(p.device, copy=True), p)
