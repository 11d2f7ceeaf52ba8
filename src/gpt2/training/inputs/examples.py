"""Prompt-completion pairs for fine-tuning: a `Source` of batches like `Windows`.

An example consists of the prompt's tokens, the completion's tokens and <|endoftext|>. Only the
completion and that last token count in the loss, so the model learns to answer and to stop. Prompt
and completion are tokenised separately, as they are when the model is used.

**Truncation.** An example longer than T + 1 tokens loses the beginning of its prompt. If the
completion does not fit even then, only the last token of the prompt remains and the completion
loses its end, including <|endoftext|>: the model does not learn to stop there. Both are counted.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from gpt2.data.containers import (
    ARCHIVES,
    COMPRESSED,
    Stream,
    members,
    plain_ending,
    readable,
)
from gpt2.data.rows import SEPARATORS, Row, field, json_rows, table
from gpt2.errors import InputError, MissingFileError, OptionError, TokenizerError
from gpt2.files import json_lines
from gpt2.tokenizer import Tokenizer
from gpt2.training.inputs.batches import IGNORED, Batch, Order, share

PROMPT, COMPLETION = "prompt", "completion"
ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")


@dataclasses.dataclass(frozen=True)
class Pair:
    """A prompt and its completion."""

    prompt: str
    completion: str


@dataclasses.dataclass(frozen=True)
class Example:
    """A pair as tokens: ``ids`` int64 [n], of which the loss ignores the first ``prompt``."""

    ids: np.ndarray
    prompt: int

    @property
    def labels(self) -> np.ndarray:
        """The next token at each position but the last: int64 [n - 1], with the prompt ignored."""
        labels = self.ids[1:].copy()
        labels[: max(0, self.prompt - 1)] = IGNORED
        return labels


def read_pairs(
    path: str | os.PathLike[str], prompt: str = PROMPT, completion: str = COMPLETION
) -> list[Pair]:
    """Read the pairs of a file: JSON Lines, JSON, or a table with a header row (.csv, .tsv).

    The file may be compressed, or an archive of several files.

    Args:
        path: the file; its extension gives its format, as do the extensions of files in an archive.
        prompt, completion: the names of the two fields, or paths such as messages.0.content; other
            fields are ignored.

    Raises:
        MissingFileError: the file does not exist.
        InputError: the extension is not supported, a row lacks the fields, or a completion is
            empty.
        CorruptFileError: a line that is not JSON, a file that is not UTF-8.
    """
    path = Path(path)
    pairs = [_pair(row, prompt, completion, where) for where, row in read_rows(path)]
    if not pairs:
        raise InputError(f"{path} contains no examples.")
    return pairs


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, read by its extension. Raises what `read_pairs` raises."""
    for _, rows in tables(path):
        yield from rows


def tables(path: Path) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield the extension and rows of a file, or of each file in an archive.

    The rows are valid until the next file is requested. Raises what `read_pairs` raises.
    """
    if not may_hold_rows(path):
        raise _no_rows(path)
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}.")
    with readable(str(path)), path.open("rb") as file:
        for name, stream in members(str(path), file):
            ending = PurePosixPath(name).suffix.lower()
            if ending not in ENDINGS:
                raise _no_rows(name)
            yield ending, _rows(name, stream, ending)


def may_hold_rows(path: Path) -> bool:
    """Whether a file's extension, apart from its compression, is one of rows or of an archive."""
    return plain_ending(path.name) in (*ENDINGS, *ARCHIVES)


def _rows(name: str, stream: Stream, ending: str) -> Iterator[Row]:
    with readable(name):
        if ending in SEPARATORS:
            yield from table(name, stream, ending)
        elif ending == ".json":
            yield from json_rows(name, stream.read())
        else:
            yield from json_lines(name, stream)


def _no_rows(name: str | Path) -> InputError:
    return InputError(
        f"{name}: prompts with completions can be read from {', '.join(ENDINGS)}, compressed "
        f"({', '.join(COMPRESSED)}) or in {' or '.join(ARCHIVES)}."
    )


def _pair(row: Any, prompt: str, completion: str, where: str) -> Pair:
    if not isinstance(row, Mapping):
        raise InputError(f"{where} must be an object, found {type(row).__name__}.")
    given, learned = field(row, prompt), field(row, completion)
    for name, value in ((prompt, given), (completion, learned)):
        if not isinstance(value, str):
            named = ", ".join(repr(key) for key in row)
            raise InputError(
                f"{where} has no text in the field {name!r}; its fields: {named}. {_advice(row)}"
            )
    if not learned:
        raise InputError(f"{where} has an empty {completion}, so there is nothing to learn.")
    return Pair(given, learned)


# Names of the prompt and completion fields in published data sets
_GIVEN = ("prompt", "instruction", "question", "query", "input", "source", "article", "document",
          "dialogue", "text")  # fmt: skip
_LEARNED = (
    "completion",
    "output",
    "response",
    "answer",
    "target",
    "summary",
    "translation",
    "label",
)
_TURNS = (("messages", "content"), ("conversations", "value"), ("conversation", "content"))


