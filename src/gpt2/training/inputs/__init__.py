"""What a run learns from: corpora and examples as batches, a function of (seed, step)."""
