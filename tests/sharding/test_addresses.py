"""Sources and results at addresses: memory:// here, and a real HTTP server where aiohttp is."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gpt2.cli import addresses
from gpt2.data import TokenData, sources
from gpt2.errors import (
    CorruptFileError,
    InputError,
    MissingDependencyError,
    MissingFileError,
    ModelFileError,
    OptionError,
)
from gpt2.files import remote
from tests.corpora import text_of
from tests.sharding.running import call, content, coqa, results, write_lines

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty file system in memory, and scratch folders of this test alone."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/", recursive=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "text"
    folder.mkdir()
    write_lines(folder / "a.jsonl", [{"text": text_of(n % 25)} for n in range(30)])
    write_lines(folder / "b.jsonl", [{"text": text_of(n)} for n in range(20, 40)])
    (folder / "c.txt").write_text(text_of(99), "utf-8")
    return folder


def test_prepare_from_and_to_an_address(
    source: Path, memory: Any, tokenizer_folder: Path, tmp_path: Path
) -> None:
    memory.put(str(source), "/bucket/text", recursive=True)
    options = ["--tokenizer", tokenizer_folder, "-q", "--filter", "dedup"]
    call("prepare", source, *options, "-o", tmp_path / "one")
    command = ["prepare", "memory://bucket/text", *options]
    parts = [f"memory://bucket/parts/{number}" for number in (1, 2, 3)]
    for number, part in enumerate(parts, 1):
        call(*command, "--shard", f"{number}/3", "-o", part)
    written = memory.created("/bucket/parts/1/manifest.json")
    again = call(*command[:-3], "--filter", "dedup", "--shard", "1/3", "-o", parts[0]).stderr
    assert "memory://bucket/parts/1 is already prepared" in again
    assert memory.created("/bucket/parts/1/manifest.json") == written
    shown = call("merge", *parts, "-o", "memory://bucket/tokens").stderr
    assert "memory://bucket/tokens: train: " in shown
    assert "gpt2 train FOLDER -o MODEL, after copying memory://bucket/tokens" in shown
    assert str(tmp_path) not in shown
    memory.get("/bucket/tokens", str(tmp_path / "merged"), recursive=True)
    ours, one = content(tmp_path / "merged"), content(tmp_path / "one")
    manifest = ours.pop("manifest.json").replace(b"memory://bucket/text", str(source).encode())
    assert manifest == one.pop("manifest.json")
    assert ours == one
    assert not [p for p in (tmp_path / "tmp").rglob("*") if p.is_file()]


def test_errors_name_the_address_and_not_the_place_here(
    source: Path, memory: Any, tokenizer_folder: Path, tmp_path: Path
) -> None:
    memory.put(str(source), "/in", recursive=True)
    out = ["-q", "--tokenizer", tokenizer_folder, "-o", "memory://out/tokens"]
    call("prepare", "memory://in/a.jsonl", *out)
    with pytest.raises(OptionError, match="memory://out/tokens") as refused:
        call("prepare", "memory://in/b.jsonl", *out)
    memory.pipe("/in/rows.jsonl", b"[]\n")
    with pytest.raises(InputError, match=r"memory://in/rows\.jsonl") as damaged:
        call("summarize", "--batch", "memory://in/rows.jsonl", "-q", "-o", tmp_path / "out")
    for error in (refused, damaged):
        assert "/tmp" not in str(error.value), str(error.value)
        assert str(tmp_path) not in str(error.value)


def test_a_batch_and_an_evaluation(memory: Any, tiny_model: Path, tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", [{"text": f"The cat {n}."} for n in range(4)])
    call("summarize", "-m", tiny_model, "--batch", rows, "-q", "-o", tmp_path / "one")
    memory.put(str(rows), "/in/rows.jsonl")
    command = ["summarize", "-m", tiny_model, "--batch", "memory://in/rows.jsonl"]
    for number in (1, 2):
        call(*command, "-q", "--shard", f"{number}/2", "-o", f"memory://out/{number}")
    again = call(*command, "--shard", "1/2", "-o", "memory://out/1").stderr
    assert "memory://out/1: 0 rows, 2 already done" in again
    call("merge", "memory://out/1", "memory://out/2", "-q", "-o", "memory://out/all")
    assert memory.cat("/out/all") == (tmp_path / "one").read_bytes()
    sets = coqa(tmp_path / "sets", 5)
    call(*sets, "-m", tiny_model, "-q", "-o", tmp_path / "figures")
    memory.put(str(tmp_path / "sets"), "/in/sets", recursive=True)
    call(*sets[:3], "--data", "memory://in/sets", "-m", tiny_model, "-q", "-o", "memory://out/e")
    memory.get("/out/e", str(tmp_path / "there"))
    assert results(tmp_path / "there") == results(tmp_path / "figures")


def test_overlap_and_verify_fetch_their_data(
    memory: Any, tiny_model: Path, tokenizer_folder: Path, source: Path, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    call("prepare", source, "--tokenizer", tokenizer_folder, "-q", "-o", corpus)
    sets = coqa(tmp_path / "sets", 5)[-1]
    memory.put(str(sets), "/in/sets", recursive=True)
    data = ["--data", "memory://in/sets"]
    shown = call("overlap", corpus, "--on", "coqa,bias", *data).stdout
    assert "coqa: " in shown
    assert "winobias: memory://in/sets has no file" in shown
    with pytest.raises(MissingFileError, match="memory://in/nothing"):
        call("verify", tiny_model, "--data", "memory://in/nothing")
    assert not [p for p in (tmp_path / "tmp").rglob("*") if p.is_file()]


def test_what_is_killed_goes_on_here(memory: Any, tmp_path: Path) -> None:
    def killed() -> None:
        with remote.local("memory://out/a") as place:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert not memory.exists("/out/a")
    with remote.local("memory://out/a") as place:
        assert place.read_text() == "half"
        place.write_text("whole")
    assert memory.cat("/out/a") == b"whole"


def test_rows_that_fail_are_sent_with_the_others(
    memory: Any, tiny_model: Path, tmp_path: Path
) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", [{"text": "The cat."}, {"tex": "no"}])
    command = ["summarize", "-m", tiny_model, "--batch", rows, "-q", "-o"]
    for place in (tmp_path / "one", "memory://out/one"):
        with pytest.raises(AssertionError):  # its code tells of the row
            call(*command, place)
    assert memory.cat("/out/one") == (tmp_path / "one").read_bytes()


def test_what_is_half_sent_is_no_whole(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old manifest goes before the first new file comes, and the new one comes last."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        for name in ("a.bin", "manifest.json"):
            (folder / name).write_text(folder.name)
    remote.send(old, "memory://out/tokens")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(memory, "put_file", stop)
        with pytest.raises(KeyboardInterrupt):
            remote.send(new, "memory://out/tokens")
    assert not memory.exists("/out/tokens/manifest.json")
    remote.send(new, "memory://out/tokens")
    assert memory.cat("/out/tokens/manifest.json") == b"new"


def test_what_could_not_be_sent_is_sent_the_next_time(
    memory: Any,
    source: Path,
    tokenizer_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the same command then finds all done: here it is, but not yet there."""
    command = ["prepare", source, "--tokenizer", tokenizer_folder, "-o", "memory://out/one"]

    def fail(*_: object) -> None:
        raise OSError("the network is down")

    with monkeypatch.context() as down:
        down.setattr(memory, "put_file", fail)
        with pytest.raises(ModelFileError, match="memory://out/one could not be reached: the netw"):
            call(*command, "-q")
    assert "already prepared" in call(*command).stderr
    memory.get("/out/one", str(tmp_path / "sent"), recursive=True)
    TokenData(tmp_path / "sent").verify()
    assert not [p for p in (tmp_path / "tmp").rglob("*") if p.is_file()]


