"""``gpt2 prepare``: convert text into token shards for training."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import AS_JSON, QUIET, drop_unset, next_step, options_of, say
from gpt2.cli.places import NAME, PATH_OR_ADDRESS
from gpt2.cli.progress import Progress
from gpt2.cli.sharding import Sharded, next_of
from gpt2.data.preparation import PrepareConfig
from gpt2.files.remote import address_of, is_remote

if TYPE_CHECKING:
    from gpt2.data import Manifest
    from gpt2.data.preparation import Tick
    from gpt2.parts import Shard


@click.command("prepare", cls=Sharded)
@click.argument("names", nargs=-1, required=True, metavar="SOURCE...", type=NAME)
@click.option("-o", "--output", required=True, type=PATH_OR_ADDRESS, help="Folder to write.")
@click.option("--tokenizer", default="gpt2-mini", type=NAME, show_default=True,
              help="Tokenizer to use: the name or folder of a tokenizer or model.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Start over even if the folder is not empty.")
@AS_JSON
@QUIET
@options_of(PrepareConfig)
def command(
    names: tuple[str, ...],
    output: Path,
    tokenizer: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    shard: Shard | None,
    **options: Any,
) -> None:
    """Convert SOURCE... into token shards for training.

    A SOURCE is a text file, a folder, an archive (.tar or .zip, also compressed: .gz, .xz, .bz2,
    .zst), JSON Lines, JSON, CSV, TSV, Parquet, HTML, WARC, - for standard input, or a dataset of
    the Hugging Face Hub as hub:NAME[:CONFIG[:SPLIT]]. Each document ends with <|endoftext|>, which
    also separates the documents of a text file. Sources and the output folder may be addresses that
    fsspec supports, such as s3://bucket/texts/. If killed, the same command resumes where it
    stopped.
    """
    from gpt2.data import prepare
    from gpt2.tokenizer import Tokenizer

    config = PrepareConfig(**drop_unset(options))
    begin = time.perf_counter()
    with Progress("preparing", unit="source bytes", quiet=quiet) as shown:

        def tick(now: Tick) -> None:
            shown.what = f"{now.documents:,} documents, {now.tokens:,} tokens"
            shown.tick(now.read, now.total)

        manifest = prepare(
            names,
            output,
            Tokenizer.from_pretrained(tokenizer),
            config,
            overwrite=overwrite,
            shard=shard,
            progress=tick,
            note=lambda line: say(f"note: {line}", quiet),
        )
    seconds = time.perf_counter() - begin
    say(f"{address_of(output)}: {describe(manifest)} in {seconds:.1f} s", quiet)
    next_step(*([next_of(shard)] if shard else train_on(output)), quiet=quiet)
    if as_json:
        tell_manifest(output)


def tell_manifest(output: Path) -> None:
    """Print the manifest of a prepared folder as one line of JSON."""
    click.echo(json.dumps(json.loads((output / "manifest.json").read_text("utf-8"))))


def train_on(output: Path) -> tuple[str, str]:
    """The next step after a complete preparation; training reads only local folders."""
    name = address_of(output)
    if is_remote(name):
        return "gpt2 train FOLDER -o MODEL, after copying {} to FOLDER", name
    return "gpt2 train {} -o MODEL", name


def describe(manifest: Manifest) -> str:
    """The manifest in a few lines, with what to know before training."""
    from gpt2.data.encode import SPLITS

    parts = [
        f"{split}: {content.documents:,} documents, {content.tokens:,} tokens"
        for split, content in manifest.splits.items()
        if split in SPLITS
    ]
    if manifest.part:
        parts.insert(0, f"shard {manifest.part.shard}")
    counts = manifest.counts
    left_out = [f"{counts[name]:,} {name}" for name in ("empty", "duplicates") if counts[name]]
    lines = ["; ".join(parts) + (f" ({', '.join(left_out)} skipped)" if left_out else "")]
    if counts["undecodable"]:
        lines.append(
            f"note: {counts['undecodable']:,} documents contain U+FFFD, which replaces invalid "
            "bytes; try another --encoding"
        )
    held = manifest.splits["validation"].tokens or manifest.part
    if not held and manifest.options["validation"]:
        lines.append("note: no document is in the validation split; try --validation-by tail")
    return "\n".join([lines[0], *lines[1:]])
