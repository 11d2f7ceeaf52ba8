"""One process or many: who has which rows, how gradients meet, what is gathered for a file.

Started by torchrun, the processes find each other through its environment variables: NCCL between
GPUs, gloo between CPUs. DDP keeps the weights whole in each process; FSDP2 (`fully_shard`) shards
weights, gradients and optimiser. Each process computes its slice of the global batch, and losses
are divided by the unmasked targets of the whole of it, so the update is that of one process.
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

from gpt2.errors import GPT2Error, OptionError, TrainingError
from gpt2.training.loop.watch import Watch

T = TypeVar("T")
PATIENCE = datetime.timedelta(minutes=30)  # for a process that writes a large checkpoint, say
# What gloo and NCCL say of a broken connection, in errors that often have no class of their own.
BROKEN = re.compile(r"gloo|nccl|connection (closed|reset|refused)|broken pipe|timed? ?out", re.I)


def pick_device(name: str | None) -> torch.device:
    """The device of this process: as asked, or a GPU if there is one. Raises `OptionError`."""
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
        first = str(error).splitlines()[0]
        if name.startswith("cuda") and not torch.cuda.is_available():
            first = "this PyTorch finds no CUDA and no GPU of it"
        raise OptionError(f"the device {name!r} cannot be used here: {first}") from None
    return device


class Processes:
    """This process among those of the run.

    Attributes:
        rank, ranks: which it is, of how many.
        device: what it computes on.
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
        """Whether it is the one that writes and shows."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.ranks > 1:
            dist.all_reduce(values)
        return values

    def same(self, value: Any) -> Any:
        """What the first process has, in all."""
        if self.ranks == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def least(self, value: int) -> int:
        """The least of all processes' values."""
        if self.ranks == 1:
            return value
        smallest = torch.tensor(value, device=self.device)
        dist.all_reduce(smallest, dist.ReduceOp.MIN)
        return int(smallest)

    def agree(self, error: Exception | None) -> None:
        """Raise the first process's error, if it has one, in all of them."""
        error = self.same(error)
        if error is not None:
            raise error

    def on_first(self, work: Callable[[], T]) -> T:
        """What ``work`` gives on the first process, in all; an error too."""
        result: Any = None
        error: Exception | None = None
        if self.first:
            try:
                result = work()
            except GPT2Error as raised:
                error = raised
        self.agree(error)
        return self.same(result)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Within the block, the end of another process is a `TrainingError` that names it, within
        seconds where it has died. Where it does not answer, `Watch` ends this one after `LOST`
        seconds; where it does and computes nothing, the error comes after `PATIENCE`."""
        try:
            yield
        except RuntimeError as error:
            if self.ranks == 1 or not _is_of_backend(error):
                raise
            gone = self.watch.gone() if self.watch else ""
            gone = gone or f"another of the {self.ranks} processes"
            raise TrainingError(
                f"{gone} has ended or does not answer, which ends process {self.rank} too."
            ) from None

    def wait(self) -> None:
        """Until all are here."""
        if self.ranks > 1:
            dist.barrier()

    def close(self) -> None:
        """Leave the group, if it was joined here."""
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
    """Let the objective work on all processes, beginning with the first one's weights.

    Args:
        objective: what is called: ``plain``, or that compiled.
        plain: the module with the ``model``.
        parallel: "ddp": gradients are averaged while the backward pass still runs; "fsdp": each
            process keeps a slice of every weight, and a block is gathered when it runs.
        device: of this process.
        precision: that FSDP gathers the weights in.
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
def accumulating(objective: nn.Module, last: bool) -> Iterator[None]:
    """A pass whose gradients the processes exchange only if it is the step's last."""
    if isinstance(objective, nn.parallel.DistributedDataParallel) and not last:
        with objective.no_sync():
            yield
        return
    if hasattr(objective, "set_requires_gradient_sync"):
        objective.set_requires_gradient_sync(last)  # type: ignore[operator]
    yield


def full_tensor(tensor: Any) -> Tensor:
    """A tensor that may be sharded, whole and on the CPU. All processes must ask."""
    full = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return full.detach().cpu()


def redistribute(value: Tensor, p: Any) -> Tensor:
    """A tensor as ``p`` is: on its device, this process's slice of it where it is sharded."""
    if hasattr(value, "full_tensor"):  # it is so already
        return value
    value = value.to(p.device, copy=True)
    if not hasattr(p, "full_tensor"):
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, p.device_mesh, p.placements, src_data_rank=None)
