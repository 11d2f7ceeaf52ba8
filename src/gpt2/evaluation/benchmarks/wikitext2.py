"""WikiText-2 (Merity et al. 2016, 1609.07843): perplexity of articles, per word of the set.

The set comes cut into words, rare ones as ``<unk>`` (the tokens), and with them as they are (raw).
An invertible de-tokeniser makes text of it (paper, section 3.1); the likelihood is counted per
published word, an end of line among them, as the set's own papers count: 245,569.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Measure, Row, Subject, corpus
from gpt2.evaluation.detokenise import WIKITEXT
from gpt2.files import read_text

TOKENS, RAW = "wiki.test.tokens", "wiki.test.raw"
_TITLE = re.compile(r"^ = [^=].* = $", re.MULTILINE)


def articles(published: str) -> list[str]:
    """The articles of a file, which begin with their titles."""
    starts = [found.start() for found in _TITLE.finditer(published)]
    starts[:1] = [0]  # with the empty line before the first title
    return [published[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


def read(files: Mapping[str, Path]) -> list[tuple[str, str]]:
    """(tokens or raw, an article in the published form)."""
    return [
        (kind, article)
        for kind, name in (("tokens", TOKENS), ("raw", RAW))
        if name in files
        for article in articles(read_text(files[name]))
    ]


def judge(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Of each article the logarithm of its probability, and its words, bytes and tokens."""
    texts = [WIKITEXT.text(published) for _, published in examples]
    found = subject.scorer.rolling([subject.ids(t) for t in texts], stride=subject.stride)
    return [
        {
            "kind": kind,
            kind: rolling.logprob,
            "words": len(published.split()) + published.count("\n"),
            "bytes": len(published.encode()),
            "tokens_read": rolling.tokens,
        }
        for (kind, published), rolling in zip(examples, found, strict=True)
    ]


def per_unit(key: str, unit: str, of: Callable[[float], float]) -> Callable[[Sequence[Row]], float]:
    """A function of the mean negative log-likelihood (nats) of a unit over all rows."""

    def value(rows: Sequence[Row]) -> float:
        return of(-sum(row[key] for row in rows) / sum(row[unit] for row in rows))

    return value


def _bits(nats: float) -> float:
    return nats / math.log(2)


_HOW = "de-tokenised; per published word and line end; articles apart"


def _perplexity(kind: str, protocol: str) -> Measure:
    return corpus(
        f"{kind}_ppl",
        f"perplexity ({kind})",
        protocol,
        [kind, "words"],
        per_unit(kind, "words", math.exp),
        better="lower",
        near="WikiText2",
        rolling=True,
    )


BENCHMARK = Benchmark(
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
    read=read,
    judge=judge,
    measures=(
        _perplexity("tokens", f"{_HOW}; rare words are <unk>"),
        _perplexity("raw", f"{_HOW}; rare words as they are"),
        corpus(
            "raw_bits",
            "bits a byte (raw)",
            _HOW.replace("word and line end", "byte"),
            ["raw", "bytes"],
            per_unit("raw", "bytes", _bits),
            better="lower",
            rolling=True,
        ),
    ),
    together=8,
    group="paper",
)
