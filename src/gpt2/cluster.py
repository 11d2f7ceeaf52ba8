"""Shards as tasks of a Ray cluster, which starts them and restarts lost ones elsewhere."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

from gpt2.errors import GPT2Error, InputError, OptionError, reason
from gpt2.extras import need
from gpt2.parts import Shard

LOCAL = "local"
AGAIN = 20  # the most restarts of a shard whose process or machine was lost
ROUNDS = 2  # shards per worker, so that a slow worker does not delay everything


def run(
    work: Callable[[Shard], Any],
    address: str,
    *,
    shards: int | None = None,
    cores: int = 1,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> list[Any]:
    """Run all shards of a job on a cluster; returns the result of each.

    Args:
        work: processes a shard; it must be idempotent, and importable on the cluster.
        address: the address of a running cluster ("10.0.0.1:6379", "auto"), or "local" for a
            temporary one on this machine.
        shards: the number of shards; by default two per worker.
        cores: the number of cores per shard.
        tick: called regularly with the number of finished shards and the total.

    Raises:
        InputError: there is no cluster at the address.
        OptionError: no machine has that many cores.
        GPT2Error: an error raised by ``work``, or a shard that was lost too often.
    """
    ray = need("ray", "--cluster")
    with _connect(ray, address):
        places = int(sum(n["Resources"].get("CPU", 0) // cores for n in ray.nodes() if n["Alive"]))
        if not places:
            raise OptionError(
                f"no machine in the cluster has the {cores} cores that a shard requires."
            )
        count = shards or ROUNDS * places
        # an error raised by the work is not retried: it would recur, and is reported at once
        task = ray.remote(num_cpus=cores, max_retries=AGAIN, retry_exceptions=False)(_do)
        asked = [Shard(number, count) for number in range(1, count + 1)]
        waiting = {task.remote(work, shard): shard for shard in asked}
        try:
            return _gather(ray, waiting, tick)
        except BaseException:
            for reference in waiting:
                ray.cancel(reference, force=True)
            raise


def _do(work: Callable[[Shard], Any], shard: Shard) -> Any:
    return work(shard)


def _gather(ray: Any, waiting: dict[Any, Shard], tick: Callable[[int, int], None]) -> list[Any]:
    results: dict[int, Any] = {}
    left = list(waiting)
    while left:
        tick(len(results), len(waiting))
        done, left = ray.wait(left, timeout=1.0)
        for reference in done:
            shard = waiting[reference]
            try:
                results[shard.number] = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayError as error:
                raise GPT2Error(
                    f"shard {shard} was lost {AGAIN + 1} times: {reason(error)}."
                ) from None
    tick(len(results), len(waiting))
    return [results[number] for number in sorted(results)]


@contextlib.contextmanager
def _connect(ray: Any, address: str) -> Iterator[None]:
    """Make this process a driver of the cluster inside the block, unless it already is one."""
    if ray.is_initialized():
        yield
        return
    try:
        if re.fullmatch(r"[^/]+:\d+", address):  # Ray itself retries for minutes, then exits
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), 10).close()
        ray.init(address=address, log_to_driver=False, include_dashboard=False,
                 configure_logging=False)  # fmt: skip
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"there is no Ray cluster at {address}: {reason(error)}.") from None
    try:
        yield
    finally:
        ray.shutdown()
