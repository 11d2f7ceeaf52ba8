"""Training: a corpus becomes token shards (`data/`); they, or examples, become batches."""
