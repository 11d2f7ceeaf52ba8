"""``--shard`` and ``--cluster``, for all commands whose work can be split."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.addresses import paths
from gpt2.cli.places import NAME, check_free
from gpt2.cli.progress import Progress
from gpt2.errors import OptionError
from gpt2.files import remote
from gpt2.files.locks import BusyError
from gpt2.parts import Shard

if TYPE_CHECKING:
    from gpt2.generation import LanguageModel

PATIENCE = 120  # seconds for a lost process to release a part


class _Shard(click.ParamType):  # type: ignore[type-arg]  # no parameter before click 8.2
    name = "i/N"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Parse a shard such as 2/4."""
        try:
            return value if isinstance(value, Shard) else Shard.parse(value)
        except OptionError as error:
            self.fail(str(error), param, ctx)


SHARD = click.Option(
    ["--shard"],
    type=_Shard(),
    metavar="i/N",
    help="Process only shard i of N (1/N to N/N) and write that part. gpt2 merge combines the "
    "parts into exactly what a single run writes. A finished part is not redone.",
)
CLUSTER = click.Option(
    ["--cluster"],
    type=NAME,
    metavar="ADDRESS",
    help="Address of a Ray cluster, or local: process all shards there and merge them. All its "
    "machines must have access to -o.",
)
SHARDS = click.Option(
    ["--shards"],
    type=click.IntRange(1),
    help="Number of shards for --cluster. [default: two per worker of --threads cores]",
)


class Sharded(click.Command):
    """A command with --shard and --cluster, which receives local paths instead of URLs."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params += [SHARD, CLUSTER, SHARDS]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; reports incompatible options."""
        given = ctx.params
        cluster, shards = given.pop("cluster"), given.pop("shards")
        for name, needs in (("--shard", given["shard"]), ("--cluster", cluster)):
            if needs is not None and given["output"] is None:
                raise OptionError(f"{name} requires -o: the results need a place.")
        if cluster is not None and given["shard"] is not None:
            raise OptionError("give either --shard or --cluster, which runs all shards.")
        if shards is not None and cluster is None:
            raise OptionError("--shards is only for --cluster; a single shard is --shard i/N.")
        if cluster is not None:
            return _on_cluster(str(ctx.info_name), given, cluster, shards)
        with paths(given) as ctx.params:
            return super().invoke(ctx)


def _on_cluster(name: str, given: dict[str, Any], address: str, shards: int | None) -> None:
    """Run all shards of a command on a cluster, then merge them."""
    from gpt2 import cluster

    given = dict(given)
    cores = given.get("threads") or 1
    if given.get("engine") in (None, "native"):
        given["threads"] = cores
    for key in ("output", "batch", "data"):  # workers run in different folders
        if isinstance(given.get(key), Path):
            given[key] = given[key].absolute()
    place = f"{str(given['output']).rstrip('/')}.parts"
    again = given["overwrite"]
    if name != "prepare" and isinstance(given["output"], Path):  # its merge compares the folder
        check_free(given["output"], again)
    if again:
        _remove(place)
    with Progress(name, unit="shards", quiet=given["quiet"]) as shown:
        work = partial(one, name, {**given, "overwrite": False}, place, str(Path.cwd()))
        done = cluster.run(work, address, shards=shards, cores=cores, tick=shown.tick)
    _command("merge").callback(
        parts=[part for part, _ in done],
        output=given["output"],
        overwrite=again,
        as_json=given["as_json"],
        quiet=given["quiet"],
    )
    _remove(place)
    if any(code for _, code in done):
        click.echo('some rows failed: see their "error" fields.', err=True)
        sys.exit(1)


def one(
    name: str, given: dict[str, Any], place: str, folder: str, shard: Shard
) -> tuple[Path | str, Any]:
    """Run a shard of a command in a cluster process; returns its part and its exit code.

    A lost process may still hold the part for a while after another process has started.
    """
    part: Any = f"{place}/{shard.number}-of-{shard.of}"
    part = part if remote.is_remote(part) else Path(part)
    call = _command(name)
    names = {parameter.name for parameter in call.params}
    mine = {key: value for key, value in given.items() if key in names}
    mine |= {"shard": shard, "output": part, "quiet": True, "as_json": False}
    end = time.monotonic() + PATIENCE
    with contextlib.chdir(folder) if Path(folder).is_dir() else contextlib.nullcontext():
        while True:
            try:
                with paths(mine) as local:
                    call.callback(**local)
                return part, 0
            except BusyError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)
            except SystemExit as ended:
                return part, ended.code


def _command(name: str) -> Any:
    from gpt2.cli import gpt2

    return gpt2.get_command(click.Context(gpt2), name)


def _remove(place: str) -> None:
    if remote.is_remote(place):
        remote.remove(place)
    else:
        shutil.rmtree(place, ignore_errors=True)


def next_of(shard: Shard | None) -> str:
    """The command to run after a shard; empty if the work was not split."""
    return "" if shard is None else f"gpt2 merge PARTS... -o OUTPUT, once all {shard.of} exist"


def settings(model: LanguageModel, loading: Mapping[str, Any]) -> dict[str, str]:
    """The engine and its settings that results depend on; the threads are not among them.

    Kernels are recorded as given: a machine's own give the same bits as those of most others. A
    device is recorded without its number, so that shards may run on several.
    """
    facts = {"engine": model.name, **model.facts}
    if "device" in facts:
        facts["device"] = facts["device"].partition(":")[0]
    names = ("engine", "dtype", "head_dtype", "kv_dtype", "device")
    recorded = {name: facts[name] for name in names if name in facts}
    return recorded | {name: loading[name] for name in ("kernels",) if name in loading}
