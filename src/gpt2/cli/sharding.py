"""``--shard``, and addresses in the place of paths: of all commands whose work can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from gpt2.errors import OptionError
from gpt2.files import remote
from gpt2.parts import Shard


class _Shard(click.ParamType):  # type: ignore[type-arg]  # no parameter before click 8.2
    name = "i/N"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The shard that is meant."""
        try:
            return value if isinstance(value, Shard) else Shard.parse(value)
        except OptionError as error:
            self.fail(str(error), param, ctx)


SHARD = click.Option(
    ["--shard"],
    type=_Shard(),
    metavar="i/N",
    help="Do shard i of N, from 1/N to N/N, and write a part; gpt2 merge puts the parts together, "
    "byte for byte what one run writes. A part that is done is not done again.",
)
INPUTS = ("batch", "data")


class Sharded(click.Command):
    """A command with --shard. It is given paths where addresses were said."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params.append(SHARD)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; complains of a shard whose part has no place."""
        if ctx.params["shard"] is not None and ctx.params["output"] is None:
            raise OptionError("--shard needs -o: a file for the part.")
        with paths(ctx.params) as ctx.params:
            return super().invoke(ctx)


@contextmanager
def paths(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What was given with paths of this machine for addresses; what is written is sent at the end
    where the block ends well."""
    with ExitStack() as stack:
        local = dict(given)
        for name in INPUTS:
            if isinstance(local.get(name), str):
                local[name] = stack.enter_context(fetch(local[name]))
        if isinstance(local["output"], str):
            local["output"] = stack.enter_context(remote.local(local["output"]))
        yield local


@contextmanager
def fetch(address: str) -> Iterator[Path]:
    """A copy of what is at an address, for the time of the block."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="gpt2-") as folder:
        place = Path(folder) / (address.rstrip("/").rpartition("/")[2] or "input")
        remote.fetch(address, place)
        yield place


def next_of(shard: Shard | None) -> str:
    """The command after a shard; none where all is done at once."""
    return "" if shard is None else f"gpt2 merge PARTS... -o OUTPUT, when all {shard.of} are there"
