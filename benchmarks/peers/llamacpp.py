"""llama.cpp, through the C interface that llama-cpp-python wraps and builds for this processor.

It times llama_decode and the access to its logits, not llama-cpp-python's own classes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as ll
import numpy as np
import numpy.typing as npt
from benchmarks.peers import Floats, Stepper
from benchmarks.peers.weights import made_once

PACKAGES = ("llama_cpp_python",)
# Our name -> the type of the matrices and whether the head has the same type ("pure"): by default
# llama.cpp keeps a tied head in q6_K.
FILES = {
    "f32": (ll.LLAMA_FTYPE_ALL_F32, False),
    "f16": (ll.LLAMA_FTYPE_MOSTLY_F16, False),
    "bf16": (ll.LLAMA_FTYPE_MOSTLY_BF16, False),
    "q8_0": (ll.LLAMA_FTYPE_MOSTLY_Q8_0, False),
    "q4_0": (ll.LLAMA_FTYPE_MOSTLY_Q4_0, False),
    "q4_0 pure": (ll.LLAMA_FTYPE_MOSTLY_Q4_0, True),
    "q4_K_M": (ll.LLAMA_FTYPE_MOSTLY_Q4_K_M, False),
}
TYPES = {"f32": ll.GGML_TYPE_F32, "f16": ll.GGML_TYPE_F16, "q8_0": ll.GGML_TYPE_Q8_0}
ROWS = 32  # the most sequences measured


@ll.llama_log_callback  # type: ignore[untyped-decorator]
def silent(level: int, text: bytes, data: Any) -> None:
    if level == 4:  # an error
        print(text.decode(errors="replace"), end="", flush=True)


def prepare(weights: Path, place: Path, precision: str) -> Path:
    """A GGUF file of this precision, quantized by llama.cpp itself."""
    from gpt2.checkpoint import read_checkpoint
    from gpt2.checkpoint.gguf import write_gguf

    found = read_checkpoint(weights)
    whole = made_once(
        place / f"{weights.name}-f32.gguf", lambda p: write_gguf(p, found.config, found.tensors)
    )
    if precision == "f32":
        return whole
    ll.llama_log_set(silent, ctypes.c_void_p(0))
    options = ll.llama_model_quantize_default_params()
    options.ftype, options.pure = FILES[precision]

    def quantise(path: Path) -> None:
        if ll.llama_model_quantize(bytes(whole), bytes(path), ctypes.byref(options)):
            raise SystemExit(f"llama.cpp cannot quantise to {precision}")

    return made_once(place / f"{weights.name}-{precision.replace(' ', '-')}.gguf", quantise)


class LlamaCpp(Stepper):
    def __init__(self, model: Any, options: Any) -> None:
        self.model, self.options = model, options
        self.vocabulary = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(model))
        self.rows = 0
        self.context: Any = None
        self.batch = ll.llama_batch_init(ROWS * 64 + 1024, 0, 1)

    def _make_room(self, rows: int) -> None:
        """Make a context for that many sequences; a single one may have the model's full length."""
        if rows == self.rows:
            return
        if self.context is not None:
            ll.llama_free(self.context)
        self.options.n_seq_max = rows
        self.options.n_ctx = 1024 if rows == 1 else 256 * rows
        self.context = ll.llama_init_from_model(self.model, self.options)
        if not self.context:
            raise SystemExit("llama.cpp: no context with these settings")
        self.rows = rows
        self.memory = ll.llama_get_memory(self.context)

    def read(self, ids: npt.NDArray[Any], position: int) -> Floats:
        """Read ``ids`` [B, T] at the rows' next positions; returns the last logits, [B, V]."""
        batch, (rows, count) = self.batch, ids.shape
        batch.n_tokens = ids.size
        for i, token in enumerate(ids.ravel().tolist()):
            row, at = divmod(i, count)
            batch.token[i] = token
            batch.pos[i] = position + at
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = row
            batch.logits[i] = at == count - 1
        if ll.llama_decode(self.context, batch):
            raise SystemExit("llama.cpp: llama_decode failed")
        self.length = position + count
        found = ll.llama_get_logits(self.context)  # waits for them; [outputs, V], one a row
        return np.ctypeslib.as_array(found, (rows, self.vocabulary))

    def start(self, prompts: Sequence[Sequence[int]]) -> Floats:
        self._make_room(len(prompts))
        ll.llama_memory_clear(self.memory, False)
        return self.read(np.array(prompts), 0)

    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        return self.read(tokens[:, None], self.length)


def load(
    file: Path,
    precision: str,
    threads: int,
    flash: bool = True,
    kv: str = "f16",
    ubatch: int = 512,
    unified: bool = False,
    mapped: bool = True,
    repack: bool = True,
) -> LlamaCpp:
    """Load a model.

    ``flash``: flash attention; ``kv``: type of keys and values; ``unified``: one buffer for all
    sequences; ``mapped``: memory-map the file; ``repack``: weights in llama.cpp's layouts for this
    processor.
    """
    ll.llama_log_set(silent, ctypes.c_void_p(0))
    ll.llama_backend_init()
    how = ll.llama_model_default_params()
    how.load_mode = ll.LLAMA_LOAD_MODE_MMAP if mapped else ll.LLAMA_LOAD_MODE_NONE
    how.use_extra_bufts = repack
    model = ll.llama_model_load_from_file(bytes(file), how)
    options = ll.llama_context_default_params()
    options.n_batch, options.n_ubatch = 2048, ubatch
    options.n_threads = options.n_threads_batch = threads
    options.flash_attn_type = int(flash)
    options.type_k = options.type_v = TYPES[kv]
    options.kv_unified = unified
    return LlamaCpp(model, options)
