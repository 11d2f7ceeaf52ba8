"""Options are declared once: validation, the command line and the documentation follow.

``python -m tests.test_options`` writes the tables of docs/reference anew.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Literal

import click
import pytest
from click.testing import CliRunner

from gpt2.cli.options import drop_unset, options_of
from gpt2.errors import OptionError
from gpt2.generation import GenerationConfig
from gpt2.options import check_names, describe, markdown_table, option, validate
from gpt2.serving.settings import ServeOptions
from gpt2.training.config import TrainingConfig

DOCUMENTED = {
    "generation.md": GenerationConfig,
    "serving.md": ServeOptions,
    "training.md": TrainingConfig,
}
REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
START, END = "<!-- options: generated -->\n", "<!-- /options -->\n"


@dataclasses.dataclass
class Paint:
    """Options of a made-up command."""

    coats: int = option(1, "How many coats.", minimum=1, maximum=9, off=1)
    gloss: float | None = option(None, "How shiny.", above=0, below=1)
    colour: Literal["red", "blue"] = option("red", "Which colour.")
    primer: bool = option(False, "Whether to prime first.", off=False)
    words: str | list[str] | None = option(None, "What to write.")
    brush: str = option("flat", "Which brush.", choices=("flat", "round"))
    hidden: int = option(0, "Not for the command line.", cli=False)


def renewed(text: str, cls: type) -> str:
    before, rest = text.split(START)
    return before + START + markdown_table(cls) + END + rest.split(END)[1]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_documentation_has_the_options_as_they_are(name: str) -> None:
    text = (REFERENCE / name).read_text("utf-8")
    assert text == renewed(text, DOCUMENTED[name]), "run: python -m tests.test_options"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"coats": 0}, "coats must be at least 1 and at most 9, found 0."),
        ({"coats": 10}, "coats must be at least 1 and at most 9, found 10."),
        ({"coats": 1.5}, "coats must be an integer, found 1.5."),
        ({"coats": True}, "coats must be an integer, found True."),
        ({"gloss": 0}, "gloss must be above 0 and below 1, found 0."),
        ({"gloss": math.nan}, "gloss must be above 0 and below 1, found nan."),
        ({"gloss": 1}, "gloss must be above 0 and below 1, found 1."),
        ({"gloss": "much"}, "gloss must be a number, found 'much'."),
        ({"colour": "green"}, "colour must be 'red' or 'blue', found 'green'."),
        ({"primer": 1}, "primer must be True or False, found 1."),
        ({"words": [3]}, "words must be a string or a list of strings, found [3]."),
        ({"brush": "wide"}, "brush must be one of ['flat', 'round'], found 'wide'."),
    ],
)
def test_a_value_out_of_bounds_says_what_is_allowed(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as error:
        validate(Paint(**values))
    assert str(error.value) == message


def test_values_within_bounds_pass() -> None:
    validate(Paint(coats=9, gloss=0.5, colour="blue", primer=True, words=["a"], brush="round"))
    validate(Paint(words="a"))


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(OptionError, match=r"no option 'color'. Did you mean 'colour'"):
        check_names(Paint, ["coats", "color"])


def test_types_in_words() -> None:
    assert describe(int | list[int] | None) == "an integer or a list of integers"


def ran(*args: str) -> Any:
    found: dict[str, Any] = {}

    @click.command()
    @options_of(Paint, defaults={"coats": 2}, aliases={"colour": ["-c"]})
    def command(**values: Any) -> None:
        found.update(drop_unset(values))

    result = CliRunner().invoke(command, list(args))
    return result.output if result.exit_code or "--help" in args else found


def test_the_command_line_passes_on_what_was_said_and_no_more() -> None:
    assert ran() == {}
    line = "--coats 3 --gloss 0.5 -c blue --primer --words a --words b --brush round"
    assert ran(*line.split()) == {
        "coats": 3, "gloss": 0.5, "colour": "blue", "primer": True, "words": ["a", "b"],
        "brush": "round",
    }  # fmt: skip
    assert ran("--no-primer") == {"primer": False}


def test_the_help_shows_bounds_and_the_commands_own_default() -> None:
    text = " ".join(ran("--help").split())
    assert "How many coats. [default: 2; at least 1 and at most 9]" in text
    assert "-c, --colour [red|blue]" in text
    assert "hidden" not in text
    assert "is not one of" in ran("--colour", "green")


if __name__ == "__main__":
    for file, options in DOCUMENTED.items():
        path = REFERENCE / file
        path.write_text(renewed(path.read_text("utf-8"), options), "utf-8")
