from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gpt2.quantization import quantize
from tests.native.conftest import _built  # noqa: F401  skips where the core was not built
from tests.tiny import write_tiny

# As the engine itself rounds numbers it is given.
NEAREST = {"fp16": "nearest", "int8": "search", "int4": "search"}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tests run side by side: threads that wait for one another would only get in their way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPT2_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random model in fp32 with its tokenizer."""
    folder = tmp_path_factory.mktemp("model")
    write_tiny(folder)
    return folder


@pytest.fixture(scope="session", params=["fp16", "int8", "int4"])
def packed(request: pytest.FixtureRequest, model: Path) -> Path:
    """The same, quantised."""
    folder = model.parent / f"{model.name}-{request.param}"
    if not folder.exists():
        quantize(model, folder, dtype=request.param, rounding=NEAREST[request.param], tokens=0)
    return folder
