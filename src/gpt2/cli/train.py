"""``gpt2 train``: train a model on text, from new weights or from a model's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import options_of, said
from gpt2.errors import OptionError
from gpt2.training.config import TrainingConfig
from gpt2.training.shape import ModelShape

if TYPE_CHECKING:
    from gpt2.training.data import TokenData
    from gpt2.training.distributed import Processes
    from gpt2.training.loop import Outcome

SEARCHED = 20_000_000  # tokens of the training text that samples are searched in for copies


@click.command("train")
@click.argument("data", metavar="DATA")
@click.option("-o", "--output", "run", required=True, type=click.Path(path_type=Path),
              help="The run's folder: checkpoints, log, the model.")  # fmt: skip
@click.option("--from", "base", metavar="MODEL", help="Go on from a model's weights.")
@options_of(ModelShape)
@click.option("--tokenizer", default="gpt2-mini", show_default=True,
              help="Of text that is not prepared yet: a name or a folder.")  # fmt: skip
@click.option("--vocab-size", type=click.IntRange(257),
              help="Learn a vocabulary of that size from the text instead.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint, bit for bit.")
@click.option("--allow-changes", is_flag=True,
              help="Go on with other data or options than before.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever the folder holds.")
@click.option("--prove-resume", is_flag=True,
              help="Train a few steps twice, once killed and resumed, and compare.")  # fmt: skip
@options_of(TrainingConfig)
def command(
    data: str,
    run: Path,
    base: str | None,
    tokenizer: str,
    vocab_size: int | None,
    resume: bool,
    allow_changes: bool,
    overwrite: bool,
    prove_resume: bool,
    **options: Any,
) -> None:
    """Train a model on DATA: a folder of gpt2 prepare, or text, which is prepared first.

    Killed at any moment, the same command with --resume goes on from the last checkpoint, and ends
    with the same weights. SIGTERM and Ctrl-C write a checkpoint first. RUN/model is the finished
    model: the best on the validation split, or the last where there is none.

    On several GPUs or machines: torchrun --nproc-per-node 8 -m gpt2 train DATA -o RUN ...
    """
    if prove_resume:
        from gpt2.training.prove import prove

        sys.exit(0 if prove(sys.argv[1:], run) else 1)
    from gpt2.training import distributed

    given = said(options)
    processes = distributed.Processes(distributed.pick_device(given.get("device")))
    try:
        outcome = _train(data, run, base, tokenizer, vocab_size, resume, allow_changes, overwrite,
                         given, processes)  # fmt: skip
    finally:
        processes.close()
    if outcome.signal:
        sys.exit(128 + outcome.signal)


def _train(
    source: str,
    run: Path,
    base: str | None,
    tokenizer: str,
    vocab_size: int | None,
    resume: bool,
    allow_changes: bool,
    overwrite: bool,
    given: dict[str, Any],
    processes: Processes,
) -> Outcome:
    import torch

    from gpt2.model import GPT2LMHeadModel
    from gpt2.training import corpus
    from gpt2.training.batches import Whole, Windows
    from gpt2.training.checkpoints import Checkpoints, read_state
    from gpt2.training.data import TokenData
    from gpt2.training.loop import Trainer
    from gpt2.training.validate import token_bytes

    names = ModelShape.__dataclass_fields__
    shape = ModelShape(**{name: value for name, value in given.items() if name in names})
    chosen = {name: value for name, value in given.items() if name not in names}
    last = Checkpoints(run).last() if resume else None
    config = TrainingConfig(**{**(read_state(last).config if last else {}), **chosen})
    folder = processes.on_first(
        lambda: corpus.prepared(source, run / "data", base or tokenizer, vocab_size, _note)
    )
    data = TokenData(folder)
    words = data.tokenizer()
    torch.manual_seed(config.seed)
    if last is not None:
        model = GPT2LMHeadModel.from_pretrained(last)
        shape.check(model.config)
    elif base is not None:
        dropouts: dict[str, Any] = dict(shape.dropouts())
        model = GPT2LMHeadModel.from_pretrained(base, **dropouts)
        shape.check(model.config)
    else:
        model = GPT2LMHeadModel(shape.config(data.vocab_size, data.end_of_text))
    length = config.length or model.config.n_positions
    _check(model, data, length)
    held = corpus.held_out(folder)
    if held is None:
        _note("there is no validation split: the last weights are kept, not the best")
    trainer = Trainer(
        model,
        Windows(data, length, config.batch_size, config.seed),
        config,
        run,
        held=Whole(held, length, config.batch_size) if held is not None else None,
        tokenizer=words,
        data=corpus.identity(data),
        resume=resume,
        overwrite=overwrite,
        allow_changes=allow_changes,
        from_scratch=base is None and not resume,
        bytes_of=token_bytes(words, model.config.vocab_size),
        processes=processes,
    )
    outcome = trainer.run()
    if processes.first:
        _tell(outcome, run, data, held, length, config)
    return outcome


def _check(model: Any, data: TokenData, length: int) -> None:
    """Raise `OptionError` where text, rows and model do not go together."""
    if length > model.config.n_positions:
        raise OptionError(
            f"Rows of {length} tokens do not fit a model of {model.config.n_positions} positions: "
            "give a smaller --length, or a new model a larger --context."
        )
    if data.vocab_size > model.config.vocab_size:
        raise OptionError(
            f"The text was prepared with {data.vocab_size} tokens, the model knows "
            f"{model.config.vocab_size}: prepare it with the model's tokenizer."
        )


def _tell(
    outcome: Outcome,
    run: Path,
    data: TokenData,
    held: TokenData | None,
    length: int,
    config: TrainingConfig,
) -> None:
    """The report, and in a few lines where everything is."""
    if outcome.stopped == "signal":
        _note(f"stopped by a signal after step {outcome.step}: --resume goes on from there")
        return
    if held is not None and outcome.validation is not None:
        _report(outcome, run, data, held, length, config)
    if outcome.stopped == "patience":
        _note(f"stopped after step {outcome.step}: no better validation in {config.patience}")
    if outcome.best is not None:
        best = outcome.best
        _note(f"best validation loss {best['loss']:.4f}, after step {int(best['step'])}")
    click.echo(str(outcome.model))
    _note(f"try it: gpt2 generate --model {outcome.model} 'Once'")


def _report(
    outcome: Outcome,
    run: Path,
    data: TokenData,
    held: TokenData,
    length: int,
    config: TrainingConfig,
) -> None:
    from gpt2.training import corpus
    from gpt2.training.batches import Whole
    from gpt2.training.report import MARKDOWN, make_report

    train, validation = Whole(data, length, 64), Whole(held, length, 64)
    part = min(1.0, SEARCHED / len(data))
    made = make_report(
        run,
        data.vocab_size,
        (train.batch(n) for n in range(len(train))),
        (validation.batch(n) for n in range(len(validation))),
        corpus.texts(data, SEARCHED),
        epochs=outcome.step * config.batch_size * length / len(data),
        searched="all of it was searched" if part == 1 else f"its first {part:.0%} were searched",
    )
    made.write(run)
    for warning in made.warnings:
        _note(warning)
    _note(f"the report: {run / MARKDOWN}")


def _note(line: str) -> None:
    click.echo(f"note: {line}", err=True)
