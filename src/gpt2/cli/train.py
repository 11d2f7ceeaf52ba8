"""``gpt2 train``: train a model on text, from new weights or from an existing model."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import DEFAULT_MODEL, drop_unset, options_of
from gpt2.cli.places import NAME, PATH
from gpt2.cli.runs import Run
from gpt2.errors import MissingFileError, OptionError
from gpt2.files.detect import TextFiles
from gpt2.options import fields_of
from gpt2.training.config import Start, TrainingConfig
from gpt2.training.planning.new_model import ModelShape

if TYPE_CHECKING:
    from gpt2.data import TokenData
    from gpt2.model import GPT2LMHeadModel
    from gpt2.tokenizer import Tokenizer
    from gpt2.training.inputs.corpus import Data
    from gpt2.training.loop.trainer import Trainer


@click.command("train")
@click.argument("data", metavar="DATA", type=NAME)
@click.option("-o", "--output", "run", required=True, type=PATH,
              help="Folder for the run: checkpoints, log and model.")  # fmt: skip
@click.option(
    "--from", "base", metavar="MODEL", type=NAME, help="Model whose weights to start from."
)
@options_of(ModelShape)
@click.option(
    "--tokenizer",
    type=NAME,
    help=f"Tokenizer for text that is not prepared yet. [default: {DEFAULT_MODEL}]",
)
@click.option("--vocab-size", type=click.IntRange(257),
              help="Size of a vocabulary to learn from the text instead.")  # fmt: skip
@options_of(TextFiles)
@options_of(Start)
@click.option("--prove-resume", is_flag=True,
              help="Train a few steps twice, once killed and resumed, and compare.")  # fmt: skip
@options_of(TrainingConfig)
def command(
    data: str,
    run: Path,
    base: str | None,
    tokenizer: str | None,
    vocab_size: int | None,
    prove_resume: bool,
    **options: Any,
) -> None:
    """Train a model on DATA: a folder of gpt2 prepare, or text, which is prepared first.

    If training is killed, the same command with --resume continues from the last checkpoint and
    ends with the same weights. SIGTERM and Ctrl-C save a checkpoint first. RUN/model is the
    finished model: the best one on the validation split, or the last one if there is no such split.

    On several GPUs or machines: torchrun --nproc-per-node 8 -m gpt2 train DATA -o RUN ...
    """
    if prove_resume:
        from gpt2.training.checkpoints.resume_proof import prove

        sys.exit(0 if prove(sys.argv[1:], run) else 1)
    beginning = {"base": base, "tokenizer": tokenizer, "vocab_size": vocab_size}
    _Training(run, drop_unset({**options, **beginning}), data).execute()


@dataclasses.dataclass
class _Training(Run):
    """A pretraining run on ``source``: text, or a folder that `gpt2 prepare` wrote."""

    source: str

    def __post_init__(self) -> None:
        self._check_tokenizer()
        super().__post_init__()
        self.base: str | None = self.given.get("base")
        if self.base is not None:
            self.base_apart(self.base)

    def _check_tokenizer(self) -> None:
        """Raise `OptionError` if a tokenizer is given that would not be used."""
        from gpt2.data.manifest import FILE as MANIFEST

        self.check_reading(Path(self.source))
        named = [name for name in ("tokenizer", "vocab_size") if name in self.given]
        flags = " and ".join("--" + name.replace("_", "-") for name in named)
        if named and "base" in self.given:
            raise OptionError(f"--from uses the model's own tokenizer: leave out {flags}.")
        if named and (Path(self.source) / MANIFEST).exists():
            raise OptionError(
                f"{self.source} is already prepared and contains its tokenizer: leave out "
                f"{flags}, or prepare the text again with gpt2 prepare."
            )
        if len(named) > 1:
            raise OptionError(
                "--vocab-size trains a tokenizer and --tokenizer names one: give only one of them."
            )

    def make(self) -> tuple[Trainer, Data]:
        """The text in windows, and a model: new, existing, or from the last checkpoint."""
        import torch

        from gpt2.data import PrepareConfig, TokenData
        from gpt2.training.checkpoints.store import read_state
        from gpt2.training.inputs import corpus
        from gpt2.training.loop.distributed import PREPARING

        start = self.options(Start)
        last = self.checkpoints.last() if start.resume else None
        before = read_state(last).config if last else {}
        config = TrainingConfig.from_dict({**before, **fields_of(TrainingConfig, self.given)})
        folder = self.processes.on_first(
            lambda: corpus.prepare_corpus(
                self.source, self.folder, self.base or self.given.get("tokenizer", DEFAULT_MODEL),
                self.given.get("vocab_size"), start=start, note=self.note,
                config=PrepareConfig(**fields_of(TextFiles, self.given)),
            ),
            PREPARING,
        )  # fmt: skip
        tokens = TokenData(folder, tokenizer=None if last else self._tokenizer())
        held = corpus.held_out(folder)
        if held is None:
            self.note("without a validation split, the last weights are kept, not the best")
        torch.manual_seed(config.seed)
        model = self._model(last, tokens)
        self.options(ModelShape).check(model.config)
        length = config.length or model.config.n_positions
        _check(model, tokens, length)
        data = corpus.windows(tokens, held, length, config.batch_size, config.seed)
        new = last is None and self.base is None
        return self.trainer(model, data, config, tokens.tokenizer(), from_scratch=new), data

    def _tokenizer(self) -> Tokenizer | None:
        """The tokenizer of the base model, if it has one."""
        from gpt2.tokenizer import Tokenizer

        if self.base is None:
            return None
        with contextlib.suppress(MissingFileError):
            return Tokenizer.from_pretrained(self.base)
        return None

    def _model(self, last: Path | None, tokens: TokenData) -> GPT2LMHeadModel:
        from gpt2.model import GPT2LMHeadModel

        shape = self.options(ModelShape)
        if last is not None:
            return GPT2LMHeadModel.from_pretrained(last, dtype="float32")
        if self.base is not None:
            dropouts: dict[str, Any] = dict(shape.dropouts())
            return GPT2LMHeadModel.from_pretrained(self.base, dtype="float32", **dropouts)
        return GPT2LMHeadModel(shape.config(tokens.vocab_size, tokens.end_of_text))


def _check(model: GPT2LMHeadModel, tokens: TokenData, length: int) -> None:
    """Raise `OptionError` if text, row length and model do not match."""
    if length > model.config.n_positions:
        raise OptionError(
            f"rows of {length} tokens do not fit in a model with {model.config.n_positions} "
            "positions: use a smaller --length, or a larger --context for a new model."
        )
    if tokens.vocab_size > model.config.vocab_size:
        raise OptionError(
            f"the text was prepared with a vocabulary of {tokens.vocab_size} tokens, but the "
            f"model's has {model.config.vocab_size}: prepare it with the model's tokenizer."
        )
