"""The shared parts of ``gpt2 train`` and ``gpt2 finetune``: processes, run and report."""

from __future__ import annotations

import abc
import dataclasses
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gpt2.cli.options import in_shell
from gpt2.errors import OptionError
from gpt2.files import read_json_object, write_json
from gpt2.files.detect import TextFiles
from gpt2.options import fields_of
from gpt2.training.config import Start

if TYPE_CHECKING:
    from gpt2.tokenizer import Tokenizer
    from gpt2.training.checkpoints.store import Checkpoints
    from gpt2.training.inputs.batches import Held
    from gpt2.training.inputs.corpus import Data
    from gpt2.training.loop.distributed import Processes
    from gpt2.training.loop.trainer import Outcome, Trainer

T = TypeVar("T")
OPTIONS = "options.json"  # in the run's folder: the options at the start


@dataclasses.dataclass
class Run(abc.ABC):
    """A run requested on the command line; each command implements `make`.

    Args:
        folder: the folder of the run.
        given: the options given on the command line, by name. A resumed run uses its original
            options unless others are given.

    Attributes:
        processes: the processes of the run; set by `execute`.
    """

    folder: Path
    given: dict[str, Any]
    processes: Processes = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.given.get("resume") and (self.folder / OPTIONS).exists():
            self.given = {**read_json_object(self.folder / OPTIONS), **self.given}

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """The checkpoints in the run's folder."""
        from gpt2.training.checkpoints.store import Checkpoints

        return Checkpoints(self.folder)

    @abc.abstractmethod
    def make(self) -> tuple[Trainer, Data]:
        """Make the trainer and the data from the given options."""

    def complete(self) -> None:  # noqa: B027 (optional in subclasses)
        """Post-process RUN/model in the first process; nothing by default."""

    def execute(self) -> None:
        """Run the training. If a signal ends it, the exit code is 128 plus the signal's number."""
        from gpt2.training.loop.distributed import Processes, pick_device

        self.processes = Processes(pick_device(self.given.get("device")))
        try:
            with self.processes.together():
                outcome = self._train()
        finally:
            self.checkpoints.release()
            self.processes.close()
        if outcome.signal:
            sys.exit(128 + outcome.signal)

    def _train(self) -> Outcome:
        self.processes.on_first(self._check)
        trainer, data = self.make()
        self.processes.on_first(self._remember)
        outcome = trainer.run()
        if outcome.stopped == "signal":
            self.note(
                f"stopped by a signal after step {outcome.step}: --resume continues from there"
            )
            return outcome

        def finish() -> None:
            self.complete()
            self._tell(outcome, trainer, data)

        self.processes.on_first(finish)
        return outcome

    def base_apart(self, base: str) -> str:
        """The base model; raises `OptionError` if the run would overwrite it."""
        if Path(base).exists() and self.checkpoints.keeps(Path(base)):
            raise OptionError(
                f"{base} is in {self.folder}, where this run writes its own files: choose another "
                "output folder (-o), so that nothing is lost."
            )
        return base

    def check_reading(self, source: Path) -> None:
        """Raise `OptionError` if options given for reading text have no effect on the source."""
        from gpt2.data.manifest import FILE

        named = fields_of(TextFiles, self.given)
        if named and (source / FILE).exists():
            flags = " and ".join(f"--{name}" for name in named)
            raise OptionError(f"{source} is already prepared: {flags} can be used only with text.")

    def _check(self) -> None:
        """Check, before anything is read or written, that the folder may be used like this."""
        self.checkpoints.reserve(self.options(Start))

    def _remember(self) -> None:
        start = {field.name for field in dataclasses.fields(Start)}
        options = {name: value for name, value in self.given.items() if name not in start}
        write_json(self.folder / OPTIONS, options)

    def options(self, cls: type[T]) -> T:
        """Fill an options dataclass with the given options."""
        return cls(**fields_of(cls, self.given))

    def trainer(
        self, model: Any, data: Data, config: Any, tokenizer: Tokenizer, **more: Any
    ) -> Trainer:
        """Make the `Trainer`, which resumes or overwrites the folder as requested."""
        from gpt2.training.loop.trainer import Trainer
        from gpt2.training.reporting.validation import token_bytes

        for name, reason in config.without_effect().items():
            if name in self.given:
                self.note(f"--{name.replace('_', '-')} has no effect with {reason}")
        if "parallel" in self.given and self.processes.ranks == 1:
            self.note("--parallel has no effect on one process: start several with torchrun")
        if "patience" in self.given and config.validate_every and data.held is None:
            self.note("--patience has no effect without held-out text")
        return Trainer(
            model,
            data.source,
            config,
            self.folder,
            held=data.held,
            tokenizer=tokenizer,
            data=data.identity,
            start=self.options(Start),
            bytes_of=token_bytes(tokenizer, model.config.vocab_size),
            processes=self.processes,
            checkpoints=self.checkpoints,
            **more,
        )

    def _tell(self, outcome: Outcome, trainer: Trainer, data: Data) -> None:
        """Write the report, and print a summary and the location of the results."""
        if data.held is not None and outcome.best is not None and outcome.validation is not None:
            self._report(outcome, trainer, data, data.held)
            if outcome.stopped == "patience":
                self.note(
                    f"stopped after step {outcome.step}: the validation loss no longer improves"
                )
            step = int(outcome.best["step"])
            self.note(f"best validation loss {outcome.best['loss']:.4f}, after step {step}")
        click.echo(str(outcome.model))
        self.note(f"try it: gpt2 generate --model {in_shell(outcome.model)} TEXT")

    def _report(self, outcome: Outcome, trainer: Trainer, data: Data, held: Held) -> None:
        from gpt2.training.reporting.report import MARKDOWN, make_report

        rows = outcome.step * data.source.batch_size
        report = make_report(
            self.folder,
            trainer.model.config.vocab_size,
            data.passes(),
            (held.batch(n) for n in range(len(held))),
            data.texts(),
            epochs=rows / data.source.per_epoch,
            searched=data.searched,
        )
        report.write(self.folder)
        for warning in report.warnings:
            self.note(warning)
        self.note(f"report: {self.folder / MARKDOWN}")

    def note(self, line: str) -> None:
        """Print a line to standard error, only in the first process."""
        if self.processes.first:
            click.echo(f"note: {line}", err=True)
