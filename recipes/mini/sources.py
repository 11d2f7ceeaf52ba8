"""What the bundled model reads: each source as documents, cleaned, with what is held out named.

A document is a string without an end-of-text token; paragraphs are one line each. Files are those
of ``shared/data`` (its MANIFEST.md has licences and hashes); the worlds are our own.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WORK = Path("out/mini")  # what the stages of the recipe write
END = "<|endoftext|>"
CURLY = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})
HELD_NOVELS = slice(0, None, 10)  # of the 98, in the archive's order: never trained on
HELD_ARTICLES = 200  # of Chinese Wikipedia, the first ones
HELD_POEMS = 0.02
HELD_BOOKS = 10  # a storybook whose number is a multiple of it is held out, in both languages
CHUNK = 2400  # characters: how much of a children's book stands or falls together


def part(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


def read(path: Path) -> str:
    """A text file, perhaps compressed."""
    raw = path.read_bytes()
    return (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8-sig")


def rows(path: Path) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in read(path).split("\n") if line]


def tidy(text: str) -> str:
    """One paragraph a line, single blanks, plain quotes."""
    text = text.translate(CURLY).replace("\t", " ")
    lines = (re.sub(r" +", " ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def typographic(text: str) -> str:
    """The same with the quotes of printed books, so that the model knows both kinds."""
    text = re.sub(r'(^|[\s(\[—-])"', r"\1“", text, flags=re.MULTILINE).replace('"', "”")
    text = re.sub(r"(^|[\s(\[“—-])'(?=\w)", r"\1‘", text, flags=re.MULTILINE)
    return text.replace("'", "’")


def both_quotes(text: str) -> str:
    """A third of the texts with typographic quotes."""
    return typographic(text) if part(text) < 1 / 3 else text


def sections(text: str) -> Iterator[str]:
    """The documents of a file that end-of-text parts."""
    for piece in text.split(END):
        if piece := tidy(piece):
            yield piece


def tinystories(data: Path) -> Iterator[str]:
    """Short stories in the words of small children (Eldan and Li 2023; CDLA-Sharing-1.0)."""
    for story in sections(read(data / "simple/tinystories_train.txt.xz")):
        if len(story) > 250 and story[-1] in ".!?\"'":  # pieces that were cut are left out
            yield both_quotes(story)


def storybooks(data: Path, language: str) -> Iterator[str]:
    """Picture books (African Storybook, Pratham Books; CC BY), without those that are NC."""
    for book in rows(data / f"simple/storybooks_{language}.jsonl.xz"):
        if not book["nc"] and not held_book(book["id"]):
            yield tidy("\n".join([book["title"], *book["pages"]]))


def held_book(name: str) -> bool:
    """Whether a storybook, by the number in its name, is held out."""
    digits = re.sub(r"\D", "", name)
    return bool(digits) and int(digits) % HELD_BOOKS == 0


def fairytales(data: Path) -> Iterator[str]:
    """The training stories of FairytaleQA (Apache-2.0), a few sections at a time."""
    for story in rows(data / "simple/fairytaleqa_train.jsonl.xz"):
        pieces: list[str]
        pieces, size = [], 0
        for section in story["sections"].values():
            pieces.append(section)
            size += len(section)
            if size > CHUNK:
                yield both_quotes(tidy("\n".join(pieces)))
                pieces, size = [], 0
        if size:
            yield both_quotes(tidy("\n".join(pieces)))


def children_books(data: Path) -> Iterator[str]:
    """Children's books of Project Gutenberg: pieces of about a page or two, the plainest first.

    How plain a piece is: the share of its words that TinyStories and the picture books use.
    """
    known = plain_words(data)
    pieces = []
    for book in read(data / "simple/gutenberg_children.txt.xz").split("\n## ")[0:]:
        paragraphs = tidy(book).split("\n")[1:]  # the first line is the title
        for piece in cut(paragraphs):
            words = re.findall(r"[a-z]+", piece.lower())
            if len(words) > 100 and piece[-1] in ".!?\"'":
                pieces.append((sum(word in known for word in words) / len(words), piece))
    pieces.sort(key=lambda pair: -pair[0])
    yield from (both_quotes(piece) for _, piece in pieces)


def cut(paragraphs: list[str]) -> Iterator[str]:
    """Paragraphs joined to pieces of about CHUNK characters."""
    piece: list[str] = []
    size = 0
    for paragraph in paragraphs:
        piece.append(paragraph)
        size += len(paragraph)
        if size > CHUNK:
            yield "\n".join(piece)
            piece, size = [], 0
    if piece:
        yield "\n".join(piece)


def plain_words(data: Path, least: int = 5) -> set[str]:
    """The words that simple texts use."""
    counts: Counter[str] = Counter()
    for text in [*tinystories(data), *storybooks(data, "en")]:
        counts.update(re.findall(r"[a-z]+", text.lower()))
    return {word for word, count in counts.items() if count >= least}


def learners(data: Path) -> Iterator[str]:
    """Newspaper articles retold for learners (OneStopEnglish, elementary; CC BY-SA 4.0). The
    intermediate level has lost its apostrophes and is left out."""
    yield from sections(read(data / "simple/onestop_ele.txt.xz"))


def pairs(data: Path) -> Iterator[tuple[str, str]]:
    """English sentences with their Chinese: Tatoeba without its test set, captions, graded
    sentences, picture books page by page."""
    tested = tested_sentences(data)
    seen: set[tuple[str, str]] = set()
    for english, chinese in all_pairs(data):
        english, chinese = re.sub(r" ([.,!?;:'])", r"\1", tidy(english)), simplified(tidy(chinese))
        found = (english, chinese)
        if not english or not chinese or found in seen or "\n" in english + chinese:
            continue
        if key(english) in tested or key(chinese) in tested:
            continue
        seen.add(found)
        yield found


def all_pairs(data: Path) -> Iterator[tuple[str, str]]:
    """The same before anything is left out."""
    names = ("hsk_sentences_en-zh", "3am_captions_en-zh_train")
    for path in [data / "parallel/tatoeba_cmn-eng.txt",
                 *(data / f"simple/{name}.tsv.xz" for name in names)]:  # fmt: skip
        for line in read(path).split("\n"):
            if line:
                english, chinese = line.split("\t")[:2]
                yield english, chinese
    for line in read(data / "simple/storybooks_en-zh.tsv.xz").split("\n"):
        number, english, chinese, licence = (*line.split("\t"), "", "", "", "")[:4]
        if licence == "CC BY" and not held_book(number):
            yield english, chinese


def tested_sentences(data: Path) -> set[str]:
    """What the translation tests hold, in both languages."""
    found: set[str] = set()
    for end in ("eng", "zho"):
        test = data / f"parallel/tatoeba-test-v2021-08-07.eng-zho.{end}"
        found |= {key(simplified(line)) for line in read(test).split("\n")}
    for split in ("val", "test"):
        for line in read(data / f"simple/3am_captions_en-zh_{split}.tsv.xz").split("\n"):
            found |= {key(simplified(cell)) for cell in line.split("\t")[:2]}
    return found


def key(text: str) -> str:
    """A text without what does not tell two sentences apart: case, signs, blanks."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def bilingual(data: Path) -> Iterator[str]:
    """The pairs as running text, a line of each language in turn, some to a document."""
    lines: list[str] = []
    for english, chinese in sorted(pairs(data), key=lambda pair: part(pair[0])):
        lines += [english, chinese]
        if len(lines) >= 24:
            yield "\n".join(lines)
            lines = []


