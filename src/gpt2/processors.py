"""The processors this process may use: by its affinity, and by what a container leaves it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def processors() -> int:
    """The logical processors this process may use at a time, by its affinity and its cgroup."""
    quota = cpu_quota()
    count = len(_affinity())
    return count if quota is None else max(1, min(count, math.ceil(quota)))


def physical_cores() -> int:
    """The physical cores among them; two threads of one core share its arithmetic."""
    cores = set()
    for cpu in _affinity():
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text().strip())
        except OSError:
            cores.add(str(cpu))
    return min(len(cores), processors())


def _affinity() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))  # macOS


def cpu_quota(root: Path = Path("/")) -> float | None:
    """The processors that the control groups of this process leave it; None: no limit."""
    limits = [limit for folder in _groups(root) if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's cpu groups and of those around them, versions 1 and 2."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux, or /proc is hidden
        lines = []
    mounted = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        for mount in [mounted / controllers, mounted / "cpu"] if controllers else [mounted]:
            inner = mount / path.lstrip("/")  # within a container perhaps not there
            yield inner
            yield from (outer for outer in inner.parents if outer.is_relative_to(mount))


def _limit(folder: Path) -> float | None:
    """Version 2's ``cpu.max``, or version 1's two files: microseconds of each period."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()[:2]
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 and int(period) > 0 else None
    except (OSError, ValueError):  # none, or "max"
        return None
