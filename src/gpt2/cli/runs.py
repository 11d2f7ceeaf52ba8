"""What ``gpt2 train`` and ``gpt2 finetune`` share: processes, the run, what is told, its end."""

from __future__ import annotations

import abc
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gpt2.errors import OptionError
from gpt2.files import read_json_object, write_json
from gpt2.options import fields_of
from gpt2.training.config import Start

if TYPE_CHECKING:
    from gpt2.tokenizer import Tokenizer
    from gpt2.training.inputs.batches import Held
    from gpt2.training.inputs.corpus import Data
    from gpt2.training.loop.distributed import Processes
    from gpt2.training.loop.trainer import Outcome, Trainer

T = TypeVar("T")
OPTIONS = "options.json"  # in the run's folder: what was said when it began


@dataclasses.dataclass
class Run(abc.ABC):
    """A run as a command line asks for it; each command has its own `make`.

    Args:
        folder: the run's.
        given: the options that were said, by name. A run that goes on has those of its beginning
            where nothing else is said.

    Attributes:
        processes: this one among those of the run; from `execute` on.
    """

    folder: Path
    given: dict[str, Any]
    processes: Processes = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.given.get("resume") and (self.folder / OPTIONS).exists():
            self.given = {**read_json_object(self.folder / OPTIONS), **self.given}

    @abc.abstractmethod
    def make(self) -> tuple[Trainer, Data]:
        """What trains, made of what was given, and what is learned."""

    def complete(self) -> None:  # noqa: B027 (there need not be anything)
        """What the first process does with RUN/model before it tells of it; nothing here."""

    def execute(self) -> None:
        """Do it. Ended by a signal, the command leaves with 128 and the signal's number."""
        from gpt2.training.loop.distributed import Processes, pick_device

        self.processes = Processes(pick_device(self.given.get("device")))
        try:
            outcome = self._train()
        finally:
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
        """The model that is begun with; `OptionError` where the run would write over it."""
        from gpt2.training.checkpoints.store import Checkpoints

        if Path(base).exists() and Checkpoints(self.folder).keeps(Path(base)):
            raise OptionError(
                f"{base} lies in {self.folder}, where this run writes its own: choose another "
                "folder for it (-o), so that nothing is lost."
            )
        return base

    def _check(self) -> None:
        """Before anything is read or written: whether the folder may be taken up so."""
        from gpt2.training.checkpoints.store import Checkpoints

        Checkpoints(self.folder).check(self.options(Start))

    def _remember(self) -> None:
        start = {field.name for field in dataclasses.fields(Start)}
        options = {name: value for name, value in self.given.items() if name not in start}
        write_json(self.folder / OPTIONS, options)

    def options(self, cls: type[T]) -> T:
        """An options dataclass with what was given of it."""
        return cls(**fields_of(cls, self.given))

    def trainer(
        self, model: Any, data: Data, config: Any, tokenizer: Tokenizer, **more: Any
    ) -> Trainer:
        """The `Trainer` of a run that takes up the folder as was asked."""
        from gpt2.training.loop.trainer import Trainer
        from gpt2.training.reporting.validation import token_bytes

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
            **more,
        )

    def _tell(self, outcome: Outcome, trainer: Trainer, data: Data) -> None:
        """The report, and in a few lines how it went and where everything is."""
        if data.held is not None and outcome.best is not None and outcome.validation is not None:
            self._report(outcome, trainer, data, data.held)
            if outcome.stopped == "patience":
                self.note(
                    f"stopped after step {outcome.step}: the validation loss no longer improves"
                )
            step = int(outcome.best["step"])
            self.note(f"best validation loss {outcome.best['loss']:.4f}, after step {step}")
        click.echo(str(outcome.model))
        self.note(f"try it: gpt2 generate --model {outcome.model} TEXT")

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
        """A line to standard error, from the first process."""
        if self.processes.first:
            click.echo(f"note: {line}", err=True)
