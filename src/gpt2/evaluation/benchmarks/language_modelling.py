"""Language modelling sets: perplexity per published word, bits per byte or per character.

The sets are published as separate words. An invertible de-tokeniser turns them into text (GPT-2
paper, section 3.1), and the likelihood is counted per published word, including line ends, as in
the papers of the sets. The normalisation of text8 (lower case, numbers spelled out, no punctuation)
cannot be undone, so the model reads it as published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Measure, Row, Subject, corpus
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.benchmarks.detokenise import ONE_BILLION_WORDS, PTB, WIKITEXT
from gpt2.evaluation.metrics import bits, perplexity
from gpt2.evaluation.readers import read_tail
from gpt2.files import read_text

TAIL = 5_000_000  # bytes: the test part of enwik8 and text8
PART = 100_000  # characters per piece of these
LINES = 200  # per piece of PTB, so that a killed run resumes within the set
_TITLE = re.compile(r"^ = [^=].* = $", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """A text and the number of published words, bytes or characters that it stands for."""

    text: str
    units: int


def articles(published: str) -> list[str]:
    """Split a WikiText file into articles, each starting with its title."""
    starts = [match.start() for match in _TITLE.finditer(published)]
    starts[:1] = [0]  # with the empty line before the first title
    parts = (published[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True))
    return list(filter(None, parts))


def judge(subject: Subject, examples: Sequence[Piece]) -> list[dict[str, Any]]:
    """The log-probability of each piece and its number of units."""
    rows = _rolling(subject, [piece.text for piece in examples])
    return [
        {"logprob": rolling.logprob, "units": piece.units, "tokens_read": rolling.tokens}
        for rolling, piece in zip(rows, examples, strict=True)
    ]


def _rolling(subject: Subject, texts: Sequence[str]) -> list[Any]:
    return subject.scorer.rolling([subject.ids(t) for t in texts], stride=subject.stride)


def _words(published: str) -> int:
    """The number of words and line ends, as published perplexities count them."""
    return len(published.split()) + published.count("\n")


def _measure(
    name: str, title: str, how: str, of: Callable[[float, int], float], keys: list[str], **more: Any
) -> Measure:
    """A function of the log-likelihood (nats) of all rows and of their units."""
    logprob, units = keys

    def value(rows: Sequence[Row]) -> float:
        return of(sum(row[logprob] for row in rows), sum(row[units] for row in rows))

    return corpus(name, title, how, keys, value, better="lower", rolling=True, **more)


_KEYS = ["logprob", "units"]
_PUBLISHED = "per published word and line end"


def _perplexity(how: str, near: str) -> Measure:
    return _measure("ppl", "perplexity", f"{how}; {_PUBLISHED}", perplexity, _KEYS, near=near)


def _bits_of(unit: str, how: str, near: str) -> Measure:
    return _measure("bits", f"bits a {unit}", how, bits, _KEYS, near=near)


def _articles(path: Path) -> list[Piece]:
    return [Piece(WIKITEXT.text(part), _words(part)) for part in articles(read_text(path))]


def _parts(path: Path) -> list[Piece]:
    """Split a corpus without articles into parts of 200 lines, with their line ends."""
    every = read_text(path).splitlines(keepends=True)
    parts = ["".join(every[at : at + LINES]) for at in range(0, len(every), LINES)]
    return [Piece(PTB.text(part), _words(part)) for part in parts]


def _sentences(path: Path) -> list[Piece]:
    every = [line + "\n" for line in read_text(path).split("\n") if line]
    return [Piece(ONE_BILLION_WORDS.text(line), _words(line)) for line in every]


def _tail(path: Path) -> list[Piece]:
    """The last 5,000,000 bytes of a file, in pieces."""
    text, _ = read_tail(path, TAIL)
    parts = [text[at : at + PART] for at in range(0, len(text), PART)]
    return [Piece(part, len(part.encode())) for part in parts]


PENN_TREEBANK = publish(
    "ptb", _parts, judge, [_perplexity("de-tokenised; parts of 200 lines apart", "PTB")]
)
_BYTES = "the last 5,000,000 bytes, as they are; parts of 100,000 characters apart"
ENWIK8 = publish("enwik8", _tail, judge, [_bits_of("byte", _BYTES, "enwik8")])
_CHARACTERS = "the last 5,000,000 characters; parts of 100,000 apart"
TEXT8 = publish("text8", _tail, judge, [_bits_of("character", _CHARACTERS, "text8")])
_RARE = "de-tokenised; articles apart; rare words are <unk>"
WIKITEXT_103 = publish("wikitext103", _articles, judge, [_perplexity(_RARE, "WikiText103")])
BILLION_WORDS = publish(
    "billion-words", _sentences, judge, [_perplexity("de-tokenised; each sentence alone", "1BW")]
)


def _both_forms(tokens: Path, raw: Path | None = None) -> list[tuple[str, str]]:
    """(tokens or raw, article in the published format): rare words as <unk>, or unchanged."""
    return [
        (kind, article)
        for kind, path in (("tokens", tokens), ("raw", raw))
        if path is not None
        for article in articles(read_text(path))
    ]


def _judge_both(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The log-probability of each article, and its numbers of words, bytes and tokens."""
    detokenised = _rolling(subject, [WIKITEXT.text(published) for _, published in examples])
    return [
        {
            "kind": kind,
            kind: rolling.logprob,
            "words": _words(published),
            "bytes": len(published.encode()),
            "tokens_read": rolling.tokens,
        }
        for (kind, published), rolling in zip(examples, detokenised, strict=True)
    ]


_HOW = f"de-tokenised; {_PUBLISHED}; articles apart"


def _of_words(kind: str, rare: str) -> Measure:
    title, keys = f"perplexity ({kind})", [kind, "words"]
    return _measure(f"{kind}_ppl", title, f"{_HOW}; {rare}", perplexity, keys, near="WikiText2")


WIKITEXT_2 = publish(
    "wikitext2",
    _both_forms,
    _judge_both,
    (
        _of_words("tokens", "rare words are <unk>"),
        _of_words("raw", "rare words as they are"),
        _measure(
            "raw_bits",
            "bits a byte (raw)",
            _HOW.replace("word and line end", "byte"),
            bits,
            ["raw", "bytes"],
        ),
    ),
)
