"""Natural Questions (Kwiatkowski et al. 2019), open: no context, short answers, how sure it is.

The paper (section 3.8): 4.1 % for its largest model, and 63.1 % of the 1 % it is surest of; its
smallest model does not exceed the 1.0 % of the most common answer to each kind of question.
"""

from __future__ import annotations

from gpt2.evaluation.benchmark import Benchmark, File
from gpt2.evaluation.questions import OPEN, TRIVIAL, calibrated, judge, measures, with_most_frequent
from gpt2.evaluation.readers import read_nq_open

FILE = "NQ-open.dev.jsonl"

BENCHMARK = Benchmark(
    name="natural-questions",
    title="Natural Questions (open)",
    source="https://github.com/google-research-datasets/natural-questions/tree/master/nq_open",
    licence="CC BY-SA 3.0",
    files=(File(FILE, "f15567f38099f3615f5b8a685c0aef449c11ad90d3da3735e8d1b98115b40616"),),
    get="NQ-open.dev.jsonl of the source.",
    read=lambda files: with_most_frequent(read_nq_open(files[FILE])),
    judge=judge(),
    measures=(*measures(OPEN, TRIVIAL), *calibrated(OPEN)),
    together=16,
    group="paper",
    paper="4.1 % exact match of the 1558M model, 63.1 % of its surest 1 % (section 3.8)",
)
