"""The machine: usable CPUs (affinity and container limits), memory, names, versions."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

UNKNOWN = float(4 << 30)  # bytes assumed to be free if the system does not report it


def describe() -> dict[str, Any]:
    """The system, the CPU model and the number of logical CPUs this process may use."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "system": platform.platform(),
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": len(_affinity()),
    }


def versions(packages: Iterable[str]) -> dict[str, str | None]:
    """The version of each package, or None if it is not installed."""
    from importlib import metadata  # takes as long to import as half of numpy

    installed: dict[str, str | None] = {}
    for name in packages:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed[name] = None
    return installed


def commit(folder: Path) -> str | None:
    """The commit of the checkout that tracks ``folder``; None if it is untracked."""
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


def available_memory(root: Path = Path("/")) -> float:
    """The main memory available without swapping, in bytes, within this process's cgroups."""
    rooms = [room for folder in _groups(root, "memory") if (room := _read_room(folder)) is not None]
    return min([_read_available(root), *rooms])


def _read_available(root: Path) -> float:
    """The available memory of the whole machine."""
    info = root / "proc/meminfo"
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(int(line.split()[1]) << 10)
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2
    except (ValueError, OSError):
        return UNKNOWN


def processors() -> int:
    """The number of logical CPUs this process may use, by its affinity and cgroup."""
    quota = cpu_quota()
    count = len(_affinity())
    return count if quota is None else max(1, min(count, math.ceil(quota)))


def physical_cores() -> int:
    """The number of physical cores among them; two threads of a core share its arithmetic units."""
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
    """The CPU quota of this process's control groups; None means no limit."""
    limits = [limit for folder in _groups(root, "cpu") if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's cgroups and their parents, versions 1 and 2."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux, or /proc is hidden
        lines = []
    mounted = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and controller not in controllers.split(","):
            continue
        for mount in [mounted / controllers, mounted / controller] if controllers else [mounted]:
            inner = mount / path.lstrip("/")  # may not exist inside a container
            yield inner
            yield from (outer for outer in inner.parents if outer.is_relative_to(mount))


def _limit(folder: Path) -> float | None:
    """The limit in version 2's ``cpu.max``, or version 1's two files: quota / period."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()[:2]
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 and int(period) > 0 else None
    except (OSError, ValueError):  # none, or "max"
        return None


def _read_room(folder: Path) -> float | None:
    """The bytes left under a memory limit; pages of files that may be dropped count as free."""
    new = (folder / "memory.max").exists()
    limit, usage = ("max", "current") if new else ("limit_in_bytes", "usage_in_bytes")
    dropped = "inactive_file" if new else "total_inactive_file"
    try:
        most = int((folder / f"memory.{limit}").read_text())
        used = int((folder / f"memory.{usage}").read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return float(max(0, most - max(0, used - int(stat.get(dropped, 0)))))
    except (OSError, ValueError):  # none, or "max"
        return None
