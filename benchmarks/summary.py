"""The ten lines and the picture at the top of docs/results.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.common import spread, tie, times
from benchmarks.peers.table import OURS, at_their_best
from benchmarks.picture import bars

WORK = {
    "peers-decode-32": "Decoding one sequence after 32 tokens",
    "peers-decode-512": "Decoding one sequence after 512 tokens",
    "peers-prefill-512": "Prefill of 512 tokens",
    "peers-batch-8": "Decoding a batch of 8",
    "peers-batch-32": "Decoding a batch of 32",
}
KINDS = ("fp32", "int8", "int4")


def ten_lines(found: Mapping[str, Any]) -> str:
    """The main figures, one per line: ours and the fastest peer at its best settings."""
    lines = [*_decoding(found), *_others(found)]
    return (
        "GPT-2 124M shapes on two cores; ratios compare gpt2 with the fastest other library "
        "measured:\n\n" + "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
    )


def picture(found: Mapping[str, Any]) -> str:
    """Tokens per second of one text, with a panel per number format."""
    best = at_their_best(found["peers-decode-32"])
    panels = {k: [(one["peer"], one["tokens_per_second"]) for one in best[k]] for k in KINDS}
    return bars("Tokens per second after a prompt of 32 (124M, two cores)", panels)


def _decoding(found: Mapping[str, Any]) -> Iterator[str]:
    for name, work in WORK.items():
        best = at_their_best(found[name])
        parts = []
        for kind in KINDS:
            ours = next(one for one in best[kind] if one["peer"] == OURS)
            peer = next(one for one in best[kind] if one["peer"] != OURS)
            rates = ours["tokens_per_second"], peer["tokens_per_second"]
            parts.append(
                f"{kind} {rates[0]['median']:,.0f} tokens/s, {_against(*rates, peer['peer'])}"
            )
        yield f"{work}: {'; '.join(parts)}."


def _against(ours: Mapping[str, float], peers: Mapping[str, float], peer: str) -> str:
    """A rate as a multiple of a peer's."""
    return f"{times(ours, peers)}{' with' if tie(ours, peers) else ''} {peer}"


def _others(found: Mapping[str, Any]) -> Iterator[str]:
    ratios = [case["ratio"]["native"] for case in found["generate"]["speed"]]
    same = all(case["same_ids"] for case in found["generate"]["speed"])
    yield (
        f"`generate` in fp32: {min(ratios):.1f} to {max(ratios):.1f} times as many tokens per "
        f"second as transformers{', with the same ids' if same else ''}."
    )
    start = {n: one["start_seconds"] for n, one in found["start"]["contenders"].items()}
    ours, *peers = sorted(
        start, key=lambda name: (not name.startswith(OURS), start[name]["median"])
    )
    yield (
        f"From process start to the first token: {spread(start[ours], 2)} s at int8; "
        f"{peers[0]} {spread(start[peers[0]], 2)} s."
    )
    scored = found["evaluation"]["models"]["124M"]
    ratios = [one["ratio"]["fp32"]["median"] for one in scored.values()]
    yield (
        f"Scoring in fp32: {min(ratios):.1f} to {max(ratios):.1f} times as many examples per "
        f"second as lm-evaluation-harness, on {len(scored)} sets."
    )
    shapes = found["train"]["shapes"]
    parts = []
    for shape, one in shapes.items():
        rates = {n: c["tokens_per_second"] for n, c in one["contenders"].items()}
        own = rates.pop(OURS)
        peer = max(rates, key=lambda name: rates[name]["median"])
        parts.append(f"{shape} {_against(own, rates[peer], peer)}")
    yield f"Training throughput in fp32: {'; '.join(parts)}."
    english = found["tokenizer"]["english"]["MB/s"]
    others = ", ".join(f"{n} {rate:.1f}" for n, rate in english.items() if n != OURS)
    yield f"Tokenising English on one thread: {english[OURS]:.1f} MB/s; {others}."
