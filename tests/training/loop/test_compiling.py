"""--compile: the same training where it works, one warning and the same training where not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpt2.errors import GPT2Warning
from tests.training.runs import losses, trainer

pytestmark = pytest.mark.parity


def test_without_a_compiler_it_says_so_once(tmp_path: Path) -> None:
    from torch._inductor import config

    trainer(tmp_path / "plain", {"steps": 3}).run()
    broken = config.patch({"cpp.cxx": ("no-such-compiler",), "force_disable_caches": True})
    with broken, pytest.warns(GPT2Warning, match=r"does not work here \(.*C\+\+") as warned:
        trainer(tmp_path / "compiled", {"steps": 3, "compile": True}).run()
    assert len([w for w in warned if w.category is GPT2Warning]) == 1
    assert losses(tmp_path / "compiled") == losses(tmp_path / "plain")


def test_compiled_training_is_the_same_to_rounding(tmp_path: Path) -> None:
    torch._dynamo.reset()
    trainer(tmp_path / "plain").run()
    trainer(tmp_path / "compiled", {"compile": True}).run()
    assert losses(tmp_path / "compiled") == pytest.approx(losses(tmp_path / "plain"), rel=1e-5)
