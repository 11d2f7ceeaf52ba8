"""``gpt2 generate``: generate text."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from gpt2.cli.options import AS_JSON, MODEL, QUIET, drop_unset, options_of, say, take
from gpt2.cli.places import PATH
from gpt2.cli.streams import decode, standard_text
from gpt2.errors import InputError, OptionError
from gpt2.files import read_bytes
from gpt2.generation import LanguageModel
from gpt2.generation.config import GenerationConfig
from gpt2.generation.stopping import Stopping
from gpt2.generation.streaming import decoder
from gpt2.generation.structured import StructureOptions, constrain
from gpt2.loading import LoadOptions, load

# Sampling that neither repeats nor drifts; library calls keep transformers' greedy default.
SAMPLING = {"do_sample": True, "temperature": 0.8, "top_k": 40}
LENGTH = {"max_new_tokens": 100}  # fewer if the context ends sooner
SEVERAL = ("num_beams", "num_return_sequences")  # above 1 the text is known only at the end


@click.command()
@click.argument("prompt", required=False)
@click.option("-f", "--file", type=PATH, help="Read PROMPT from a file.")
@MODEL
@options_of(LoadOptions)
@click.option("-i", "--interactive", is_flag=True,
              help="Open a notebook: continue, choose alternatives, undo, branch.")  # fmt: skip
@click.option("--receipt", type=PATH,
              help="File for a receipt, with which gpt2 replay can verify the text.")  # fmt: skip
@AS_JSON
@click.option(
    "--echo/--no-echo", default=True, help="Print the prompt before the text. [default: yes]"
)
@QUIET
@options_of(
    GenerationConfig,
    defaults={**SAMPLING, **LENGTH},
    aliases={"num_return_sequences": ["-n"], "stop_strings": ["--stop"]},
)
@options_of(StructureOptions)
def command(
    prompt: str | None,
    file: Path | None,
    model: str,
    interactive: bool,
    receipt: Path | None,
    as_json: bool,
    echo: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Continue PROMPT, or start a new text if there is no prompt.

    The prompt is read from standard input if PROMPT is "-" or if input is piped in. By default,
    tokens are sampled at temperature 0.8 from the 40 most probable ones; --temperature 0 decodes
    greedily, --num-beams searches. The seed is printed to standard error, and the same seed
    reproduces the text.
    """
    _check_interactive(interactive, prompt, as_json, receipt)
    text = (prompt or "") if interactive and file is None else _prompt(prompt, file)
    loading = take(LoadOptions, values)
    structure = StructureOptions(**take(StructureOptions, values))
    asked = greedy_at_zero(drop_unset(values))
    config = GenerationConfig(**with_defaults(asked))  # report errors before loading
    shaped = structure != StructureOptions()
    if interactive and shaped:
        raise OptionError("a notebook cannot have a structure: leave out one of them.")
    if receipt is not None:
        from gpt2.receipt import check_options

        if shaped:
            raise OptionError("a receipt cannot record a structure: leave out one of them.")
        check_options(config)
    loaded = load(model, **loading)
    defaults = loaded.generation_config.to_dict()
    options = with_defaults(
        {**{name: defaults[name] for name in SEVERAL if name in defaults}, **asked}
    )
    if loaded.tokenizer is None:
        raise InputError(f"{model} has no tokenizer next to its weights, so it cannot read text.")
    if "max_new_tokens" not in drop_unset(values) and options.get("long") != "window":
        room = loaded.config.n_positions + 1 - max(1, len(loaded.tokenizer.encode_prompt(text)))
        options["max_new_tokens"] = min(LENGTH["max_new_tokens"], max(1, room))
    if interactive:
        from gpt2.cli.notebook import run

        run(loaded, text, loaded._resolve(None, options), echo)
        return
    start = time.perf_counter()
    several = max(options.get(name, 1) for name in SEVERAL) > 1
    if as_json or several or shaped:
        processor = constrain(loaded, structure)
        texts = _write(loaded, text, options, [processor] if processor else [])
        _show(texts, {"model": model, "prompt": text, "options": options}, as_json, echo)
        ids = [t["ids"] for t in texts]
    else:
        ids = [_stream(loaded, text, options, echo)]
    tokens = sum(map(len, ids))
    if receipt is not None:
        from gpt2.receipt import make, write

        prompt_ids = loaded.tokenizer.encode_prompt(text)
        write(receipt, make(loaded, model, prompt_ids, ids, options, text))
    say(_note(tokens, time.perf_counter() - start, options), quiet)


