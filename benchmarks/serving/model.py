"""The served model: GPT-2 124M shapes with random weights and GPT-2's own tokenizer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.peers.weights import made_once, random_tensors

from gpt2 import GPT2Tokenizer
from gpt2.checkpoint import write_checkpoint
from gpt2.config import GPT2Config
from gpt2.tokenizer import Tokenizer

TINY = {"n_layer": 2, "n_embd": 128, "n_head": 2}


def folder(place: Path, vocabulary: Path, *, tiny: bool) -> Path:
    """A folder that `gpt2 serve` can load; made once.

    Tokens that are not text on their own are never the most probable: llama.cpp holds them back,
    and the time between its events would be that of several tokens.
    """
    tokenizer = GPT2Tokenizer.from_pretrained(vocabulary)
    config = GPT2Config(**TINY if tiny else {}, bos_token_id=0, eos_token_id=None)

    def make(path: Path) -> None:
        tensors = random_tensors(config)
        lone = [i for i in range(config.vocab_size) if not _is_text(tokenizer, i)]
        tensors["transformer.wte.weight"][lone] = 0
        write_checkpoint(path, config, tensors)
        tokenizer.save_pretrained(path)

    return made_once(place / ("tiny" if tiny else "gpt2"), make)


def _is_text(tokenizer: Tokenizer, token: int) -> bool:
    try:
        return bool(tokenizer.token_bytes(token).decode())
    except UnicodeDecodeError:
        return False


def gguf(model: Path) -> Path:
    """The same weights for llama.cpp at eight bits, made by `gpt2 convert`."""

    def make(path: Path) -> None:
        command = [sys.executable, "-m", "gpt2", "convert", str(model), "-o", str(path), "--to",
                   "gguf", "--dtype", "q8_0"]  # fmt: skip
        subprocess.run(command, check=True)

    return made_once(model.with_name(f"{model.name}-q8_0.gguf"), make)
