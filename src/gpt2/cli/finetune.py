"""``gpt2 finetune``: fine-tune a model on your own text, or on prompts and completions."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.adapters import LoraConfig
from gpt2.cli.options import drop_unset, options_of
from gpt2.cli.places import NAME, PATH
from gpt2.cli.runs import Run
from gpt2.errors import OptionError
from gpt2.files.detect import TextFiles
from gpt2.options import fields_of
from gpt2.training.config import (
    TUNED_BATCH,
    TUNED_LENGTH,
    FinetuneConfig,
    Start,
    TrainingConfig,
)

if TYPE_CHECKING:
    from gpt2.tokenizer import Tokenizer
    from gpt2.training.inputs.corpus import Data
    from gpt2.training.loop.trainer import Trainer

SHOWN = {"batch_size": TUNED_BATCH, "steps": "as many as --epochs takes",
         "length": f"{TUNED_LENGTH}, or the longest pair",
         "lr": "1e-3, or 3e-3 with --lora", "weight_decay": 0.01,
         "validate_every": "10% of the steps", "sample_every": "20% of the steps", "patience": 3,
         "prompt": "the beginning of the held-out data"}  # fmt: skip


@click.command("finetune")
@click.argument("model", metavar="MODEL", type=NAME)
@click.argument("data", metavar="DATA", type=PATH)
@click.option("-o", "--output", "run", required=True, type=PATH,
              help="Folder for the run: checkpoints, log and model.")  # fmt: skip
@options_of(FinetuneConfig)
@options_of(LoraConfig)
@click.option(
    "--task",
    type=NAME,
    help="Task to record in the model: summarize, translate:en-fr, answer or write.",
)
@options_of(TextFiles)
@options_of(Start)
@options_of(TrainingConfig, SHOWN)
def command(model: str, data: Path, run: Path, task: str | None, **options: Any) -> None:
    """Fine-tune MODEL on DATA. The result is RUN/model, which loads like any other model.

    DATA is plain text (a file, a folder, an archive, or the output of gpt2 prepare), or JSON Lines
    or a table (.jsonl, .json, .csv, .tsv) with the fields prompt and completion. For these pairs,
    the loss covers only the completion and the end of text after it, so the model learns to stop.

    By default, all weights are trained. With --lora, small adapters are trained instead, which are
    also saved in RUN/adapter in the format of the PEFT library. Part of the data is held out.
    Training stops when the loss on it no longer improves, and the best weights are kept.
    """
    _Finetuning(run, drop_unset({**options, "task": task}), model, data).execute()


@dataclasses.dataclass
class _Finetuning(Run):
    """A fine-tuning run of the model ``base`` on the data in ``path``."""

    base: str
    path: Path

    def __post_init__(self) -> None:
        from gpt2.tasks.catalog import read_name

        self.check_reading(self.path)
        super().__post_init__()
        self.base_apart(self.base)
        self.task: str | None = self.given.get("task")
        self.how = self.options(FinetuneConfig)
        self.lora = self.options(LoraConfig) if self.how.lora else None
        if (without := fields_of(LoraConfig, self.given)) and self.lora is None:
            raise OptionError(f"{', '.join(without)}: these options require --lora.")
        if self.task is not None:
            read_name(self.task)  # check before hours of training, not after

    def make(self) -> tuple[Trainer, Data]:
        """The model, with adapters if requested, and the data as rows."""
        import torch

        from gpt2.model import GPT2LMHeadModel
        from gpt2.model.lora import add_lora
        from gpt2.tokenizer import Tokenizer
        from gpt2.training.finetuning import AdapterFiles, defaults
        from gpt2.training.planning.fit import Demand

        tokenizer = Tokenizer.from_pretrained(self.base)
        part = self.how.dropout
        model = GPT2LMHeadModel.from_pretrained(
            self.base, dtype="float32", resid_pdrop=part, embd_pdrop=part, attn_pdrop=0.0
        )
        data = self._data(tokenizer, model.config.n_positions)
        given = fields_of(TrainingConfig, self.given)
        config = TrainingConfig(**defaults(data, self.how, given))
        demand = Demand(model.config, data.length, config, self.lora, self.processes.device,
                        self.processes.ranks)  # fmt: skip
        self.note(self.processes.on_first(lambda: demand.check(self.how.anyway)).words())
        if self.lora is not None:
            torch.manual_seed(config.seed)
            add_lora(model, self.lora)
        data.identity |= {"model": self._base_files(), "lora": repr(self.lora)}
        self.note(
            f"{model.num_parameters(only_trainable=True):,} of {model.num_parameters():,} "
            f"parameters are trained, {config.steps:,} steps of {config.batch_size} rows: "
            f"{config.steps * config.batch_size / data.source.per_epoch:.1f} epochs"
        )
        files = None if self.lora is None else AdapterFiles(model, self.base)
        return self.trainer(model, data, config, tokenizer, files=files), data

    def _data(self, tokenizer: Tokenizer, positions: int) -> Data:
        from gpt2.data import PrepareConfig
        from gpt2.training.finetuning import has_pairs, pair_data, text_data
        from gpt2.training.inputs.corpus import prepare_corpus
        from gpt2.training.loop.distributed import PREPARING

        cut = ("batch_size", "length", "seed")  # the other options depend on the data
        chosen = {name: self.given[name] for name in cut if name in self.given}
        training = TrainingConfig(**{"batch_size": TUNED_BATCH, **chosen})
        if training.length is not None and training.length > positions:
            raise OptionError(
                f"length must be at most the model's {positions}, found {training.length}."
            )
        if "field" not in self.given and has_pairs(self.path, self.how):
            if "encoding" in self.given:
                raise OptionError(
                    "--encoding can be used only with plain text; pairs are read as UTF-8."
                )
            data = pair_data(self.path, self.how, training, tokenizer, positions)
        else:
            folder = self.processes.on_first(
                lambda: prepare_corpus(
                    self.path, self.folder, self.base, start=self.options(Start), note=self.note,
                    config=PrepareConfig(
                        validation=self.how.held_out, **fields_of(TextFiles, self.given)
                    ),
                ),
                PREPARING,
            )  # fmt: skip
            data = text_data(folder, self.how, training, tokenizer, positions)
        for line in data.notes:
            self.note(line)
        if "batch_size" not in chosen:  # with little data, no row occurs twice in a step
            few = max(self.processes.ranks, min(TUNED_BATCH, data.source.per_epoch))
            data.source.batch_size = few
        return data

    def _base_files(self) -> str:
        """Identify the model by its files, however it is named."""
        from gpt2.checkpoint import identity
        from gpt2.hub import resolve

        parts = identity(resolve(self.base)).values()
        hashes = [file["sha256"] for part in parts for file in part.values()]
        return hashlib.sha256("".join(hashes).encode()).hexdigest()

    def complete(self) -> None:
        """Merge the adapters into a full model and record its task."""
        from gpt2.tasks import remember
        from gpt2.training.finetuning import merge_into_model

        if self.lora is not None:
            merge_into_model(self.folder, self.base)
        if self.task is not None:
            remember(self.folder / "model", self.task)
