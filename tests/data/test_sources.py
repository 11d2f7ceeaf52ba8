"""Every kind of source gives the documents that went into it."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import io
import json
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpt2.data import formats, pages, rows, sources
from gpt2.data.formats import HTML, PIECE, Reading, page_text
from gpt2.data.sources import Position, Reader
from gpt2.errors import (
    CorruptFileError,
    GPT2Error,
    InputError,
    MissingFileError,
    OptionError,
    WriteError,
)
from gpt2.files import write_json

TEXTS = ["First text.\n", "第二篇,白日依山尽。\n", "Third.\n"]


def read(*names: Any, start: Position | None = None, **options: Any) -> list[Any]:
    files = sources.find([str(name) for name in names])
    return [d for d, _, _ in Reader(files, Reading(**options)).documents(start or Position())]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    for name, text in zip(("b/2.txt", "c.txt", "a.txt"), TEXTS, strict=True):
        write(tmp_path / name, text)
    write(tmp_path / ".git" / "config", "hidden")
    assert read(tmp_path) == [TEXTS[2], TEXTS[0], TEXTS[1]]
    assert read(tmp_path / "c.txt", tmp_path / "a.txt") == [TEXTS[1], TEXTS[2]]


def test_the_separator_parts_a_text_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", "one<|endoftext|>\ntwo\n<|endoftext|>three<|endoftext|>\r\n四")
    for block in (1, 2, 3, 7, 1 << 20):
        monkeypatch.setattr(formats, "BLOCK", block)
        assert read(path) == ["one", "two\n", "three", "四"]


def test_a_long_text_is_cut_after_a_line(tmp_path: Path) -> None:
    text = "".join(f"line {n} 汉字\n" for n in range(PIECE // 6))
    pieces = read(write(tmp_path / "a.txt", text))
    assert "".join(pieces) == text
    assert len(pieces) > 1
    assert all(len(piece) <= PIECE for piece in pieces)
    assert all(piece.endswith("\n") for piece in pieces)


def test_encodings(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.txt", "\ufeff白日".encode())) == ["白日"]
    assert read(write(tmp_path / "b.txt", "白日".encode("gb18030")), encoding="gb18030") == ["白日"]
    assert read(write(tmp_path / "c.txt", "ab".encode("utf-16")), encoding="utf-16") == ["ab"]
    assert read(write(tmp_path / "d.txt", b"a\xffb")) == ["a\ufffdb"]
    with pytest.raises(OptionError, match="klingon"):
        Reading(encoding="klingon")


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    real, texts = tmp_path / "real", tmp_path / "texts"
    (real / "deep").mkdir(parents=True)
    (texts / "own").mkdir(parents=True)
    for path in (real / "a.txt", real / "deep" / "b.txt", texts / "own" / "c.txt"):
        path.write_text(path.name)
    (texts / "z").symlink_to(real)
    (texts / "again").symlink_to(texts / "own")
    (real / "deep" / "loop").symlink_to(texts)
    found = [file.name for file in sources.find([str(texts)])]
    assert found == [str(texts / name) for name in ("own/c.txt", "z/a.txt", "z/deep/b.txt")]
    (tmp_path / "link").symlink_to(texts)
    assert len(sources.find([str(tmp_path / "link")])) == 3


@pytest.mark.parametrize("suffix", [*PACK, ".zst"])
def test_compressed_files_and_archives(tmp_path: Path, suffix: str) -> None:
    if suffix == ".zst" and sys.version_info < (3, 14):
        pack = pytest.importorskip("backports.zstd").compress
    elif suffix == ".zst":
        pack = importlib.import_module("compression.zstd").compress
    else:
        pack = PACK[suffix]
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for n, text in enumerate([*TEXTS, "shadow"]):
            info = tarfile.TarInfo(f"x/{n}.txt" if n < 3 else "x/.hidden")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    assert read(write(tmp_path / f"a.txt{suffix}", pack(TEXTS[1].encode()))) == [TEXTS[1]]
    path = write(tmp_path / f"a.tar{suffix}", pack(tar.getvalue()))
    assert read(path) == TEXTS
    rows = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    lines = pack(rows.encode()) + pack(rows.encode())  # two members, as parallel packers write
    assert read(write(tmp_path / f"a.jsonl{suffix}", lines)) == TEXTS * 2
    write(path, path.read_bytes()[:-20])
    with pytest.raises(CorruptFileError, match=f"a.tar{suffix}.*truncated or damaged"):
        read(path)


def test_zip_and_archives_within(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.txt", TEXTS[0])
        archive.writestr("two.jsonl.gz", gzip.compress(json.dumps(TEXTS[1]).encode()))
        archive.writestr("three.json", json.dumps([{"text": TEXTS[2]}]))
        archive.writestr("__MACOSX/one.txt", "shadow")
    assert read(path) == TEXTS
    outer = tmp_path / "b.tar"
    with tarfile.open(outer, "w") as tar:
        tar.add(path, "inner.zip")
    assert read(outer) == TEXTS
    write(path, path.read_bytes()[:-30])
    with pytest.raises(CorruptFileError, match=r"a\.zip"):
        read(path)


def test_fields_of_json(tmp_path: Path) -> None:
    poem = {"title": "登鹳雀楼", "paragraphs": ["白日依山尽", "黄河入海流"], "note": None, "n": 1}
    path = write(tmp_path / "a.json", json.dumps([poem]))
    assert read(path, fields=("title", "note", "paragraphs")) == [
        "登鹳雀楼\n白日依山尽\n黄河入海流"
    ]
    with pytest.raises(
        InputError, match=r"entry 1 has no field 'text'; its fields are 'title'.*--field"
    ):
        read(path)
    with pytest.raises(InputError, match="'n' must be a string, found 1"):
        read(path, fields=("n",))
    broken = write(tmp_path / "b.jsonl", '"fine"\n{"text": \n')
    with pytest.raises(CorruptFileError, match=r"b\.jsonl, line 2"):
        read(broken)


@pytest.mark.parametrize("packed", [False, True])
def test_parquet(tmp_path: Path, packed: bool) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"text": TEXTS, "n": [1, 2, 3]}), path, row_group_size=2)
    if packed:
        with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
            tar.add(path, "a.parquet")
        path = tmp_path / "a.tar.gz"
    assert read(path) == TEXTS
    with pytest.raises(InputError, match="no field 'body'"):
        read(path, fields=("body",))
    if not packed:
        write(path, path.read_bytes()[:-9])
        with pytest.raises(CorruptFileError, match=r"a\.parquet"):
            read(path)


PAGE = """<html><head><title>T</title><meta charset="gbk"><script>var x = 1;</script></head>
<body><nav><a href="/">Home</a> <a href="/x">Menu</a></nav>
<main><h1>登高</h1><p>风急天高猿啸哀,渚清沙白鸟飞回。</p></main></body></html>"""


def test_html_gives_its_main_text(tmp_path: Path) -> None:
    pytest.importorskip("resiliparse")
    (page,) = read(write(tmp_path / "a.html", PAGE.encode("gbk")))
    assert isinstance(page, HTML)
    text = page_text(page)
    assert "风急天高猿啸哀,渚清沙白鸟飞回。" in text
    assert "var x" not in text
    assert "Menu" not in text


def test_warc_gives_its_pages(tmp_path: Path) -> None:
    pytest.importorskip("fastwarc")
    page = PAGE.encode("gbk")
    answers = [
        (b"200 OK", b"text/html", page),
        (b"404 Not Found", b"text/html", page),
        (b"200 OK", b"image/png", b"\x89PNG"),
    ]
    records = [
        record("response", b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
               % (status, kind, len(body), body))
        for status, kind, body in answers
    ]  # fmt: skip
    path = write(tmp_path / "a.warc.gz", b"".join(map(gzip.compress, records)))
    assert read(path) == [page]
    wet = record("conversion", "Plain 文字".encode())
    assert read(write(tmp_path / "a.warc.wet", wet)) == ["Plain 文字"]


def record(kind: str, body: bytes) -> bytes:
    content = "application/http; msgtype=response" if kind == "response" else "text/plain"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:0>\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://a.example/\r\n"
        f"Content-Type: {content}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for form, content in (("text", "a<|endoftext|>b"), ("jsonl", '{"text": "a"}\n"b"\n')):
        stdin = io.TextIOWrapper(io.BytesIO(content.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        assert read("-", format=form) == ["a", "b"]
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        read("-")


@pytest.mark.parametrize("streaming", [True, False])
def test_sets_of_the_hub(tmp_path: Path, streaming: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for split in ("train", "test"):
        rows = "".join(json.dumps({"text": f"{split} {text}"}) + "\n" for text in TEXTS)
        write(tmp_path / "set" / f"{split}.jsonl", rows)
    files = sources.find([f"hub:{tmp_path}/set", f"hub:{tmp_path}/set::test"])
    reader = Reader(files, Reading(), streaming)
    found = list(reader.documents(Position()))
    assert [d for d, _, _ in found] == [f"{s} {t}" for s in ("train", "test") for t in TEXTS]
    for at, (document, file, number) in enumerate(found):
        place = Position(file, number, sources.check_of(document))
        assert list(reader.documents(place)) == found[at + 1 :]
    datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(tmp_path / "saved")
    assert read(f"hub:{tmp_path}/saved") == TEXTS
    with pytest.raises(InputError, match="split"):
        read(f"hub:{tmp_path}/set::nothing")


def test_reading_begins_at_any_position_and_sees_a_change(tmp_path: Path) -> None:
    for n in range(3):
        write(tmp_path / f"{n}.txt", "<|endoftext|>".join(f"{n}{t}" for t in TEXTS))
    files = sources.find([str(tmp_path)])
    found = list(Reader(files, Reading()).documents(Position()))
    for at, (document, file, number) in enumerate(found):
        place = Position(file, number, sources.check_of(document))
        assert list(Reader(files, Reading()).documents(place)) == found[at + 1 :]
    write(tmp_path / "1.txt", "changed")
    with pytest.raises(InputError, match="has changed since"):
        list(Reader(files, Reading()).documents(Position(1, 2, sources.check_of(found[4][0]))))


def test_what_is_no_text_is_left_out_or_refused(tmp_path: Path) -> None:
    write(tmp_path / "a" / "x.png", b"\x89PNG\0\0")
    write(tmp_path / "a" / "y.txt", "text")
    reading = Reading()
    reader = Reader(sources.find([str(tmp_path / "a")]), reading)
    assert [d for d, _, _ in reader.documents(Position())] == ["text"]
    assert list(reading.skipped) == [str(tmp_path / "a" / "x.png")]
    with pytest.raises(InputError, match="is not text"):
        read(tmp_path / "a" / "x.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="contains no files"):
        read(tmp_path / "empty")
    with pytest.raises(MissingFileError, match="hub:nothing"):
        read("nothing")


def test_tables_give_their_text(tmp_path: Path) -> None:
    for name, content in (
        ("a.csv", '\ufefftext\n"a, b"\n"c\nd"\n'), ("a.csv", '\ufeffwhatever\n"a, b"\n"c\nd"\n'),
        ("a.csv", 'id,text\n1,"a, b"\n2,"c\nd"\n'), ("a.tsv", '"text"\n"a, b"\n"c\nd"\n'),
    ):  # fmt: skip
        (tmp_path / name).write_text(content, "utf-8")
        assert read(tmp_path / name) == ["a, b", "c\nd"], content
    (tmp_path / "a.csv").write_text("id,body\n1,x\n")
    with pytest.raises(InputError, match=r"no field 'text'; its fields are 'id', 'body'.*--field"):
        read(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", fields=("body",)) == ["x"]
    (tmp_path / "a.csv").write_bytes("text\nd\u00e9j\u00e0\n".encode("latin-1"))
    assert read(tmp_path / "a.csv", encoding="latin-1") == ["d\u00e9j\u00e0"]


def test_rows_that_lack_a_field_and_fields_within_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"text": "a"}, {"other": 1}, {"text": None}, {"text": ["b", None, "c"]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read(path) == ["a", "", "", "b\nc"]
    path.write_text(json.dumps({"doc": {"body": "x", "parts": [{"t": "y"}]}}))
    assert read(path, fields=("doc.body", "doc.parts.0.t")) == ["x\ny"]
    named = path.rename(tmp_path / "a.json")  # JSON lines by another name
    named.write_text("".join(json.dumps({"text": t}) + "\n" for t in "ab"))
    assert read(named) == ["a", "b"]


ODD_FILES = {
    "pdf": (b"%PDF-1.7\nplain enough\n" * 40, "PDF"),
    "docx": (b"PK\x03\x04plain enough\n" * 40, "docx"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 40, "Word"),
    "rtf": (b"{\\rtf1 plain enough}" * 40, "RTF"),
    "gz": (gzip.compress(b"text" * 99), "compressed"),
    "gbk": ("白日依山尽，黄河入海流。".encode("gb18030") * 40, "--encoding gb18030"),
    "latin": ("Déjà vu, où ça ? Été, forêt.".encode("latin-1") * 40, "--encoding"),
    "sjis": ("吾輩は猫である。".encode("shift_jis") * 40, "--encoding"),
    "utf16": ("plain".encode("utf-16"), "--encoding utf-16"),
    "nul": (b"\0\0abc", "NUL"),
}


@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_only_looks_like_text_teaches_nothing(tmp_path: Path, kind: str) -> None:
    content, told = ODD_FILES[kind]
    path = write(tmp_path / "in" / "x.txt", content)
    with pytest.raises(InputError, match=f"x.txt is not text: .*{told}"):
        read(path)
    write(tmp_path / "in" / "y.txt", b"text")
    reading = Reading()
    assert list(sources.texts(sources.find([str(tmp_path / "in")]), reading)) == ["text"]
    assert len(reading.skipped) == 1
    assert told in reading.skipped[str(path)]


def test_encodings_are_read_by_all(tmp_path: Path) -> None:
    for encoding in ("gb18030", "utf-16", "latin-1"):
        text = "Déjà vu" if encoding == "latin-1" else "白日依山尽"
        path = write(tmp_path / f"{encoding}.txt", text.encode(encoding))
        assert read(path, encoding=encoding) == [text]
    few = (
        "text with a broken byte \xff and a sign \ufffd of its own".encode("latin-1", "ignore") * 9
    )
    assert len(read(write(tmp_path / "few.txt", b"x" * 900 + few[:60]))) == 1
    for wrong in ("base64", "rot13", "klingon", "a" * 99, "\0"):
        with pytest.raises(OptionError, match="no text encoding"):
            Reading(encoding=wrong)


@pytest.mark.parametrize("outer", [".gz", ".xz", ".bz2"])
@pytest.mark.parametrize("inner", [".gz", ".xz", ".bz2"])
def test_compressed_twice(tmp_path: Path, outer: str, inner: str) -> None:
    content = PACK[outer](PACK[inner](b"some text"))
    assert read(write(tmp_path / f"a.txt{inner}{outer}", content)) == ["some text"]


def test_containers_nest_to_a_depth(tmp_path: Path) -> None:
    content, name = b"text", "a.txt"
    for _ in range(300):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        content, name = tar.getvalue(), "a.tar"
    with pytest.raises(InputError, match="nested in more than"):
        read(write(tmp_path / "deep.tar", content))


def test_one_piece_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LARGEST", 100)
    monkeypatch.setattr(rows, "BLOCK", 50)
    lines = b'{"text": "a"}\n' + b'{"text": "' + b"a" * 200 + b'"}\n'
    for name in ("a.jsonl", "a.json", "a.html"):
        with pytest.raises(InputError, match=f"{name}.* exceeds the limit of"):
            read(write(tmp_path / name, lines))
        with pytest.raises(InputError, match=f"{name}.* exceeds the limit of"):
            read(write(tmp_path / f"{name}.gz", gzip.compress(lines)))
    for name in ("a.csv", "a.tsv"):
        with pytest.raises(InputError, match=f"a line of .*{name} exceeds the limit of"):
            read(write(tmp_path / name, b"text\n" + b"a" * 200))
        assert read(write(tmp_path / name, b"text\n" + b"aa\n" * 100)) == ["aa"] * 100
    assert read(write(tmp_path / "b.jsonl", b'{"text": "a"}\n' * 50)) == ["a"] * 50


def test_deep_json_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"text": "a"}\n' + b"[" * 200_000 + b"\n")
    with pytest.raises(CorruptFileError, match=r"a\.jsonl, line 2"):
        read(path)


@pytest.mark.parametrize("damage", range(6))
def test_odd_archives_are_told(tmp_path: Path, damage: int) -> None:
    """Each byte of a zip's directory, another: an error of ours or what can be read."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.txt", "one")
    content = bytearray(path.read_bytes())
    for at in range(len(content)):
        changed = bytes([*content[:at], content[at] ^ (1 << damage), *content[at + 1 :]])
        with contextlib.suppress(GPT2Error):
            read(write(path, changed))


