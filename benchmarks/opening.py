"""The six figures at the top of the READMEs, in English and Chinese, each with its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from benchmarks.common import ROOT, spread, table, times
from benchmarks.peers.table import OURS, at_their_best

PAGES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
PLACE = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
HEADS = {"en": ("measurement", "result", "compared with"), "zh": ("测量项", "结果", "对照")}
ROWS = {
    "en": (
        "[Decoding, 124M int8, two cores](docs/results.md#decoding-after-32-tokens)",
        "[Prefill of 512 tokens, 124M int8](docs/results.md#prefill-of-512-tokens)",
        "[`generate` in fp32, same ids](docs/results.md#generation-compared-with-transformers)",
        "[Process start to first token, 124M int8](docs/results.md#time-to-first-token)",
        "[The bundled model on unseen stories](docs/results.md#the-bundled-model)",
        "[Its answers on unseen worlds, F1 (weak on plot)](docs/results.md#the-bundled-model)",
    ),
    "zh": (
        "[生成，124M int8，双核](docs/results.md#decoding-after-32-tokens)",
        "[读入 512 个词元的提示，124M int8](docs/results.md#prefill-of-512-tokens)",
        "[fp32 的 `generate`，词元相同](docs/results.md#generation-compared-with-transformers)",
        "[从启动进程到第一个词元，124M int8](docs/results.md#time-to-first-token)",
        "[自带模型，未见过的故事](docs/results.md#the-bundled-model)",
        "[它对未见过的世界的回答，F1（不懂情节）](docs/results.md#the-bundled-model)",
    ),
}
WORDS = {
    "en": {"rate": "{:,.0f} tokens/s", "times": "{}x", "bits": "{:.2f} bits per byte",
           "rounded": "int8 costs {:+.2f} %", "baseline": "best trivial baseline {:.0f} %"},
    "zh": {"rate": "每秒 {:,.0f} 个词元", "times": "{} 倍", "bits": "每字节 {:.2f} 比特",
           "rounded": "int8 的代价 {:+.2f} %", "baseline": "最好的简单基线 {:.0f} %"},
}  # fmt: skip


def opening(found: Mapping[str, Any], language: str) -> str:
    """The table of a README."""
    figures = _figures(found, WORDS[language])
    rows = [(name, *figure) for name, figure in zip(ROWS[language], figures, strict=True)]
    return table(HEADS[language], rows) + "\n"


def _figures(found: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, str]]:
    ratios = [case["ratio"]["native"] for case in found["generate"]["speed"]]
    mini = found["mini"]
    asked = mini["questions, unseen worlds, English"]
    scores = {name: 100 * one["f1"] for name, one in asked.items() if isinstance(one, dict)}
    own = scores.pop("model")
    text = "TinyStories"
    return [
        _rate(found["peers-decode-32"], words),
        _rate(found["peers-prefill-512"], words),
        (words["times"].format(f"{min(ratios):.1f}-{max(ratios):.1f}"), "transformers"),
        _start(found["start"]["contenders"]),
        (words["bits"].format(mini["bits a byte"][text]),
         words["rounded"].format(mini["precisions"]["int8"][text])),
        (f"{own:.0f} %", words["baseline"].format(max(scores.values()))),
    ]  # fmt: skip


def _rate(found: Mapping[str, Any], words: Mapping[str, str]) -> tuple[str, str]:
    best = at_their_best(found)["int8"]
    ours = next(one for one in best if one["peer"] == OURS)["tokens_per_second"]
    peer = next(one for one in best if one["peer"] != OURS)
    return (
        words["rate"].format(ours["median"]),
        f"{times(ours, peer['tokens_per_second'])} {peer['peer']}",
    )


def _start(contenders: Mapping[str, Any]) -> tuple[str, str]:
    seconds = {name: one["start_seconds"] for name, one in contenders.items()}
    ours = next(name for name in seconds if name.startswith(OURS))
    peer = min((n for n in seconds if n != ours), key=lambda n: seconds[n]["median"])
    return f"{spread(seconds[ours], 2)} s", f"{peer} {spread(seconds[peer], 2)} s"


def with_figures(page: str, found: Mapping[str, Any], language: str) -> str:
    """A README with an updated table."""
    return PLACE.sub(lambda _: opening(found, language), page)
