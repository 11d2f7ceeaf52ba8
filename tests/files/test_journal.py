"""A journal: one process at a time, whole lines, and what is none of ours stays as it is."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import CorruptFileError, GPT2Error, OptionError, WriteError
from gpt2.files.journal import Journal, no_journal

BEGINS = '{"number": 0'


def opened(path: Path, most: int = 1 << 30) -> tuple[Journal, list[int]]:
    found: list[int] = []

    def take(number: int, entry: Any) -> bool:
        if not isinstance(entry, dict) or type(entry.get("number")) is not int:
            raise no_journal(path)
        if number < most:
            found.append(entry["number"])
        return number < most

    return Journal(path, take, BEGINS), found


def test_it_goes_on_after_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal"
    journal, found = opened(path)
    assert found == []
    for number in range(3):
        journal.add({"number": number, "text": "é\n"})
    journal.close()
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        journal, found = opened(path)
        lines = whole[: cut + 1].count(b"\n")  # one that lacks only its end gets it
        assert found == list(range(lines))
        assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:lines])
        for number in range(len(found), 3):
            journal.add({"number": number, "text": "é\n"})
        journal.close()
        assert path.read_bytes() == whole
    journal, found = opened(path, 1)
    journal.close()
    assert (found, journal.cut, path.read_bytes().count(b"\n")) == ([0], 2, 1)


@pytest.mark.parametrize(
    "content",
    [b"my notes", b"my notes\n", b"[1]\n", b'{"a": 1}\n', b'{"number": "0"}\n', b"\0" * 40,
     b'{"number": 0}\n\0\0\0\n', b'{"number": 0}\n{"number": 1, "x": [}\n{"number": 2}\n',
     b'{"number": ' + b"9" * 5000 + b"}\n", b"[" * 100_000 + b"\n", b"\xff\xfe\n", b"\n"],
)  # fmt: skip
def test_what_is_no_journal_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=f"{path}"):
        opened(path)
    assert path.read_bytes() == content


def test_neither_links_nor_pipes_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine", "utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder"):
        with pytest.raises(WriteError, match=name):
            opened(tmp_path / name)
    assert (tmp_path / "target").read_text("utf-8") == "mine"


def test_two_processes_cannot_have_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from gpt2.files.journal import Journal\n"
        f"journal = Journal(Path({str(path)!r}), lambda n, e: True, '')\n"
        "journal.add({'number': 0})\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        with pytest.raises(OptionError, match="Another process"):
            opened(path)
    finally:
        other.kill()
        other.communicate()
    journal, found = opened(path)  # however it ended, the file is free
    journal.close()
    assert found == [0]


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal, _ = opened(path)
    journal.add({"number": 0})
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 9, limits[1]))
        with pytest.raises(WriteError, match="could not be written"):
            journal.add({"number": 1, "text": "long enough"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)
    assert path.read_bytes() == before
    journal.add({"number": 1})
    assert [json.loads(line)["number"] for line in path.read_text("utf-8").splitlines()] == [0, 1]
    journal.close()


def test_no_damage_is_another_error(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal, _ = opened(path)
    for number in range(4):
        journal.add({"number": number})
    journal.close()
    whole = path.read_bytes()
    for at in range(len(whole)):
        for byte in (0, 0x22, 0x5B, 0x7B, 0xC3):
            path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
            try:
                opened(path)[0].close()
            except GPT2Error:
                assert path.read_bytes() == whole[:at] + bytes([byte]) + whole[at + 1 :]