def test_pages_built_to_hold_up_are_read_without_layout() -> None:
    pytest.importorskip("resiliparse")
    text = "The text of the page, which is what is wanted."
    attributes = b" ".join(b'a%d="1"' % n for n in range(200_000))
    for page in (b"<div>" * 50_000 + text.encode(), b"<div></b>" * 50_000 + text.encode(),
                 b"<p " + attributes + b">" + text.encode() + b"<script>no</script>"):  # fmt: skip
        assert not pages.is_ordinary(b"<html><body>" + page)  # layout would take minutes
        assert formats.page_text(HTML(b"<html><body>" + page)) == text
    plain = b"<html><body>" + b"<div><p>One.<p>Two.<br></div>" * 3000 + b"</body></html>"
    assert pages.is_ordinary(plain)
    assert pages.is_ordinary(b'<img src="data:,' + b"a=" * 100_000 + b'">')


def test_names_that_cannot_be_are_one_error(tmp_path: Path) -> None:
    for name in ("x" * 5000, "a\0b", "nothing"):
        with pytest.raises(MissingFileError):
            sources.find([name])
    with pytest.raises(WriteError, match=r"udcff. is not valid UTF-8"):
        write_json(tmp_path / "a.json", "a\udcff")
    assert not list(tmp_path.iterdir())
