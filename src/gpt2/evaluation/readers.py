"""Reads benchmark files in their published format as plain values.

A file in a different format raises `CorruptFileError` with the line; a missing file raises
`MissingFileError`. No text is changed here; each benchmark's file describes its own changes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, MissingFileError
from gpt2.files import json_lines, read_json, read_json_object, read_text

MASK = "[MASK]"


@dataclass(frozen=True)
class Cloze:
    """A question of the Children's Book Test: 20 sentences and a 21st with a gap."""

    context: str
    before: str  # the gap
    after: str
    options: list[str]
    answer: int


def read_cbt(path: Path) -> list[Cloze]:
    """Read ``cbtest_CN_valid_2000ek.txt``: a question is 21 numbered lines and an empty one."""
    examples = []
    for at, block in _blocks(path):
        sentences = [line.split(" ", 1)[-1] for line in block[:20]]
        fields = block[-1].split(" ", 1)[-1].split("\t")
        if len(block) != 21 or len(fields) < 4 or fields[0].count("XXXXX") != 1:
            raise _corrupt(path, at, "a CBT question must have 21 lines, the last with XXXXX")
        question, answer, options = fields[0], fields[1], fields[-1].split("|")
        if answer not in options:
            raise _corrupt(path, at, f"the answer {answer!r} is not one of {options}")
        before, after = question.split("XXXXX")
        context = "\n".join(sentences)
        examples.append(Cloze(context, before, after, options, options.index(answer)))
    return examples


@dataclass(frozen=True)
class Schema:
    """A sentence in which a pronoun, here `MASK`, refers to one of two candidates."""

    text: str
    candidates: tuple[str, str]
    answer: int


def read_schemas(path: Path) -> list[Schema]:
    """``wsc273.txt`` or WinoBias: sentence, ``[MASK]``, "candidate,candidate", answer, empty."""
    schemas = []
    for at, block in _blocks(path):
        if len(block) != 4 or MASK not in block[0] or block[2].count(",") != 1:
            raise _corrupt(
                path, at, "a schema must have four lines: sentence, [MASK], two names, answer"
            )
        first, second = (name.strip() for name in block[2].split(","))
        names = [first.lower(), second.lower()]
        if block[3].strip().lower() not in names:
            raise _corrupt(path, at, f"the answer {block[3]!r} is not one of {names}")
        answer = names.index(block[3].strip().lower())
        schemas.append(Schema(" ".join(block[0].split()), (first, second), answer))
    return schemas


@dataclass(frozen=True)
class Story:
    """A CoQA passage with its conversation."""

    text: str
    turns: list[tuple[str, list[str]]]  # a question and the answers of several people


def read_coqa(path: Path) -> list[Story]:
    """Read ``coqa-dev-v1.0.json``."""
    stories = []
    for entry in _entries(path, "data"):
        others = list(entry.get("additional_answers", {}).values())
        turns = [
            (question["input_text"], [a[i]["input_text"] for a in (entry["answers"], *others)])
            for i, question in enumerate(entry["questions"])
        ]
        stories.append(Story(entry["story"], turns))
    return stories


@dataclass(frozen=True)
class Question:
    """A question, the accepted answers, and the text that contains them, if any."""

    text: str
    answers: list[str]
    context: str = ""
    title: str = ""


def read_squad(path: Path) -> list[Question]:
    """Read a file in SQuAD's format, which XQuAD uses too."""
    return [
        Question(q["question"], [a["text"] for a in q["answers"]], p["context"], a_["title"])
        for a_ in _entries(path, "data")
        for p in a_["paragraphs"]
        for q in p["qas"]
    ]


def read_nq_open(path: Path) -> list[Question]:
    """Read ``NQ-open.dev.jsonl``."""
    return [Question(entry["question"], entry["answer"]) for entry in read_lines(path)]


def read_webquestions(path: Path) -> list[Question]:
    """Read ``webquestions.test.json``: a list of questions with their answers."""
    entries = read_json(path)
    return [Question(entry["qText"], entry["answers"]) for entry in entries]


@dataclass(frozen=True)
class Summarised:
    """A text and its human summaries."""

    text: str
    summaries: list[str]


def read_dialogsum(path: Path) -> list[Summarised]:
    """Read ``dialogsum.test.jsonl``, with three summaries, or the other parts, with one."""
    names = ("summary", "summary1", "summary2", "summary3")
    return [
        Summarised(entry["dialogue"], [entry[name] for name in names if name in entry])
        for entry in read_lines(path)
    ]


def read_cnn_dailymail(folder: Path) -> list[Summarised]:
    """Read the test set: ``all_test.txt`` (URLs) and ``{cnn,dailymail}/stories/SHA1.story``.

    The highlights become the lines of one summary, as published by Hermann et al. (2015).
    """
    articles = []
    for url in read_text(folder / "all_test.txt").split():
        name = f"{hashlib.sha1(url.encode()).hexdigest()}.story"
        places = [folder / part / "stories" / name for part in ("cnn", "dailymail")]
        story = next((place for place in places if place.is_file()), None)
        if story is None:
            raise MissingFileError(f"{folder} has no story {name} of {url}.")
        text, *highlights = read_text(story).split("@highlight")
        summary = "\n".join(line.strip() for line in highlights if line.strip())
        articles.append(Summarised("\n".join(text.split("\n\n")).strip(), [summary]))
    return articles


def read_parallel(source: Path, target: Path) -> list[tuple[str, str]]:
    """Read two files whose lines are translations of each other."""
    here = [_rows(path) for path in (source, target)]
    if len(here[0]) != len(here[1]):
        raise CorruptFileError(
            f"{source} has {len(here[0])} lines, but {target} has {len(here[1])}: they are not a "
            "pair."
        )
    return list(zip(*here, strict=True))


def read_tail(path: Path, size: int) -> tuple[str, int]:
    """The last ``size`` bytes of a file as text, from the first complete character, and how many.

    The test part of enwik8 and text8 is their last 5,000,000 bytes.
    """
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist.")
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - size))
        raw = file.read()
    while raw and raw[0] & 0xC0 == 0x80:  # inside a character
        raw = raw[1:]
    text = raw.decode("utf-8", "ignore")  # enwik8 ends inside a character
    return text, len(text.encode())


def read_lines(path: Path) -> Iterator[Any]:
    """The values in a JSON Lines file."""
    for _, value in json_lines(str(path), read_text(path).split("\n")):
        yield value


def _rows(path: Path) -> list[str]:
    return read_text(path).removesuffix("\n").split("\n")


def _entries(path: Path, name: str) -> list[Any]:
    entries = read_json_object(path).get(name)
    if not isinstance(entries, list):
        raise CorruptFileError(f"{path} has no list {name!r}.")
    return entries


def _blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The paragraphs of a file, each with the number of its first line."""
    at = 1
    for block in re.split(r"\n[ \t]*\n", read_text(path).replace("\r\n", "\n")):
        lines = [line for line in block.split("\n") if line.strip()]
        if lines:
            yield at, lines
        at += block.count("\n") + 2


def _corrupt(path: Path, at: int, what: str) -> CorruptFileError:
    return CorruptFileError(f"{path}, line {at}: {what}.")
