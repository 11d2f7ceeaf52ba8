"""The machine: processors by affinity and by what a container leaves, memory, names, versions."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

UNKNOWN = float(4 << 30)  # bytes taken to be free where the system does not tell


def described() -> dict[str, Any]:
    """System, processor and the logical processors this process may use."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "system": platform.platform(),
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": len(_affinity()),
    }


def versions(packages: Iterable[str]) -> dict[str, str | None]:
    """The version of each package, None where it is not installed."""
    from importlib import metadata  # takes as long to import as half of numpy

    found: dict[str, str | None] = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def commit(folder: Path) -> str | None:
    """The commit of the checkout that tracks ``folder``; None for a copy within another's."""
    if not _git(folder, "ls-files", "."):
        return None
    return _git(folder, "rev-parse", "--short", "HEAD")


def _git(folder: Path, *command: str) -> str | None:
    import subprocess

    try:
        done = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True)
    except OSError:  # there is no git
        return None
    return done.stdout.strip() or None


def available_memory() -> float:
    """Bytes of main memory that can be had without swapping."""
    info = Path("/proc/meminfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(int(line.split()[1]) << 10)
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2
    except (ValueError, OSError):
        return UNKNOWN


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
