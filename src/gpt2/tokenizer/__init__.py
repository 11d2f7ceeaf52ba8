"""Text to token ids and back: byte-level BPE and its training, WordPiece, `Tokenizer`."""

from gpt2.tokenizer.base import Tokenizer
from gpt2.tokenizer.bpe import BPE, END_OF_TEXT
from gpt2.tokenizer.encoding import BatchEncoding
from gpt2.tokenizer.stream import StreamDecoder
from gpt2.tokenizer.tokenizer import GPT2Tokenizer, GPT2TokenizerFast, train_tokenizer
from gpt2.tokenizer.training import train
from gpt2.tokenizer.vocabulary import AddedToken
from gpt2.tokenizer.wordpiece import BertTokenizer, BertTokenizerFast

__all__ = [
    "BPE",
    "END_OF_TEXT",
    "AddedToken",
    "BatchEncoding",
    "BertTokenizer",
    "BertTokenizerFast",
    "GPT2Tokenizer",
    "GPT2TokenizerFast",
    "StreamDecoder",
    "Tokenizer",
    "train",
    "train_tokenizer",
]
