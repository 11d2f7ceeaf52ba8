from __future__ import annotations

import pytest

from gpt2.errors import MissingDependencyError
from gpt2.native.library import core


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    try:
        core()
    except MissingDependencyError as error:
        pytest.skip(str(error))
