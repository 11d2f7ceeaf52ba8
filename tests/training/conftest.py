"""The small tokenizer and corpus."""

from tests.corpora import corpus, tokenizer, tokenizer_folder

__all__ = ["corpus", "tokenizer", "tokenizer_folder"]
