"""What the engine costs before it computes: modules, memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.checkpoint.mapped import forget
from gpt2.config import GPT2Config
from gpt2.quantization import quantize
from gpt2.tokenizer import GPT2Tokenizer
from tests.native.models import random_weights
from tests.tiny import write_tiny

HEAVY = {"torch", "tiktoken", "huggingface_hub", "rich", "requests", "safetensors", "numpy.random",
         "concurrent.futures", "logging", "multiprocessing", "asyncio"}  # fmt: skip

# VmHWM and not ru_maxrss: that one begins with what the parent process had.
GENERATE = """
import sys
from gpt2.cli import gpt2
gpt2(sys.argv[1:], standalone_mode=False)
status = open("/proc/self/status").read() if sys.platform == "linux" else "VmHWM: 0 kB"
peak = int(status.split("VmHWM:")[1].split()[0])
print("\\n" + str(1024 * peak), *sys.modules, file=sys.stderr)
"""


def generate(*words: object) -> tuple[int, set[str]]:
    """The peak memory of a process that generates, in bytes, and the modules it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", GENERATE, "generate", *map(str, words), "--seed", "1", "-q"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    peak, *modules = done.stderr.splitlines()[-1].split()
    return int(peak), set(modules)


def test_a_short_text_loads_little(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    assert not HEAVY & generate("-m", tmp_path, "The quick", "--max-new-tokens", 2)[1]


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_loading_gives_the_file_s_pages_back(tmp_path: Path) -> None:
    config = GPT2Config(vocab_size=20_000, n_positions=8, n_embd=512, n_layer=1, n_head=2)
    write_checkpoint(tmp_path, config, random_weights(config))
    code = (
        "import gpt2, sys\n"
        "model = gpt2.load(sys.argv[1], dtype='int4')\n"
        "for line in open('/proc/self/smaps').read().split('VmFlags'):\n"
        "    if 'model.safetensors' in line:\n"
        "        print(line.split('Rss:')[1].split()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kilobytes = sum(map(int, done.stdout.split()))
    assert kilobytes < 0.1 * (tmp_path / "model.safetensors").stat().st_size / 1000


def test_pages_are_given_back_whole(tmp_path: Path) -> None:
    """Neighbours and the values themselves are as they were."""
    _, weights = write_tiny(tmp_path)
    tensors = read_checkpoint(tmp_path).tensors
    for name in tensors:
        forget(tensors[name])
    for name, values in weights.items():
        np.testing.assert_array_equal(tensors[name], values)
    own = np.arange(100_000)
    forget(own)
    np.testing.assert_array_equal(own, np.arange(100_000))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux counts memory")
def test_peak_memory_of_the_smallest_gpt2(tmp_path: Path, gpt2_vocabulary: Path) -> None:
    """At int8, one text as long as the context: the file and 140 MB. The aim, 110 MB, is not met.

    From the fp32 file: what is packed, and no more than the largest tensor beside it and 110 MB.
    """
    folder, packed, config = tmp_path / "fp32", tmp_path / "int8", GPT2Config()
    write_checkpoint(folder, config, random_weights(config))
    GPT2Tokenizer.from_pretrained(gpt2_vocabulary).save_pretrained(folder)
    quantize(folder, packed, dtype="int8", rounding="nearest", tokens=0)
    size = (packed / "model.safetensors").stat().st_size
    words = ("The quick brown fox" * 250, "--max-new-tokens", 24)
    one = generate("-m", packed, *words)[0]
    two = generate("-m", folder, "--dtype", "int8", *words)[0]
    assert one < size + 140e6
    assert two < size + 4 * config.vocab_size * config.n_embd + 110e6
