"""``gpt2 convert``: write a model in another file format."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import QUIET, Precision, next_step, say
from gpt2.cli.places import FILE_SIZE, NAME, OVERWRITE, PATH, SHARD_SIZE, check_free
from gpt2.errors import OptionError, UnsupportedError
from gpt2.precision import STORED, TORCH, short

if TYPE_CHECKING:
    from gpt2.checkpoint import Checkpoint
    from gpt2.tokenizer import Tokenizer

FORMS = ("safetensors", "bin", "nanogpt", "gguf")
SUFFIXES = {".gguf": "gguf", ".pt": "nanogpt"}
DTYPES = (*TORCH, "q8_0")


@click.command()
@click.argument("source", type=NAME)
@click.option("-o", "--output", required=True, type=PATH,
              help="Folder to write; for nanogpt and gguf also a file.")  # fmt: skip
@click.option(
    "--to",
    "form",
    type=click.Choice(FORMS),
    help="Output format. [default: from the output's name, else safetensors]",
)
@click.option(
    "--dtype",
    type=Precision(DTYPES),
    help="Precision of the weights; q8_0 is only for gguf. [default: unchanged]",
)
@SHARD_SIZE
@OVERWRITE
@QUIET
def command(
    source: str,
    output: Path,
    form: str | None,
    dtype: str | None,
    shard_size: str,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Convert the model SOURCE to another file format.

    SOURCE is a folder, a file or a name; it may be safetensors, pytorch_model.bin, nanoGPT's
    ckpt.pt or OpenAI's TensorFlow checkpoint. The output formats are safetensors and bin (both for
    transformers), nanogpt (ckpt.pt) and gguf (llama.cpp). The tokenizer is converted too.
    """
    form = form or SUFFIXES.get(output.suffix, "safetensors")
    check_free(output, overwrite)
    if form == "nanogpt" and output.suffix in SUFFIXES and not overwrite:
        _check_beside(output)
    written = convert(source, output, form, dtype, shard_size)
    size = sum(path.stat().st_size for path in written)
    say(f"{output}: {form}, {size / 1e6:,.1f} MB", quiet)
    if form != "gguf":  # which llama.cpp reads
        next_step("gpt2 generate -m {}", output, quiet=quiet)


def convert(
    source: str, output: Path, form: str, dtype: str | None = None, shard_size: str = FILE_SIZE
) -> list[Path]:
    """Write the model; returns the paths of its weights and settings."""
    from gpt2.checkpoint import read_checkpoint, write_checkpoint
    from gpt2.checkpoint.write import replace_model
    from gpt2.files import is_same
    from gpt2.hub import resolve
    from gpt2.loading import find_tokenizer

    if dtype == "q8_0" and form != "gguf":
        raise OptionError("q8_0 is a GGUF precision: use it with --to gguf.")
    if form in SUFFIXES.values() and shard_size != FILE_SIZE:
        raise OptionError(f"{form} is always one file: leave out --shard-size.")
    place = resolve(source)
    checkpoint = read_checkpoint(place)
    tokenizer = find_tokenizer(place, source)
    if tokenizer is None:
        say(f"note: {place} has no tokenizer, so none is written")
    if form == "gguf":
        return [_to_gguf(checkpoint, tokenizer, _file(output, "model.gguf"), dtype)]
    stored = _round(checkpoint, dtype)
    in_place = is_same(output, place if place.is_dir() else place.parent)
    beside = in_place or (form == "nanogpt" and output.suffix in SUFFIXES)
    # other files next to a single file, or of the model itself, stay
    with contextlib.nullcontext(output) if beside else replace_model(output) as target:
        if form == "nanogpt":
            written = [_to_nanogpt(checkpoint, stored, _file(target, "ckpt.pt"))]
        else:
            written = write_checkpoint(
                target,
                checkpoint.config,
                stored if form == "safetensors" else _torch(stored),
                max_shard_size=shard_size,
                safe_serialization=form == "safetensors",
                generation_config=checkpoint.generation_config,
                sidecar=checkpoint.sidecar,
            )
        if tokenizer is not None:
            tokenizer.save_pretrained(written[0].parent)
    return written if beside else [output / path.name for path in written]


def _check_beside(path: Path) -> None:
    """Raise `OptionError` if files of another model would be overwritten or read with ``path``."""
    from gpt2.hub import SETTINGS, TOKENIZER

    # nanoGPT's file has its own configuration
    names = [name for name in (*SETTINGS, *TOKENIZER) if name != "config.json"]
    there = next((name for name in names if any(path.parent.glob(name))), None)
    if there is not None:
        raise OptionError(
            f"{path.parent} contains {there}, which would be overwritten or read with "
            f"{path.name}: choose another folder, or use --overwrite."
        )


def _file(output: Path, name: str) -> Path:
    return output if output.suffix in SUFFIXES else output / name


def _round(checkpoint: Checkpoint, dtype: str | None) -> dict[str, Any]:
    """The tensors as stored, or converted to ``dtype``."""
    stored = checkpoint.stored
    if checkpoint.quantization and dtype is None:
        dtype = "fp32"
        say(f"note: {checkpoint.path} is {checkpoint.quantization}; written as fp32")
    if dtype is None:
        return dict(stored)
    return {name: tensor.round_to(STORED[short(dtype)], name) for name, tensor in stored.items()}


def _torch(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: tensor.torch() for name, tensor in stored.items()}


def _to_nanogpt(checkpoint: Checkpoint, stored: dict[str, Any], path: Path) -> Path:
    from gpt2.checkpoint.pickled import to_nanogpt
    from gpt2.checkpoint.write import save_torch
    from gpt2.files import atomic

    content = to_nanogpt(checkpoint.config, _torch(stored))
    if checkpoint.config.activation_function != "gelu":
        click.echo(
            "note: nanoGPT computes the exact GELU, but this model uses an approximation", err=True
        )
    with atomic(path) as part:
        save_torch(part, content)
    return path


def _to_gguf(
    checkpoint: Checkpoint, tokenizer: Tokenizer | None, path: Path, dtype: str | None
) -> Path:
    from gpt2.checkpoint.gguf import write_gguf

    stored = short(checkpoint.dtype) if short(checkpoint.dtype) in TORCH else "fp32"
    words: dict[str, Any] = {}
    if tokenizer is not None and tokenizer.KIND != "BPE":
        raise UnsupportedError(
            "this model's WordPiece tokenizer cannot be stored in GGUF, since llama.cpp's own "
            "always lower-cases its input: convert a copy of the folder without vocab.txt and "
            "tokenizer.json, and pass token ids to llama.cpp."
        )
    if tokenizer is not None:
        words["vocabulary"] = (tokenizer.get_vocab(), tokenizer.merges)
        words["special"] = tokenizer.all_special_ids
        words["added"] = list(tokenizer.added_tokens_decoder)
        words["add_bos"] = bool(getattr(tokenizer, "add_bos_token", False))
    write_gguf(path, checkpoint.config, checkpoint.tensors, dtype=dtype or stored, **words)
    return path
