"""Detect from a file's first bytes whether it is text in an encoding, before it is used."""

from __future__ import annotations

import codecs
import dataclasses

from gpt2.errors import OptionError
from gpt2.options import option

SNIFFED = 1 << 16  # bytes to examine
BROKEN = 0.01  # the tolerated share of invalid characters; most crawled text has a few
KINDS = {
    b"%PDF-": "a PDF file: save its text as a separate file",
    b"PK\x03\x04": "a ZIP archive, such as .docx or .epub: save its text as a separate file",
    b"\xd0\xcf\x11\xe0": "a file of an old Word or Excel: save its text as a separate file",
    b"{\\rtf": "an RTF file: save it as plain text",
    b"\x1f\x8b": "compressed: rename it to end in .gz",
    b"BZh": "compressed: rename it to end in .bz2",
    b"\xfd7zXZ": "compressed: rename it to end in .xz",
    b"\x28\xb5\x2f\xfd": "compressed: rename it to end in .zst",
}
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclasses.dataclass
class TextFiles:
    """The options of all commands that read text for training."""

    encoding: str = option(
        "utf-8",
        "Encoding of text files, such as utf-16, gb18030, big5, shift_jis or latin-1.",
    )
    field: str | list[str] | None = option(
        None, "Field of JSON or Parquet rows to read; several are joined by newlines.", unset="text"
    )

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that hold the text."""
        return (self.field,) if isinstance(self.field, str) else tuple(self.field or ["text"])


def check_encoding(name: str) -> str:
    """Return the name of a text encoding. Raises `OptionError` for any other, such as base64."""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        codec = None
    if codec is None or not getattr(codec, "_is_text_encoding", True):
        raise OptionError(f"there is no text encoding {name!r:.40}.")
    return name


def why_no_text(first: bytes, encoding: str) -> str | None:
    """Why a file with these first bytes is not text in ``encoding``, with advice; None if it is."""
    for magic, kind in KINDS.items():
        if first.startswith(magic):
            return f"it is {kind}"
    wide = "16" in encoding or "32" in encoding
    for mark, name in MARKS.items():
        if first.startswith(mark) and not wide:
            return f"it is in another encoding: try --encoding {name}"
    if b"\0" in first[:8192] and not wide:
        return "its first bytes contain a NUL"
    text = codecs.getincrementaldecoder(encoding)("replace").decode(first[:SNIFFED])
    broken = text.count("\ufffd") - (first.count("\ufffd".encode()) if len(first) else 0)
    if broken > max(2, BROKEN * len(text)):
        return (
            f"{broken / len(text):.0%} of its characters are invalid in {encoding}: name its "
            "encoding, such as --encoding gb18030 or latin-1"
        )
    return None
