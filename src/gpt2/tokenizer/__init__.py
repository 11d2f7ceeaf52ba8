"""Text to token ids and back: byte-level BPE, its training, and the class users hold."""

from gpt2.tokenizer.bpe import BPE, END_OF_TEXT

__all__ = ["BPE", "END_OF_TEXT"]
