"""Training texts in each format."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import json
import lzma
import sys
import tarfile
import zipfile
from pathlib import Path

from tools.fuzz.forms.form import Form, each
from tools.fuzz.forms.tokenizers import TEXTS, small

ROWS = [{"text": t, "prompt": t, "completion": " yes", "n": n} for n, t in enumerate(TEXTS)]


def plain_texts() -> dict[str, bytes]:
    """A file of each plain format, by name."""
    lines = "\n".join(json.dumps(row) for row in ROWS).encode() + b"\n"
    cells = [["text", "prompt", "completion"], *([t, t, " yes"] for t in TEXTS)]
    table, tabs = ("\n".join(end.join(f'"{c}"' for c in row) for row in cells) for end in ",\t")
    page = b"<html><body><h1>Title</h1><p>" + TEXTS[0].encode() * 4 + b"</p></body></html>"
    return {
        "a.txt": "<|endoftext|>".join(TEXTS).encode(),
        "a.jsonl": lines,
        "a.json": json.dumps(ROWS).encode(),
        "a.csv": table.encode(),
        "a.tsv": tabs.replace('"', "").encode(),
        "a.html": page,
        "a.warc": warc(page),
    }


def warc(page: bytes) -> bytes:
    """A WARC file with one page."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = ("WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.b/\r\n"
            "WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
            "Content-Type: application/http; msgtype=response\r\n"
            f"Content-Length: {len(answer)}\r\n\r\n")  # fmt: skip
    return head.encode() + answer + b"\r\n\r\n"


def packed_texts() -> dict[str, bytes]:
    """Compressed files and archives, and Parquet."""
    whole = plain_texts()
    found = {"a.txt.gz": gzip.compress(whole["a.txt"]), "a.txt.bz2": bz2.compress(whole["a.txt"]),
             "a.jsonl.xz": lzma.compress(whole["a.jsonl"]), "a.zip": zipped(whole),
             "a.tar": tarred(whole)}  # fmt: skip
    zstd = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    found["a.txt.zst"] = importlib.import_module(zstd).compress(whole["a.txt"])
    arrow, parquet = (importlib.import_module(n) for n in ("pyarrow", "pyarrow.parquet"))
    out = io.BytesIO()
    parquet.write_table(arrow.table({"text": TEXTS, "n": [1, 2, 3]}), out)
    return {**found, "a.parquet": out.getvalue()}


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def source(name: str) -> Form:
    """The form of a text in one format, which is prepared."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / name).write_bytes({**plain_texts(), **packed_texts()}[name])

    return Form(make, prepared)


def prepared(case: Path) -> None:
    """Prepare the texts in a folder into a folder inside it."""
    from gpt2.data import PrepareConfig, prepare

    prepare([case], case / "out", small(), PrepareConfig(threads=1))


def pairs(folder: Path) -> None:
    """Write prompt-completion pairs in each format."""
    folder.mkdir(parents=True)
    for name, content in plain_texts().items():
        if name.split(".")[-1] in ("jsonl", "json", "csv", "tsv"):
            (folder / name).write_bytes(content)


def paired(case: Path) -> None:
    """Read each of the files separately."""
    from gpt2.training.inputs.examples import read_pairs

    each(case, read_pairs)


NAMES = ("a.txt", "a.jsonl", "a.json", "a.csv", "a.tsv", "a.html", "a.warc", "a.txt.gz",
         "a.txt.bz2", "a.jsonl.xz", "a.txt.zst", "a.zip", "a.tar", "a.parquet")  # fmt: skip
FORMS: dict[str, Form] = {
    "pairs": Form(pairs, paired),
    **{f"prepare-{name[2:]}": source(name) for name in NAMES},
}
