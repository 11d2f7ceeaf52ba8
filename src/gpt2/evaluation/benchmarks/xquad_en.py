"""XQuAD in English: see `gpt2.evaluation.reading`."""

from gpt2.evaluation.reading import xquad

BENCHMARK = xquad("en", "e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29")