def _check_interactive(on: bool, prompt: str | None, as_json: bool, receipt: Path | None) -> None:
    if on and prompt == "-":
        raise OptionError(
            "a notebook reads its commands from standard input: give the prompt with --file."
        )
    if on and (as_json or receipt is not None):
        raise OptionError("-i supports neither JSON nor a receipt: leave out one of them.")


def greedy_at_zero(options: dict[str, Any]) -> dict[str, Any]:
    """Turn temperature 0 into greedy decoding, as in other programs."""
    if options.get("temperature") != 0:
        return options
    if options.get("do_sample"):
        raise OptionError("--temperature 0 means greedy decoding: leave out --do-sample.")
    return {n: v for n, v in options.items() if n != "temperature"} | {"do_sample": False}


def with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    """The user's options, plus the defaults of the command that are compatible with them."""
    searches = options.get("num_beams", 1) > 1 and not options.get("do_sample", False)
    sampling = {} if searches or not options.get("do_sample", True) else dict(SAMPLING)
    merged = {**LENGTH, **sampling, **options}
    if merged.get("do_sample") and "seed" not in merged:
        merged["seed"] = int.from_bytes(os.urandom(4), "little")
    return merged


def _prompt(prompt: str | None, file: Path | None) -> str:
    if file is not None and prompt is not None:
        raise OptionError("give the prompt either as PROMPT or with --file, not both.")
    if prompt is not None and prompt != "-":
        return prompt
    if file is None and prompt is None and (sys.stdin is None or sys.stdin.isatty()):
        return ""
    text = standard_text() if file is None else decode(read_bytes(file), str(file))
    # a byte order mark and Windows line ends are the file's, not the text's
    return text.removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n")


def _stream(model: LanguageModel, prompt: str, options: dict[str, Any], echo: bool) -> list[int]:
    """Print the text while it is generated; returns the new tokens."""
    ids = model.tokenizer.encode_prompt(prompt)
    text = decoder(model.tokenizer, after=ids, skip_special_tokens=True)
    steps = model.stream(ids or None, **options)
    tokens: list[int] = []
    try:
        click.echo(prompt if echo else "", nl=False)
        for token in steps:
            tokens.append(token)
            click.echo(text.push(token), nl=False)
    finally:  # end the line, also after Ctrl-C
        click.echo(text.flush())
    return tokens


def _write(
    model: LanguageModel, prompt: str, options: dict[str, Any], processors: list[Any]
) -> list[dict[str, Any]]:
    """Generate all texts at once: the new text, its ids and the finish reason."""
    from gpt2.receipt import generate_ids

    tokenizer = model.tokenizer
    ids = tokenizer.encode_prompt(prompt)
    stopping = Stopping(model._resolve(None, options), tokenizer)
    texts = []
    for new in generate_ids(model, ids, {**options, "logits_processor": processors}):
        stopped = len(new) < options["max_new_tokens"] or stopping.ending([*ids, *new])
        texts.append({"text": tokenizer.decode(new, skip_special_tokens=True), "ids": new,
                      "finish_reason": "stop" if stopped else "length"})  # fmt: skip
    return texts


def _show(texts: list[dict[str, Any]], head: dict[str, Any], as_json: bool, echo: bool) -> None:
    if as_json:
        click.echo(json.dumps({**head, "texts": texts}, ensure_ascii=False))
    else:
        before = head["prompt"] if echo else ""
        click.echo("\n---\n".join(before + text["text"] for text in texts))


def _note(tokens: int, seconds: float, options: dict[str, Any]) -> str:
    seed = f", seed {options['seed']}" if "seed" in options else ""
    return f"{tokens} tokens in {seconds:.1f} s ({tokens / max(seconds, 1e-9):.0f} tokens/s){seed}"