def simplified(text: str) -> str:
    """Traditional signs turned simplified, by OpenCC."""
    import opencc

    if not hasattr(simplified, "converter"):
        simplified.converter = opencc.OpenCC("t2s")  # type: ignore[attr-defined]
    return str(simplified.converter.convert(text))  # type: ignore[attr-defined]


def encyclopaedia(data: Path, held: bool = False) -> Iterator[str]:
    """Chinese Wikipedia (CC BY-SA): paragraphs of plain prose, simplified."""
    for number, article in enumerate(sections(read(data / "train/zhwiki.txt.xz"))):
        if held != (number < HELD_ARTICLES):
            continue
        text = simplified(article)[:CHUNK]
        signs = sum("\u4e00" <= sign <= "\u9fff" or sign in "，。、\n" for sign in text)
        if held or signs > 0.92 * len(text):
            yield text[: text.rfind("。") + 1]


def poems(data: Path, rare: int = 60) -> Iterator[str]:
    """Regulated verse of the Tang without rare signs: title, poet, lines, simplified."""
    found = list(all_poems(data))
    counts = Counter(sign for poem in found for sign in poem)
    yield from (poem for poem in found if min(counts[sign] for sign in poem) >= rare)


def all_poems(data: Path, held: bool = False) -> Iterator[str]:
    """The same with rare signs (chinese-poetry; MIT), or the fiftieth that is held out."""
    with tarfile.open(data / "train/chinese-poetry.tar.xz") as archive:
        for member in archive:
            if "/全唐诗/poet.tang" not in member.name:
                continue
            content = archive.extractfile(member)
            assert content is not None
            for poem in json.loads(content.read()):
                lines = [line for line in poem["paragraphs"] if line]
                if 2 <= len(lines) <= 8 and all(len(line) in (12, 16) for line in lines):
                    text = "\n".join([f"{poem['title']}（{poem['author']}）", *lines])
                    if held == (part(text) < HELD_POEMS):
                        yield simplified(text)


