"""Reads the rows of tables and JSON files, and the text in their fields."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from gpt2.data.containers import Stream
from gpt2.errors import CorruptFileError, InputError
from gpt2.files import is_json, json_lines, parse_json

BLOCK = 1 << 20  # bytes read at a time
LARGEST = 256 << 20  # maximum bytes of a line of JSON, of a JSON file, of a page; of a line or cell
MISSING = object()
SEPARATORS = {".csv": ",", ".tsv": "\t"}
T = TypeVar("T", bytes, str)
Row = tuple[str, Any]  # its location, for messages; and its value


def field(row: Any, name: str) -> Any:
    """The value of a row under a name, or at a path such as doc.body or messages.0.content.

    `MISSING` if there is no value.
    """
    if isinstance(row, Mapping) and name in row:
        return row[name]
    value = row
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, (list, tuple)) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value


def join_fields(
    row: Mapping[str, Any], fields: Iterable[str], where: str, needed: bool = True
) -> str:
    """The text of a row: its fields, and the strings in a list, each on a separate line.

    Null values are left out. Raises `InputError` for a field that is not text, and for a missing
    field if ``needed``.
    """
    lines: list[str] = []
    for name in fields:
        value = field(row, name)
        if value is MISSING and needed:
            raise InputError(
                f"{where} has no field {name!r}; its fields are "
                f"{', '.join(map(repr, row)) or 'none'}. Name the text fields with --field; "
                "doc.body names a nested field."
            )
        parts = value if isinstance(value, (list, tuple)) else [value]
        texts = [part for part in parts if part is not None and part is not MISSING]
        if not all(isinstance(part, str) for part in texts):
            raise InputError(f"{where}: the field {name!r} must be a string, found {value!r:.60}.")
        lines += texts
    return "\n".join(lines)


def json_rows(name: str, content: bytes) -> Iterator[Row]:
    """The entries of a JSON file, an object or a list, or its lines if each line is valid JSON."""
    lines = content.split(b"\n")
    filled = [line for line in lines if line.strip()]
    try:
        value = parse_json(content, name, loose=True)
    except CorruptFileError:
        if len(filled) < 2 or not is_json(filled[0], loose=True):
            raise
        yield from json_lines(name, lines)
        return
    for number, row in enumerate(value if isinstance(value, list) else [value], 1):
        yield f"{name}, entry {number}", row


def table(name: str, stream: Stream, suffix: str, encoding: str = "utf-8") -> Iterator[Row]:
    """The rows of a table, keyed by the names in its header row.

    CSV follows RFC 4180, separated by commas, or by semicolons if the first line has no comma. TSV
    follows IANA: no quotes, and no newline or tab in a cell. If the names are in quotes, or a
    program quoted a cell because it contains quotes, those quotes are removed.

    Raises `CorruptFileError`, `InputError` with the line.
    """
    lines = text_lines(name, stream, encoding)
    first = next(lines, "")
    every = _again(first, lines)
    if suffix == ".tsv" and not first.startswith('"'):
        rows: Iterator[tuple[int, list[str]]] = (
            (number, [_bare(cell) for cell in line.rstrip("\r\n").split("\t")])
            for number, line in enumerate(every, 1)
        )
    else:
        separator = SEPARATORS[suffix]
        if suffix == ".csv" and "," not in first and ";" in first:
            separator = ";"
        rows = _read_quoted(name, every, separator)
    names: Sequence[str] = ()
    for number, cells in rows:
        if not any(cells):
            continue
        if not names:
            names = cells
            continue
        if any(cells[len(names) :]):
            raise InputError(
                f"{name}, line {number} has {len(cells)} columns, but the header line has "
                f"{len(names)}: a cell that contains the separator must be quoted."
            )
        yield f"{name}, line {number}", dict(zip(names, cells, strict=False))


def check_size(content: T, where: str) -> T:
    """Return a record. Raises `InputError` if it is larger than `LARGEST`."""
    if len(content) > LARGEST:
        raise InputError(
            f"{where} exceeds the limit of {LARGEST >> 20} MB for one record: split it into JSON "
            "lines, or convert it to plain text, which may have any length."
        )
    return content


def text_lines(name: str, stream: Stream, encoding: str) -> Iterator[str]:
    """The lines of a text with their line ends. Raises `CorruptFileError` if it is not text."""
    known = codecs.lookup(encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if known == "utf-8" else encoding)()
    rest = ""
    try:
        while block := stream.read(BLOCK):
            *whole, rest = (rest + decoder.decode(block)).split("\n")
            yield from (line + "\n" for line in whole)
            check_size(rest, f"a line of {name}")
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise CorruptFileError(
            f"{name} is not valid {known.upper()} text: {error.reason}."
        ) from None
    if rest:
        yield rest


def _read_quoted(
    name: str, lines: Iterator[str], separator: str
) -> Iterator[tuple[int, list[str]]]:
    before = csv.field_size_limit(LARGEST)  # texts are long; Python's limit is 128 kB
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise CorruptFileError(
            f"{name}, line {reader.line_num}, cannot be parsed as a table: {error}. A cell that "
            "contains a quote must be quoted, with the quote doubled."
        ) from None
    finally:
        csv.field_size_limit(before)


def _bare(cell: str) -> str:
    """Remove the quotes that a program put around a cell because it contains quotes."""
    inner = cell[1:-1].replace('""', "")
    quoted = len(cell) > 3 and cell[0] == cell[-1] == '"' and '""' in cell[1:-1]
    return cell[1:-1].replace('""', '"') if quoted and '"' not in inner else cell


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest
