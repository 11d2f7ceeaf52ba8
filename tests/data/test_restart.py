"""Killed at any moment, or out of disk, the same command resumes; nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpt2.data import PrepareConfig, TokenData, prepare
from gpt2.tokenizer import GPT2Tokenizer
from tests.corpora import text_of

OPTIONS = ["--filter", "dedup", "--validation", "0.1", "--shard-tokens", "20000"]
OPTIONS += ["--save-every", "0", "--licence", "none"]


def content(folder: Path) -> dict[str, bytes]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def command(source: Path | str, out: Path, tokenizer: Path) -> list[str]:
    return [sys.executable, "-m", "gpt2", "prepare", str(source), "-o", str(out),
            "--tokenizer", str(tokenizer), "--threads", "1", *OPTIONS]  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three files with 3,000 documents, of which a tenth come twice."""
    folder = tmp_path_factory.mktemp("source")
    rows = [text_of(n % 2700, 100) for n in range(3000)]
    for part in range(3):
        lines = (json.dumps({"text": row}) + "\n" for row in rows[part::3])
        (folder / f"{part}.jsonl").write_text("".join(lines), "utf-8")
    return folder


@pytest.fixture(scope="module")
def whole(
    source: Path, tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What an uninterrupted run writes."""
    out = tmp_path_factory.mktemp("whole") / "out"
    done = subprocess.run(command(source, out, tokenizer_folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    data = TokenData(out)
    assert data.documents + TokenData(out, "validation").documents == 2700
    assert data.manifests[0].counts["duplicates"] == 300
    assert len(data.manifests[0].splits["train"].shards) > 5
    return content(out)


def test_killed_at_random_moments(
    source: Path, whole: dict[str, bytes], tokenizer_folder: Path, tmp_path: Path
) -> None:
    chance = random.Random(0)
    out, killed, longest = tmp_path / "out", 0, 0.35
    while killed < 6:
        process = subprocess.Popen(command(source, out, tokenizer_folder), stderr=subprocess.PIPE)
        began = (out / ".partial" / "progress.json").exists()
        deadline = time.monotonic() + 30
        while not began and process.poll() is None and time.monotonic() < deadline:
            began = (out / ".partial" / "progress.json").exists()
        time.sleep(longest * began * chance.random())  # 0.2 s of it go into starting
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:  # it was faster
            if killed or longest < 1e-3:
                break
            shutil.rmtree(out)
            longest /= 2
            continue
        killed += 1
        assert not (out / "manifest.json").exists() or not (out / "manifest.json.part").exists()
    assert killed >= 1
    done = subprocess.run(command(source, out, tokenizer_folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert content(out) == whole


CRASH = """
import os, shutil, signal, sys
from pathlib import Path
import click
from gpt2.cli.prepare import command

source, out, tokenizer, *options = sys.argv[1:]
arguments = [source, "-o", out, "--tokenizer", tokenizer, "--threads", "1", *options]
names = ("fsync", "open", "rename", "replace", "unlink", "rmdir", "mkdir", "ftruncate", "write")
events = {}  # event number at which to die -> nothing; counted below
count, die = 0, 0

def counted(function):
    def call(*args, **kwargs):
        global count
        count += 1
        if count == die:
            os.kill(os.getpid(), signal.SIGKILL)  # before the call
        result = function(*args, **kwargs)
        count += 1
        if count == die:
            os.kill(os.getpid(), signal.SIGKILL)  # after it
        return result
    return call

for name in names:
    setattr(os, name, counted(getattr(os, name)))

def run():
    command(arguments, standalone_mode=False)

step, deaths = int(os.environ["STEP"]), 0
while True:
    die += step
    child = os.fork()
    if child == 0:
        sys.stderr = open(os.devnull, "w")
        run()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        deaths += 1
        continue
    if os.WEXITSTATUS(status):
        sys.exit("failed")
    break
print(deaths)
"""


@pytest.mark.parametrize("step", [1, 7])
def test_killed_before_and_after_every_call_that_changes_the_disk(
    source: Path, tokenizer_folder: Path, tmp_path: Path, step: int
) -> None:
    """Each time a little further on in the same folder, until it comes to the end."""
    small = tmp_path / "small"
    small.mkdir()
    lines = (source / "0.jsonl").read_text("utf-8").splitlines(keepends=True)[:60]
    (small / "0.jsonl").write_text("".join(lines), "utf-8")
    (small / "1.jsonl").write_text("".join(lines[:20]), "utf-8")
    options = ["--filter", "dedup", "--validation", "0.1", "--shard-tokens", "3000",
               "--save-every", "0"]  # fmt: skip
    begin = [sys.executable, "-c", CRASH, str(small)]
    for name, size in (("whole", "1000000"), ("out", str(step))):
        done = subprocess.run(
            [*begin, str(tmp_path / name), str(tokenizer_folder), *options],
            env={**os.environ, "STEP": size}, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60 / step
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert not (tmp_path / "out" / ".partial").exists()


def test_standard_input_goes_on_with_the_same_text(
    source: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    text = "<|endoftext|>".join(text_of(n, 900) for n in range(1200))
    outs = [tmp_path / "whole", tmp_path / "out"]
    for out in outs:
        process = subprocess.Popen(
            command("-", out, tokenizer_folder), stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdin is not None
        if out == outs[1]:  # half of it, so that it waits for more when it is killed
            process.stdin.write(text[: len(text) // 2].encode())
            process.stdin.flush()
            state = out / ".partial" / "progress.json"
            for _ in range(600):
                time.sleep(0.05)
                if state.exists() and json.loads(state.read_text())["counts"]["read"]:
                    break
            process.kill()
            process.wait()
            assert json.loads(state.read_text())["counts"]["read"] > 0
            other = subprocess.run(command("-", out, tokenizer_folder), input=b"other text",
                                   capture_output=True)  # fmt: skip
            assert other.returncode == 2
            assert b"has changed since the preparation began" in other.stderr
            process = subprocess.Popen(
                command("-", out, tokenizer_folder), stdin=subprocess.PIPE, stderr=subprocess.PIPE
            )
        _, error = process.communicate(text.encode())
        assert process.returncode == 0, error
    assert b"resuming after" in error
    assert content(outs[0]) == content(outs[1])


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounts a disk")
def test_a_disk_that_is_full(
    source: Path, whole: dict[str, bytes], tokenizer_folder: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        run = command(source, disk / "out", tokenizer_folder)
        done = subprocess.run(run, capture_output=True, text=True)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "could not be written" in done.stderr
        assert "disk" in done.stderr.lower()
        assert not (disk / "out" / "manifest.json").exists()
        grown = ["mount", "-o", "remount,size=30m", str(disk)]
        subprocess.run(grown, check=True, capture_output=True)
        done = subprocess.run(run, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "resuming after" in done.stderr
        assert content(disk / "out") == whole
    finally:
        subprocess.run(["umount", str(disk)], check=True)


LIMITED = """
import resource, signal, sys
from gpt2.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
sys.argv = ["gpt2", *sys.argv[1:]]
main()
"""


def test_a_file_that_may_not_grow(
    source: Path, whole: dict[str, bytes], tokenizer_folder: Path, tmp_path: Path
) -> None:
    """The same where no disk can be mounted: the system refuses to write."""
    out = tmp_path / "out"
    run = command(source, out, tokenizer_folder)
    limited = [sys.executable, "-c", LIMITED, *run[3:]]
    done = subprocess.run(limited, capture_output=True, text=True)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert content(out) == whole


def test_two_at_once_are_refused(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer, tokenizer_folder: Path
) -> None:
    process = subprocess.Popen(command("-", tmp_path / "out", tokenizer_folder),
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    try:
        for _ in range(600):
            time.sleep(0.05)
            if (tmp_path / "out" / ".partial" / "lock").exists():
                break
        time.sleep(0.2)
        with pytest.raises(ValueError, match="Another gpt2 prepare is writing"):
            prepare([corpus], tmp_path / "out", tokenizer, PrepareConfig())
    finally:
        process.kill()
        process.communicate()
