"""The sections of docs/results.md on peers: each contender at its best, other settings folded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.common import RESULTS, folded, spread, table, times

OURS = "gpt2"
HEAD = ["precision", "library", "settings", "tokens/s", "gpt2's speedup", "file, MB"]


def at_their_best(found: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """For each number format, the contenders with their fastest settings, fastest first."""
    best: dict[str, dict[str, dict[str, Any]]] = {}
    for one in found["contenders"].values():
        own = best.setdefault(one["class"], {})
        kept = own.get(one["peer"], one)
        own[one["peer"]] = max(kept, one, key=_rate)
    return {kind: sorted(own.values(), key=_rate, reverse=True) for kind, own in best.items()}


def describe(found: dict[str, Any]) -> str:
    best = at_their_best(found)
    chosen = [one for own in best.values() for one in own]
    others = [one for one in found["contenders"].values() if one not in chosen]
    others.sort(key=lambda one: (list(best).index(one["class"]), -_rate(one)))
    versions = {
        name: version
        for one in found["contenders"].values()
        for name, version in one["facts"]["versions"].items()
    }
    used = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    turns = max(len(one["seconds"]) for one in found["contenders"].values())
    tried = json.loads((RESULTS / "peers-settings.json").read_text("utf-8"))["tasks"]
    tuned = sorted({one["class"] for one in tried[found["task"]].values()})
    work = (
        f"{found['steps']} greedy tokens after a prompt of {found['prompt']} tokens, batch size "
        f"{found['rows']}"
        if found["steps"]
        else f"A prompt of {found['prompt']} tokens"
    )
    return (
        f"{work}: total tokens per second, the median of {turns} turns. All use the same 124M "
        "random weights. Each runs in a separate process, and they take turns. In a tie, the "
        "ranges of both overlap. "
        f"At {' and '.join(tuned)} each library has the fastest of several settings "
        "(`benchmarks/results/peers-settings.json`), otherwise the settings shown; a library "
        "without a row was not measured in that precision. Unless the settings say otherwise, keys "
        "and values are fp16 in gpt2 and llama.cpp, fp32 in ONNX Runtime, CTranslate2 and "
        "transformers, and of OpenVINO's default precision there.\n\n"
        + table(HEAD, _rows(chosen, best))
        + "\n\n"
        + folded("Other settings and versions", f"{used}.\n\n" + table(HEAD, _rows(others, best)))
    )


def _rows(
    contenders: list[dict[str, Any]], best: Mapping[str, list[dict[str, Any]]]
) -> Iterator[list[str]]:
    for one in contenders:
        ours = next(o for o in best[one["class"]] if o["peer"] == OURS)
        chosen = {**one["settings"], **one["environment"]}
        rates = ours["tokens_per_second"], one["tokens_per_second"]
        yield [
            one["class"],
            f"{one['peer']} {one['precision']}",
            ", ".join(f"{k}={v}" for k, v in chosen.items()) or "defaults",
            spread(one["tokens_per_second"]),
            "" if one["peer"] == OURS else times(*rates),
            f"{one['facts']['file_bytes'] / 1e6:.0f}",
        ]


def _rate(one: Mapping[str, Any]) -> float:
    rate: float = one["tokens_per_second"]["median"]
    return rate
