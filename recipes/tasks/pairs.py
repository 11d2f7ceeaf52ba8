"""Make prompts with completions for fine-tuning each task, from public data.

    python recipes/tasks/pairs.py translate --data ../shared/data -o pairs/translate

writes ``train.jsonl`` and ``validation.jsonl`` in the task's own format (`gpt2.tasks.TASKS`), and
``counts.json``: what was read, what was left out and why, and the sources with their hashes and
licences. Rows that are in a test set are left out and counted. A hash of a row's subject selects
the validation rows, so a sentence, an article or a chapter is never on both sides of the split.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import re
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from gpt2 import GPT2Tokenizer
from gpt2.data.filters import gutenberg, newlines
from gpt2.errors import MissingFileError
from gpt2.files import atomic, read_json, read_text, sha256, write_json
from gpt2.tasks import TASKS
from gpt2.tasks.sentences import join, lines, sentences
from gpt2.tokenizer import Tokenizer

VALIDATION = 0.05  # share of rows
LANGUAGES = ("en", "zh")
TRAINED_ARTICLES = 36  # of XQuAD, in the file's order; the others are for tests
CHAPTER = re.compile(
    r"^[ \t]*(?:CHAPTER|Chapter)[ \t]+(?:[IVXLCDM]+|\d+)\b[.:)—-]*[ \t]*(.*)\n", re.MULTILINE
)
# A chapter's heading that tells what happens rather than names it: "In which ...", "A -- B -- C".
DESCRIBES = re.compile(
    r"(in which|wherein|showing|containing|concerning|treats?|treating|relates?|(of )?how|of the)\b"
    r"|.*(--|—).*(--|—)", re.IGNORECASE | re.DOTALL,
)  # fmt: skip
Row = tuple[str, dict[str, str]]  # what it is about, and the fields of the task's form


@dataclass
class Source:
    """Where the rows come from, how long they may be, and what was counted on the way."""

    data: Path
    tokenizer: Tokenizer
    most: int  # tokens of a row
    languages: tuple[str, ...] = LANGUAGES  # of the rows; a translation has both
    counts: Counter[str] = field(default_factory=Counter)
    used: dict[str, dict[str, str]] = field(default_factory=dict)

    def file(self, name: str, licence: str, *, test: bool = False) -> Path:
        """A file of the data; it is noted with its hash."""
        path = self.data / name
        if not path.is_file():
            raise MissingFileError(
                f"{path} is not there: --data names the folder of the data, see the README beside "
                "this file for what it holds."
            )
        use = "left out of the training rows" if test else "training"
        self.used[name] = {"sha256": sha256(path), "licence": licence, "use": use}
        return path

    def size(self, text: str) -> int:
        """Tokens of a text."""
        return len(self.tokenizer.encode(text))

    def beginning(self, pieces: Iterable[str], most: int, between: str) -> str:
        """As many whole pieces, from the first, as ``most`` tokens hold."""
        whole = ""
        for piece in pieces:
            longer = join([whole, piece], between)
            if self.size(longer) > most:
                break
            whole = longer
        return whole


def key(text: str) -> str:
    """A text without what does not tell two sentences apart: case, width, signs, blanks."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def translate(source: Source) -> Iterator[Row]:
    """Tatoeba's English-Chinese pairs without those of its test set."""
    licence = "CC BY 2.0 FR, attribution in column 3 of the source"
    test = "parallel/tatoeba-test-v2021-08-07.eng-zho."
    english, chinese = (
        {key(line) for line in read_text(source.file(test + end, licence, test=True)).split("\n")}
        for end in ("eng", "zho")
    )
    pairs = source.file("parallel/tatoeba_cmn-eng.txt", licence)
    for line in filter(None, read_text(pairs).removeprefix("\ufeff").split("\n")):
        source.counts["read"] += 1
        text, target = line.split("\t")[:2]
        if key(text) in english:
            source.counts["left out: the English is in the test set"] += 1
        elif key(target) in chinese:
            source.counts["left out: the Chinese is in the test set"] += 1
        else:
            yield text, {"source": text, "target": target}


