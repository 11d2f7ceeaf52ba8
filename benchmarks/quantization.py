"""The accuracy of the bundled model at each precision and rounding method.

    PYTHONPATH=src:. python -m benchmarks.quantization --model out/mini/RUNG/tasks/checkpoints/LAST

It quantizes the model before packing to int8, which only its recipe has, and measures it on 1,638
tokens of each of ten novels that it was not trained on; without the novels, on the excerpt in the
package. Calibration uses the package's own text. The original and the quantized model both run on
the native engine. Writes benchmarks/results/quantization.json; --quick writes nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, machine, table, write
from recipes.mini.sources import held_novels

from gpt2.quantization import quantize

WAYS: dict[str, dict[str, Any]] = {
    "fp16": {"dtype": "fp16"},
    "int8 nearest": {"dtype": "int8", "rounding": "nearest"},
    "int8 calibrated": {"dtype": "int8", "rounding": "calibrated"},
    "int4 nearest": {"dtype": "int4", "rounding": "nearest"},
    "int4 search": {"dtype": "int4", "rounding": "search"},
    "int4 calibrated": {"dtype": "int4", "rounding": "calibrated"},
}


def held_out(data: Path, tokens: int) -> str | None:
    """An equal share from the middle of each held-out novel; None without novels."""
    archive = data / "train" / "100_english_novels.tar.xz"
    if not archive.exists():
        return None
    novels = list(held_novels(data))
    each = 4 * tokens // len(novels)  # characters: a token has about 3.4
    return "\n\n".join(novel[:each] for novel in novels)


def describe(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            f"{f['bytes'] / 1e6:.2f}",
            f"{f['bits_per_weight']:.2f}",
            f"{f['perplexity']:.3f}",
            f"{f['kl_mean']:.5f}",
            f"{f['kl_99']:.4f}",
            f"{100 * f['agreement']:.2f} %",
        ]
        for name, f in found["results"].items()
    ]
    first = next(iter(found["results"].values()))
    gain = {
        dtype: found["results"][f"{dtype} nearest"]["kl_mean"]
        / found["results"][f"{dtype} calibrated"]["kl_mean"]
        for dtype in ("int8", "int4")
    }
    note = (
        f"gpt2-mini on {first['tokens']:,} tokens of novels it was not trained on, in "
        f"{first['windows']} windows of {first['window']} tokens. The original in fp32 has a "
        f"perplexity of {first['perplexity_before']:.3f}. KL is the divergence of the next-token "
        "distribution from the original's, in nats: the mean, and the value that 99 % of positions "
        "stay below. Compared with rounding to the nearest integer, calibration divides the mean "
        f"by {gain['int4']:.1f} for int4 and by {gain['int8']:.1f} for int8. The head is int8 if "
        "the layers are int4.\n\n"
    )
    head = ["", "size, MB", "bits per weight", "perplexity", "KL mean", "KL 99 %", "same top token"]
    return note + table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--model", required=True, help="the checkpoint that was packed")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    tokens = 512 if given.quick else 16384
    text = held_out(given.data, tokens)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ten novels, held out"
        if text is not None:
            path.write_text(text, "utf-8")
        for name, options in WAYS.items():
            report = quantize(given.model, text=path if text else None, tokens=tokens, **options)
            results[name] = report.to_dict()
            print(f"{name:<16} KL {results[name]['kl_mean']:.6f}")
    if not given.quick:
        found = {"machine": machine(["numpy"]), "results": results}
        print(write("quantization", found).relative_to(ROOT))


if __name__ == "__main__":
    main()
