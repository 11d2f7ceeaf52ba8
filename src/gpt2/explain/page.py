"""A single HTML file in which a model runs: weights, the core as WebAssembly, and scripts.

It opens from a disk without a network, and its content security policy forbids network access. Data
is stored as base64 and decoded by hand. For a model too large for a browser the file holds a
recording of one text.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Collection, Iterator
from importlib.resources import files
from pathlib import Path

from gpt2.explain.contents import WEB, Contents, contents_of
from gpt2.explain.joiner import inline, join
from gpt2.files import atomic

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
ASKING = f"{POLICY}; connect-src 'self'"  # for a page whose model runs on a server
PIECE = 3 << 20  # bytes of base64 per element: a full model would be one very long string
PACKAGE = Path(str(files("gpt2")))


def explain(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    text: str | None = None,
    *,
    dtype: str | None = None,
    record: bool | None = None,
    heads: Collection[tuple[int, int]] | None = None,
) -> Path:
    """Write the page of a model.

    Args:
        model: a folder, a file, a bundled name or a hub name.
        output: the file to write, atomically.
        text: the initial text, or the text to record; None means an example.
        dtype: int8 or int4, whose results are bit-identical on every processor; None means the
            model's own precision if it is one of these, else int8.
        record: True stores a recording of the text instead of the model; None does so if the
            weights exceed 250 MB, the limit that a browser can handle.
        heads: (layer, head) pairs whose queries and keys a recording keeps; None means the 8 that
            contribute most to the last word.

    Raises:
        OptionError: the precision is not supported; a model of over 250 MB is not to be recorded;
            or heads are given for a live page.
        InputError, ContextLengthError: the model has no such heads; or, for a recording, there is
            no text or it does not fit in the context.
        TokenizerError: a live page has a tokenizer that is not of GPT-2's kind.
        ModelFileError, HubError: the model's files cannot be read.
    """
    contents = contents_of(model, dtype, text=text, record=record, heads=heads)
    path = Path(output)
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        for piece in html(contents):
            file.write(piece)
    return path


def html(contents: Contents, policy: str = POLICY) -> Iterator[str]:
    """The HTML of the page, in pieces."""
    style = (PACKAGE / "web" / "base.css").read_text("utf-8")
    style += (WEB / "style.css").read_text("utf-8")
    title = f"{contents.facts['name']}: GPT-2 in one file" if "name" in contents.facts else "GPT-2"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        "<noscript>This page needs JavaScript: the model runs in it.</noscript>\n"
    )
    yield _data("facts", json.dumps(contents.facts, ensure_ascii=False))
    entry = WEB / f"open_{contents.facts['kind']}.js"
    yield f"<script>\n{inline(join(entry))}</script>\n"
    if contents.core:
        yield _data("worker", json.dumps(join(WEB / "in_worker.js"), ensure_ascii=False))
        yield _data("merges", json.dumps(contents.merges, ensure_ascii=False))
        yield _data("core", base64.b64encode(contents.core).decode())
    for number, data in enumerate(contents.files):
        for at in range(0, len(data), PIECE):
            text = base64.b64encode(data[at : at + PIECE]).decode()
            where = f'data-file="{number}" data-size="{len(data)}" data-at="{at}"'
            yield f'<script type="text/plain" class="piece" {where}>{text}</script>\n'
    yield "</body>\n</html>\n"


def _data(name: str, text: str) -> str:
    """A data element for the scripts; JSON allows < as an escape sequence."""
    safe = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{safe}</script>\n'


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