def test_names_there_stay_within_the_folder_here(memory: Any, tmp_path: Path) -> None:
    memory.pipe("/in/set/a/b.txt", b"b")
    remote.fetch("memory://in/set", tmp_path / "one")
    assert content(tmp_path / "one") == {"a/b.txt": b"b"}
    memory.store["/in/set/../../evil"] = memory.store["/in/set/a/b.txt"]
    try:
        with pytest.raises(
            CorruptFileError, match=r"in/set names a file outside its folder: '\.\."
        ):
            remote.fetch("memory://in/set", tmp_path / "x" / "two")
    finally:
        del memory.store["/in/set/../../evil"]
    assert not (tmp_path / "evil").exists()


def test_a_file_whose_size_nobody_tells_is_known_by_what_is_in_it(memory: Any) -> None:
    hashes = set()
    for text in (b"one", b"two"):
        memory.pipe("/in/a.txt", text)
        hashes.add(sources.fingerprint([sources.File("memory://in/a.txt")]))
    assert len(hashes) == 2


def test_what_is_secret_in_an_address_is_not_told(
    tmp_path: Path, tokenizer_folder: Path, source: Path
) -> None:
    assert remote.public("s3://key:secret@bucket/a@b") == "s3://key@bucket/a@b"
    assert remote.public("https://a:b@host/x?sig=s") == "https://a@host/x"
    assert remote.public("texts/a?b:c@d") == "texts/a?b:c@d"
    pytest.importorskip("aiohttp")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=source)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        options = ["--tokenizer", tokenizer_folder, "-q", "-o"]
        call("prepare", f"{address}a.jsonl?sig=SECRET", *options, tmp_path / "out")
        with pytest.raises((MissingFileError, InputError)) as error:
            call("prepare", f"{address}none.jsonl?sig=SECRET", *options, tmp_path / "two")
        server.shutdown()
    assert "SECRET" not in str(error.value)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["sources"] == [
        f"{address}a.jsonl"
    ]


