"""The page's QR codes: read back by zxing where it is installed (pip install zxing-cpp numpy)."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
from typing import Any

import numpy as np
import pytest

from gpt2.explain.contents import WEB
from tests.explain.conftest import needs_node

pytestmark = needs_node
SIZES = (1, 17, 18, 106, 107, 230, 231, 460, 1000, 2200, 2953)
# SHA-256 of the modules, as bytes of 0 and 1, of codes that zxing has read.
KNOWN = {
    17: "61916aa02e3a1c89",
    107: "6cd04393dd5a434e",
    460: "1338ca10874fd6b9",
    2953: "5ada84ec259714ba",
}


def text(size: int) -> str:
    return "".join(random.Random(size).choices("abcXYZ0123456789-_#=:/.", k=size))


def codes(texts: list[str]) -> list[Any]:
    module = (WEB / "qr.js").as_uri()
    script = (
        f"import {{qr}} from '{module}'; const texts = {json.dumps(texts)};"
        "const found = texts.map((text) => qr(new TextEncoder().encode(text)));"
        "process.stdout.write(JSON.stringify(found));"
    )
    done = subprocess.run(["node", "--no-warnings", "--input-type=module", "-e", script],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_codes_are_those_that_were_read() -> None:
    found = codes([text(size) for size in KNOWN])
    hashes = [hashlib.sha256(b"".join(map(bytes, rows))).hexdigest()[:16] for rows in found]
    assert hashes == list(KNOWN.values())


def test_what_does_not_fit_has_none() -> None:
    assert codes([text(2954)]) == [None]


def test_they_are_read_back() -> None:
    zxing = pytest.importorskip("zxingcpp")
    texts = [*map(text, SIZES), "gpt2.html#proof=小狗"]
    for wanted, rows in zip(texts, codes(texts), strict=True):
        light = 1 - np.pad(np.array(rows, np.uint8), 4)
        picture = np.kron(light * np.uint8(255), np.ones((4, 4), np.uint8))
        assert [one.text for one in zxing.read_barcodes(picture)] == [wanted]
