"""What `gpt2 finetune` needs besides the training loop: its data and adapter checkpoints."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gpt2.data import TokenData
from gpt2.data.containers import ARCHIVES, plain_ending
from gpt2.data.rows import MISSING, SEPARATORS, field
from gpt2.errors import CorruptFileError, InputError
from gpt2.files import reported
from gpt2.model import GPT2LMHeadModel
from gpt2.model.lora import load_lora, lora_parameters, merge_lora, read_lora, write_lora
from gpt2.tokenizer import Tokenizer
from gpt2.training.checkpoints.store import ADAPTER, MODEL
from gpt2.training.config import TUNED_LENGTH, FinetuneConfig, TrainingConfig
from gpt2.training.inputs.batches import Batch, Order, share
from gpt2.training.inputs.corpus import ROWS, Data, held_out, windows
from gpt2.training.inputs.examples import Examples, Pair, may_hold_rows, read_pairs, tables

LOOKED_AT = 200  # tokens of the held-out text searched for a line to use as the sample prompt
PROMPT_TOKENS = 10


class HeldExamples:
    """Examples as a validation set: every row once."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return -(-self.examples.per_epoch // ROWS)

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """The rows of a batch that belong to a rank; there may be none."""
        first = step * ROWS
        rows = share(min(ROWS, self.examples.per_epoch - first), rank, ranks)
        return self.examples.rows(range(first + rows.start, first + rows.stop))


def has_pairs(path: Path, config: FinetuneConfig) -> bool:
    """Whether a file holds prompt-completion pairs, not text, by its extension and first row.

    A row counts as text if it is a string, has a ``text`` field or has a single column. Any other
    row counts as a pair: if it is not one, reading it as a pair gives the error message.
    """
    if not may_hold_rows(path) or not path.is_file():
        return False
    with contextlib.suppress(CorruptFileError, InputError):
        for ending, rows in tables(path):
            for _, row in rows:
                if field(row, config.completion_field) is not MISSING:
                    return True
                column = ending in SEPARATORS and len(row) == 1
                return isinstance(row, Mapping) and "text" not in row and not column
    return plain_ending(path.name) not in ARCHIVES  # the first file in an archive may be text


