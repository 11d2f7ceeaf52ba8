"""``gpt2 finetune``: teach a model your own text, or your own prompts and completions."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.adapters import LoraConfig
from gpt2.cli.options import options_of, said
from gpt2.errors import OptionError
from gpt2.training.config import FinetuneConfig, TrainingConfig

if TYPE_CHECKING:
    from gpt2.tokenizer import GPT2Tokenizer
    from gpt2.training.distributed import Processes
    from gpt2.training.finetuning import Data
    from gpt2.training.loop import Outcome

BATCH, LENGTH = 8, 256  # rows of a step; tokens of a row of plain text
SHOWN = {"batch_size": BATCH, "steps": "so many that --epochs are done",
         "length": f"{LENGTH}, of examples what the longest needs", "lr": "1e-3, with --lora 3e-3",
         "weight_decay": 0.01, "validate_every": "ten times",
         "sample_every": "five times", "patience": 3,
         "prompt": "how the held-out data begins"}  # fmt: skip


@click.command("finetune")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path))
@click.option("-o", "--output", "run", required=True, type=click.Path(path_type=Path),
              help="The run's folder: checkpoints, log, the model.")  # fmt: skip
@options_of(FinetuneConfig)
@options_of(LoraConfig)
@click.option("--task", help="Note in the result that it was made for this task: summarize, ...")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint, bit for bit.")
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever the folder holds.")
@options_of(TrainingConfig, SHOWN)
def command(
    model: str,
    data: Path,
    run: Path,
    task: str | None,
    resume: bool,
    overwrite: bool,
    **options: Any,
) -> None:
    """Fine-tune MODEL on DATA; RUN/model is the result, which loads like any other model.

    DATA is plain text (a file, a folder, an archive, or what gpt2 prepare made), or JSON lines or a
    table (.jsonl, .csv, .tsv) with the fields prompt and completion. Of those the completion counts
    in the loss, and the end after it, so that the model learns to stop.

    All weights are trained, or with --lora small adapters beside them, which are kept in
    RUN/adapter too, in the form of the PEFT library. A part of the data is held out; training stops
    when it is predicted no better, and the best weights are the result.
    """
    from gpt2.training import distributed

    given = said(options)
    processes = distributed.Processes(distributed.pick_device(given.get("device")))
    try:
        outcome = _Finetuning(model, data, run, given, processes).train(resume, overwrite)
        if processes.first and outcome.stopped != "signal" and task is not None:
            from gpt2.tasks.task import remember

            remember(run / "model", task)
    finally:
        processes.close()
    if outcome.signal:
        sys.exit(128 + outcome.signal)


class _Finetuning:
    """What was asked for, and how it becomes a run."""

    def __init__(
        self, base: str, path: Path, run: Path, given: dict[str, Any], processes: Processes
    ) -> None:
        def of(kind: Any) -> dict[str, Any]:
            names = {field.name for field in dataclasses.fields(kind)}
            return {name: value for name, value in given.items() if name in names}

        self.base, self.path, self.run, self.processes = base, path, run, processes
        self.options = FinetuneConfig(**of(FinetuneConfig))
        self.lora = LoraConfig(**of(LoraConfig)) if self.options.lora else None
        self.given = of(TrainingConfig)
        if of(LoraConfig) and self.lora is None:
            raise OptionError(f"{', '.join(of(LoraConfig))}: these are options of --lora.")

    def train(self, resume: bool, overwrite: bool) -> Outcome:
        """Do it, and tell how it went."""
        from gpt2.model import GPT2LMHeadModel
        from gpt2.model.lora import add_lora
        from gpt2.tokenizer import GPT2Tokenizer
        from gpt2.training.finetuning import AdapterFiles, Demand, merge_into_model
        from gpt2.training.loop import Trainer
        from gpt2.training.validate import token_bytes

        tokenizer = GPT2Tokenizer.from_pretrained(self.base)
        part = self.options.dropout
        model = GPT2LMHeadModel.from_pretrained(
            self.base, resid_pdrop=part, embd_pdrop=part, attn_pdrop=0.0
        )
        data, config = self.data_and_config(tokenizer, model.config.n_positions)
        demand = Demand(model.config, data.length, config, self.lora, self.processes.device,
                        self.processes.ranks)  # fmt: skip
        fit = demand.checked(self.options.anyway)
        self.note(fit.words())
        if self.lora is not None:
            add_lora(model, self.lora)
        self.note(
            f"{model.num_parameters(only_trainable=True):,} of {model.num_parameters():,} "
            f"parameters are trained, {config.steps:,} steps of {config.batch_size} rows: "
            f"{config.steps * config.batch_size / data.source.per_epoch:.1f} epochs"
        )
        outcome = Trainer(
            model,
            data.source,
            config,
            self.run,
            held=data.held,
            tokenizer=tokenizer,
            data={**data.identity, "model": self.base, "lora": repr(self.lora)},
            resume=resume,
            overwrite=overwrite,
            files=AdapterFiles(model, self.base) if self.lora is not None else None,
            bytes_of=token_bytes(tokenizer, model.config.vocab_size),
            processes=self.processes,
        ).run()
        if self.processes.first and outcome.stopped != "signal":
            if self.lora is not None:
                merge_into_model(self.run, self.base, tokenizer)
            self.tell(outcome, data, config, model.config.vocab_size)
        elif outcome.stopped == "signal":
            self.note(f"stopped by a signal after step {outcome.step}: --resume goes on from there")
        self.processes.wait()
        return outcome

    def data_and_config(
        self, tokenizer: GPT2Tokenizer, positions: int
    ) -> tuple[Data, TrainingConfig]:
        """The data, and all options with what follows from its size."""
        from gpt2.training.finetuning import defaults, has_pairs, pair_data, text_data

        rows, seed = self.given.get("batch_size", BATCH), self.given.get("seed", 0)
        length = self.given.get("length")
        if length is not None and length > positions:
            raise OptionError(f"length must be at most the model's {positions}, found {length}.")
        if has_pairs(self.path, self.options):
            data = pair_data(self.path, self.options, tokenizer, positions, length, rows, seed)
        else:
            length = length or min(LENGTH, positions)
            data = text_data(self.path, self.run / "data", self.options, tokenizer, length, rows,
                             seed, self.processes, self.note)  # fmt: skip
        for line in data.notes:
            self.note(line)
        if "batch_size" not in self.given:  # of little data not the same row twice in a step
            few = max(self.processes.ranks, min(BATCH, data.source.per_epoch))
            data.source.batch_size = few
        return data, TrainingConfig(**defaults(data, self.options, self.given))

    def tell(self, outcome: Outcome, data: Data, config: TrainingConfig, vocab_size: int) -> None:
        """The report, and in a few lines where everything is."""
        from gpt2.training.report import MARKDOWN, make_report

        if outcome.validation is not None and outcome.best is not None:
            report = make_report(
                self.run,
                vocab_size,
                data.passes(),
                (data.held.batch(n) for n in range(len(data.held))),
                data.texts(),
                epochs=outcome.step * config.batch_size / data.source.per_epoch,
                searched=data.searched,
            )
            report.write(self.run)
            for warning in report.warnings:
                self.note(warning)
            best = outcome.best
            if outcome.stopped == "patience":
                self.note(f"stopped after step {outcome.step}: the held-out part got no better")
            self.note(f"best validation loss {best['loss']:.4f}, after step {int(best['step'])}")
            self.note(f"the report: {self.run / MARKDOWN}")
        click.echo(str(self.run / "model"))
        self.note(f"try it: gpt2 generate --model {self.run / 'model'} TEXT")

    def note(self, line: str) -> None:
        """A line to standard error, from the first process."""
        if self.processes.first:
            click.echo(f"note: {line}", err=True)
