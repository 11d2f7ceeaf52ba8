"""``gpt2 merge``: merge the parts of work that was split into shards."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from gpt2.cli.addresses import fetch, paths
from gpt2.cli.options import AS_JSON, QUIET, next_step, say
from gpt2.cli.places import PATH_OR_ADDRESS, check_free
from gpt2.cli.progress import Progress
from gpt2.files.remote import address_of
from gpt2.parts import check_target


@click.command()
@click.argument("parts", nargs=-1, required=True, type=PATH_OR_ADDRESS, metavar="PART...")
@click.option("-o", "--output", required=True, type=PATH_OR_ADDRESS,
              help="Folder to write for prepared text, file to write otherwise.")  # fmt: skip
@click.option("--overwrite", is_flag=True,
              help="Replace an existing file, or start over in a folder.")  # fmt: skip
@AS_JSON
@QUIET
def command(**given: Any) -> None:
    """Combine the parts that one command wrote with --shard 1/N to N/N.

    PART... are folders of gpt2 prepare, or files of gpt2 evaluate or of a task's --batch. The
    result is byte for byte what a single run writes, except for the duration and the date of an
    evaluation. If a part is missing, given twice, or made from other input, options or another
    model, the error names it and nothing is written.
    """
    with ExitStack() as stack:
        here = stack.enter_context(paths(given))
        here["parts"] = [
            stack.enter_context(fetch(part)) if isinstance(part, str) else part
            for part in here["parts"]
        ]
        merge(**here)


def merge(parts: list[Path], output: Path, overwrite: bool, as_json: bool, quiet: bool) -> None:
    """Merge parts of any kind; the first part determines the kind."""
    check_target(parts, output)
    first = parts[0]
    if first.is_dir():
        _put_together(parts, output, overwrite, as_json, quiet)
        return
    check_free(output, overwrite)
    if _is_evaluation(first):
        from gpt2.cli.evaluate import tell
        from gpt2.evaluation.merging import merge as merged
        from gpt2.files import write_json

        results = merged(parts)
        write_json(output, results)
        tell(results, as_json)
    else:
        from gpt2.tasks.merging import merge as rows_of

        rows = rows_of(parts, output)
        say(f"{address_of(output)}: {rows:,} rows from {len(parts)} parts", quiet)
        if as_json:
            click.echo(json.dumps({"output": address_of(output), "rows": rows}))


def _put_together(
    parts: list[Path], output: Path, overwrite: bool, as_json: bool, quiet: bool
) -> None:
    from gpt2.cli.prepare import describe, tell_manifest, train_on
    from gpt2.data.merging import merge as merged

    def note(line: str) -> None:
        say(f"note: {line}", quiet)

    with Progress("merging", unit="texts", quiet=quiet) as shown:
        manifest = merged(parts, output, overwrite=overwrite, progress=shown.tick, note=note)
    say(f"{address_of(output)}: {describe(manifest)}", quiet)
    next_step(*train_on(output), quiet=quiet)
    if as_json:
        tell_manifest(output)


def _is_evaluation(path: Path) -> bool:
    """Whether a file is a single JSON object rather than JSON Lines."""
    from gpt2.files import open_regular

    with open_regular(path) as file:
        return file.readline(64).strip() == b"{"
