"""CBT, named entities."""

from gpt2.evaluation.cloze import cbt

BENCHMARK = cbt("NE", "named entities")
