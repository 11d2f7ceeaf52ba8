"""CTranslate2, which has no single-step API: times are those of its callbacks with a token."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from benchmarks.peers import Floats
from benchmarks.peers.weights import made_once

PACKAGES = ("ctranslate2",)


def prepare(weights: Path, place: Path, precision: str) -> Path:
    """A folder in CTranslate2's format; it is quantized on loading."""
    from ctranslate2.converters.transformers import GPT2Loader
    from transformers import GPT2LMHeadModel

    def convert(path: Path) -> None:
        model = GPT2LMHeadModel.from_pretrained(weights)
        spec = GPT2Loader().get_model_spec(model)
        spec.register_vocabulary([str(i) for i in range(model.config.vocab_size)])
        spec.config.unk_token = spec.config.bos_token = spec.config.eos_token = "0"
        spec.validate()
        spec.optimize(quantization="int8" if precision.startswith("int8") else None)
        path.mkdir(exist_ok=True)
        spec.save(str(path))

    kind = "int8" if precision.startswith("int8") else "fp32"
    return made_once(place / f"{weights.name}-ctranslate2-{kind}", convert)


class CTranslate:
    def __init__(self, model: ctranslate2.Generator) -> None:
        self.model = model

    def _write(self, prompts: Sequence[Sequence[int]], count: int, callback: Any = None) -> Any:
        return self.model.generate_batch(
            [[str(i) for i in row] for row in prompts],
            max_length=count,
            min_length=count,
            sampling_topk=1,
            include_prompt_in_result=False,
            callback=callback,
        )

    def logits(self, ids: Sequence[int]) -> Floats:
        tokens = [[str(i) for i in ids]]
        found = self.model.forward_batch(tokens)
        return np.array(found)[0, -1].astype(np.float32)

    def prefill(self, ids: Sequence[int]) -> float:
        begin = time.perf_counter()
        self._write([ids], 1)
        return time.perf_counter() - begin

    def decode(self, prompts: Sequence[Sequence[int]], steps: int) -> float:
        last: dict[int, float] = {}  # step -> when the last row's token came

        def seen(result: Any) -> bool:
            last[result.step] = time.perf_counter()
            return False

        self._write(prompts, steps + 1, seen)
        if len(last) != steps + 1:
            raise SystemExit(f"CTranslate2 took {len(last)} steps instead of {steps + 1}")
        return last[steps] - last[0]


def load(file: Path, precision: str, threads: int) -> CTranslate:
    """Load a model; ``precision``: float32, int8 or int8_float32.

    Environment variables such as CT2_USE_MKL choose the back end.
    """
    return CTranslate(
        ctranslate2.Generator(
            str(file), compute_type=precision, inter_threads=1, intra_threads=threads
        )
    )
