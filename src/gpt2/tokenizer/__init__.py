"""Text to token ids and back: byte-level BPE, its training, and the class users hold."""

from gpt2.tokenizer.bpe import BPE, END_OF_TEXT
from gpt2.tokenizer.encoding import BatchEncoding
from gpt2.tokenizer.stream import StreamDecoder
from gpt2.tokenizer.tokenizer import GPT2Tokenizer, GPT2TokenizerFast
from gpt2.tokenizer.training import train, train_tokenizer
from gpt2.tokenizer.vocabulary import AddedToken

__all__ = [
    "BPE",
    "END_OF_TEXT",
    "AddedToken",
    "BatchEncoding",
    "GPT2Tokenizer",
    "GPT2TokenizerFast",
    "StreamDecoder",
    "train",
    "train_tokenizer",
]
