"""``gpt2 quantize``: quantize a model and measure the loss in quality."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpt2.cli.options import AS_JSON, QUIET, Precision, model_argument, next_step
from gpt2.cli.places import FILE_SIZE, OVERWRITE, PATH, SHARD_SIZE, check_free
from gpt2.cli.progress import Progress
from gpt2.errors import OptionError
from gpt2.precision import PACKED

if TYPE_CHECKING:
    from gpt2.quantization import Report


@click.command()
@model_argument(required=True)
@click.option("-o", "--output", type=PATH,
              help="Folder to write; without it, only the report is printed.")  # fmt: skip
@click.option("--dtype", "dtypes", type=Precision(PACKED[1:]), multiple=True, default=["int8"],
              show_default=True,
              help="Precision of the layers; repeatable without --output.")  # fmt: skip
@click.option(
    "--head-dtype",
    type=Precision(PACKED[1:]),
    help="Precision of the embedding and the head. [default: --dtype, or int8 for int4]",
)
@click.option("--rounding", type=click.Choice(["nearest", "search", "calibrated"]),
              help="How weights are rounded to integers. [default: calibrated]")  # fmt: skip
@click.option("--calibrate", type=PATH,
              help="Text to calibrate on, of the kind the model is used for. "
              "[default: stories and pages of books]")  # fmt: skip
@click.option("--text", type=PATH,
              help="Text to measure on. [default: an excerpt from a novel]")  # fmt: skip
@click.option("--tokens", default=8192, show_default=True,
              help="Maximum number of tokens to measure on; 0 skips the measurement.")  # fmt: skip
@SHARD_SIZE
@OVERWRITE
@AS_JSON
@QUIET
def command(
    model: str,
    output: Path | None,
    dtypes: tuple[str, ...],
    head_dtype: str | None,
    rounding: str | None,
    calibrate: Path | None,
    text: Path | None,
    tokens: int,
    shard_size: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Quantize MODEL and report the loss in quality.

    The output folder is ready for use with `gpt2 generate -m FOLDER`, which memory-maps it: it
    holds the weights in the native engine's own format, the tokenizer and the settings. The report
    compares the next-token distributions with those of the original in fp32, on windows as long as
    the context.
    """
    from gpt2.quantization import quantize

    if output is not None and len(dtypes) > 1:
        raise OptionError(
            "an output folder can have only one precision: give --dtype once, or leave out "
            "--output."
        )
    if output is not None:
        check_free(output, overwrite)
    elif overwrite or shard_size != FILE_SIZE:
        raise OptionError("--overwrite and --shard-size are only for --output: add it.")
    reports = []
    for dtype in dtypes:
        with Progress(unit="tokens", quiet=quiet) as bar:
            report = quantize(
                model, output, dtype=dtype, head_dtype=head_dtype, rounding=rounding,
                calibrate=calibrate, text=text, tokens=tokens, shard_size=shard_size,
                progress=bar.stage,
            )  # fmt: skip
        reports.append(report)
        if as_json:
            click.echo(json.dumps(report.to_dict(), ensure_ascii=False))
    if not as_json:
        click.echo(table(reports))
    if output is not None:
        next_step("gpt2 generate -m {}", output, quiet=quiet)
    else:
        again = f"--dtype {dtypes[0]} -o FOLDER, to write the model"
        next_step(f"gpt2 quantize {{}} {again}", model, quiet=quiet)


def table(reports: list[Report]) -> str:
    """The reports as a table with one column per precision."""
    from gpt2.cli.tables import table as table_of
    from gpt2.cli.tables import wrap

    first = reports[0]
    rows = {"": ["original"], "size, MB": [f"{first.bytes_before / 1e6:,.1f}"]}
    rows |= {"bits per weight": [""], "rounding": [""]}
    if first.fidelity:
        rows["perplexity"] = [f"{first.fidelity.perplexity_before:.3f}"]
        rows |= {"KL divergence, nats": [""], "  99th percentile": [""], "same top token": [""]}
    for report in reports:
        head = f", head {report.head_dtype}" if report.head_dtype != report.dtype else ""
        rows[""].append(report.dtype + head)
        rows["size, MB"].append(f"{report.bytes / 1e6:,.1f}")
        rows["bits per weight"].append(f"{report.bits_per_weight:.2f}")
        rows["rounding"].append(report.rounding)
        if measured := report.fidelity:
            rows["perplexity"].append(f"{measured.perplexity:.3f}")
            rows["KL divergence, nats"].append(f"{measured.kl_mean:.6f}")
            rows["  99th percentile"].append(f"{measured.kl_99:.6f}")
            rows["same top token"].append(f"{measured.agreement:.2%}")
    columns = ["", *rows.pop("")]
    lines = [table_of(columns, [[name, *cells] for name, cells in rows.items()])]
    if measured := first.fidelity:
        many = f"{measured.windows} window" + "s" * (measured.windows > 1)
        size = f"{many} of at most {measured.window}"
        lines.append(wrap(f"on {measured.tokens:,} tokens, {size}: {first.text}"))
    if first.packed_before:
        lines.append(
            f"the original is already {first.packed_before}: its weights are rounded again"
        )
    return "\n".join(lines)