def held_novels(data: Path) -> Iterator[str]:
    """Every tenth of the 98 English novels; none of the 98 is trained on."""
    with tarfile.open(data / "train/100_english_novels.tar.xz") as archive:
        names = sorted(name for name in archive.getnames() if name.endswith(".txt"))
        for name in names[HELD_NOVELS]:
            content = archive.extractfile(name)
            assert content is not None
            text = content.read().decode("utf-8", "replace").replace("\r", "")
            yield unwrapped(text)[20_000:40_000]  # beyond titles and tables of contents


def unwrapped(text: str) -> str:
    """Lines of fixed width joined: where they are short, a blank line parts paragraphs."""
    lines = text.split("\n")
    if sorted(map(len, filter(None, lines)))[int(0.9 * len(lines) * 0.5)] < 90:
        lines = [" ".join(part.split("\n")) for part in re.split(r"\n\s*\n", text)]
    return tidy("\n".join(lines))


def worlds(data: Path, language: str) -> Iterator[str]:
    """Our own stories, without the unseen worlds."""
    for story in world_stories(data):
        text = story_text(story, language)
        yield both_quotes(text) if language == "en" else text


def world_stories(data: Path) -> list[dict[str, Any]]:
    """The stories to train on that ``python -m recipes.mini stories`` wrote."""
    return rows(WORK / "worlds.jsonl")


FRESH = {  # of 40 stories in a row of a world, those that the decay uses in each way, once each
    "plain, English": range(6),
    "plain, Chinese": range(6, 19),
    "tasks, English": range(19, 28),
    "tasks, Chinese": range(28, 38),
    "titles, English": range(38, 39),
    "titles, Chinese": range(39, 40),
}


def fresh(way: str) -> list[dict[str, Any]]:
    """The stories of the decay, which the trunk has not read, that are used in one way."""
    return [s for s in rows(WORK / "fresh.jsonl") if s["seed"] % 40 in FRESH[way]]


def fresh_worlds(language: str) -> Iterator[str]:
    """Stories of the worlds that the trunk has not read."""
    name = "English" if language == "en" else "Chinese"
    for story in fresh(f"plain, {name}"):
        text = story_text(story, language)
        yield both_quotes(text) if language == "en" else text


def story_text(story: dict[str, Any], language: str) -> str:
    """A story's sentences, a paragraph a line."""
    starts = story["paragraphs"]
    joint = " " if language == "en" else ""
    said = [sentence[language] for sentence in story["sentences"]]
    ends = [*starts[1:], len(said)]
    return "\n".join(joint.join(said[a:b]) for a, b in zip(starts, ends, strict=True))


FRESH_SOURCES: dict[str, tuple[str, Callable[[Path], Iterator[str]]]] = {
    "fresh worlds, English": ("en", lambda data: fresh_worlds("en")),
    "fresh worlds, Chinese": ("zh", lambda data: fresh_worlds("zh")),
}
SOURCES: dict[str, tuple[str, Callable[[Path], Iterator[str]]]] = {
    "worlds, English": ("en", lambda data: worlds(data, "en")),
    "worlds, Chinese": ("zh", lambda data: worlds(data, "zh")),
    "TinyStories": ("en", tinystories),
    "picture books, English": ("en", lambda data: storybooks(data, "en")),
    "picture books, Chinese": ("zh", lambda data: storybooks(data, "zh")),
    "FairytaleQA stories": ("en", fairytales),
    "children's books": ("en", children_books),
    "learners' articles": ("en", learners),
    "sentence pairs": ("en+zh", bilingual),
    "Tang poems": ("zh", poems),
    "Chinese Wikipedia": ("zh", encyclopaedia),
}
