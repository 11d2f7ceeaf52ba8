"""`Trainer`: the training loop for pretraining and fine-tuning, on one process or several.

A step reads its rows, which are a pure function of the step number, runs forward and backward
passes over micro-batches that fit in memory, clips the gradient and updates the weights. Losses are
divided by the number of unmasked targets in the global batch, over all micro-batches and processes,
so the update does not depend on how the batch is split.

Dropout is seeded at each step from (seed, step, rank). So checkpoints store no random state, and
samples and validation do not affect training: a resumed run equals the uninterrupted one, bit for
bit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gpt2 import __version__
from gpt2.errors import OptionError, TrainingError, WriteError
from gpt2.files import path_of
from gpt2.model import GPT2LMHeadModel
from gpt2.tokenizer import Tokenizer
from gpt2.training.checkpoints.model_files import ModelFiles, WholeModel
from gpt2.training.checkpoints.store import MODEL, Checkpoints, State, differences, read_state
from gpt2.training.config import Start, TrainingConfig
from gpt2.training.inputs.batches import Batch, Held, Source, prefetch
from gpt2.training.loop import distributed, memory, saving
from gpt2.training.loop.distributed import Processes
from gpt2.training.loop.signals import Stop
from gpt2.training.loop.step import Stepper, Update
from gpt2.training.planning.flops import flops_per_token, peak
from gpt2.training.reporting.log import Log
from gpt2.training.reporting.validation import Validation, validate

EXPECTED = 0.05  # tolerance of the first loss of new weights, as a fraction of ln(vocabulary)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        step: the number of completed steps.
        loss: of the last step.
        validation: the last validation.
        best: the step with the lowest validation loss, and that loss.
        stopped: why the run ended early: "signal" or "patience"; None if all steps are done.
        signal: the number of the signal.
        model: the folder of the finished model.
    """

    step: int
    loss: float
    validation: Validation | None
    best: dict[str, float] | None
    stopped: str | None = None
    signal: int | None = None
    model: Path | None = None


