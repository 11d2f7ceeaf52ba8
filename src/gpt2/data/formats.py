"""Reads documents from a plain file: text, JSON Lines, JSON, CSV, TSV, Parquet, HTML, WARC."""

from __future__ import annotations

import codecs
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import PurePosixPath
from typing import Any

from gpt2.data import pages
from gpt2.data.containers import Stream, seekable
from gpt2.data.rows import LARGEST, Row, check_size, join_fields, json_rows, table
from gpt2.errors import InputError
from gpt2.extras import need
from gpt2.files import json_lines
from gpt2.files.detect import check_encoding, why_no_text
from gpt2.tokenizer.bpe import END_OF_TEXT

BLOCK = 1 << 20  # bytes read at a time
PIECE = 4 << 20  # characters: a longer text is cut into documents to bound the memory


class HTML(bytes):
    """An unprocessed page. `encode.py` extracts its text when it tokenises it."""


Document = str | HTML


@dataclasses.dataclass
class Reading:
    """Options for reading files.

    Attributes:
        format: a name in `FORMATS`, or "auto" to decide by the file's name.
        fields: of JSON and Parquet rows; several fields are joined by a newline.
        encoding: of text files.
        end: the separator of documents in text.
        skipped: files that were left out because they are not text, with the reason.
    """

    format: str = "auto"
    fields: tuple[str, ...] = ("text",)
    encoding: str = "utf-8"
    end: str = END_OF_TEXT
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_encoding(self.encoding)


Reader = Callable[[str, Stream, Reading], Iterator[Document]]


def documents(name: str, stream: Stream, reading: Reading) -> Iterator[Document]:
    """The documents in a plain file, read by its extension or the configured format."""
    form = reading.format
    if form == "auto":
        form = ENDINGS.get(PurePosixPath(name.lower()).suffix, "text")
    return FORMATS[form](name, stream, reading)


def _text(name: str, stream: Stream, reading: Reading) -> Iterator[Document]:
    """Read a file as one document, or as several between separators.

    A newline right after a separator belongs to the separator.
    """
    end = reading.end
    encoding = "utf-8-sig" if codecs.lookup(reading.encoding).name == "utf-8" else reading.encoding
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest, scanned, after = "", 0, False
    block = stream.read(BLOCK)
    if reason := why_no_text(block, reading.encoding):
        reading.skipped[name] = reason
        return
    while block:
        rest += decoder.decode(block)
        if rest.find(end, scanned) >= 0:
            *whole, rest = rest.split(end)
            for document in whole:
                yield _without_line_end(document) if after else document
                after = True
        while len(rest) > PIECE:
            at = cut(rest, PIECE)
            yield _without_line_end(rest[:at]) if after else rest[:at]
            rest, after = rest[at:], False
        scanned = max(0, len(rest) - len(end) + 1)
        block = stream.read(BLOCK)
    rest += decoder.decode(b"", final=True)
    yield _without_line_end(rest) if after else rest


def _without_line_end(text: str) -> str:
    return text[2:] if text.startswith("\r\n") else text.removeprefix("\n")


def cut(text: str, limit: int) -> int:
    """Where to cut a text of at most ``limit`` characters: after a paragraph, a line or a word."""
    for mark in ("\n\n", "\n", " ", "。"):
        at = text.rfind(mark, limit // 2, limit)
        if at >= 0:
            return at + len(mark)
    return limit


def _json_lines(name: str, stream: Stream, reading: Reading) -> Iterator[Document]:
    yield from _texts(json_lines(name, _lines(name, stream)), reading.fields)


def _lines(name: str, stream: Stream) -> Iterator[bytes]:
    for number in count(1):
        line = check_size(stream.readline(LARGEST + 1), f"{name}, line {number}")
        if not line:
            return
        yield line


def _json(name: str, stream: Stream, reading: Reading) -> Iterator[Document]:
    """Read a file that is one JSON object, a list of objects, or lines of JSON, all at once."""
    yield from _texts(json_rows(name, check_size(stream.read(LARGEST + 1), name)), reading.fields)


def _table(name: str, stream: Stream, reading: Reading, suffix: str) -> Iterator[Document]:
    yield from _texts(table(name, stream, suffix, reading.encoding), reading.fields, True)


def _texts(rows: Iterator[Row], fields: tuple[str, ...], only: bool = False) -> Iterator[Document]:
    """The texts of rows.

    The first row must have the fields, so that a wrong name is noticed; later rows may lack them.
    The ``only`` column of a table needs no name.
    """
    first = True
    for where, row in rows:
        if isinstance(row, str):
            yield row
            continue
        if not isinstance(row, Mapping):
            raise InputError(f"{where} must be an object or a string, found {type(row).__name__}.")
        if first and only and len(row) == 1 and fields == ("text",):
            fields = tuple(row)
        yield join_fields(row, fields, where, needed=first)
        first = False


def _parquet(name: str, stream: Stream, reading: Reading) -> Iterator[Document]:
    parquet = need("pyarrow.parquet", "Reading Parquet")
    file = parquet.ParquetFile(seekable(stream))
    names = file.schema_arrow.names
    tops = [field if field in names else field.split(".")[0] for field in reading.fields]
    join_fields(dict.fromkeys(names), tops, name)  # check that the fields exist
    at = 0
    for batch in file.iter_batches(batch_size=256, columns=tops):
        for row in batch.to_pylist():
            at += 1
            yield join_fields(row, reading.fields, f"{name}, row {at}", needed=False)


def _html(name: str, stream: Stream, reading: Reading) -> Iterator[Document]:
    yield HTML(check_size(stream.read(LARGEST + 1), name))


def _warc(name: str, stream: Stream, reading: Reading) -> Iterator[Document]:
    """The pages of a web archive: HTML responses, and the text in WET files."""
    warc = need("fastwarc.warc", "Reading WARC")
    kinds = warc.WarcRecordType
    wanted = int(kinds.response) | int(kinds.conversion) | int(kinds.resource)
    for record in warc.ArchiveIterator(
        stream, record_types=wanted, auto_decode="all", fsspec_args=False
    ):
        content = check_size(record.reader.read(LARGEST + 1), f"{name}, {record.record_id}")
        if record.record_type == kinds.conversion:
            yield content.decode("utf-8", "replace")
        elif _is_page(record):
            yield HTML(content)


def _is_page(record: Any) -> bool:
    if record.is_http:
        kind = record.http_content_type or ""
        return "html" in kind and record.http_headers.status_code in (200, None)
    return "html" in (record.headers.get("Content-Type") or "")


FORMATS: dict[str, Reader] = {
    "text": _text,
    "jsonl": _json_lines,
    "json": _json,
    "csv": partial(_table, suffix=".csv"),
    "tsv": partial(_table, suffix=".tsv"),
    "parquet": _parquet,
    "html": _html,
    "warc": _warc,
}
ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".warc": "warc",
    ".wet": "warc",
}


def page_text(page: HTML) -> str:
    """The main text of a page without menus and similar parts, extracted by resiliparse.

    A page that would make the extraction very slow gives all of its text. The encoding is the one
    that the page declares, else it is detected from the bytes.
    """
    need("resiliparse", "Reading HTML")
    encoding = need("resiliparse.parse.encoding", "Reading HTML")
    extract = need("resiliparse.extract.html2text", "Reading HTML").extract_plain_text
    content = bytes(page)
    detected = encoding.detect_encoding(content, from_html_meta=True)
    if not pages.is_ordinary(content):
        return pages.without_tags(encoding.bytes_to_str(content, detected))
    return extract(encoding.bytes_to_str(content, detected), main_content=True)
