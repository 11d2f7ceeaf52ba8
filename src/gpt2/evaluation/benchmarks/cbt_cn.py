"""CBT, common nouns."""

from gpt2.evaluation.cloze import cbt

BENCHMARK = cbt("CN", "common nouns")