def test_a_library_that_quotes_the_address_while_it_reads(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/in/a.txt", b"one two three")

    class Lost(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise RuntimeError("lost https://me:SECRET@host/in/a.txt?sig=SECRET, after 3 bytes")

    monkeypatch.setattr(type(memory), "open", lambda *_, **__: Lost())
    with remote.open_file("memory://in/a.txt") as stream, pytest.raises(ModelFileError) as error:
        stream.read(1)
    words = "memory://in/a.txt could not be reached: lost https://me@host/in/a.txt after 3 bytes."
    assert str(error.value) == words


def test_what_cannot_be_reached(tmp_path: Path, memory: Any) -> None:
    for address, kind, message in (
        ("memory://none/x.txt", InputError, "memory://none/x.txt contains no files"),
        ("nosuch://a/b", InputError, "nosuch"),
    ):
        with pytest.raises(kind, match=message):
            call("prepare", address, "-q", "-o", tmp_path / "out")
    with pytest.raises(MissingFileError, match="memory://none does not exist"):
        addresses.fetch("memory://none").__enter__()
    with pytest.raises(AssertionError, match="is an address, but a local path is needed"):
        call("quantize", "gpt2-mini", "-o", "s3://a/b", "--dtype", "int8")


def test_a_protocol_whose_package_is_missing(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    try:
        import s3fs  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        with pytest.raises(MissingDependencyError, match=r"s3://bucket/a.*s3fs"):
            call("prepare", "s3://bucket/a", "-q", "-o", tmp_path / "out")


def test_a_file_address_is_a_path(source: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    options = ["--tokenizer", tokenizer_folder, "-q"]
    call("prepare", source / "a.jsonl", *options, "-o", tmp_path / "one")
    call("prepare", f"file://{source}/a.jsonl", *options, "-o", f"file://{tmp_path}/two")
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    assert one.pop("manifest.json") == two.pop("manifest.json").replace(b"file://", b"")
    assert one == two


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_source_behind_http(source: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=source)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        options = ["--tokenizer", tokenizer_folder, "-q"]
        call("prepare", source / "a.jsonl", *options, "-o", tmp_path / "one")
        call("prepare", f"{address}/a.jsonl", *options, "-o", tmp_path / "two")
        with pytest.raises((MissingFileError, InputError), match=r"none\.jsonl"):
            call("prepare", f"{address}/none.jsonl", *options, "-o", tmp_path / "three")
        server.shutdown()
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    assert one.pop("manifest.json") == two.pop("manifest.json").replace(
        f"{address}/a.jsonl".encode(), str(source / "a.jsonl").encode()
    )
    assert one == two


def test_without_fsspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(MissingDependencyError, match=r"needs fsspec.*\[remote\]"):
        call("prepare", "memory://a", "-q", "-o", tmp_path / "out")


def test_standard_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="standard input cannot be split into shards"):
        call("prepare", "-", "-q", "--shard", "1/2", "-o", tmp_path / "out")
