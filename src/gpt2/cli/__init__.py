"""The command ``gpt2``: one file a command, imported when that command runs.

A command's file is named after it and holds ``command``, a click command. Results go to standard
output, everything else to standard error; the exit code is 0, 1 (it failed) or 2 (it was asked
wrongly).
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from typing import Any

import click

from gpt2 import __version__
from gpt2.cli import streams
from gpt2.errors import GPT2Error, GPT2Warning, InputError, OptionError
from gpt2.extras import needed

# Command -> the line `gpt2 --help` shows for it. The file is the name with underscores.
COMMANDS = {
    "generate": "Continue a text.",
    "replay": "Generate a text again from its receipt and compare.",
    "summarize": "Give the gist of a text.",
    "translate": "Put a document into another language.",
    "answer": "Answer a question, about a text or without one.",
    "write": "Write an article, an e-mail or a story of a given length.",
    "serve": "Answer requests over HTTP, as OpenAI's interface does.",
    "tokenize": "Show how a text becomes tokens.",
    "tokenizer-train": "Learn a byte-level BPE vocabulary from your own text.",
    "prepare": "Make token shards of text, for training.",
    "train": "Train a model on text, from new weights or from a model's.",
    "finetune": "Teach a model your own text, or prompts and completions.",
    "plan": "Tell what training a model would take: memory, days, the command.",
    "evaluate": "Measure a model on published test sets.",
    "verify": "Hold a model against what was recorded from OpenAI's GPT-2.",
    "overlap": "Tell how much of a test set stands in a training corpus.",
    "scaling": "Hold task scores against model size.",
    "quantize": "Store a model in fewer bits a weight; tell what that costs.",
    "convert": "Write a model in another file format.",
    "bench": "Measure how fast a model runs here.",
    "info": "Tell what a model is, or what is installed here.",
}


class _Commands(click.Group):
    """A group that knows its commands' names and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gpt2.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gpt2")
def gpt2() -> None:
    """GPT-2 whole: run it, train it, adapt it, measure it."""


def _told(otherwise: Callable[..., None]) -> Callable[..., None]:
    """A warning of ours as one line, in the command line's words; any other as it was."""

    def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, GPT2Warning):
            otherwise(message, category, *place, **more)
            return
        from gpt2.cli.options import spoken

        print(f"gpt2: {spoken(str(message))}", file=sys.stderr)

    return show


def main() -> None:
    """Run the command line: what a user can meet is one line on standard error, and a code."""
    warnings.showwarning = _told(warnings.showwarning)
    try:
        with needed(" ".join(["gpt2", *sys.argv[1:2]])), streams.flushed():
            gpt2(standalone_mode=False)
    except click.ClickException as error:
        with streams.kept():
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `gpt2 ... | head`: the reader has left
        sys.exit(1)
    except (GPT2Error, OSError, MemoryError, RecursionError, UnicodeEncodeError) as error:
        from gpt2.cli.options import spoken

        with streams.kept():
            print(f"gpt2: {spoken(streams.words(error))}", file=sys.stderr)
        sys.exit(2 if isinstance(error, (OptionError, InputError)) else 1)
