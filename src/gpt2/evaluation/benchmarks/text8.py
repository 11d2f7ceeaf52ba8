"""text8: enwik8's text in 27 characters; the last 5 MB are the test part.

Its normalisation (lower case, numbers spelled out, no punctuation) cannot be undone, so there is
no de-tokeniser: what is read is what is published.
"""

from __future__ import annotations

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.corpora import judge, per_unit, tail

FILE = "text8"

BENCHMARK = Benchmark(
    name="text8",
    title="text8",
    source="http://mattmahoney.net/dc/textdata.html",
    licence="GFDL",
    files=(File(FILE),),
    get="Unpack text8.zip of http://mattmahoney.net/dc/textdata.html (MD5 of the file "
    "3bea1919949baf155f99411df5fada7e).",
    read=lambda files: tail(files[FILE]),
    judge=judge,
    measures=(per_unit("the last 5,000,000 characters; 100,000 apart", "text8", "character"),),
    together=4,
    group="paper",
)
