"""Language modelling sets: perplexity of a published word, bits of a byte or a character.

The sets come cut into words. An invertible de-tokeniser makes text of them (GPT-2 paper, section
3.1), and the likelihood is counted per published word, an end of line among them, as the sets' own
papers count. text8's normalisation (lower case, numbers spelled out, no punctuation) cannot be
undone: what is read is what is published.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Measure, Row, Subject, corpus
from gpt2.evaluation.benchmarks.detokenise import ONE_BILLION_WORDS, PTB, WIKITEXT
from gpt2.evaluation.readers import read_tail
from gpt2.files import read_text

TAIL = 5_000_000  # bytes: the test part of enwik8 and text8
BYTES = 100_000  # of a piece of these
LINES = 200  # of a piece of PTB, so that a run which was killed goes on within the set
TOKENS, RAW = "wiki.test.tokens", "wiki.test.raw"
_TITLE = re.compile(r"^ = [^=].* = $", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """A text, and how many published words, bytes or characters it stands for."""

    text: str
    units: int


def articles(published: str) -> list[str]:
    """The articles of a file of WikiText, which begin with their titles."""
    starts = [found.start() for found in _TITLE.finditer(published)]
    starts[:1] = [0]  # with the empty line before the first title
    return [published[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


def judge(subject: Subject, examples: Sequence[Piece]) -> list[dict[str, Any]]:
    """The logarithm of each piece's probability, and its units."""
    found = _rolling(subject, [piece.text for piece in examples])
    return [
        {"logprob": rolling.logprob, "units": piece.units, "tokens_read": rolling.tokens}
        for rolling, piece in zip(found, examples, strict=True)
    ]


def _rolling(subject: Subject, texts: Sequence[str]) -> list[Any]:
    return subject.scorer.rolling([subject.ids(t) for t in texts], stride=subject.stride)


def _words(published: str) -> int:
    """Words and line ends: what a published perplexity counts, an end of line being a token."""
    return len(published.split()) + published.count("\n")


def _bits(nats: float) -> float:
    return nats / math.log(2)


def _measure(
    name: str, title: str, how: str, of: Callable[[float], float], keys: Sequence[str], **more: Any
) -> Measure:
    """A function of the mean negative log-likelihood (nats) of a unit over all rows."""
    logprob, units = keys

    def value(rows: Sequence[Row]) -> float:
        return of(-sum(row[logprob] for row in rows) / sum(row[units] for row in rows))

    return corpus(name, title, how, keys, value, better="lower", rolling=True, **more)


_KEYS = ["logprob", "units"]
_PUBLISHED = "per published word and line end"


def _perplexity(how: str, near: str) -> Measure:
    return _measure("ppl", "perplexity", f"{how}; {_PUBLISHED}", math.exp, _KEYS, near=near)


def _bits_of(unit: str, how: str, near: str) -> Measure:
    return _measure("bits", f"bits a {unit}", how, _bits, _KEYS, near=near)


def _set(
    name: str, title: str, file: File, measure: Measure, read: Callable[[Path], Any], **more: Any
) -> Benchmark:
    """A set of one file that is read in pieces."""
    return Benchmark(
        name=name,
        title=title,
        files=(file,),
        measures=(measure,),
        read=lambda files: read(files[file.name]),
        judge=judge,
        group="paper",
        **more,
    )


def _articles(path: Path) -> list[Piece]:
    return [Piece(WIKITEXT.text(part), _words(part)) for part in articles(read_text(path))]


def _parts(path: Path) -> list[Piece]:
    """A corpus without articles in parts of 200 lines, each with its line ends."""
    every = read_text(path).splitlines(keepends=True)
    parts = ["".join(every[at : at + LINES]) for at in range(0, len(every), LINES)]
    return [Piece(PTB.text(part), _words(part)) for part in parts]


def _sentences(path: Path) -> list[Piece]:
    every = [line for line in read_text(path).split("\n") if line]
    return [Piece(ONE_BILLION_WORDS.join(line), _words(line + "\n")) for line in every]


def _tail(path: Path) -> list[Piece]:
    """The last 5,000,000 bytes of a file, in pieces."""
    text, _ = read_tail(path, TAIL)
    parts = [text[at : at + BYTES] for at in range(0, len(text), BYTES)]
    return [Piece(part, len(part.encode())) for part in parts]


