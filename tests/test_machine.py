"""What a container leaves a process is read as the kernel writes it, versions 1 and 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpt2 import machine as processors


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


SECOND, FIRST = "0::/a/b\n", "4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n0::/\n"
OWN, FS = "proc/self/cgroup", "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, None),
        ({OWN: SECOND}, None),
        ({OWN: SECOND, f"{FS}/a/b/cpu.max": "150000 100000\n"}, 1.5),
        ({OWN: SECOND, f"{FS}/a/b/cpu.max": "max 100000\n"}, None),
        ({OWN: SECOND, f"{FS}/a/b/cpu.max": "max 100000\n", f"{FS}/a/cpu.max": "5000 10000"}, 0.5),
        ({OWN: SECOND, f"{FS}/a/b/cpu.max": "9 1", f"{FS}/cpu.max": "3 1",
          f"{FS}/a/cpu.max": "5 1"}, 3),
        ({OWN: "0::/\n", f"{FS}/cpu.max": "200000 100000\n"}, 2),
        ({OWN: "0::/../elsewhere\n", f"{FS}/cpu.max": "200000 100000\n"}, 2),
        ({OWN: FIRST, f"{FS}/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "250000\n",
          f"{FS}/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n"}, 2.5),
        ({OWN: FIRST, f"{FS}/cpu/cpu.cfs_quota_us": "100000\n",
          f"{FS}/cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({OWN: FIRST, f"{FS}/cpu/cpu.cfs_quota_us": "-1\n",
          f"{FS}/cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({OWN: SECOND, f"{FS}/cpu.max": "nonsense"}, None),
    ],
)  # fmt: skip
def test_quotas(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    assert processors.cpu_quota(written(tmp_path, files)) == quota


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({OWN: SECOND}, 8 << 30),
        ({OWN: SECOND, f"{FS}/a/b/memory.max": "max\n"}, 8 << 30),
        ({OWN: SECOND, f"{FS}/a/memory.max": "3000\n", f"{FS}/a/memory.current": "2500\n",
          f"{FS}/a/memory.stat": "anon 1000\ninactive_file 1500\n"}, 2000),
        ({OWN: FIRST, f"{FS}/memory/memory.limit_in_bytes": "5000\n",
          f"{FS}/memory/memory.usage_in_bytes": "4000\n",
          f"{FS}/memory/memory.stat": "total_inactive_file 500\n"}, 1500),
    ],
)  # fmt: skip
def test_memory(tmp_path: Path, files: dict[str, str], left: int) -> None:
    host = {"proc/meminfo": f"MemTotal: 99999999 kB\nMemAvailable: {8 << 20} kB\n"}
    assert processors.available_memory(written(tmp_path, {**host, **files})) == left


def test_the_least_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for quota, count in ((None, 8), (1.5, 2), (0.1, 1), (100.0, 8)):
        monkeypatch.setattr(processors, "cpu_quota", lambda quota=quota: quota)
        assert processors.processors() == count
        assert 1 <= processors.physical_cores() <= count
