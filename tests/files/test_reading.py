"""Whatever lies in a file's place: a value, or one clear error of ours at once."""

from __future__ import annotations

import json
import math
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import CorruptFileError, MissingFileError, ModelFileError
from gpt2.files import (
    exists,
    parse_json,
    read_bytes,
    read_json,
    read_json_object,
    read_text,
    sha256,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def plug(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def loop(path: Path) -> None:
    path.symlink_to(path)


ODD = {
    pipe: "a pipe",
    folder: "a folder",
    device: "a device",
    plug: "a socket",
    loop: "a symbolic link",
}


@posix
@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("read", [read_bytes, read_text, read_json, sha256])
def test_what_is_no_regular_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, read: Any
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    make(Path("x"))
    with pytest.raises(CorruptFileError, match=f"x is {ODD[make]}"):
        read(Path("x"))


@pytest.mark.parametrize("name", ["none", "file/within", "n" * 300, "a\0b"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MissingFileError, match="does not exist"):
        read_text(tmp_path / name)
    assert not exists(tmp_path / name)
    assert exists(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "x").touch(0o000)
    with pytest.raises(ModelFileError, match=r"x could not be read: .*permissions"):
        read_text(tmp_path / "x")
    (tmp_path / "shut").mkdir(0o000)
    with pytest.raises(ModelFileError, match="permissions"):
        exists(tmp_path / "shut" / "x")


def test_permissions_have_their_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "x").touch()
    monkeypatch.setattr(os, "open", refuse)  # root, whom CI may be, cannot be refused
    with pytest.raises(ModelFileError, match=r"x could not be read: Permission denied\. Check"):
        read_text(tmp_path / "x")


def test_links_to_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text('{"a": 1}')
    (tmp_path / "config.json").symlink_to("blob")
    assert read_json_object(tmp_path / "config.json") == {"a": 1}


def test_text_has_lines_of_one_kind(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("a\r\nb\rc\n狐".encode())
    assert read_text(tmp_path / "x") == "a\nb\nc\n狐"
    (tmp_path / "x").write_bytes(b"abc\xff")
    with pytest.raises(CorruptFileError, match=r"x is not UTF-8 text: .* at byte 3\.$"):
        read_text(tmp_path / "x")


def test_a_file_is_as_large_as_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("[1, 2]")
    assert read_json(tmp_path / "x", limit=6) == [1, 2]
    with pytest.raises(CorruptFileError, match="x has 6 bytes; the limit for such a file is 5"):
        read_json(tmp_path / "x", limit=5)


BAD = {
    "": "is not JSON: Expecting value",
    "{": "is not JSON",
    "{'a': 1}": "is not JSON",
    '\ufeff{"a": 1}': "byte order mark",
    "[" * 101 + "]" * 101: "is nested more than 100",
    "[" * 100_000 + "]" * 100_000: "is nested more than 100",
    '{"a":' * 200 + "1" + "}" * 200: "is nested more than 100",
    "9" * 5000: "an integer of 5,000 digits",
    '{"a": -' + "9" * 42 + "}": "an integer of 43 digits",
    "NaN": "NaN is not finite",
    '{"a": [-Infinity]}': "-Infinity is not finite",
    "1e999": "1e999 is not finite",
    "1" * 400 + ".5": "not finite",
    r'{"a": "\ud800"}': "an unpaired UTF-16 surrogate",
    r'{"\udc00": 1}': "an unpaired UTF-16 surrogate",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:12])
def test_what_is_no_json_of_ours(text: str) -> None:
    for given in (text, text.encode()):
        with pytest.raises(CorruptFileError, match=f"^here .*{BAD[text]}") as caught:
            parse_json(given, "here")
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text",
    ['{"a": [1, -2.5e3, true, null, "狐", "\\ud83e\\udd8a"]}', "9" * 40, "1e300", "-1e-999",
     "[" * 100 + "1" + "]" * 100, "[" + "[]," * 5000 + "1]", '"' + "7" * 100 + '"'],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_json_is_what_python_reads(text: str) -> None:
    assert parse_json(text, "here") == json.loads(text)


def test_what_others_may_write() -> None:
    assert math.isnan(parse_json("NaN", "here", nan=True))
    assert parse_json("1e999", "here", nan=True) == math.inf
    with pytest.raises(CorruptFileError, match="unpaired UTF-16 surrogate"):
        parse_json(r'"\ud800"', "here", nan=True)
    text = '\ufeff["\\ud800", NaN, -' + "9" * 5000 + ', 3, "x"]'
    found = parse_json(text.encode(), "here", loose=True)
    assert found[0] == "\ud800"
    assert math.isnan(found[1])
    assert found[2:] == [-math.inf, 3, "x"]


@pytest.mark.parametrize(
    ("text", "found"), [("[1]", "a list"), ('"x"', "a text"), ("3", "a number"), ("null", "null")]
)
def test_an_object_is_an_object(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(CorruptFileError, match=f"must contain a JSON object, found {found}"):
        read_json_object(tmp_path / "x.json")
