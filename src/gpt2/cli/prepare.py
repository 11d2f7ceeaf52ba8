"""``gpt2 prepare``: text to token shards for training."""

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
@click.option("-o", "--output", required=True, type=PATH_OR_ADDRESS, help="A folder.")
@click.option("--tokenizer", default="gpt2-mini", type=NAME, show_default=True,
              help="A model's or tokenizer's name or folder.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever the folder holds.")
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
    """Make token shards of SOURCE..., for training.

    A SOURCE is a text file, a folder, an archive (.tar, .zip, also compressed: .gz, .xz, .bz2,
    .zst), JSON lines, JSON, Parquet, HTML, WARC, - for standard input, or a set of the hub as
    hub:NAME[:CONFIG[:SPLIT]]. Documents end with <|endoftext|>; in a text file that also parts
    them. Sources and the folder may be addresses that fsspec reads (s3://bucket/texts/). Killed at
    any moment, the same command resumes where it was.
    """
    from gpt2.data import prepare
    from gpt2.tokenizer import Tokenizer

    config = PrepareConfig(**drop_unset(options))
    begin = time.perf_counter()
    with Progress("preparing", unit="bytes of the sources", quiet=quiet) as shown:

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
    next_step(next_of(shard) or train_on(output), quiet)
    if as_json:
        click.echo(json.dumps(json.loads((output / "manifest.json").read_text("utf-8"))))


def train_on(output: Path) -> str:
    """The command after a preparation that is whole; training reads folders of this machine."""
    name = address_of(output)
    if is_remote(name):
        return f"gpt2 train FOLDER -o MODEL, where {name} is copied to FOLDER"
    return f"gpt2 train {name} -o MODEL"


def describe(manifest: Manifest) -> str:
    """The manifest in a few lines, with what a user should know before training."""
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
    lines = ["; ".join(parts) + (f" ({', '.join(left_out)} left out)" if left_out else "")]
    if counts["undecodable"]:
        lines.append(
            f"note: {counts['undecodable']:,} documents hold U+FFFD, the sign for bytes that are "
            "no text; another --encoding may be right"
        )
    held = manifest.splits["validation"].tokens or manifest.part
    if not held and manifest.options["validation"]:
        lines.append("note: no document fell into the validation split (--validation-by tail)")
    return "\n".join([lines[0], *lines[1:]])