def answer(source: Source) -> Iterator[Row]:
    """XQuAD's first articles with their contexts, and WebQuestions without one."""
    tested = _tested_questions(source)

    def seen(question: str) -> bool:
        source.counts["read"] += 1
        known = key(question) in tested
        source.counts["left out: the question is in a test set"] += known
        return known

    for language in source.languages:
        path = source.file(f"qa/xquad.{language}.json", "CC BY-SA 4.0")
        articles = read_json(path)["data"][:TRAINED_ARTICLES]
        # A paragraph has the same number in both languages.
        for number, paragraph in enumerate(p for a in articles for p in a["paragraphs"]):
            for asked in paragraph["qas"]:
                if not seen(asked["question"]):
                    found = asked["answers"][0]
                    near = _around(source, paragraph["context"], found["answer_start"])
                    fields = {"question": asked["question"], "answer": found["text"]}
                    yield f"paragraph {number}", {"context": near, **fields}
    if "en" not in source.languages:
        return
    path = source.file("qa/webquestions.trainmodel.json", "CC BY 4.0")
    for asked in json.loads(read_text(path)):
        if not seen(asked["qText"]):
            yield asked["qText"], {"context": "", "question": asked["qText"],
                                   "answer": asked["answers"][0]}  # fmt: skip


def _tested_questions(source: Source) -> set[str]:
    """The questions of all test sets."""
    found = []
    for language in ("en", "zh"):
        content = read_json(source.data / "qa" / f"xquad.{language}.json")
        for article in content["data"][TRAINED_ARTICLES:]:
            found += [q["question"] for p in article["paragraphs"] for q in p["qas"]]
    for name in ("test", "val"):
        path = source.file(f"qa/webquestions.{name}.json", "CC BY 4.0", test=True)
        found += [q["qText"] for q in json.loads(read_text(path))]
    path = source.file("qa/NQ-open.dev.jsonl", "CC BY-SA 3.0", test=True)
    found += [json.loads(line)["question"] for line in read_text(path).splitlines()]
    return {key(question) for question in found}


def _around(source: Source, context: str, place: int) -> str:
    """The sentence at ``place`` and as many before and after as the row has room for."""
    room = source.most - 80  # for the question and the answer
    pieces = sentences(context)
    lengths = [len(join(pieces[: n + 1])) for n in range(len(pieces))]
    first = next((n for n, end in enumerate(lengths) if place < end), len(pieces) - 1)
    last = first + 1
    for _ in pieces:
        for a, b in ((first, last + 1), (first - 1, last)):
            if a >= 0 and b <= len(pieces) and source.size(join(pieces[a:b])) <= room:
                first, last = a, b
    return join(pieces[first:last])


def summarize(source: Source) -> Iterator[Row]:
    """Articles of Chinese Wikipedia: the first paragraph of what follows it; and chapters of books
    whose heading tells what happens in them."""
    yield from _in_turn(source, zh=_leads(source), en=_told(source))


