"""The One Billion Word Benchmark (Chelba et al. 2013): news sentences in any order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.corpora import Piece, judge, per_word, words
from gpt2.evaluation.detokenise import ONE_BILLION_WORDS
from gpt2.files import read_text

FILE = "news.en.heldout-00000-of-00050"


def read(files: Mapping[str, Path]) -> list[Piece]:
    """The sentences."""
    every = [line for line in read_text(files[FILE]).split("\n") if line]
    return [Piece(ONE_BILLION_WORDS.join(line), words(line + "\n")) for line in every]


BENCHMARK = Benchmark(
    name="billion-words",
    title="One Billion Words",
    source="https://arxiv.org/abs/1312.3005",
    licence="research use",
    files=(File(FILE),),
    get="Unpack 1-billion-word-language-modeling-benchmark-r13output.tar.gz; this file of its "
    "heldout part is what is usually measured.",
    read=read,
    judge=judge,
    measures=(per_word("de-tokenised; each sentence alone", "1BW"),),
    group="paper",
)