class Trainer:
    """Trains a model when `run` is called.

    Args:
        model: the model; parameters that require no gradient stay unchanged (LoRA).
        source: provides the rows of each step.
        config: the training options.
        folder: the folder of the run, for checkpoints, the log and the finished model.
        held: the validation set.
        tokenizer: written next to the weights; samples need it.
        data: identifies the data (hashes); a run resumes only with the same data.
        start: whether to resume or overwrite the run in the folder.
        from_scratch: the weights are new, so the first loss must be about ln(vocabulary).
        files: how the trained part is saved; by default as a full model folder.
        bytes_of: the number of bytes of each token, for bits per byte (`validation.token_bytes`).
        processes: of a distributed run; detected by default.
        checkpoints: of the folder, if the caller has locked it (`Checkpoints.reserve`).
        show: whether the first process shows progress.

    Attributes:
        step: the number of completed steps.

    Raises:
        OptionError: options are invalid or do not match the contents of the folder.
        ModelFileError: files are missing, damaged or cannot be written.
    """

    def __init__(
        self,
        model: GPT2LMHeadModel,
        source: Source,
        config: TrainingConfig,
        folder: str | Path,
        *,
        held: Held | None = None,
        tokenizer: Tokenizer | None = None,
        data: Mapping[str, Any] | None = None,
        start: Start = Start(),
        from_scratch: bool = False,
        files: ModelFiles | None = None,
        bytes_of: npt.NDArray[np.int64] | None = None,
        processes: Processes | None = None,
        checkpoints: Checkpoints | None = None,
        show: bool = True,
    ) -> None:
        self.source, self.held, self.config, self.folder = source, held, config, path_of(folder)
        self.tokenizer, self.data, self.bytes_of = tokenizer, dict(data or {}), bytes_of
        self.from_scratch = from_scratch
        self.processes = processes or Processes(distributed.pick_device(config.device))
        self.checkpoints = checkpoints or Checkpoints(self.folder)
        self._check()
        self.step, self.stale, self.signal, self.loss = 0, 0, 0, math.nan
        self.best: dict[str, float] | None = None
        self.validation: Validation | None = None
        self.model = model.to(self.processes.device)
        self.model.activation_checkpointing_enable(enabled=config.recompute)
        self.files = files or WholeModel(self.model, tokenizer)
        # one process locks the folder for all, so that two runs cannot write into it
        self.processes.on_first(lambda: self.checkpoints.take(start))
        try:
            self._set_up(start, show)
        except BaseException:
            self.checkpoints.release()
            raise

    def _set_up(self, start: Start, show: bool) -> None:
        """Set up the run once the folder is locked."""
        state = self._resume(start.allow_changes) if start.resume else None
        if threads := self.config.threads or (state.threads if state else None):
            torch.set_num_threads(threads)
        self.stepper = Stepper(self.model, self.config, self.processes)
        if state is not None:
            # the optimizer state needs the parameters in their sharded form
            saving.restore(self.stepper, self.checkpoints.at(state.step), state)
            self.step, self.stale = state.step, state.stale
            best = state.best
            if best and self.processes.same(self.checkpoints.at(int(best["step"])).is_dir()):
                self.best = best
        # the first batch is representative: it gives the sequence length and what fits in memory
        rows = self.source.batch(0, self.processes.rank, self.processes.ranks)
        self.length = rows.inputs.shape[1]
        self.stepper.micro_batch = self._micro_batch(state, rows)
        self.log: Log | None = self._log(show) if self.processes.first else None
        self._begin(state)

    def run(self) -> Outcome:
        """Train until all steps are done or something stops the run.

        SIGTERM and Ctrl-C end the run after the current step and a checkpoint.

        Raises:
            TrainingError: the loss is not finite, or another process has ended; the last checkpoint
                is unchanged.
            WriteError: a checkpoint could not be written; earlier ones are unchanged.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self.checkpoints.release)
            if self.log is not None:
                stack.enter_context(self.log)
            try:
                with self.processes.together():
                    with Stop() as stop:
                        stopped = self._steps(stop)
                    # a run that was only interrupted has no finished model
                    model = None if stopped == "signal" else self._finish()
            except (TrainingError, WriteError) as error:
                raise type(error)(f"{error} {self._what_is_kept()}") from error
        return Outcome(self.step, self.loss, self.validation, self.best, stopped,
                       self.signal if stopped == "signal" else None, model)  # fmt: skip

    def _steps(self, stop: Stop) -> str | None:
        """Run the remaining steps; returns why they ended early, or None."""
        config, rank, ranks = self.config, self.processes.rank, self.processes.ranks
        # a thread prepares the next batch while this one is computed
        batches = prefetch(lambda s: self.source.batch(s, rank, ranks), self.step, config.steps)
        self.saved_at = self.shown_at = time.perf_counter()
        with contextlib.closing(batches):  # type: ignore[type-var]
            for step, batch in batches:
                update = self.stepper.update(step, batch, stop.number)
                self.step, self.loss, self.signal = step + 1, update.loss, update.signal
                self._show(update)
                # before saving, which records the validation result
                improved = self._validate() if self._due(config.validate_every) else False
                if config.sample_every and self.step % config.sample_every == 0:
                    self._sample()
                stopped = self._check_stop()
                if improved or stopped or self._save_due():  # the best weights are always kept
                    self.save()
                if stopped:
                    return stopped
        return None

    def _due(self, every: int) -> bool:
        """Whether an action that runs every ``every`` steps and at the end is due."""
        return bool(every) and (self.step % every == 0 or self.step == self.config.steps)

    def _check_stop(self) -> str | None:
        if self.signal and self.step < self.config.steps:  # at the end nothing to resume
            return "signal"
        patience = self.config.patience
        return "patience" if patience and self.stale >= patience else None

    def _save_due(self) -> bool:
        if self.step == self.config.steps or self._due(self.config.save_every):
            return True
        seconds = time.perf_counter() - self.saved_at
        late = bool(self.config.save_minutes) and seconds > 60 * self.config.save_minutes
        return bool(self.processes.same(late))  # clocks differ: the first process decides

    def save(self) -> None:
        """Write a checkpoint of the current state; all processes must call it."""
        if not self.stepper.finite():  # else good checkpoints would be removed
            raise TrainingError(f"after step {self.step} some weights are NaN or infinite.")
        saving.save(self.checkpoints, self.files, self.stepper, self._state())
        best = int(self.best["step"]) if self.best else None
        self.processes.on_first(lambda: self.checkpoints.tidy(self.config.keep, best))
        self.saved_at = time.perf_counter()

    def _state(self) -> State:
        return State(
            step=self.step,
            config=self.config.to_dict(),
            data=self.data,
            micro_batch=self.stepper.micro_batch,
            threads=torch.get_num_threads(),
            ranks=self.processes.ranks,
            scale=self.stepper.scale.value,
            good_steps=self.stepper.scale.good,
            best=self.best,
            stale=self.stale,
            versions={"gpt2": __version__, "torch": torch.__version__},
        )

    def _validate(self) -> bool:
        """Measure the validation loss; returns whether it is the lowest so far."""
        if self.held is None:
            return False
        with self.stepper.gather_weights():  # under FSDP the head is called separately
            validation = validate(
                self.model,
                self._held_parts(self.held),
                autocast=self.stepper.autocast,
                bytes=self.bytes_of,
                reduce=self.processes.sum,
            )
        self.validation = validation
        if self.log is not None:
            self.log.validation(self.step, validation)
        if not math.isfinite(validation.loss):
            raise TrainingError(
                f"the validation loss after step {self.step} is {validation.loss}, so training "
                "has diverged. Try a lower --lr or a longer --warmup."
            )
        improved = self.best is None or validation.loss < self.best["loss"]
        if improved:
            self.best = {"step": self.step, "loss": validation.loss}
        # validations since the best, for --patience
        self.stale = 0 if improved else self.stale + 1
        return improved

    def _held_parts(self, held: Held) -> Iterator[Batch]:
        """This process's part of the validation set, in micro-batches: as many on each process,
        because processes that share weights synchronise in every pass."""
        rank, ranks = self.processes.rank, self.processes.ranks
        most = len(held.batch(0))  # rows of a batch; only the last may have fewer
        parts = -(-most // (ranks * self.stepper.micro_batch))
        for number in range(len(held)):
            for part in range(parts):
                yield held.batch(number, rank * parts + part, ranks * parts)

    def _sample(self) -> None:
        """Generate a sample on the first process; if the weights are sharded, all take part."""
        if self.tokenizer is None or not (self.stepper.sharded or self.processes.first):
            return
        prompt = self.tokenizer.encode_prompt(self.config.prompt)
        if not prompt:  # like the beginning of a document
            if self.tokenizer.end_of_text_id is None:
                return
            prompt = [self.tokenizer.end_of_text_id]
        room = self.model.config.n_positions - len(prompt)
        if room < 1:
            return
        self.model.eval()  # no dropout; the next step calls train() again
        with self.stepper.gather_weights(), self.stepper.autocast():
            ids = self.model.generate(
                [prompt], max_new_tokens=min(room, self.config.sample_tokens), do_sample=True,
                temperature=0.8, top_k=40, seed=self.step,
            )[0]  # fmt: skip
        if self.log is not None:
            # Embeddings may be padded with rows that belong to no token and have no text.
            known = [i for i in ids[len(prompt) :] if i < len(self.tokenizer)]
            text = self.tokenizer.decode(known, skip_special_tokens=True)
            self.log.sample(self.step, self.config.prompt, text)

    def _show(self, update: Update) -> None:
        now = time.perf_counter()
        if self.log is not None:
            self.log.step(self.step, update.loss, update.lr, update.norm, now - self.shown_at,
                          update.tokens)  # fmt: skip
            if self.step == 1 and self.from_scratch:
                self._check_first(update.loss)
        self.shown_at = now

    def _check_first(self, loss: float) -> None:
        """Check that the loss of new weights is about that of a uniform guess, ln(vocabulary)."""
        expected = math.log(self.model.config.vocab_size)
        # uniform: p = 1/V for each token, so -ln p = ln V
        if abs(loss - expected) > EXPECTED * expected:
            self._note(
                f"the first loss is {loss:.3f}, but with new weights it should be about "
                f"ln({self.model.config.vocab_size}) = {expected:.3f}: check the initialisation"
            )

    def _finish(self) -> Path:
        """Make RUN/model from the best checkpoint, or from the last one without validation."""
        step = int(self.best["step"]) if self.best else self.checkpoints.steps()[-1]
        if self.processes.first:
            self.checkpoints.publish(step)
        self.processes.wait()  # so that the model exists when run() returns on any process
        return self.folder / MODEL

    def _what_is_kept(self) -> str:
        steps = self.checkpoints.steps()
        if not steps:
            return "There is no checkpoint yet."
        return (
            f"The checkpoint of step {steps[-1]} is intact: {self.checkpoints.at(steps[-1])}. "
            "Resume from it with --resume."
        )

    def _note(self, text: str) -> None:
        if self.log is not None:
            self.log.note(text)

    def _check(self) -> None:
        config, ranks = self.config, self.processes.ranks
        if self.source.batch_size != config.batch_size:
            raise OptionError(
                f"the source gives {self.source.batch_size} rows per step, but batch_size is "
                f"{config.batch_size}."
            )
        if config.batch_size < ranks:  # each process needs a row
            raise OptionError(
                f"batch_size must be at least the number of processes ({ranks}), found "
                f"{config.batch_size}."
            )

    def _resume(self, allow_changes: bool) -> State:
        """Load the weights of the last checkpoint; returns its state."""
        folder = self.checkpoints.last()
        state = read_state(folder)
        differ = differences(state, self.config, self.data)
        if differ and not allow_changes:
            raise OptionError(
                f"{self.folder} was trained with different options or data: {', '.join(differ)}. "
                "Use the original values, or --allow-changes, which changes the result."
            )
        # even with --allow-changes: Muon and AdamW keep different state
        before = state.config.get("optimizer")
        if before != self.config.optimizer:
            raise OptionError(
                f"{self.folder} was trained with --optimizer {before}, whose state "
                f"{self.config.optimizer} cannot use: keep that optimizer, or start a new run "
                f"from the weights with --from {folder} in another folder."
            )
        saving.read_weights(self.files, folder)
        return state

    def _micro_batch(self, state: State | None, rows: Batch) -> int:
        """The micro-batch size: as configured, as recorded, or what fits in memory."""
        if self.config.micro_batch:
            return self.config.micro_batch
        # the same parts again: a different order of sums would change the last bits
        if state is not None and state.ranks == self.processes.ranks:
            return state.micro_batch

        def fits(count: int) -> bool:
            self.stepper.micro_batch = count
            return self.stepper.fits(rows)

        size = memory.micro_batch(len(rows), self.processes.device, self.model.config,
                                  self.length, self.config.recompute, fits)  # fmt: skip
        return self.processes.least(size)

    def _log(self, show: bool) -> Log:
        each = _peak(self.processes.device, self.stepper.low or torch.float32)
        frozen = any(not p.requires_grad for p in self.model.parameters())
        return Log(
            self.folder,
            self.config.steps,
            tokens_per_step=self.config.batch_size * self.length,
            flops_per_token=flops_per_token(self.model.config, self.length, frozen=frozen),
            peak_flops=each * self.processes.ranks,
            start_step=self.step,
            show=show,
        )

    def _begin(self, state: State | None) -> None:
        """Log notes before the first step."""
        if state is None:
            return
        self._note(f"resuming after step {self.step}")
        if state.best and not self.best:
            self._note(
                f"the best checkpoint, of step {int(state.best['step'])}, no longer exists: the "
                "best one from now on becomes the model, or else the last one"
            )
        if state.ranks != self.processes.ranks:
            self._note(
                f"{state.ranks} processes before, {self.processes.ranks} now: sums are added in a "
                "different order, so the last bits differ from those of an uninterrupted run"
            )
        elif state.versions.get("torch") != torch.__version__:
            self._note(
                f"torch {state.versions.get('torch')} before, {torch.__version__} now: the last "
                "bits may differ from those of an uninterrupted run"
            )


@cache
def _peak(device: torch.device, dtype: torch.dtype) -> float:
    """The peak FLOP/s, cached because measuring takes a second on a CPU."""
    return peak(device, dtype)
