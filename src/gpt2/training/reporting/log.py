"""Logs a run: metrics.jsonl, TensorBoard, loss.png, and progress on standard error."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from gpt2.errors import MissingDependencyError, WriteError
from gpt2.extras import install
from gpt2.files import reported
from gpt2.training.reporting.curves import draw
from gpt2.training.reporting.history import Metrics
from gpt2.training.reporting.validation import Validation
from gpt2.training.units import duration

PICTURE, BOARD = "loss.png", "tensorboard"
REDRAWN = 60.0  # seconds between two drawings of loss.png: one takes about half a second
SHOWN = (0.2, 10.0)  # seconds between two progress lines, on a terminal and elsewhere


class Log:
    """The log of a run; in a distributed run only rank 0 has one.

    Args:
        folder: the folder of the run, where metrics.jsonl, loss.png and tensorboard/ are written.
        total_steps: the number of steps of the run, for the estimate of the time left.
        tokens_per_step: the number of tokens in a global batch.
        flops_per_token: from `flops.flops_per_token`.
        peak_flops: the total of all devices; without it no utilisation is reported.
        start_step: the number of steps that an earlier process completed; records beyond it are
            dropped. 0 starts over.
        show: whether to print progress, samples and notes to standard error.

    Steps are numbered from 1. Raises `WriteError` if a file cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        total_steps: int,
        *,
        tokens_per_step: int,
        flops_per_token: float,
        peak_flops: float | None = None,
        start_step: int = 0,
        show: bool = True,
    ) -> None:
        self.folder, self.total_steps, self.start_step = folder, total_steps, start_step
        self.tokens_per_step, self.flops_per_token = tokens_per_step, flops_per_token
        self.peak_flops = peak_flops
        self.metrics = Metrics(folder, start_step)
        self.screen = Screen(show)
        self.at = start_step
        self._begin = time.perf_counter()
        self._drawn = self._begin
        self._board = self._tensorboard()
        if self.metrics.dropped and start_step:
            self.note(f"{self.metrics.dropped} records after step {start_step} were dropped.")

    def step(
        self, step: int, loss: float, lr: float, grad_norm: float, seconds: float, tokens: int
    ) -> None:
        """Log a completed step; ``seconds`` and ``tokens`` count from the previous call."""
        self.at = step
        rate = tokens / max(seconds, 1e-9)
        mfu = rate * self.flops_per_token / self.peak_flops if self.peak_flops else None
        record = self.metrics.add("step", step, loss=loss, lr=lr, grad_norm=grad_norm,
                                  tokens_per_second=round(rate, 1), mfu=mfu)  # fmt: skip
        self._to_board(record, loss="train/loss", lr="train/lr", grad_norm="train/grad_norm",
                       tokens_per_second="speed/tokens_per_second", mfu="speed/mfu")  # fmt: skip
        self.screen.progress(self._line(record), always=step >= self.total_steps)
        if time.perf_counter() - self._drawn > REDRAWN:
            self._draw()

    def validation(self, step: int, result: Validation) -> None:
        """Log the validation result after ``step`` steps."""
        self.at = step
        record = self.metrics.add("validation", step, **dataclasses.asdict(result))
        self._to_board(record, loss="validation/loss", bits_per_byte="validation/bits_per_byte")
        line = (
            f"step {step:,}  validation loss {result.loss:.4f}  perplexity {result.perplexity:.2f}"
        )
        if result.bits_per_byte is not None:
            line += f"  {result.bits_per_byte:.4f} bits per byte"
        self.screen.line(line)

    def sample(self, step: int, prompt: str, text: str) -> None:
        """Log the text that the model generated for ``prompt``; ``text`` does not include it."""
        self.metrics.add("sample", step, prompt=prompt, text=text)
        if self._board is not None:
            with reported(self.folder / BOARD):
                self._board.add_text("sample", f"**{prompt}**{text}", step)
        self.screen.line(f"step {step:,}  sample:\n{_indent(prompt + text)}")

    def note(self, text: str) -> None:
        """Log a message together with the current step."""
        self.metrics.add("note", self.at, text=text)
        self.screen.line(f"note: {text}")

    def close(self) -> None:
        """Draw loss.png a last time and close the files. Raises `WriteError`."""
        self.screen.clear()
        with contextlib.ExitStack() as stack:
            stack.callback(self.metrics.close)
            if self._board is not None:
                stack.enter_context(reported(self.folder / BOARD))
                stack.callback(self._board.close)
            if self.metrics.of("step"):
                self._draw()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # the error that ends the block says more than one of a disk that is full here too
        with contextlib.suppress(*([WriteError] if kind else [])):
            self.close()

    def _line(self, record: dict[str, Any]) -> str:
        step, loss = record["step"], record["loss"]
        parts = [
            f"step {step:,}/{self.total_steps:,}",
            f"loss {loss:.4f}" if loss is not None else "loss not finite",
            f"lr {record['lr']:.2e}",
            f"{record['tokens_per_second']:,.0f} tokens/s",
        ]
        if record["mfu"] is not None:
            parts.append(f"MFU {record['mfu']:.0%}")
        done = step - self.start_step
        if done > 0 and step < self.total_steps:
            each = (time.perf_counter() - self._begin) / done  # includes validation and checkpoints
            parts.append(f"{duration(each * (self.total_steps - step))} left")
        return "  ".join(parts)

    def _draw(self) -> None:
        try:
            draw(self.folder / PICTURE, self.metrics.of("step"), self.metrics.of("validation"))
            self._drawn = time.perf_counter()
        except MissingDependencyError as error:
            if self._drawn < float("inf"):  # note it only once
                self._drawn = float("inf")
                self.note(f"no {PICTURE}: {error}")

    def _tensorboard(self) -> Any:
        """A TensorBoard writer; None, with a note, if TensorBoard is not installed."""
        if importlib.util.find_spec("tensorboard") is None:
            self.note(f"no TensorBoard files: {install('torch')} (metrics.jsonl holds everything).")
            return None
        from torch.utils.tensorboard import SummaryWriter

        place = self.folder / BOARD
        if not self.start_step:
            shutil.rmtree(place, ignore_errors=True)
        with reported(place):
            return SummaryWriter(str(place), purge_step=self.start_step + 1)

    def _to_board(self, record: dict[str, Any], **names: str) -> None:
        if self._board is None:
            return
        with reported(self.folder / BOARD):
            for name, title in names.items():
                if record[name] is not None:
                    self._board.add_scalar(title, record[name], record["step"])


class Screen:
    """Standard error: a progress line, rewritten in place on a terminal, and permanent lines."""

    def __init__(self, show: bool) -> None:
        self.show, self.terminal = show, sys.stderr.isatty()
        self._last = float("-inf")

    def progress(self, line: str, always: bool = False) -> None:
        """Show the progress line, unless one was shown a moment ago."""
        now = time.perf_counter()
        if self.show and (always or now - self._last > SHOWN[0 if self.terminal else 1]):
            self._last = now
            if self.terminal:
                width = shutil.get_terminal_size().columns - 1
                print(f"\r\x1b[K{line[:width]}", end="", file=sys.stderr, flush=True)
            else:
                print(line, file=sys.stderr, flush=True)

    def line(self, text: str) -> None:
        """Print permanent lines."""
        if self.show:
            self.clear()
            print(text, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Erase the progress line."""
        if self.show and self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _indent(text: str) -> str:
    return "\n".join(f"  | {line}" for line in text.splitlines())
