"""`quantize`: write a model as a packed folder and report the loss of quality."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import Any

from gpt2.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from gpt2.checkpoint.mapped import Stored
from gpt2.checkpoint.packed import Packed, Quantization
from gpt2.checkpoint.write import parse_size, replace_model
from gpt2.errors import InputError, OptionError, WriteError
from gpt2.files import is_same, path_of, read_text
from gpt2.loading import find_tokenizer
from gpt2.precision import PACKED, short
from gpt2.quantization.measure import Fidelity, measure, windows
from gpt2.quantization.rounding import ROUNDINGS, Progress, packed_tensors
from gpt2.tokenizer import Tokenizer

TEXTS = Path(__file__).with_name("texts")
OWN = "an excerpt that comes with the package"
TOKENS, CALIBRATION = 8192, 32768  # the most tokens of a text to measure and to calibrate on


@dataclasses.dataclass
class Report:
    """The result of a quantization. Sizes are the bytes of all tensors; ``fidelity`` is None if it
    was not measured."""

    source: str
    folder: str | None
    dtype: str
    head_dtype: str
    rounding: str
    bytes_before: int
    bytes: int
    bits_per_weight: float
    seconds: float  # for the rounding
    text: str | None  # the text it was measured on
    packed_before: str | None  # the precision of the source if that was packed already
    fidelity: Fidelity | None

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON, including the metrics of ``fidelity``."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        fields["bits_per_weight"] = round(self.bits_per_weight, 3)
        fields["seconds"] = round(self.seconds, 2)
        fidelity = fields.pop("fidelity")
        return fields | (fidelity.to_dict() if fidelity else {})


def quantize(
    name: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    dtype: str = "int8",
    head_dtype: str | None = None,
    rounding: str | None = None,
    calibrate: str | os.PathLike[str] | None = None,
    text: str | os.PathLike[str] | None = None,
    tokens: int = TOKENS,
    shard_size: int | str = "5GB",
    progress: Progress = lambda what, done, total: None,
) -> Report:
    """Store a model's matrices in fewer bits and measure the loss of quality.

    Args:
        name: a folder, a file, a bundled model or a hub id.
        folder: the output folder for the packed model and its tokenizer, which replace a model in
            it; None only measures.
        dtype: fp16, bf16, int8 or int4 (or fp32, which packs without rounding).
        head_dtype: the precision of the token embedding and the output head; None means ``dtype``,
            or int8 if that is int4.
        rounding: "calibrated" uses the inputs of each matrix on a text; "search" tries scales for
            int4, using only the weights; "nearest" does neither. None means calibrated for int8 and
            int4 if the model has a tokenizer.
        calibrate: a file to calibrate on, ideally of the kind of text the model is for; None means
            the stories and book pages in the package. At most 32,768 tokens are used.
        text: a file to measure on; None means the excerpt of a novel in the package.
        tokens: the maximum number of tokens to measure on; 0 does not measure.
        shard_size: the maximum size of a file.
        progress: called with the current step, the amount done and the total.

    Raises:
        OptionError: an unknown precision or rounding, a model that already has the precision, or a
            text that would not be used.
        InputError: a text of fewer than two tokens, or a model without a tokenizer.
        ModelFileError, HubError: the model's files cannot be read.
    """
    from gpt2.hub import resolve

    dtype, head_dtype = short(dtype), short(head_dtype)
    for kind in (dtype, head_dtype):
        if kind is not None and kind not in PACKED:
            raise OptionError(f"a precision must be one of {', '.join(PACKED)}, found {kind!r}.")
    parse_size(shard_size)
    if text is not None and not tokens:
        raise OptionError("with 0 tokens nothing is measured: leave out the text to measure on.")
    place = resolve(name)
    checkpoint = read_checkpoint(place)
    _refuse(checkpoint, dtype, folder)
    before, packed = sum(t.nbytes for t in checkpoint.stored.values()), checkpoint.quantization
    checkpoint = checkpoint.dequantized()
    tokenizer = find_tokenizer(place, name)
    ids = _ids(text, "measure.txt", tokenizer, tokens, name) if tokens else []
    if tokens:
        windows(ids, 2)  # fail early if the text is too short, before minutes of rounding
    head_dtype = head_dtype or ("int8" if dtype == "int4" else dtype)
    how = Quantization(dtype, head_dtype, _rounding(rounding, dtype, tokenizer, calibrate))
    examples: list[int] = []
    if how.rounding == "calibrated":
        examples = _ids(calibrate, "calibrate.txt", tokenizer, CALIBRATION, name)
    begin = time.perf_counter()
    tensors = packed_tensors(checkpoint, how, examples, progress)
    seconds = time.perf_counter() - begin
    fidelity = _measure(checkpoint, tensors, how, ids, progress) if tokens else None
    size = sum(tensor.nbytes for tensor in tensors.values())
    report = Report(
        source=_name(name),
        folder=str(folder) if folder is not None else None,
        dtype=how.dtype,
        head_dtype=how.head_dtype,
        rounding=how.rounding,
        bytes_before=before,
        bytes=size,
        bits_per_weight=8 * size / checkpoint.config.parameter_count(),
        seconds=seconds,
        text=(_name(text) if text else OWN) if tokens else None,
        packed_before=packed.dtype if packed else None,
        fidelity=fidelity,
    )
    if folder is not None:
        _write(Path(folder), checkpoint, tensors, how, tokenizer, shard_size, report)
    return report


def engine_of(checkpoint: Checkpoint, tensors: dict[str, Stored], how: Quantization) -> Any:
    """Create a native engine on packed tensors."""
    from gpt2.native import NativeEngine

    weights = {n: t.array if isinstance(t, Packed) else t.numpy() for n, t in tensors.items()}
    return NativeEngine(weights, checkpoint.config, dtype=how.dtype, head_dtype=how.head_dtype)


def _refuse(checkpoint: Checkpoint, dtype: str, folder: Any) -> None:
    packed = checkpoint.quantization
    if packed and packed.dtype == dtype:
        raise OptionError(
            f"{checkpoint.path} is already quantized to {dtype}: choose another precision, which "
            "is made from its dequantized numbers."
        )
    if folder is not None and Path(folder).exists() and not Path(folder).is_dir():
        raise WriteError(f"{folder} is a file: choose another folder for the result.")
    source = checkpoint.path if checkpoint.path.is_dir() else checkpoint.path.parent
    if folder is not None and is_same(path_of(folder), source):
        raise OptionError(
            f"{folder} is the model's own folder: choose another folder for the result."
        )


def _name(of: Any) -> str:
    """The name of a file or a model in a report, without its parent folders."""
    return Path(of).resolve().name if Path(of).exists() else str(of)


def _rounding(wanted: str | None, dtype: str, tokenizer: Tokenizer | None, calibrate: Any) -> str:
    whole = dtype in ("int8", "int4")
    if wanted is None and not whole:
        wanted = "nearest"
    if wanted is None:
        return "search" if tokenizer is None and calibrate is None else "calibrated"
    if wanted not in ROUNDINGS:
        raise OptionError(f"rounding must be one of {', '.join(ROUNDINGS)}, found {wanted!r}.")
    if wanted == "calibrated" and not whole:
        raise OptionError(f"calibrated rounding supports only int8 and int4, found {dtype}.")
    if wanted != "calibrated" and calibrate is not None:
        raise OptionError(
            f"{wanted} rounding to {dtype} needs no text: leave out the calibration text."
        )
    return wanted


def _ids(text: Any, default: str, tokenizer: Tokenizer | None, tokens: int, name: Any) -> list[int]:
    """The first ``tokens`` tokens of a text file; few tokens are longer than 16 characters."""
    if tokenizer is None:
        raise InputError(f"{name} has no tokenizer next to its weights, so it cannot read text.")
    if tokens < 2:
        raise OptionError(f"tokens must be at least 2, or 0 to measure nothing, found {tokens}.")
    words = read_text(TEXTS / default if text is None else text)[: 16 * tokens]
    return list(tokenizer.encode_prompt(words))[:tokens]


def _measure(
    checkpoint: Checkpoint,
    tensors: dict[str, Stored],
    how: Quantization,
    ids: list[int],
    progress: Progress,
) -> Fidelity:
    from gpt2.native import NativeEngine

    original = NativeEngine(checkpoint.tensors, checkpoint.config)
    quantised = engine_of(checkpoint, tensors, how)
    return measure(
        original,
        quantised,
        ids,
        progress=lambda done: progress("measuring", done, len(ids)),
    )


def _write(
    folder: Path,
    checkpoint: Checkpoint,
    tensors: dict[str, Stored],
    how: Quantization,
    tokenizer: Tokenizer | None,
    shard_size: int | str,
    report: Report,
) -> None:
    facts = {k: v for k, v in report.to_dict().items() if k != "folder"}
    with replace_model(folder) as part:
        write_checkpoint(
            part,
            checkpoint.config,
            tensors,
            max_shard_size=shard_size,
            generation_config=checkpoint.generation_config,
            sidecar={**checkpoint.sidecar, "quantization": facts},
            quantization=how,
        )
        if tokenizer is not None:
            tokenizer.save_pretrained(part)
