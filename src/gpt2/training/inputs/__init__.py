"""Training data: corpora and examples as batches that are a pure function of (seed, step)."""
