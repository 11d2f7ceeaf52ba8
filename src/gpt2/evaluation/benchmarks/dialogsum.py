"""DialogSum (Chen et al. 2021): everyday conversations, three summaries each."""

from __future__ import annotations

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.readers import read_dialogsum
from gpt2.evaluation.summaries import judge, measures

FILE = "dialogsum.test.jsonl"

BENCHMARK = Benchmark(
    name="dialogsum",
    title="DialogSum",
    source="https://github.com/cylnlp/dialogsum",
    licence="CC BY-NC-SA 4.0",
    files=(File(FILE, "6de36eca7e7b9b10975fd5ea3f47391df172d8b3c15d03d84d763cbaab015fda"),),
    get="DialogSum_Data/dialogsum.test.jsonl of the source.",
    read=lambda files: read_dialogsum(files[FILE]),
    judge=judge,
    measures=measures("the mean over three references"),
    together=8,
    group="tasks",
)
