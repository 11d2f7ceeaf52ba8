"""CNN/Daily Mail (Hermann et al. 2015, Nallapati et al. 2016): articles and their highlights.

GPT-2 paper, table 4, F1: R-1, R-2, R-L, R-AVG.
TL;DR: 29.34, 8.27, 26.58, 21.40; Lead-3 40.38, 17.66, 36.62, 31.55; Random-3 28.78, 8.63, 25.52,
20.98.
"""

from __future__ import annotations

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.readers import read_cnn_dailymail
from gpt2.evaluation.summaries import judge, measures

FILE = "cnn_dailymail/all_test.txt"

BENCHMARK = Benchmark(
    name="cnn-dailymail",
    title="CNN/Daily Mail",
    source="https://arxiv.org/abs/1602.06023",
    licence="research use",
    files=(File(FILE),),
    get="In a folder cnn_dailymail: unpack cnn_stories.tgz and dailymail_stories.tgz of "
    "https://cs.nyu.edu/~kcho/DMQA/ and put all_test.txt of "
    "https://github.com/abisee/cnn-dailymail, url_lists, beside them.",
    read=lambda files: read_cnn_dailymail(files[FILE].parent),
    judge=judge,
    measures=measures("the highlights"),
    together=8,
    group="paper",
    paper="R-1 29.34, R-2 8.27, R-L 26.58 of the 1558M model; Lead-3 40.38, 17.66, 36.62; "
    "Random-3 28.78, 8.63, 25.52 (table 4)",
)
