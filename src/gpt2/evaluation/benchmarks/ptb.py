"""The Penn Treebank as Mikolov et al. (2010) cut it for language modelling."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.corpora import Piece, judge, lines, per_word, words
from gpt2.evaluation.detokenise import PTB
from gpt2.files import read_text

FILE = "ptb.test.txt"
LINES = 200  # of a piece, so that a run which was killed goes on within the set


def read(files: Mapping[str, Path]) -> list[Piece]:
    """Parts of 200 lines."""
    return [Piece(PTB.text(part), words(part)) for part in lines(read_text(files[FILE]), LINES)]


BENCHMARK = Benchmark(
    name="ptb",
    title="Penn Treebank",
    source="https://doi.org/10.21437/Interspeech.2010-343",
    licence="LDC: research use",
    files=(File(FILE),),
    get="It is in simple-examples.tgz of Mikolov's RNNLM, data/ptb.test.txt.",
    read=read,
    judge=judge,
    measures=(per_word("de-tokenised; parts of 200 lines apart", "PTB"),),
    together=4,
    group="paper",
)
