"""Training: token shards (`gpt2.data`) or examples become batches, and batches a model."""