def pair_data(
    path: Path,
    config: FinetuneConfig,
    training: TrainingConfig,
    tokenizer: Tokenizer,
    positions: int,
) -> Data:
    """Prompt-completion pairs: the loss covers the completion and the end-of-text token after it.

    Args:
        path: a file that `read_pairs` can read.
        training: supplies ``batch_size``, ``seed`` and ``length``; by default a row is as long as
            the longest example needs, up to the model's context length.
        positions: the context length of the model.

    Raises:
        InputError: the file has no pairs, or too few to hold some out.
    """
    pairs = read_pairs(path, config.prompt_field, config.completion_field)
    trained, held_pairs = split(pairs, config.held_out, training.seed)
    length = training.length
    if length is None:
        needed = max(_places(pair, tokenizer) for pair in pairs)
        length = min(positions, max(8, -(-needed // 8) * 8))
    rows = Examples(trained, tokenizer, length, training.batch_size, training.seed, pack=True)
    held = HeldExamples(Examples(held_pairs, tokenizer, length, ROWS)) if held_pairs else None
    notes = []
    if config.held_out and not held_pairs:
        notes.append(
            "nothing is held out because all examples are the same: the last weights are kept"
        )
    if rows.cut_prompts or rows.cut_completions:
        notes.append(
            f"rows of {length} tokens cut the beginning of {rows.cut_prompts} prompts and the end "
            f"of {rows.cut_completions} completions"
        )
    content = hashlib.sha256(repr([(p.prompt, p.completion) for p in pairs]).encode()).hexdigest()
    return Data(
        source=rows,
        held=held,
        prompt=(held_pairs or trained)[0].prompt or "\n",
        identity={"sha256": content, "held_out": config.held_out, "length": length},
        tokens=sum(batch.counted for batch in rows.whole()),
        passes=rows.whole,
        texts=lambda: (pair.prompt + pair.completion for pair in trained),
        length=length,
        notes=notes,
    )


def split(pairs: Sequence[Pair], share: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Split pairs into training pairs, in their order, and held-out pairs: ``share``, at least one.

    Duplicates, compared without case and white space, stay on the same side: a held-out pair that
    was also trained on measures nothing.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for number, pair in enumerate(pairs):
        groups.setdefault((_same(pair.prompt), _same(pair.completion)), []).append(number)
    if not share or len(groups) < 2:
        return list(pairs), []
    several: list[list[int]] = list(groups.values())
    wanted = max(1, round(len(pairs) * share))
    _, order = Order(len(several), seed).at(np.arange(len(several)))
    held: set[int] = set()
    for number in order.tolist():
        group = several[number]
        if len(held) + len(group) <= wanted or not held:
            held.update(group)
    if len(held) > len(pairs) // 2:  # a very large group came first: use the smallest instead
        held = set(sorted(several, key=len)[0])
    trained = [pair for number, pair in enumerate(pairs) if number not in held]
    return trained, [pairs[number] for group in (several[n] for n in order.tolist())
                 for number in group if number in held]  # fmt: skip


def _same(text: str) -> str:
    return " ".join(text.casefold().split())


def text_data(
    folder: Path,
    config: FinetuneConfig,
    training: TrainingConfig,
    tokenizer: Tokenizer,
    positions: int,
) -> Data:
    """Plain text from a folder that `prepare_corpus` returned; the rest is as in `pair_data`.

    Raises what `TokenData` raises.
    """
    tokens = TokenData(folder, tokenizer=tokenizer)
    held = held_out(folder, tokenizer) if config.held_out else None
    held = held if held is not None and len(held) > 1 else None
    # a short text gets rows that fit in it
    length = training.length or min(TUNED_LENGTH, positions, max(8, len(tokens) - 1))
    data = windows(tokens, held, length, training.batch_size, training.seed)
    data.prompt = _first_words(held or tokens, tokenizer)
    data.identity["length"] = length
    if held is None:
        data.notes.append("nothing is held out: the last weights are kept")
    return data


def defaults(data: Data, config: FinetuneConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults for the training options that were not given, based on the size of the data."""
    steps = given.get(
        "steps", max(1, round(config.epochs * data.source.per_epoch / data.source.batch_size))
    )
    values = {
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
    return {**values, **given}


class AdapterFiles:
    """Checkpoints of the adapters only, in PEFT's format; the `ModelFiles` of the training loop."""

    def __init__(self, model: GPT2LMHeadModel, base: str) -> None:
        self.model, self.base = model, base

    def tensors(self) -> dict[str, Tensor]:
        """The adapter parameters by their PEFT names."""
        return dict(lora_parameters(self.model))

    def write(self, folder: Path, tensors: Mapping[str, Tensor]) -> None:
        """Write the adapters. Raises `WriteError`."""
        write_lora(self.model, folder, tensors, self.base)

    def read(self, folder: Path) -> Mapping[str, Tensor]:
        """Read what `write` wrote. Raises `ModelFileError`."""
        return read_lora(folder)


def merge_into_model(run: Path, base: str) -> None:
    """Move the adapters in RUN/model to RUN/adapter and write the merged model to RUN/model.

    Raises `WriteError`.
    """
    adapter, part = run / ADAPTER, run / (MODEL + ".part")
    with reported(run):
        try:
            shutil.rmtree(part, ignore_errors=True)
            model = GPT2LMHeadModel.from_pretrained(base, dtype="float32")
            load_lora(model, run / MODEL)
            merge_lora(model).save_pretrained(part)
            Tokenizer.from_pretrained(base).save_pretrained(part)
            shutil.rmtree(adapter, ignore_errors=True)
            (run / MODEL).replace(adapter)
            part.replace(run / MODEL)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _first_words(data: TokenData, tokenizer: Tokenizer) -> str:
    """The beginning of the first complete line of a text, as a prompt for samples."""
    ids = data.run(0, min(LOOKED_AT, len(data))).tolist()
    text = tokenizer.decode(ids, skip_special_tokens=True).replace("\ufffd", "")
    line = text.split("\n", 1)[-1].lstrip() or text
    return (
        tokenizer.decode(tokenizer.encode_more(line)[:PROMPT_TOKENS]).replace("\ufffd", "") or "\n"
    )


def _places(pair: Pair, tokenizer: Tokenizer) -> int:
    """The number of input positions that an example needs: all its tokens except the last."""
    return max(1, len(tokenizer.encode_prompt(pair.prompt))) + len(
        tokenizer.encode_more(pair.completion)
    )
