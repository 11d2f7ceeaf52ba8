"""The samples of deploy/: their grammar, and that our commands have the options they use."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from gpt2.cli import gpt2
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
SCRIPTS = sorted(DEPLOY.glob("*.sh"))


def parsed(line: str) -> dict[str, Any]:
    """What our own parser makes of a command."""
    words = shlex.split(line)
    words = words[next(n for n, word in enumerate(words) if Path(word).name == "gpt2") :]
    command = gpt2.get_command(click.Context(gpt2), words[1])
    assert command is not None
    return command.make_context(words[1], words[2:]).params


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_one(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    options = re.findall(r"^#SBATCH (.*)$", script.read_text("utf-8"), re.MULTILINE)
    assert options
    assert all(re.fullmatch(r"--[a-z-]+(=\S+)?", option) for option in options), options


def test_the_array_has_as_many_shards_as_it_says(tmp_path: Path) -> None:
    """It is run with a gpt2 that writes what it was asked; SLURM's variable says which."""
    (tmp_path / "gpt2").write_text('#!/bin/sh\nprintf "gpt2"; printf " \'%s\'" "$@"\n')
    (tmp_path / "gpt2").chmod(0o755)
    script = DEPLOY / "slurm_array.sh"
    found = re.search(r"--array=1-(\d+)", script.read_text("utf-8"))
    assert found
    shards = []
    for number in range(1, int(found[1]) + 1):
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}",
                       "SLURM_ARRAY_TASK_ID": str(number)}  # fmt: skip
        done = subprocess.run(["sh", script], env=environment, capture_output=True, text=True)
        shards.append(str(parsed(done.stdout)["shard"]))
    assert shards == [f"{n}/{found[1]}" for n in range(1, int(found[1]) + 1)]


def test_the_pods_are_as_many_as_the_shards() -> None:
    yaml = pytest.importorskip("yaml")
    (job,) = yaml.safe_load_all((DEPLOY / "kubernetes_shards.yaml").read_text("utf-8"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (script,) = container["args"]
    assert job["spec"]["completionMode"] == "Indexed"
    for index in range(job["spec"]["completions"]):
        line = subprocess.run(
            [*container["command"][:1], "-ec", script.replace("exec ", "echo ", 1)],
            env={"JOB_COMPLETION_INDEX": str(index)}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        params = parsed(line)
        assert str(params["shard"]) == f"{index + 1}/{job['spec']['completions']}"
        assert params["output"] == f"s3://bucket/parts/{index}"


def test_the_nodes_train_with_options_that_there_are(tmp_path: Path) -> None:
    """It is run with a srun that writes what it was asked, first anew and then resumed."""
    (tmp_path / "srun").write_text('#!/bin/sh\nprintf "%s " "$@"\n')
    (tmp_path / "scontrol").write_text("#!/bin/sh\nprintf 'node-a\\nnode-b\\n'\n")
    for name in ("srun", "scontrol"):
        (tmp_path / name).chmod(0o755)
    text = (DEPLOY / "slurm_train.sh").read_text("utf-8")
    (tmp_path / "job.sh").write_text(text.replace("/shared", str(tmp_path)))
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_NNODES": "4",
                   "SLURM_JOB_NODELIST": "node-[a-b]", "SLURM_JOB_ID": "7"}  # fmt: skip
    (tmp_path / "run-1558m" / "checkpoints").mkdir(parents=True)  # lost before a checkpoint
    for resume in (False, True):
        if resume:
            (tmp_path / "run-1558m" / "checkpoints" / "step-000050").mkdir()
        done = subprocess.run(["sh", "-e", tmp_path / "job.sh"], env=environment,
                              capture_output=True, text=True, check=True)  # fmt: skip
        assert "--rdzv-endpoint node-a:29500" in done.stdout
        params = parsed(done.stdout)
        assert (params["resume"], params["parallel"]) == (resume, "ddp")
    from gpt2.training.checkpoints.store import Checkpoints

    assert Checkpoints(tmp_path / "run-1558m").steps() == [50]


@pytest.mark.parametrize("name", ["slurm_array.sh", "kubernetes_shards.yaml"])
def test_what_puts_the_parts_together(name: str) -> None:
    (line,) = re.findall(r"(gpt2 merge [^'\n]*)", (DEPLOY / name).read_text("utf-8"))
    assert parsed(line.replace("... ", ""))["output"]
