"""Shards on a real Ray cluster of this machine: two nodes with two workers each.

pip install ray; pytest -m slow tests/sharding/test_cluster.py
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import InputError, OptionError
from tests.corpora import text_of
from tests.sharding.running import call, content, coqa, results, write_lines

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two nodes of two cores each, beside a head without any."""
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80 << 20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    for _ in range(2):
        made.add_node(num_cpus=2, **small)
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    for part in range(3):
        rows = [{"text": text_of(n % 5000, 100)} for n in range(part, 6000, 3)]
        write_lines(folder / f"{part}.jsonl", rows)
    return folder


def prepare(text: Path, tokenizer: Path) -> list[Any]:
    return ["prepare", text, "--tokenizer", tokenizer, "--filter", "dedup", "--validation", "0.1",
            "--shard-tokens", "100000", "--save-every", "0", "-q"]  # fmt: skip


def test_each_command_gives_what_one_process_gives(
    cluster: Any, text: Path, tokenizer_folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", [{"text": f"The cat {n}."} for n in range(11)])
    asked = write_lines(tmp_path / "asked.jsonl", [{"question": f"Who {n}?"} for n in range(11)])
    titles = write_lines(tmp_path / "titles.jsonl", [{"title": f"A {n}", "length": 5}
                                                     for n in range(5)])  # fmt: skip
    model = ["-m", tiny_model, "-q"]
    commands = {
        "prepare": prepare(text, tokenizer_folder),
        "evaluate": [*coqa(tmp_path / "sets"), *model],
        "summarize": ["summarize", "--batch", rows, *model],
        "translate": ["translate", "--batch", rows, "--from", "en", "--to", "fr", *model],
        "answer": ["answer", "--batch", asked, *model],
        "write": ["write", "--batch", titles, *model],
    }
    for name, command in commands.items():
        one, ours = tmp_path / f"{name}-one", tmp_path / name
        call(*command, "-o", one)
        call(*command, "--cluster", cluster.address, "-o", ours)
        read = results if name == "evaluate" else content
        assert read(ours) == read(one), name
    assert not list(tmp_path.glob("*.parts"))


def workers() -> list[int]:
    """The processes that do a shard now."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if words.startswith(b"ray::_do"):
                found.append(int(entry.name))
    return found


def begun(place: Path) -> bool:
    """Whether a part is in the middle."""
    return any(path.stat().st_size > 20_000 for path in place.glob("*/.partial/train-*.bin"))


@pytest.mark.parametrize("lost", ["worker", "node"])
def test_what_is_lost_in_the_middle_is_done_again(
    cluster: Any, text: Path, tokenizer_folder: Path, tmp_path: Path, lost: str
) -> None:
    command = prepare(text, tokenizer_folder)
    call(*command, "-o", tmp_path / "one")
    did: list[str] = []

    def strike() -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end and not begun(tmp_path / "ours.parts"):
            time.sleep(0.002)
        if lost == "worker":
            os.kill(workers()[0], signal.SIGKILL)
        else:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        did.append(lost)

    thread = threading.Thread(target=strike)
    thread.start()
    call(*command, "--cluster", cluster.address, "--shards", "4", "-o", tmp_path / "ours")
    thread.join()
    assert did == [lost]
    assert content(tmp_path / "ours") == content(tmp_path / "one")


def test_a_cluster_of_this_machine_and_what_is_told(
    text: Path, tokenizer_folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    command = prepare(text, tokenizer_folder)
    with pytest.raises(OptionError, match="give either --shard or --cluster"):
        call(*command, "--cluster", "local", "--shard", "1/2", "-o", tmp_path / "x")
    with pytest.raises(OptionError, match="is only for --cluster"):
        call(*command, "--shards", "3", "-o", tmp_path / "x")
    with pytest.raises(InputError, match="there is no Ray cluster at"):
        call(*command, "--cluster", "127.0.0.1:1", "-o", tmp_path / "x")
    call(*command, "-o", tmp_path / "one")
    shown = call(*command[:-1], "--cluster", "local", "--shards", "3", "-o", tmp_path / "ours")
    assert content(tmp_path / "ours") == content(tmp_path / "one")
    assert "shards" in shown.stderr
    with pytest.raises(InputError, match="no text was found in"):  # an error of the work, once
        call("prepare", write_lines(tmp_path / "none.jsonl", [{"text": " "}]), "-q",
             "--cluster", "local", "--shards", "2", "-o", tmp_path / "none")  # fmt: skip
    with pytest.raises(OptionError, match="the 99 cores"):
        call(*command, "--cluster", "local", "--threads", "99", "-o", tmp_path / "x")
