"""Take the READMEs' pictures of the page that `gpt2 explain` writes: docs/pictures/explain*.png.

PYTHONPATH=src:. python -m tools.pictures

Needs what the browser tests need (tests/browsers.py) and a Chinese font (fonts-noto-cjk).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browsers import SIZES, chromium

from gpt2.explain.page import explain

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SHOTS = {
    "explain": ("en-US", "Once upon a time, there was a little dog. The little dog"),
    "explain-zh": ("zh-CN", "从前有一只小狗，名叫豆豆。豆豆"),
}


def main() -> None:
    """Open the page once per language and write the picture of its first screen."""
    width, height = SIZES["desk"]
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        for picture, (locale, text) in SHOTS.items():
            page = explain("gpt2-mini", Path(name) / f"{picture}.html", text)
            tab = browser.new_page(viewport={"width": width, "height": height}, locale=locale)
            tab.goto(page.as_uri())
            tab.wait_for_selector("#panel-sources .bars", timeout=60_000)
            tab.wait_for_timeout(2_000)  # the panels follow one another
            tab.screenshot(path=FOLDER / f"{picture}.png")
            print(FOLDER / f"{picture}.png")


if __name__ == "__main__":
    main()
