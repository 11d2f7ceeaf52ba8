"""Streaming of generated text: `TextStreamer` and `TextIteratorStreamer`, as in transformers."""

from __future__ import annotations

from collections.abc import Sequence
from queue import Queue
from typing import Any, ClassVar

from gpt2.errors import InputError
from gpt2.generation.tokenizing import Redecoder, StreamDecoder, adopt


def decoder(tokenizer: Any, after: Sequence[int] = (), **options: Any) -> StreamDecoder:
    """Make a stream decoder for a tokenizer, with options of its ``decode``.

    It is the tokenizer's own if the options allow it. ``after`` holds the ids that the text
    continues: WordPiece writes a space between words, but not before the first.
    """
    made: StreamDecoder
    if set(options) <= {"skip_special_tokens"}:
        made = adopt(tokenizer).stream_decoder(**options)
    else:
        made = Redecoder(tokenizer, options)
    if after:
        made.follow(after)
    return made


class TextStreamer:
    """Prints a text while ``generate(..., streamer=...)`` generates it.

    Args:
        tokenizer: decodes the ids.
        skip_prompt: whether to leave out the prompt.
        decode_options: for the tokenizer's ``decode``, such as ``skip_special_tokens=True``.
    """

    def __init__(self, tokenizer: Any, skip_prompt: bool = False, **decode_options: Any) -> None:
        self.tokenizer, self.decode_kwargs = tokenizer, decode_options  # for subclasses
        self.decoder = decoder(tokenizer, **decode_options)
        self.skip_prompt = skip_prompt
        self.at_prompt = True

    def put(self, value: Any) -> None:
        """Take the prompt [1, T] or a step's token [1]. Raises `InputError` for more rows."""
        ids = value.tolist()
        if ids and isinstance(ids[0], list):
            if len(ids) > 1:
                raise InputError(
                    "a TextStreamer supports only one text: leave out batches and "
                    "num_return_sequences."
                )
            ids = ids[0]
        elif len(ids) > 1 and not self.at_prompt:
            raise InputError(
                "a TextStreamer supports only one text: leave out batches and num_return_sequences."
            )
        prompt, self.at_prompt = self.at_prompt, False
        if not (prompt and self.skip_prompt):
            self.on_finalized_text("".join(self.decoder.push(i) for i in ids))

    def end(self) -> None:
        """Show the remaining text."""
        self.at_prompt = True
        self.on_finalized_text(self.decoder.flush(), stream_end=True)

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Process a piece of text; this class prints it."""
        print(text, flush=True, end="\n" if stream_end else "")


class TextIteratorStreamer(TextStreamer):
    """Passes the pieces to a loop in another thread than the one that generates.

    Args:
        tokenizer: decodes the ids.
        skip_prompt: whether to leave out the prompt.
        timeout: seconds to wait for the next piece before ``queue.Empty`` is raised.
        decode_options: for the tokenizer's ``decode``.

    Another thread may end the loop by putting ``stop_signal`` into ``text_queue``.
    """

    stop_signal: ClassVar[None] = None

    def __init__(
        self,
        tokenizer: Any,
        skip_prompt: bool = False,
        timeout: float | None = None,
        **decode_options: Any,
    ) -> None:
        super().__init__(tokenizer, skip_prompt, **decode_options)
        self.text_queue: Queue[str | None] = Queue()
        self.timeout = timeout

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Put a piece into the queue."""
        self.text_queue.put(text, timeout=self.timeout)
        if stream_end:
            self.text_queue.put(self.stop_signal, timeout=self.timeout)

    def __iter__(self) -> TextIteratorStreamer:
        return self

    def __next__(self) -> str:
        piece = self.text_queue.get(timeout=self.timeout)
        if piece is None:
            raise StopIteration
        return piece