PENN_TREEBANK = _set(
    "ptb",
    "Penn Treebank",
    File("ptb.test.txt"),
    _perplexity("de-tokenised; parts of 200 lines apart", "PTB"),
    _parts,
    source="https://doi.org/10.21437/Interspeech.2010-343",
    licence="LDC: research use",
    get="It is in simple-examples.tgz of Mikolov's RNNLM, data/ptb.test.txt.",
    together=4,
)
ENWIK8 = _set(
    "enwik8",
    "enwik8",
    File("enwik8", "2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8"),
    _bits_of("byte", "the last 5,000,000 bytes, as they are; 100 kB apart", "enwik8"),
    _tail,
    source="http://mattmahoney.net/dc/textdata.html",
    licence="GFDL",
    get="Unpack enwik8.zip of http://mattmahoney.net/dc/textdata.html.",
    together=4,
)
TEXT8 = _set(
    "text8",
    "text8",
    File("text8"),
    _bits_of("character", "the last 5,000,000 characters; 100,000 apart", "text8"),
    _tail,
    source="http://mattmahoney.net/dc/textdata.html",
    licence="GFDL",
    get="Unpack text8.zip of http://mattmahoney.net/dc/textdata.html (MD5 of the file "
    "3bea1919949baf155f99411df5fada7e).",
    together=4,
)
WIKITEXT_103 = _set(
    "wikitext103",
    "WikiText-103",
    File("wikitext-103/wiki.test.tokens"),
    _perplexity("de-tokenised; articles apart; rare words are <unk>", "WikiText103"),
    _articles,
    source="https://arxiv.org/abs/1609.07843",
    licence="CC BY-SA 3.0",
    get="Unpack wikitext-103-v1.zip.",
    together=8,
)
BILLION_WORDS = _set(
    "billion-words",
    "One Billion Words",
    File("news.en.heldout-00000-of-00050"),
    _perplexity("de-tokenised; each sentence alone", "1BW"),
    _sentences,
    source="https://arxiv.org/abs/1312.3005",
    licence="research use",
    get="Unpack 1-billion-word-language-modeling-benchmark-r13output.tar.gz; this file of its "
    "heldout part is what is usually measured.",
)


def _both_forms(files: Mapping[str, Path]) -> list[tuple[str, str]]:
    """(tokens or raw, an article in the published form): rare words as <unk>, or as they are."""
    return [
        (kind, article)
        for kind, name in (("tokens", TOKENS), ("raw", RAW))
        if name in files
        for article in articles(read_text(files[name]))
    ]


def _judge_both(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Of each article the logarithm of its probability, and its words, bytes and tokens."""
    found = _rolling(subject, [WIKITEXT.text(published) for _, published in examples])
    return [
        {
            "kind": kind,
            kind: rolling.logprob,
            "words": _words(published),
            "bytes": len(published.encode()),
            "tokens_read": rolling.tokens,
        }
        for (kind, published), rolling in zip(examples, found, strict=True)
    ]


_HOW = f"de-tokenised; {_PUBLISHED}; articles apart"


def _of_words(kind: str, rare: str) -> Measure:
    title, keys = f"perplexity ({kind})", [kind, "words"]
    return _measure(f"{kind}_ppl", title, f"{_HOW}; {rare}", math.exp, keys, near="WikiText2")


WIKITEXT_2 = Benchmark(
    name="wikitext2",
    title="WikiText-2",
    source="https://arxiv.org/abs/1609.07843",
    licence="CC BY-SA 3.0",
    files=(
        File(
            TOKENS,
            "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
            also=("wikitext-2/test.tokens.txt",),
        ),
        File(
            RAW,
            "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08",
            optional=True,
        ),
    ),
    get="It is in wikitext-2-v1.zip, and wiki.test.raw in wikitext-2-raw-v1.zip.",
    read=_both_forms,
    judge=_judge_both,
    measures=(
        _of_words("tokens", "rare words are <unk>"),
        _of_words("raw", "rare words as they are"),
        _measure(
            "raw_bits",
            "bits a byte (raw)",
            _HOW.replace("word and line end", "byte"),
            _bits,
            ["raw", "bytes"],
        ),
    ),
    together=8,
    group="paper",
)
