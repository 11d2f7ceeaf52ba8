"""enwik8 (Hutter prize): Wikipedia's XML, byte by byte; the last 5 MB are the test part."""

from __future__ import annotations

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.corpora import judge, per_unit, tail

FILE = "enwik8"

BENCHMARK = Benchmark(
    name="enwik8",
    title="enwik8",
    source="http://mattmahoney.net/dc/textdata.html",
    licence="GFDL",
    files=(File(FILE, "2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8"),),
    get="Unpack enwik8.zip of http://mattmahoney.net/dc/textdata.html.",
    read=lambda files: tail(files[FILE]),
    judge=judge,
    measures=(per_unit("the last 5,000,000 bytes, as they are; 100 kB apart", "enwik8", "byte"),),
    together=4,
    group="paper",
)
