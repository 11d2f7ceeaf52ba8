"""Training steps next to nanoGPT's and transformers' model: tokens a second and peak memory.

PYTHONPATH=src:. python -m benchmarks.train --nanogpt FOLDER

FOLDER holds nanoGPT's model.py. Each contender runs in a process of its own, in turns; a step is
forward, backward, clipping and AdamW on random tokens in fp32. nanoGPT brings its own optimiser;
transformers' model has torch's fused AdamW, as its Trainer does.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import machine, write

# layers, width, heads, context, rows, vocabulary; steps of a turn after those that warm up
SHAPES = {
    "shakespeare-cpu": ((4, 128, 4, 64, 12, 65), 40),
    "6x384": ((6, 384, 6, 256, 16, 65), 4),
    "124M": ((12, 768, 12, 512, 4, 50257), 1),
}
CONTENDERS = ("gpt2", "nanoGPT", "transformers")


def ours(shape: tuple[int, ...], compiled: bool) -> Callable[[int], None]:
    import torch

    from gpt2 import GPT2Config, GPT2LMHeadModel
    from gpt2.training import memory
    from gpt2.training.batches import Batch
    from gpt2.training.config import TrainingConfig
    from gpt2.training.distributed import Processes
    from gpt2.training.step import Stepper

    L, D, H, T, B, V = shape
    model = GPT2LMHeadModel(
        GPT2Config(n_layer=L, n_embd=D, n_head=H, n_positions=T, vocab_size=V, resid_pdrop=0.0,
                   embd_pdrop=0.0, attn_pdrop=0.0)
    )  # fmt: skip
    cpu = torch.device("cpu")
    stepper = Stepper(model, TrainingConfig(batch_size=B, compile=compiled), Processes(cpu))
    stepper.micro_batch = memory.micro_batch(B, cpu, model.config, T, False, lambda rows: None)
    ids = torch.randint(0, V, (B, T + 1)).numpy()
    batch = Batch(ids[:, :-1], ids[:, 1:])
    return lambda step: void(stepper.update(step, batch))


def nanogpt(shape: tuple[int, ...], compiled: bool, folder: str) -> Callable[[int], None]:
    import torch

    sys.path.insert(0, folder)
    from model import GPT, GPTConfig

    L, D, H, T, B, V = shape
    model: Any = GPT(GPTConfig(n_layer=L, n_embd=D, n_head=H, block_size=T, vocab_size=V,
                               dropout=0.0, bias=True))  # fmt: skip
    optimizer = model.configure_optimizers(0.1, 1e-3, (0.9, 0.95), "cpu")
    forward = torch.compile(model) if compiled else model
    x, y = torch.randint(0, V, (2, B, T))
    return lambda step: plain_step(model, lambda: forward(x, y)[1], optimizer)


def transformers(shape: tuple[int, ...], compiled: bool) -> Callable[[int], None]:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    L, D, H, T, B, V = shape
    model = GPT2LMHeadModel(
        GPT2Config(n_layer=L, n_embd=D, n_head=H, n_positions=T, vocab_size=V, resid_pdrop=0.0,
                   embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False)
    ).train()  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, (0.9, 0.95), fused=True)
    forward = torch.compile(model) if compiled else model
    x = torch.randint(0, V, (B, T))
    return lambda step: plain_step(model, lambda: forward(x, labels=x).loss, optimizer)


def plain_step(model: Any, loss: Callable[[], Any], optimizer: Any) -> None:
    import torch

    loss().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def void(_: object) -> None:
    pass


def child(name: str, shape_name: str, compiled: bool, folder: str) -> None:
    """One turn of one contender: its result as JSON on standard output."""
    shape, steps = SHAPES[shape_name]
    makers = {"gpt2": ours, "transformers": transformers}
    step = nanogpt(shape, compiled, folder) if name == "nanoGPT" else makers[name](shape, compiled)
    for warm in range(2 if compiled else 1):
        step(warm)
    begin = time.perf_counter()
    for number in range(2, steps + 2):
        step(number)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tokens = steps * shape[3] * shape[4]
    print(json.dumps({"tokens_per_second": tokens / seconds, "peak_MB": peak}))


def turn(name: str, shape: str, compiled: bool, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.train", "--child", name, "--shapes", shape,
               "--nanogpt", folder, *(["--compile"] if compiled else [])]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nanogpt", required=True, help="the folder with nanoGPT's model.py")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--compile", action="store_true", help="compiled against compiled")
    parser.add_argument("--output", type=Path, help="a folder in place of benchmarks/results")
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.shapes[0], given.compile, given.nanogpt)
        return
    result: dict[str, Any] = {"machine": machine(["torch", "transformers"]),
                              "compiled": given.compile, "rounds": given.rounds,
                              "shapes": {}}  # fmt: skip
    for shape in given.shapes:
        turns: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for number in range(given.rounds):
            at = number % len(CONTENDERS)
            for name in CONTENDERS[at:] + CONTENDERS[:at]:
                turns[name].append(turn(name, shape, given.compile, given.nanogpt))
                print(shape, name, turns[name][-1], file=sys.stderr)
        result["shapes"][shape] = {
            name: {key: spread([t[key] for t in all_]) for key in all_[0]}
            for name, all_ in turns.items()
        }
    name = "train-compiled" if given.compile else "train"
    print(write(name, result, given.output) if given.output else write(name, result))


if __name__ == "__main__":
    main()
