from __future__ import annotations

import pytest

from gpt2.native import threads
from gpt2.native.library import PATH, core


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    if not PATH.exists():
        pytest.skip(f"there is no {PATH}")
    core()  # one of another version is a failure


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many threads as a test asks for, however few processors there are."""
    monkeypatch.setattr(threads, "processors", lambda: threads.MOST)
