"""Training: a corpus becomes token shards (`data/`), shards become batches (`batches.py`)."""
