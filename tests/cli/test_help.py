"""What leads a user on: examples, suggestions, the next step, options that every command spells."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from gpt2.cli import COMMANDS, GROUPS, gpt2


def command(name: str) -> click.Command:
    found = gpt2.get_command(click.Context(gpt2), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_shows_an_example_with_options_it_has(name: str) -> None:
    example = next(group[name][1] for group in GROUPS.values() if name in group)
    shown = CliRunner().invoke(gpt2, [name, "--help"]).output
    assert shown.rstrip().endswith(example)
    program, first, *rest = shlex.split(example)
    assert (program, first) == ("gpt2", name)
    one = command(name)
    one.make_parser(click.Context(one)).parse_args(rest)  # raises for an option that is not there


@pytest.mark.parametrize("name", COMMANDS)
def test_options_of_one_meaning_have_one_spelling_and_one_style_of_defaults(name: str) -> None:
    one = command(name)
    spelled = {o for p in one.params if isinstance(p, click.Option) for o in p.opts}
    for long, short in (("--model", "-m"), ("--quiet", "-q"), ("--output", "-o")):
        assert long not in spelled or short in spelled
    shown = " ".join(CliRunner().invoke(gpt2, [name, "--help"]).output.split())
    assert "(default " not in shown
    for parameter in one.params:
        text = getattr(parameter, "help", None) or ""
        assert not text.startswith(("Of ", "(", "[")), (name, parameter.name)


def test_close_names_are_suggested() -> None:
    run = CliRunner().invoke(gpt2, ["genrate", "x"])
    assert run.exit_code == 2
    assert "there is no command 'genrate'. Did you mean generate?" in run.output
    assert "Did you mean" not in CliRunner().invoke(gpt2, ["xyzzy"]).output
    run = CliRunner().invoke(gpt2, ["evaluate", "--on", "lamda"])
    assert "Did you mean lambada?" in str(run.exception)


def test_a_prompt_comes_from_a_file(tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Once upon a time\n", encoding="utf-8")
    shown = []
    windows = tmp_path / "windows.txt"
    windows.write_bytes(b"\xef\xbb\xbfOnce upon a time\r\n")
    for asked in (["-f", str(prompt)], ["-f", str(windows)], ["Once upon a time"]):
        run = CliRunner().invoke(gpt2, ["generate", *asked, "-q", "--seed", "1",
                                        "--max-new-tokens", "5"])  # fmt: skip
        assert run.exit_code == 0, run.exception
        shown.append(run.stdout)
    assert shown[0] == shown[1] == shown[2]
    windows.write_bytes("Grüße".encode("latin-1"))
    run = CliRunner().invoke(gpt2, ["generate", "-f", str(windows)])
    assert "windows.txt is not UTF-8 text (invalid" in str(run.exception)
    assert "convert it to UTF-8, for example with iconv" in str(run.exception)
    run = CliRunner().invoke(gpt2, ["generate", "-f", str(prompt), "Hi"])
    assert "give the prompt either" in str(run.exception)


def test_the_model_may_be_named_either_way() -> None:
    ways = [["gpt2-mini"], ["-m", "gpt2-mini"]]
    runs = [CliRunner().invoke(gpt2, ["info", *way]) for way in ways]
    assert runs[0].output == runs[1].output != ""
    assert "name the model either" in CliRunner().invoke(gpt2, ["info", "a", "-m", "b"]).output
    assert "name the model, " in CliRunner().invoke(gpt2, ["quantize"]).output


def test_the_next_step_is_told_and_not_where_it_is_quiet(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("a text of some words, and a few more.\n" * 50, encoding="utf-8")
    words = tmp_path / "words"
    train = ["tokenizer-train", str(text), "-o", str(words), "--vocab-size", "270"]
    run = CliRunner().invoke(gpt2, train)
    assert f"next: gpt2 prepare {text} -o TOKENS --tokenizer {words}" in run.stderr
    quiet = CliRunner().invoke(gpt2, [*train, "-q", "--overwrite"])
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    tokens = tmp_path / "tokens"
    run = CliRunner().invoke(
        gpt2, ["prepare", str(text), "-o", str(tokens), "--tokenizer", str(words)]
    )
    assert f"next: gpt2 train {tokens} -o MODEL" in run.stderr
    run = CliRunner().invoke(
        gpt2, ["convert", "gpt2-mini", "-o", str(tmp_path / "bin"), "--to", "bin"]
    )
    assert f"next: gpt2 generate -m {tmp_path / 'bin'}" in run.stderr


@pytest.mark.parametrize(
    "before",
    ["summarize", "translate", "answer --context", "generate -f", "generate -m", "replay", "train",
     "train x --from", "finetune", "finetune x", "prepare", "prepare x --tokenizer", "convert",
     "tokenizer-train", "compress", "info", "serve", "overlap", "merge"],
)  # fmt: skip
def test_files_are_completed_where_a_file_may_be_named(before: str) -> None:
    words = before.split()
    found = ShellComplete(gpt2, {}, "gpt2", "_GPT2_COMPLETE").get_completions(words, "my")
    assert [(item.type, item.value) for item in found] == [("file", "my")]


def test_the_next_step_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    text, words = tmp_path / "my text's.txt", tmp_path / "my words"
    text.write_text("a text of some words, and a few more.\n" * 50, encoding="utf-8")
    train = ["tokenizer-train", str(text), str(text), "-o", str(words), "--vocab-size", "270"]
    shown = CliRunner().invoke(gpt2, train).stderr
    line = next(one for one in shown.splitlines() if one.startswith("next: "))
    asked = ["gpt2", "prepare", str(text), str(text), "-o", "TOKENS", "--tokenizer", str(words)]
    assert shlex.split(line.removeprefix("next: ")) == asked
    run = CliRunner().invoke(gpt2, ["compress", str(text)])
    assert f"next: gpt2 decompress {shlex.quote(f'{text}.g2c')}\n" in run.stderr
    run = CliRunner().invoke(gpt2, ["learn", "start", "0", "-o", str(tmp_path / "a b.py")])
    assert f"gpt2 learn check 0 '{tmp_path / 'a b.py'}'\n" in run.stderr
    assert f"gpt2 learn check 0 '{tmp_path / 'a b.py'}'\n" in (tmp_path / "a b.py").read_text()
