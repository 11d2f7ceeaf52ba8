"""XQuAD in Chinese: see `gpt2.evaluation.reading`."""

from gpt2.evaluation.reading import xquad

BENCHMARK = xquad("zh", "691d0b3359bc6b8faa8de931dfdfe21d50a65861ae348e32a0d1a0190b0c8835")
