"""Training: trains a model on batches of token shards (`gpt2.data`) or examples."""
