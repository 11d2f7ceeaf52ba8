"""--compile: the same training where it works, one warning and the same training where not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpt2.errors import GPT2Warning
from gpt2.training.loop.compiling import Compiled
from gpt2.training.loop.distributed import Processes
from tests.training.runs import losses, rows_of, trainer


@pytest.mark.parity
def test_without_a_compiler_it_says_so_once(tmp_path: Path) -> None:
    from torch._inductor import config

    trainer(tmp_path / "plain", {"steps": 3}).run()
    broken = config.patch({"cpp.cxx": ("no-such-compiler",), "force_disable_caches": True})
    with broken, pytest.warns(GPT2Warning, match=r"does not work here \(.*C\+\+") as warned:
        trainer(tmp_path / "compiled", {"steps": 3, "compile": True}).run()
    assert len([w for w in warned if w.category is GPT2Warning]) == 1
    assert losses(tmp_path / "compiled") == losses(tmp_path / "plain")


@pytest.mark.parity
def test_compiled_training_is_the_same_to_rounding(tmp_path: Path) -> None:
    torch._dynamo.reset()
    trainer(tmp_path / "plain").run()
    trainer(tmp_path / "compiled", {"compile": True}).run()
    assert losses(tmp_path / "compiled") == pytest.approx(losses(tmp_path / "plain"), rel=1e-5)


def test_sharded_weights_behind_the_compiler(tmp_path: Path, two: Processes) -> None:
    options = {"compile": True, "parallel": "fsdp", "micro_batch": 2}
    made = trainer(tmp_path, options, processes=two)
    seen: list[int] = []
    made.model.transformer.register_forward_pre_hook(
        lambda *_: seen.append(len(made.stepper.optimizer.gradients()))
    )
    with torch.compiler.set_stance("force_eager"):  # the wrapper alone
        made.stepper.gradients(rows_of(6), 1.0)
        assert seen == [0, 0, 0]  # reduced in the last pass alone
        assert made.stepper.optimizer.gradients()
        assert made._validate()


class Limited(torch.nn.Module):
    """Runs out of memory with more than four rows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 4:
            raise torch.OutOfMemoryError
        return 2 * x


@pytest.mark.filterwarnings("error::gpt2.errors.GPT2Warning")
def test_running_out_of_memory_is_no_failure_of_the_compiler() -> None:
    module = Compiled(Limited())
    with torch.compiler.set_stance("force_eager"):
        with pytest.raises(torch.OutOfMemoryError):
            module(torch.ones(5))
        assert module(torch.ones(4)).tolist() == [2] * 4
    assert module._compiled
