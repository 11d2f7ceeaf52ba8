"""Training steps next to nanoGPT's and transformers' model: tokens per second and peak memory.

PYTHONPATH=src:. python -m benchmarks.train --nanogpt FOLDER

FOLDER contains nanoGPT's model.py. Each contender runs in a separate process and waits while
another takes some steps, so that all run under the same conditions on a shared machine. A step is
forward, backward, clipping and AdamW on random tokens in fp32. nanoGPT uses its own optimiser;
transformers' model uses torch's fused AdamW, like its Trainer. With --shapes it adds to the
existing results.
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
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, figure, machine, note_run, spread, table, write

# layers, width, heads, context, rows, vocabulary; steps per turn
SHAPES = {
    "shakespeare-cpu": ((4, 128, 4, 64, 12, 65), 20),
    "6x384": ((6, 384, 6, 256, 16, 65), 1),
    "124M": ((12, 768, 12, 512, 4, 50257), 1),
}
WARM = 2  # steps before the first turn: the second one of a compiled model may compile again
CONTENDERS = ("gpt2", "nanoGPT", "transformers")


def ours(shape: tuple[int, ...], compiled: bool) -> Callable[[int], None]:
    import torch

    from gpt2 import GPT2Config, GPT2LMHeadModel
    from gpt2.training.config import TrainingConfig
    from gpt2.training.inputs.batches import Batch
    from gpt2.training.loop import memory
    from gpt2.training.loop.distributed import Processes
    from gpt2.training.loop.step import Stepper

    L, D, H, T, B, V = shape
    model = GPT2LMHeadModel(
        GPT2Config(n_layer=L, n_embd=D, n_head=H, n_positions=T, vocab_size=V, resid_pdrop=0.0,
                   embd_pdrop=0.0, attn_pdrop=0.0)
    )  # fmt: skip
    cpu = torch.device("cpu")
    stepper = Stepper(model, TrainingConfig(batch_size=B, compile=compiled), Processes(cpu))
    stepper.micro_batch = memory.micro_batch(B, cpu, model.config, T, False, lambda rows: True)
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
    """One contender: runs the steps that each input line requests; prints seconds and memory."""
    shape, _ = SHAPES[shape_name]
    makers = {"gpt2": ours, "transformers": transformers}
    with redirect_stdout(sys.stderr):  # nanoGPT prints its parameters
        if name == "nanoGPT":
            step = nanogpt(shape, compiled, folder)
        else:
            step = makers[name](shape, compiled)
    done = 0
    for line in sys.stdin:
        begin = time.perf_counter()
        for _ in range(int(line)):
            step(done)
            done += 1
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_MB": peak}), flush=True)


class Contender:
    """The parent's side of `child`."""

    def __init__(self, name: str, shape: str, compiled: bool, folder: str) -> None:
        command = [sys.executable, "-m", "benchmarks.train", "--child", name, "--shapes", shape,
                   "--nanogpt", folder, *(["--compile"] if compiled else [])]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def take(self, steps: int) -> dict[str, float]:
        """Run a number of steps."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(steps, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a contender ended; its error stands above.")
        found: dict[str, float] = json.loads(line)
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def compare(shape: str, rounds: int, compiled: bool, folder: str) -> dict[str, Any]:
    """Tokens per second and peak memory of each contender, with the spread over its turns."""
    (_, _, _, length, batch, _), steps = SHAPES[shape]
    contenders = {name: Contender(name, shape, compiled, folder) for name in CONTENDERS}
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    peaks = dict.fromkeys(CONTENDERS, 0.0)
    try:
        for contender in contenders.values():
            contender.take(WARM)
        for number in range(rounds):
            at = number % len(CONTENDERS)
            for name in CONTENDERS[at:] + CONTENDERS[:at]:
                turn = contenders[name].take(steps)
                rates[name].append(steps * batch * length / turn["seconds"])
                peaks[name] = turn["peak_MB"]
    finally:
        for contender in contenders.values():
            contender.close()
    return {
        name: {
            "tokens_per_second": figure(rates[name]),
            "peak_MB": peaks[name],
            "ratio": ratio(rates["gpt2"], rates[name]),
        }
        for name in CONTENDERS
    }


def ratio(a: list[float], b: list[float]) -> dict[str, float]:
    """The ratio of the medians, with its spread over paired turns; a tie if that includes 1."""
    turns = figure([x / y for x, y in zip(a, b, strict=True)])
    return {**turns, "median": statistics.median(a) / statistics.median(b)}


def describe(found: dict[str, Any]) -> str:
    rows = []
    for shape, one in found["shapes"].items():
        ours = one["contenders"]["gpt2"]
        for name, f in one["contenders"].items():
            memory = ours["peak_MB"] / f["peak_MB"]
            rows.append([shape, name, spread(f["tokens_per_second"]), f"{f['peak_MB']:,.0f}",
                         _ratio(name, f["ratio"]), f"{memory:.2f}"])  # fmt: skip
    head = ["shape", "", "tokens/s", "peak memory, MB", "gpt2's speedup", "gpt2's memory ratio"]
    rounds = sorted({one["rounds"] for one in found["shapes"].values()})
    how = "compiled" if found["compiled"] else "eager"
    return (
        f"fp32, {how}, random tokens. Each library runs {' or '.join(map(str, rounds))} times, in "
        "separate processes that take turns. The speedup is the ratio of the medians, with its "
        "range over neighbouring turns in brackets; if that range includes 1, it is a "
        "tie.\n\n" + table(head, rows)
    )


def _ratio(name: str, ratio: dict[str, float]) -> str:
    """The ratio in words; a tie if paired turns fall on both sides of one."""
    even = name != "gpt2" and ratio["min"] <= 1 <= ratio["max"]
    return f"{'tie, ' * even}{spread(ratio, 2)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nanogpt", required=True, help="the folder with nanoGPT's model.py")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--compile", action="store_true", help="compiled against compiled")
    parser.add_argument("--output", type=Path, help="a folder in place of benchmarks/results")
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.shapes[0], given.compile, given.nanogpt)
        return
    name = "train-compiled" if given.compile else "train"
    path = (given.output or RESULTS) / f"{name}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    before = kept.get("shapes", {})
    result: dict[str, Any] = {"machine": machine(["torch", "transformers"]),
                              "measured": kept.get("measured", {}),
                              "compiled": given.compile, "shapes": before}  # fmt: skip
    for shape in given.shapes:
        found = compare(shape, given.rounds, given.compile, given.nanogpt)
        before[shape] = {"rounds": given.rounds, "contenders": found}
        note_run(result, shape)
        rates = {name: round(one["tokens_per_second"]["median"]) for name, one in found.items()}
        print(shape, rates, file=sys.stderr)
    print(write(name, result, given.output) if given.output else write(name, result))


if __name__ == "__main__":
    main()
