"""WikiText-103 (Merity et al. 2016): the articles of WikiText-2's test, with fewer words <unk>."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.benchmarks.wikitext2 import articles
from gpt2.evaluation.corpora import Piece, judge, per_word, words
from gpt2.evaluation.detokenise import WIKITEXT
from gpt2.files import read_text

FILE = "wikitext-103/wiki.test.tokens"


def read(files: Mapping[str, Path]) -> list[Piece]:
    """The articles."""
    return [Piece(WIKITEXT.text(part), words(part)) for part in articles(read_text(files[FILE]))]


BENCHMARK = Benchmark(
    name="wikitext103",
    title="WikiText-103",
    source="https://arxiv.org/abs/1609.07843",
    licence="CC BY-SA 3.0",
    files=(File(FILE),),
    get="Unpack wikitext-103-v1.zip.",
    read=read,
    judge=judge,
    measures=(per_word("de-tokenised; articles apart; rare words are <unk>", "WikiText103"),),
    together=8,
    group="paper",
)
