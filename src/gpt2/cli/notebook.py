"""``gpt2 generate -i``: an interactive notebook for a base model.

It continues a text, shows alternative tokens, and keeps every choice as a branch.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import click

from gpt2.errors import GPT2Error, InputError, OptionError
from gpt2.generation.config import GenerationConfig
from gpt2.generation.streaming import decoder
from gpt2.serving.scheduler import Token
from gpt2.serving.writer import Writer

TOP = 10  # alternatives to show
HELP = """\
Enter     continue the text
t         list the tokens of the last step with their numbers and probabilities
a [N]     list alternatives to token N; without N, candidates for the next token
1 2 3 ..  take that entry of the last list and continue from it
+TEXT     append TEXT; a space after the + is part of it
u         undo the last step
b [N]     list the branches; with N, switch to branch N
p         print the whole text
h         show this help
q         quit"""
REFUSED = ("num_beams", "num_return_sequences", "long")


@dataclass(frozen=True, eq=False)
class Text:
    """A state of a text: its tokens with their probabilities, and the state before it.

    Attributes:
        begin: the index of the first token of the last step.
        row: determines the samples, together with the seed.
    """

    tokens: tuple[Token, ...]
    begin: int
    row: int
    before: Text | None = None

    @property
    def ids(self) -> list[int]:
        """The ids."""
        return [token.id for token in self.tokens]

    def on(self, tokens: Iterable[Token], row: int, keep: int | None = None) -> Text:
        """A new state with more tokens after the first ``keep``."""
        kept = self.tokens[:keep]
        return Text((*kept, *tokens), len(kept), row, self)


class Notebook:
    """A text, its branches, and the commands that act on them.

    Args:
        model: an engine with its tokenizer.
        prompt: the initial text.
        options: the generation options.
        say: prints a piece of text unchanged.
    """

    def __init__(
        self, model: Any, prompt: str, options: GenerationConfig, say: Callable[[str], None]
    ) -> None:
        self.model, self.options, self.say = model, options, say
        self.writer = Writer(model, TOP)
        ids = model.tokenizer.encode_prompt(prompt) or [_start(model)]
        self.text = Text(tuple(map(Token, ids)), 0, 0)
        self.branches = [self.text]
        self.rows = 0  # rows used so far
        self.tried: set[Text] = set()  # texts that have been continued
        self.shown: tuple[int, tuple[int, ...]] | None = None  # token with alternatives shown

    def obey(self, line: str) -> bool:
        """Run a command line; returns False to quit."""
        word, _, rest = line.strip().partition(" ")
        if line.startswith("+"):
            self.add(line[1:])
        elif word.isdecimal() and not rest:
            self.take(int(word))
        elif word in ("q", "quit", "exit"):
            return False
        else:
            commands: dict[str, Callable[[], None]] = {
                "": self.write, "t": self.list_tokens, "a": lambda: self.alternatives(rest),
                "u": self.undo, "b": lambda: self.branch(rest), "p": self.print_all,
                "h": lambda: self.say(HELP + "\n"), "?": lambda: self.say(HELP + "\n"),
            }  # fmt: skip
            if word not in commands:
                raise InputError(f"there is no command {word!a}; h lists the commands.")
            commands[word]()
        return True

    def write(self) -> None:
        """Continue the text; continuing the same text again gives a different result."""
        row = self._new_row() if self.text in self.tried else self.text.row
        self.tried.add(self.text)
        self._go(self.text.on(self._write(self.text.ids, row), row))

    def _new_row(self) -> int:
        self.rows += 1
        return self.rows

    def _write(self, ids: list[int], row: int) -> list[Token]:
        """Generate tokens and show them as they come; Ctrl-C keeps those generated so far."""
        context = self.model.config.n_positions
        if len(ids) > context:
            raise InputError(f"the context of {context} tokens is full.")
        new = min(self.options.max_new_tokens or context, context + 1 - len(ids))
        options, tokens = replace(self.options, max_new_tokens=new), list[Token]()
        shown = decoder(self.model.tokenizer, after=ids, skip_special_tokens=True)
        try:
            for token in self.writer.write(ids, options, row):
                tokens.append(token)
                self.say(shown.push(token.id))
        except KeyboardInterrupt:
            self.say(" [stopped]")
        self.say(shown.flush() + "\n")
        return tokens

    def add(self, more: str) -> None:
        """Append text from the user."""
        if not (ids := self.model.tokenizer.encode_more(more)):
            raise InputError("give the text to append: +TEXT.")
        self._go(self.text.on(map(Token, ids), self.text.row))

    def list_tokens(self) -> None:
        """List the tokens of the last step."""
        self._know()
        for at in range(self.text.begin, len(self.text.tokens)):
            token = self.text.tokens[at]
            self.say(f"{at + 1:>5} {_percent(token.logprob)}  {self._name(token.id)}\n")

    def alternatives(self, number: str) -> None:
        """List the most probable tokens at a position."""
        count = len(self.text.tokens)
        at = _number(number, "a", count) - 1 if number else count
        if at == 0:
            raise InputError("the first token has no alternatives: nothing precedes it.")
        token = self.writer.next(self.text.ids) if at == count else self._look_up(at)
        self.shown = at, token.top_ids
        for i, (one, logprob) in enumerate(zip(token.top_ids, token.top_logprobs, strict=True), 1):
            sign = "*" if at < count and one == token.id else " "
            self.say(f"{i:>4}{sign} {_percent(logprob)}  {self._name(one)}\n")

    def take(self, number: int) -> None:
        """Choose an alternative and continue from it."""
        if self.shown is None:
            raise InputError("there is no list to choose from: a shows one.")
        at, ids = self.shown
        chosen = ids[_number(str(number), "the number", len(ids)) - 1]
        before, row = self.text.ids[:at], self._new_row()
        shown = decoder(self.model.tokenizer, after=before, skip_special_tokens=True)
        self.say("..." + shown.push(chosen))
        tokens = self._write([*before, chosen], row)
        self._go(self.text.on([Token(chosen), *tokens], row, keep=at))

    def undo(self) -> None:
        """Go back to the state before the last step."""
        if self.text.before is None:
            raise InputError("there is nothing to undo.")
        self.text, self.shown = self.text.before, None
        self.print_all()

    def branch(self, number: str) -> None:
        """List the branches, or switch to one."""
        if number:
            self.text = self.branches[_number(number, "b", len(self.branches)) - 1]
            self.shown = None
            self.print_all()
            return
        for i, one in enumerate(self.branches, 1):
            sign = "*" if one is self.text else " "
            text = self.model.tokenizer.decode(one.ids, skip_special_tokens=True)
            self.say(f"{i:>4}{sign} {len(one.tokens):>5} tokens  {_end_of(text)}\n")

    def print_all(self) -> None:
        """Print the text."""
        self.say(self.model.tokenizer.decode(self.text.ids, skip_special_tokens=True) + "\n")

    def _go(self, text: Text) -> None:
        """Move to a new text, which extends its branch or starts a new one."""
        grows = text.begin >= len(self.text.tokens)
        if grows and self.text in self.branches:
            self.branches[self.branches.index(self.text)] = text
        else:
            self.branches.append(text)
        self.text, self.shown = text, None

    def _look_up(self, at: int) -> Token:
        self._know()
        return self.text.tokens[at]

    def _know(self) -> None:
        """Compute the probabilities of tokens that were given, not generated."""
        tokens = self.text.tokens
        upto = max((i for i in range(1, len(tokens)) if tokens[i].logprob is None), default=0) + 1
        if upto == 1:
            return
        judged = self.writer.judge(self.text.ids[:upto])
        known = replace(self.text, tokens=(*judged, *tokens[upto:]))
        self.branches = [known if one is self.text else one for one in self.branches]
        self.tried |= {known} if self.text in self.tried else set()
        self.text = known

    def _name(self, token: int) -> str:
        """A token in readable form on a single line."""
        data: bytes = self.model.tokenizer.token_bytes(token)
        try:
            return repr(data.decode())
        except UnicodeDecodeError:
            return repr(data)[1:] + " (bytes)"


def run(model: Any, prompt: str, options: GenerationConfig, echo: bool) -> None:
    """Read commands from standard input until it ends."""
    for name in REFUSED:
        if getattr(options, name) != GenerationConfig.__dataclass_fields__[name].default:
            raise OptionError(f"a notebook writes only one text at a time: leave out {name}.")
    book = Notebook(model, prompt, options, lambda text: click.echo(text, nl=False))
    click.echo("Enter continues, a shows alternatives, h shows help, q quits.", err=True)
    try:
        if echo and prompt:
            book.print_all()
        for line in _lines():
            try:
                if not book.obey(line):
                    return
            except GPT2Error as error:
                click.echo(f"gpt2: {error}", err=True)
    finally:
        book.writer.close()


def _lines() -> Iterator[str]:
    """Yield lines from the terminal or a pipe; Ctrl-C at the prompt starts a new line."""
    asks = sys.stdin is not None and sys.stdin.isatty()
    if asks:
        import readline  # noqa: F401  # gives input() a history and arrow keys
    while True:
        try:
            yield input("> " if asks else "")
        except EOFError:
            click.echo("", nl=asks)
            return
        except KeyboardInterrupt:
            click.echo("", err=True)


def _start(model: Any) -> int:
    """The token that an empty text starts with."""
    options = model.generation_config
    ends = options.eos_token_id
    ids = [options.bos_token_id, *(ends if isinstance(ends, list) else [ends])]
    first = next((i for i in ids if i is not None), None)
    if first is None:
        raise InputError("the prompt is empty, and this model has no token to start from.")
    return int(first)


def _number(text: str, what: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise InputError(f"{what} requires a number from 1 to {most}, found {text!a}.")
    return int(text)


def _percent(logprob: float | None) -> str:
    return "      -" if logprob is None else f"{100 * math.exp(logprob):6.2f}%"


def _end_of(text: str, most: int = 60) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= most else "..." + line[-most:]