def _leads(source: Source) -> Iterator[Row]:
    for title, paragraphs in _articles(source):
        gist = source.beginning(sentences(paragraphs[0])[:3], source.most // 3, "")
        body = "\n".join(p for p in paragraphs[1:] if len(p) > 20)
        text = source.beginning(sentences(body), source.most - source.size(gist) - 16, "")
        if gist and source.size(text) > 2 * source.size(gist):
            yield title, {"text": text, "summary": gist}
        else:
            source.counts["left out: too short for a summary"] += 1


def _told(source: Source) -> Iterator[Row]:
    for title, body in _chapters(source):
        if len(title.split()) > 5 and DESCRIBES.match(title):
            text = source.beginning(sentences(body), source.most - source.size(title) - 16, " ")
            if text:
                yield title, {"text": text, "summary": title}


def write(source: Source) -> Iterator[Row]:
    """Titles and the beginnings of articles and chapters, up to a sentence's end."""
    yield from _in_turn(source, zh=_begun_articles(source), en=_begun_chapters(source))


def _begun_articles(source: Source) -> Iterator[Row]:
    for title, paragraphs in _articles(source):
        text = _opening(source, title, paragraphs)
        if text:
            yield title, {"title": title, "text": text}


def _begun_chapters(source: Source) -> Iterator[Row]:
    for title, body in _chapters(source):
        text = _opening(source, title, lines(body[: 8 * source.most]))
        if len(title.split()) > 1 and text:
            yield title, {"title": title, "text": text}


def _in_turn(source: Source, **rows_of: Iterator[Row]) -> Iterator[Row]:
    """A row of each language in turn, as long as it has one: a limit cuts none of them off."""
    for rows in zip_longest(*(rows_of[name] for name in rows_of if name in source.languages)):
        yield from (row for row in rows if row is not None)


def _opening(source: Source, title: str, paragraphs: list[str]) -> str:
    room = source.most - source.size(title) - 8
    whole = source.beginning(paragraphs, room, "\n")
    return whole or source.beginning(sentences(paragraphs[0] if paragraphs else ""), room, " ")


def _articles(source: Source) -> Iterator[tuple[str, list[str]]]:
    """Titles and paragraphs of Chinese Wikipedia."""
    with lzma.open(source.file("train/zhwiki.txt.xz", "CC BY-SA"), "rt", encoding="utf-8") as file:
        article: list[str] = []
        for line in file:
            if line.strip() != "<|endoftext|>":
                article += [line.strip()] if line.strip() else []
                continue
            source.counts["read"] += 1
            if len(article) > 1:
                yield article[0], article[1:]
            article = []


def _chapters(source: Source) -> Iterator[tuple[str, str]]:
    """Headings and texts of the chapters of Project Gutenberg's books."""
    path = source.file("train/gutenberg.tar.xz", "public domain in the USA")
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None:
                continue
            text = gutenberg(newlines(content.read().decode("utf-8", "replace")))
            marks = list(CHAPTER.finditer(text))
            ends = [mark.start() for mark in marks[1:]] + [len(text)]
            for mark, end in zip(marks, ends, strict=False):
                title, body = _heading(mark.group(1), text[mark.end() : end].strip())
                if title and len(body) > 2000:  # else it is a table of contents
                    source.counts["read"] += 1
                    yield title, body


def _heading(title: str, body: str) -> tuple[str, str]:
    """A chapter's title, on the line of its number or the next, and what follows."""
    if not title.strip():
        title, _, body = body.partition("\n\n")
    title = " ".join(title.split()).strip("_ .")
    if len(title) > 300:
        return "", body
    return (title.capitalize() if title.isupper() else title), body.strip()


MAKERS: dict[str, Callable[[Source], Iterator[Row]]] = {
    "summarize": summarize,
    "translate": translate,
    "answer": answer,
    "write": write,
}
FACTS = {"translate": {"source": "en", "to": "zh"}}  # for gpt2.tasks.remember


def make(
    task: str,
    data: Path,
    out: Path,
    tokenizer: Tokenizer,
    most: int,
    limit: int | None = None,
    languages: tuple[str, ...] = LANGUAGES,
) -> dict[str, Any]:
    """Write the files of a task; returns what counts.json holds."""
    source = Source(data, tokenizer, most, languages)
    form = TASKS[task].form
    seen: set[str] = set()
    rows: dict[str, list[str]] = {"train": [], "validation": []}
    for about, fields in MAKERS[task](source):
        pair = form.pair(**fields)
        pair["prompt"] = pair["prompt"].lstrip("\n")  # a question without a context
        if source.size(pair["prompt"] + pair["completion"]) > most:
            source.counts["left out: too long"] += 1
            continue
        line = json.dumps(pair, ensure_ascii=False)
        if line in seen:
            source.counts["left out: the same again"] += 1
            continue
        seen.add(line)
        place = int(hashlib.sha256(key(about).encode()).hexdigest()[:8], 16) / 2**32
        rows["validation" if place < VALIDATION else "train"].append(line)
        if limit is not None and len(seen) == limit:
            break
    for split, found in rows.items():
        source.counts[split] = len(found)
        with atomic(out / f"{split}.jsonl") as part:
            part.write_text("".join(line + "\n" for line in found), "utf-8")
    told = {"task": task, "facts": FACTS.get(task, {}), "prompt": form.prompt,
            "completion": form.completion, "tokens": most, "counts": dict(source.counts),
            "sources": source.used}  # fmt: skip
    write_json(out / "counts.json", told)
    return told


def main() -> None:
    """Make the files of the task named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=MAKERS)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--tokenizer", default="gpt2-mini", help="The model's tokenizer.")
    parser.add_argument("--tokens", type=int, default=500, help="The maximum length of a row.")
    parser.add_argument("--limit", type=int, help="The maximum number of rows.")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=LANGUAGES)
    asked = parser.parse_args()
    tokenizer = GPT2Tokenizer.from_pretrained(asked.tokenizer)
    told = make(asked.task, asked.data, asked.out, tokenizer, asked.tokens, asked.limit,
                tuple(asked.languages))  # fmt: skip
    print(json.dumps(told["counts"], indent=2))


if __name__ == "__main__":
    main()
