"""What `gpt2 finetune` needs besides the loop: data, adapters as checkpoints, memory in time."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gpt2.config import GPT2Config
from gpt2.errors import OptionError
from gpt2.files import reported
from gpt2.model import GPT2LMHeadModel
from gpt2.model.lora import (
    LoraConfig,
    add_lora,
    load_lora,
    lora_parameters,
    merge_lora,
    read_lora,
    write_lora,
)
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.training.batches import Batch, Order, Source, Whole, Windows, share
from gpt2.training.config import FinetuneConfig as FinetuneConfig
from gpt2.training.config import TrainingConfig
from gpt2.training.corpus import held_out, identity
from gpt2.training.data import PrepareConfig, TokenData, prepare
from gpt2.training.data.manifest import FILE as MANIFEST
from gpt2.training.data.overlap import texts_of
from gpt2.training.distributed import Processes
from gpt2.training.examples import ENDINGS, Examples, Pair, read_pairs
from gpt2.training.footprint import Footprint, footprint
from gpt2.training.machine import available_memory
from gpt2.training.plan import USABLE, gib

ADAPTER, MODEL = "adapter", "model"
ROWS = 64  # of a batch when only the loss is computed
SEARCHED = 20_000_000  # tokens of the training text in which copies are looked for
LOOKED_AT, PROMPT_TOKENS = (
    200,
    10,
)  # of the held-out text: for a line to begin; that samples begin with


@dataclasses.dataclass
class Data:
    """What is learned.

    Attributes:
        source: the rows of each step.
        held: what to validate on; None: nothing.
        prompt: what samples begin with.
        identity: tells it from other data.
        tokens: places that are learned in an epoch.
        passes: batches over all of it once.
        texts: it as text, in parts, for the search for copies; searched: how much, in words.
        length: tokens of a row.
        notes: what the user should know.
    """

    source: Source
    held: Any
    prompt: str
    identity: dict[str, Any]
    tokens: int
    passes: Callable[[], Iterator[Batch]]
    texts: Callable[[], Iterable[str]]
    length: int
    searched: str = "all of it was searched"
    notes: list[str] = dataclasses.field(default_factory=list)


class HeldExamples:
    """Examples as something to validate on: every row once."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return -(-self.examples.per_epoch // ROWS)

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """A batch's rows that belong to a rank; perhaps none."""
        first = step * ROWS
        rows = share(min(ROWS, self.examples.per_epoch - first), rank, ranks)
        return self.examples.rows(range(first + rows.start, first + rows.stop))


def has_pairs(path: Path, config: FinetuneConfig) -> bool:
    """Whether a file holds prompts with completions, by its ending and its first row."""
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return False
    if path.suffix.lower() in (".csv", ".tsv"):
        return True
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    try:
        row = json.loads(first)
    except ValueError:
        return True  # reading it as pairs tells what is wrong
    return isinstance(row, Mapping) and config.completion_field in row