def _advice(row: Mapping[str, Any]) -> str:
    """Advice on the options that name the fields of such a row."""
    given = next((name for name in _GIVEN if isinstance(row.get(name), str)), "NAME")
    learned = next((name for name in _LEARNED if isinstance(row.get(name), str)), "NAME")
    for turns, hint in _TURNS:
        if isinstance(field(row, f"{turns}.1.{hint}"), str):
            given, learned = f"{turns}.0.{hint}", f"{turns}.1.{hint}"
    return f"Name them with --prompt-field {given} --completion-field {learned}."


class Examples:
    """Batches of examples, in an order that is a pure function of (seed, step).

    Args:
        pairs: the prompts and completions.
        tokenizer: examples end with its `end_of_text`.
        length: T, the number of positions in a row.
        batch_size: the number of rows in a global batch.
        seed: determines the order.
        pack: put several examples into a row if they fit. No label crosses from one example into
            the next; attention does, as in pretraining.

    Attributes:
        per_epoch: the number of rows in an epoch; each example is in one of them.
        cut_prompts, cut_completions: the numbers of truncated prompts and completions.

    Raises:
        OptionError: a length below 2 or a batch size below 1.
        InputError: there are no pairs.
        TokenizerError: the tokenizer has neither eos_token nor sep_token.
    """

    def __init__(
        self,
        pairs: Iterable[Pair],
        tokenizer: Tokenizer,
        length: int,
        batch_size: int,
        seed: int = 0,
        pack: bool = False,
    ) -> None:
        if length < 2 or batch_size < 1:
            raise OptionError(
                "examples require a length of at least 2 and a batch size of at least 1, found "
                f"{length} and {batch_size}."
            )
        if tokenizer.end_of_text_id is None:
            raise TokenizerError(
                "the tokenizer has neither eos_token nor sep_token; one of them must end each "
                "example."
            )
        self.length, self.batch_size, self.seed = length, batch_size, seed
        self._fill = int(tokenizer.end_of_text_id)
        self.cut_prompts = self.cut_completions = 0
        self.examples = [self._example(pair, tokenizer) for pair in pairs]
        self._rows = self._pack() if pack else [[n] for n in range(len(self.examples))]
        self.per_epoch = len(self._rows)
        self.order = Order(self.per_epoch, seed)

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """The rows of a step (from 0) that a rank trains on."""
        rows = share(self.batch_size, rank, ranks)
        _, numbers = self.order.at(step * self.batch_size + np.arange(rows.start, rows.stop))
        return self.rows(numbers.tolist())

    def rows(self, numbers: Sequence[int]) -> Batch:
        """Rows by their numbers, padded to T; the loss ignores the padding."""
        inputs = np.full((len(numbers), self.length), self._fill, np.int64)
        labels = np.full_like(inputs, IGNORED)
        for at, number in enumerate(numbers):
            place = 0
            for index in self._rows[number]:
                example = self.examples[index]
                # The last token is an input only if another example follows in the row.
                read = min(len(example.ids), self.length - place)
                inputs[at, place : place + read] = example.ids[:read]
                labels[at, place : place + len(example.ids) - 1] = example.labels
                place += len(example.ids)
        return Batch(inputs, labels)

    def whole(self) -> Iterator[Batch]:
        """Batches with every row once, in order, for a validation loss."""
        for start in range(0, self.per_epoch, self.batch_size):
            yield self.rows(range(start, min(start + self.batch_size, self.per_epoch)))

    def _example(self, pair: Pair, tokenizer: Tokenizer) -> Example:
        room = self.length + 1
        prompt = tokenizer.encode_prompt(pair.prompt)
        if not prompt:  # the first prediction needs at least one input token
            prompt = [self._fill]
        completion = [*tokenizer.encode_more(pair.completion), self._fill]
        if len(completion) + 1 > room:
            self.cut_completions += 1
            completion = completion[: room - 1]
        if len(prompt) + len(completion) > room:
            self.cut_prompts += 1
            prompt = prompt[len(prompt) + len(completion) - room :]
        return Example(np.array(prompt + completion, np.int64), len(prompt))

    def _pack(self) -> list[list[int]]:
        """Pack examples into rows: longest first, each into the fullest row with room for it."""
        rows: list[list[int]] = []
        with_room: dict[int, list[int]] = {}  # positions left -> rows
        sizes = [len(example.ids) for example in self.examples]
        for number in sorted(range(len(sizes)), key=lambda n: (-sizes[n], n)):
            # A row holds T inputs; its last example's last token is only a label.
            room = next((r for r in range(sizes[number] - 1, self.length) if with_room.get(r)), -1)
            if room < 0:
                rows.append([])
                row, room = len(rows) - 1, self.length
            else:
                row = with_room[room].pop()
            rows[row].append(number)
            with_room.setdefault(room - sizes[number], []).append(row)
        return rows
