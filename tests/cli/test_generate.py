"""``gpt2 generate`` as a user runs it, on a small model in a folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gpt2.checkpoint import write_checkpoint
from gpt2.cli.generate import command, with_defaults
from gpt2.cli.options import in_options
from gpt2.config import GPT2Config
from gpt2.errors import ContextLengthError, MissingFileError, OptionError
from gpt2.loading import load
from gpt2.tokenizer import GPT2Tokenizer
from tests.native.models import random_weights
from tests.tiny import END, write_tiny

PROMPT = "The quick brown fox 狐"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model with a vocabulary of its own."""
    place = tmp_path_factory.mktemp("model")
    write_tiny(place, std=0.4, vocab_size=END + 1, n_embd=16, n_layer=1, n_head=2)
    return place


def gpt2(*args: Any, text: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(command, [str(a) for a in args], input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def on(folder: Path, *args: Any) -> list[Any]:
    return ["--model", folder, "--engine", "reference", *args]


def test_it_writes_on_from_the_prompt(folder: Path) -> None:
    result = gpt2(*on(folder, PROMPT, "--seed", 1, "--max-new-tokens", 12))
    want = load(folder, engine="reference").generate(
        PROMPT, seed=1, max_new_tokens=12, do_sample=True, temperature=0.8, top_k=40
    )
    assert result.stdout == want + "\n"
    assert "12 tokens in" in result.stderr
    assert "seed 1" in result.stderr


def test_a_seed_that_was_shown_gives_the_text_again(folder: Path) -> None:
    first = gpt2(*on(folder, PROMPT))
    seed = first.stderr.strip().rsplit(" ", 1)[1]
    assert gpt2(*on(folder, PROMPT, "--seed", seed)).stdout == first.stdout
    assert gpt2(*on(folder, PROMPT, "--seed", int(seed) + 1)).stdout != first.stdout


def test_the_prompt_may_come_from_standard_input(folder: Path) -> None:
    given = gpt2(*on(folder, PROMPT, "--seed", 1)).stdout
    assert gpt2(*on(folder, "-", "--seed", 1), text=PROMPT + "\n").stdout == given
    assert gpt2(*on(folder, "--seed", 1), text=PROMPT).stdout == given


def test_only_the_new_part(folder: Path) -> None:
    both = [gpt2(*on(folder, PROMPT, "--seed", 1, "-q", echo)) for echo in ("--echo", "--no-echo")]
    assert both[0].stdout == PROMPT + both[1].stdout
    assert both[0].stderr == ""


def test_several_texts(folder: Path) -> None:
    texts = gpt2(*on(folder, PROMPT, "-n", 3, "--seed", 1)).stdout.split("\n---\n")
    assert len(set(texts)) == 3
    assert all(text.startswith(PROMPT) for text in texts)
    assert texts[0] == gpt2(*on(folder, PROMPT, "--seed", 1)).stdout.removesuffix("\n")


def test_a_model_that_searches_by_its_own_options(folder: Path, tmp_path: Path) -> None:
    place = shutil.copytree(folder, tmp_path / "m")
    (place / "generation_config.json").write_text('{"num_beams": 3}')
    found = gpt2(*on(place, PROMPT, "--max-new-tokens", 6)).stdout
    assert found == gpt2(*on(folder, PROMPT, "--num-beams", 3, "--max-new-tokens", 6)).stdout
    drawn = gpt2(*on(place, PROMPT, "--num-beams", 1, "--seed", 1)).stdout
    assert drawn == gpt2(*on(folder, PROMPT, "--seed", 1)).stdout
    (place / "generation_config.json").write_text('{"num_return_sequences": 2, "do_sample": true}')
    assert len(gpt2(*on(place, PROMPT)).stdout.split("\n---\n")) == 2


def test_json_holds_no_padding_after_a_stop_string(folder: Path, tmp_path: Path) -> None:
    model = load(folder, engine="reference")
    said = ("--seed", 2, "-n", 6, "--max-new-tokens", 30, "--json")
    plain = json.loads(gpt2(*on(folder, PROMPT, *said)).stdout)["texts"]
    letter = next(c for c in plain[0]["text"] if c.isascii() and c.isprintable())
    padded = shutil.copytree(folder, tmp_path / "model")
    pad = {"pad_token_id": model.tokenizer.encode("fox")[0]}
    (padded / "generation_config.json").write_text(json.dumps(pad))
    cut = gpt2(*on(padded, PROMPT, *said, "--stop", letter))
    texts = json.loads(cut.stdout)["texts"]
    assert len({len(text["ids"]) for text in texts}) > 1
    for before, after in zip(plain, texts, strict=True):
        n = len(after["ids"])
        assert after["ids"] == before["ids"][:n]
        assert n == 30 or letter in after["text"]
        assert letter not in model.tokenizer.decode(after["ids"][:-1])
    limit = min(len(text["ids"]) for text in texts)  # a stop string met by the last token counts
    cut = gpt2(*on(padded, PROMPT, *said, "--stop", letter, "--max-new-tokens", limit))
    short = json.loads(cut.stdout)["texts"]
    reasons = ["stop" if letter in text["text"] else "length" for text in short]
    assert [text["finish_reason"] for text in short] == reasons
    assert set(reasons) == {"stop", "length"}


def test_json_for_programs(folder: Path) -> None:
    args = ("--json", "--seed", 2, "-n", 2, "--max-new-tokens", 5)
    result = json.loads(gpt2(*on(folder, PROMPT, *args)).stdout)
    assert (result["prompt"], result["options"]["seed"]) == (PROMPT, 2)
    tokenizer = GPT2Tokenizer.from_pretrained(folder)
    for text in result["texts"]:
        assert text["text"] == tokenizer.decode(text["ids"], skip_special_tokens=True)
        assert text["finish_reason"] == ("length" if len(text["ids"]) == 5 else "stop")


def test_no_prompt_begins_a_new_text(folder: Path) -> None:
    result = gpt2(*on(folder, "", "--no-do-sample", "--max-new-tokens", 4))
    engine = load(folder, engine="reference")
    assert result.stdout == engine.generate("", max_new_tokens=4) + "\n"


def test_a_stop_string_ends_it(folder: Path) -> None:
    args = on(folder, PROMPT, "--seed", 1, "--no-echo")
    plain = gpt2(*args).stdout
    stop = next(letter for letter in plain if letter.isascii() and letter.isalpha())
    cut = gpt2(*args, "--stop", stop).stdout
    assert plain.startswith(cut.removesuffix("\n"))
    assert stop in cut
    assert len(cut) < len(plain)


def test_temperature_zero_takes_the_most_probable(folder: Path) -> None:
    want = gpt2(*on(folder, PROMPT, "--no-do-sample", "--max-new-tokens", "9")).stdout
    assert gpt2(*on(folder, PROMPT, "--temperature", "0", "--max-new-tokens", "9")).stdout == want


def test_a_device_of_the_torch_engine(folder: Path) -> None:
    said = [PROMPT, "--temperature", "0", "--max-new-tokens", "9"]
    torch_said = ["--model", folder, "--engine", "torch", "--device", "cpu", *said]
    assert gpt2(*torch_said).stdout == gpt2(*on(folder, *said)).stdout
    for device in ("cuda:99", "teapot"):
        with pytest.raises(OptionError, match=f"the device '{device}' cannot be used here"):
            load(folder, engine="torch", device=device)


@pytest.mark.parametrize(
    ("library", "line"),
    [
        ("say long='window' to go on", "say --long window to go on"),
        ("say do_sample=False.", "say --no-do-sample."),
        ("temperature must be above 0", "--temperature must be above 0"),
        ("num_return_sequences above 1 needs do_sample=True or num_beams: greedy",
         "--num-return-sequences above 1 needs --do-sample or --num-beams: greedy"),
        ("top_p=0.5 has no effect", "--top-p 0.5 has no effect"),
        ("say engine='torch'.", "say --engine torch."),
        ("a long text of my_seed", "a long text of my_seed"),
    ],
)  # fmt: skip
def test_messages_speak_of_the_command_lines_options(library: str, line: str) -> None:
    assert in_options(library) == line


def test_the_defaults_fit_what_was_said() -> None:
    assert with_defaults({"do_sample": False}) == {"max_new_tokens": 100, "do_sample": False}
    assert with_defaults({"num_beams": 2}) == {"max_new_tokens": 100, "num_beams": 2}
    drawn = with_defaults({"top_k": 5})
    assert (drawn["do_sample"], drawn["temperature"], drawn["top_k"]) == (True, 0.8, 5)
    assert 0 <= drawn["seed"] < 2**32


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (["--temperature", "-1"], OptionError, "do_sample=False"),
        (["--temperature", "0", "--do-sample"], OptionError, "leave out --do-sample"),
        (["--device", "cpu"], OptionError, "device can be used only with the torch engine"),
        (["--top-p", "2"], OptionError, "top_p must be at least 0 and at most 1"),
        (["--max-new-tokens", "500"], ContextLengthError, "long='window'"),
    ],
)
def test_a_bad_option_is_an_error(
    folder: Path, args: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        gpt2(*on(folder, PROMPT, *args))


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        gpt2(*on(tmp_path, PROMPT))


def run(*args: Any, **more: Any) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gpt2", "generate", *map(str, args)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60, **more)


def test_exit_codes_and_one_line_of_error(folder: Path) -> None:
    wrong = run(*on(folder, PROMPT, "--temperature", "-1"))
    assert "--no-do-sample" in wrong.stderr
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert len(wrong.stderr.strip().splitlines()) == 1
    assert run(PROMPT, "--no-such-option").returncode == 2
    idle = run(*on(folder, PROMPT, "--no-do-sample", "--temperature", "0.5", "-q"))
    assert idle.stderr == "gpt2: --temperature 0.5 has no effect without --do-sample.\n"
    assert run(*on(folder, "-"), input="\udcff", errors="surrogateescape").returncode == 2


def test_ctrl_c_ends_it_cleanly(folder: Path) -> None:
    line = [sys.executable, "-m", "gpt2", "generate", *map(str, on(folder, PROMPT))]
    line += ["--max-new-tokens", "1000000", "--long", "window"]
    line += ["--min-new-tokens", "1000000"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(len(PROMPT.encode()) + 5)  # it is writing
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()
        errors = process.stderr.read()
        assert process.wait(20) == 130
    assert output.endswith(b"\n")
    assert b"Traceback" not in errors


def test_what_the_engine_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    def spy(name: str, **options: Any) -> Any:
        told.update(options)
        return load(name, **options)

    monkeypatch.setattr("gpt2.cli.generate.load", spy)
    words = [
        "--engine",
        "native",
        "--dtype",
        "int8",
        "--kv-dtype",
        "int8",
        "--threads",
        1,
        "--seed",
        1,
    ]
    assert gpt2(*on(folder, *words), PROMPT).exit_code == 0
    assert told == {"engine": "native", "dtype": "int8", "kv_dtype": "int8", "threads": 1}
    with pytest.raises(OptionError, match="only with the native engine, not with reference"):
        gpt2(*on(folder, "--engine", "reference", "--threads", 2), PROMPT)
    help_text = gpt2("--help").output
    for option in ("--engine", "--dtype", "--kv-dtype", "--threads"):
        assert help_text.count(f"{option} ") == 1


@pytest.fixture(scope="module")
def slow_reader(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a context so long that reading a full one takes seconds."""
    place = tmp_path_factory.mktemp("slow")
    tokenizer = GPT2Tokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(place)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=16384, n_embd=64, n_layer=6, n_head=4
    )
    write_checkpoint(place, config, random_weights(config))
    return place


@pytest.mark.parametrize("several", [[], ["-n", "2"]], ids=str)
def test_ctrl_c_while_it_reads(slow_reader: Path, several: list[str], tmp_path: Path) -> None:
    """Before the first token: one clean line, 130, no receipt."""
    receipt = tmp_path / "receipt.json"
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("z" * 16000)
    line = [sys.executable, "-X", "importtime", "-m", "gpt2", "generate", "-", "--receipt"]
    line += [str(receipt), "--model", str(slow_reader), "--max-new-tokens", "50", *several]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with prompt.open() as text, subprocess.Popen(line, stdin=text, **pipes) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        for words in iter(process.stderr.readline, b""):  # the last import before it reads
            if b"gpt2.native.engine" in words:
                break
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 130
    assert b"Traceback" not in errors
    assert output in (b"", b"z" * 16000 + b"\n")
    assert not receipt.exists()
