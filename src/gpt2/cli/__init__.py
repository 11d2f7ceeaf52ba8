"""The command ``gpt2``: one file per command, imported when that command runs.

A command's file is named after it and defines ``command``, a click command. Results go to standard
output, everything else to standard error. The exit code is 0 for success, 1 for a failure and 2 for
a usage error.
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
from gpt2.errors import GPT2Error, GPT2Warning, InputError, OptionError, suggestion
from gpt2.extras import needed

# Group -> command -> its line in `gpt2 --help`, and an example. The file name is the command name
# with underscores.
GROUPS = {
    "Learn": {
        "learn": ("Work through the exercises of the course.", "gpt2 learn start 0"),
    },
    "Write": {
        "generate": ("Continue a text.", 'gpt2 generate "Once upon a time" --seed 1'),
        "write": (
            "Write an article, an e-mail or a story of a given length.",
            'gpt2 write "The lighthouse" --kind story --length 200',
        ),
        "summarize": ("Summarise a text.", "gpt2 summarize report.txt"),
        "translate": (
            "Translate a document into another language.",
            "gpt2 translate letter.txt --from en --to fr -m gpt2-xl",
        ),
        "answer": (
            "Answer a question, optionally about a given text.",
            'gpt2 answer "Who wrote the letter?" --context letter.txt',
        ),
        "serve": (
            "Serve models over an OpenAI-compatible HTTP API.",
            "gpt2 serve gpt2-mini --port 8000",
        ),
        "replay": (
            "Generate a text again from its receipt or proof link and compare.",
            "gpt2 replay receipt.json",
        ),
    },
    "Text and tokens": {
        "compress": (
            "Compress any file with a model's probabilities.",
            "gpt2 compress story.txt",
        ),
        "decompress": (
            "Restore a compressed file.",
            "gpt2 decompress story.txt.g2c",
        ),
        "tokenize": ("Show how a text is split into tokens.", 'gpt2 tokenize "Hello world"'),
        "tokenizer-train": (
            "Train a byte-level BPE tokenizer on your own text.",
            "gpt2 tokenizer-train books/ -o vocabulary --vocab-size 16384",
        ),
        "prepare": (
            "Convert text into token shards for training.",
            "gpt2 prepare books/ -o tokens --tokenizer vocabulary",
        ),
    },
    "Train": {
        "plan": (
            "Estimate the memory, time and cost of training a model.",
            "gpt2 plan gpt2 --tokens 10B",
        ),
        "train": (
            "Train a model on text, from scratch or from existing weights.",
            "gpt2 train tokens -o model --steps 1000",
        ),
        "finetune": (
            "Fine-tune a model on your own text, or on prompts and completions.",
            "gpt2 finetune gpt2-mini stories.txt -o mine",
        ),
    },
    "Measure": {
        "evaluate": (
            "Evaluate a model on published benchmarks.",
            "gpt2 evaluate gpt2 --on lambada --data sets",
        ),
        "verify": (
            "Compare a model with results recorded from OpenAI's GPT-2.",
            "gpt2 verify gpt2",
        ),
        "overlap": (
            "Measure how much of a test set occurs in a training corpus.",
            "gpt2 overlap tokens test.txt",
        ),
        "scaling": (
            "Compare benchmark scores with model size.",
            "gpt2 scaling small.json large.json",
        ),
        "bench": ("Measure how fast a model runs on this machine.", "gpt2 bench --dtype int8"),
    },
    "Many machines": {
        "merge": (
            "Combine the parts of a sharded run.",
            "gpt2 merge part-1 part-2 -o tokens",
        ),
    },
    "See inside": {
        "explain": (
            "Write an HTML page that runs a model and shows how it works.",
            'gpt2 explain "Once upon a time" -o gpt2.html',
        ),
    },
    "Model files": {
        "quantize": (
            "Quantize a model and report the loss in quality.",
            "gpt2 quantize gpt2 -o gpt2-int8 --dtype int8",
        ),
        "convert": ("Convert a model to another file format.", "gpt2 convert gpt2 -o gpt2.gguf"),
        "info": (
            "Show information about a model, or about this installation.",
            "gpt2 info gpt2-mini",
        ),
    },
}
COMMANDS = {name: line for group in GROUPS.values() for name, (line, _) in group.items()}


class _Commands(click.Group):
    """A group that knows the names of its commands and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gpt2.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        example = next(group[cmd_name][1] for group in GROUPS.values() if cmd_name in group)
        command.epilog = f"\b\nExample:\n  {example}"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise click.UsageError(
                f"there is no command {name!r}.{suggestion(name, COMMANDS)}", ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, group in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (line, _) in group.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gpt2")
def gpt2() -> None:
    """Run, train, fine-tune and measure GPT-2 models.

    `gpt2 COMMAND --help` shows the options of a command and an example.
    """


def _show_ours(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Show our warnings as one line in terms of the command line, and others unchanged."""

    def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, GPT2Warning):
            otherwise(message, category, *place, **more)
            return
        from gpt2.cli.options import in_options

        print(f"gpt2: {in_options(str(message))}", file=sys.stderr)

    return show


def main() -> None:
    """Run the command line; an expected error is one line on standard error and an exit code."""
    warnings.showwarning = _show_ours(warnings.showwarning)
    try:
        with needed(" ".join(["gpt2", *sys.argv[1:2]])), streams.flushing():
            gpt2(standalone_mode=False)
    except click.ClickException as error:
        with streams.surviving():
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `gpt2 ... | head`: the reader has closed the pipe
        sys.exit(1)
    except (GPT2Error, OSError, MemoryError, RecursionError, UnicodeEncodeError) as error:
        from gpt2.cli.options import in_options

        with streams.surviving():
            print(f"gpt2: {in_options(streams.words(error))}", file=sys.stderr)
        sys.exit(2 if isinstance(error, (OptionError, InputError)) else 1)