def pair_data(
    path: Path,
    config: FinetuneConfig,
    tokenizer: GPT2Tokenizer,
    positions: int,
    length: int | None,
    batch_size: int,
    seed: int,
) -> Data:
    """Prompts with completions: the loss counts the completion and the end of text after it.

    Args:
        path: a file of `read_pairs`.
        positions: of the model.
        length: tokens of a row; by default what the longest example needs, if the model has it.
        batch_size, seed: of the rows.

    Raises:
        InputError: a file without pairs, or too few to hold some out.
    """
    pairs = read_pairs(path, config.prompt_field, config.completion_field)
    _, numbers = Order(len(pairs), seed).at(np.arange(len(pairs)))
    order = numbers.tolist()
    held_count = round(len(pairs) * config.held_out)
    if config.held_out and len(pairs) > 1:
        held_count = min(max(1, held_count), len(pairs) - 1)
    held_pairs = [pairs[n] for n in order[:held_count]]
    own = [pairs[n] for n in sorted(order[held_count:])]
    if length is None:
        needed = max(_places(pair, tokenizer) for pair in pairs)
        length = min(positions, max(8, -(-needed // 8) * 8))
    rows = Examples(own, tokenizer, length, batch_size, seed, pack=True)
    held = HeldExamples(Examples(held_pairs, tokenizer, length, ROWS)) if held_pairs else None
    notes = []
    if rows.cut_prompts or rows.cut_completions:
        notes.append(
            f"rows of {length} tokens cut the beginning of {rows.cut_prompts} prompts and the end "
            f"of {rows.cut_completions} completions"
        )
    content = hashlib.sha256(repr([(p.prompt, p.completion) for p in pairs]).encode()).hexdigest()
    return Data(
        source=rows,
        held=held,
        prompt=(held_pairs or own)[0].prompt or "\n",
        identity={"sha256": content, "held_out": config.held_out, "length": length},
        tokens=sum(batch.counted for batch in rows.whole()),
        passes=rows.whole,
        texts=lambda: (pair.prompt + pair.completion for pair in own),
        length=length,
        notes=notes,
    )


def text_data(
    path: str | os.PathLike[str],
    folder: Path,
    config: FinetuneConfig,
    tokenizer: GPT2Tokenizer,
    length: int,
    batch_size: int,
    seed: int,
    processes: Processes,
    note: Callable[[str], None],
) -> Data:
    """Plain text: a folder of `gpt2 prepare`, or what it takes, prepared into ``folder`` here.

    Raises what `prepare` and `TokenData` raise.
    """
    where = Path(path)
    if not (where / MANIFEST).exists():
        where = folder
        how = PrepareConfig(validation=config.held_out)
        processes.on_first(lambda: prepare([path], folder, tokenizer, how, note=note) and None)
    data = TokenData(where, tokenizer=tokenizer)
    held = held_out(where, tokenizer) if config.held_out else None
    held = held if held is not None and len(held) > 1 else None
    shown = held or data
    whole, part = Whole(data, length, ROWS), SEARCHED / len(data)
    return Data(
        source=Windows(data, length, batch_size, seed),
        held=None if held is None else Whole(held, length, ROWS),
        prompt=_first_words(shown, tokenizer),
        identity={**identity(data), "length": length},
        tokens=len(data),
        passes=lambda: (whole.batch(n) for n in range(len(whole))),
        texts=lambda: texts_of(data, SEARCHED),
        length=length,
        searched=f"its first {part:.0%} were searched" if part < 1 else Data.searched,
        notes=[] if held is not None else ["nothing is held out: the last weights are kept"],
    )


def defaults(data: Data, config: FinetuneConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of training that were not given, from the size of the data."""
    steps = given.get(
        "steps", max(1, round(config.epochs * data.source.per_epoch / data.source.batch_size))
    )
    own = {
        "steps": steps,
        "batch_size": data.source.batch_size,
        "length": data.length,
        "lr": 3e-3 if config.lora else 1e-3,
        "weight_decay": 0.01,
        "validate_every": max(1, steps // 10),
        "sample_every": max(1, steps // 5),
        "patience": 3,
        "prompt": data.prompt,
    }
    return {**own, **given}


class AdapterFiles:
    """Checkpoints of adapters alone, in PEFT's form; the `ModelFiles` of the loop."""

    def __init__(self, model: GPT2LMHeadModel, base: str) -> None:
        self.model, self.base = model, base

    def tensors(self) -> dict[str, Tensor]:
        """The adapters' parameters by PEFT's names."""
        return dict(lora_parameters(self.model))

    def write(self, folder: Path, tensors: Mapping[str, Tensor]) -> None:
        """Write them. Raises `WriteError`."""
        write_lora(self.model, folder, tensors, self.base)

    def read(self, folder: Path) -> Mapping[str, Tensor]:
        """What `write` wrote. Raises `ModelFileError`."""
        return read_lora(folder)


def merge_into_model(run: Path, base: str, tokenizer: GPT2Tokenizer) -> None:
    """RUN/model holds adapters: move them to RUN/adapter and put a whole model in their place.

    Raises `WriteError`.
    """
    adapter, part = run / ADAPTER, run / (MODEL + ".part")
    with reported(run):
        shutil.rmtree(adapter, ignore_errors=True)
        (run / MODEL).replace(adapter)
        shutil.rmtree(part, ignore_errors=True)
        model = GPT2LMHeadModel.from_pretrained(base)
        load_lora(model, adapter)
        merge_lora(model).save_pretrained(part)
        tokenizer.save_pretrained(part)
        part.replace(run / MODEL)


@dataclasses.dataclass(frozen=True)
class Fit:
    """What a run needs of the memory, and what there is, in bytes."""

    needed: Footprint
    free: float
    rows: int

    @property
    def fits(self) -> bool:
        """Whether it does."""
        return self.needed.total <= self.free

    def words(self) -> str:
        """In a sentence."""
        part = self.needed
        return (
            f"it needs about {gib(part.total)} for {self.rows} row(s) at a time (weights "
            f"{gib(part.weights)}, gradients {gib(part.gradients)}, optimizer "
            f"{gib(part.optimizer)}, activations {gib(part.activations)}); {gib(self.free)} can be "
            "used"
        )


@dataclasses.dataclass(frozen=True)
class Demand:
    """What is asked of a device's memory: a model, the tokens of a row, how it is trained."""

    config: GPT2Config
    length: int
    training: TrainingConfig
    lora: LoraConfig | None
    device: torch.device
    ranks: int = 1

    def fit(self) -> Fit:
        """The memory it takes at least: with one row at a time, or as many as asked."""
        training, on_gpu = self.training, self.device.type == "cuda"
        if on_gpu:
            free = USABLE["cuda"] * torch.cuda.mem_get_info(self.device)[0]
        else:
            free = USABLE["cpu"] * available_memory() / int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        needed = footprint(
            self.config,
            training.micro_batch or 1,
            self.length,
            precision=training.precision,
            optimizer=training.optimizer,
            strategy="one" if self.ranks == 1 else training.parallel,
            ranks=self.ranks,
            recompute=training.recompute,
            trained=None if self.lora is None else adapter_size(self.config, self.lora),
            device="cuda" if on_gpu else "cpu",
        )
        return Fit(needed, free, training.micro_batch or 1)

    def checked(self, anyway: bool = False) -> Fit:
        """The same; raises `OptionError` with what would fit, where it does not."""
        asked = self.fit()
        if asked.fits or anyway:
            return asked
        proposals = [
            f"{words} ({gib(fit.needed.total)})" for words, fit in self._less() if fit.fits
        ]
        advice = (
            f"What would fit: {', or '.join(proposals)}."
            if proposals
            else "Nothing here makes it fit: take a smaller model, a machine with more memory, or "
            "several GPUs with --parallel fsdp."
        )
        raise OptionError(
            f"The memory is too small: {asked.words()}. {advice} --anyway begins all the same."
        )

    def _less(self) -> Iterator[tuple[str, Fit]]:
        """Options that take less, with what they take."""
        replace, adapters = dataclasses.replace, self.lora or LoraConfig()
        again = replace(self, training=replace(self.training, recompute=True))
        least = replace(self, training=replace(self.training, recompute=True, micro_batch=1))
        yield "--recompute", again.fit()
        yield "--micro-batch 1 --recompute", least.fit()
        if self.lora is None:
            yield "--lora", replace(self, lora=adapters).fit()
        least = replace(least, lora=adapters)
        yield "--lora --recompute", least.fit()
        length = self.length // 4
        yield f"--lora --recompute --length {length}", replace(least, length=max(2, length)).fit()


def adapter_size(config: GPT2Config, lora: LoraConfig) -> int:
    """The number of parameters in adapters."""
    with torch.device("meta"):
        model = GPT2LMHeadModel(config)
        add_lora(model, lora)
    return model.num_parameters(only_trainable=True)


def _first_words(data: TokenData, tokenizer: GPT2Tokenizer) -> str:
    """The beginning of the first whole line of a text, for samples to go on from."""
    ids = data.run(0, min(LOOKED_AT, len(data))).tolist()
    text = tokenizer.decode(ids, skip_special_tokens=True).replace("\ufffd", "")
    line = text.split("\n", 1)[-1].lstrip() or text
    return tokenizer.decode(tokenizer.encode(line)[:PROMPT_TOKENS]).replace("\ufffd", "") or "\n"


def _places(pair: Pair, tokenizer: GPT2Tokenizer) -> int:
    """Inputs that an example needs: all its tokens but the end."""
    return max(1, len(tokenizer.encode(pair.prompt))) + len(tokenizer.encode(pair.completion))
