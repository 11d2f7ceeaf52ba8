"""WebQuestions (Berant et al. 2013): what people asked a search engine, answers from Freebase."""

from __future__ import annotations

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.questions import OPEN, TRIVIAL, calibrated, judge, measures, with_most_frequent
from gpt2.evaluation.readers import read_webquestions

FILE = "webquestions.test.json"

BENCHMARK = Benchmark(
    name="webquestions",
    title="WebQuestions",
    source="https://github.com/brmson/dataset-factoid-webquestions",
    licence="CC BY 4.0",
    files=(File(FILE, "de320953700cd08300b9bcd2e60399da43b458a1be02db3f93c40344729fed39"),),
    get="main/test.json of the source, as webquestions.test.json.",
    read=lambda files: with_most_frequent(read_webquestions(files[FILE])),
    judge=judge(),
    measures=(*measures(OPEN, TRIVIAL), *calibrated(OPEN)),
    together=16,
    group="tasks",
)
