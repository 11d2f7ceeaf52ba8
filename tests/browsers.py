"""What the tests of the pages in a real browser share: Chromium by Playwright, sizes, a folder.

Needs ``pip install -r tests/browser.txt`` and Debian's ``chromium``; a module that imports this is
skipped without them. ``pytest -m browser`` runs them; screenshots lie in ``out/screenshots``.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT

sync_api = pytest.importorskip("playwright.sync_api")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = ROOT / "out" / "screenshots"
SIZES = {"phone": (360, 740), "tablet": (768, 1024), "desk": (1280, 900)}
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="chromium is not installed"),
]


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser, until it is closed."""
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()
