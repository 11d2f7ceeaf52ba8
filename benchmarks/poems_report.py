"""The section of docs/results.md on regulated verse."""

from __future__ import annotations

from typing import Any

from benchmarks.common import table

POEM_MEASURES = {
    "form": "lines and signs",
    "width": "lines of the length",
    "rhyme": "rhyme",
    "level rhyme": "in a level tone",
    "lines": "lines alternate",
    "couplets": "couplets opposed",
    "regulated": "whole pattern",
}


def poems(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            *(f"{own[key]['value']:.1%} ± {own[key]['error']:.1%}" for key in POEM_MEASURES),
            f"{own['repeated']['value']:.1%}",
            f"{own['copied']['median']:.0f} ({own['copied']['max']})",
        ]
        for name, own in found["systems"].items()
    ]
    forms = [
        [name, *(f"{own[name][key]:.1%}" for own in found["forms"].values()
                 for key in ("form", "rhyme", "regulated"))]
        for name in found["forms"]["model"]
    ]  # fmt: skip
    head = ["", *POEM_MEASURES.values(), "signs repeated", "longest copied run (at most)"]
    count = found["systems"]["model"]["poems"]
    return (
        f"{found['model']} Unpicked poems for the {count} titles and forms of held-out poems, one "
        f"each at temperature {found['temperature']}, beside those poems and their shuffles. Rhyme "
        "and tones by the Pingshui table; a sign of two tones may be either. Rhyme, couplets and "
        "pattern of a poem count only where its form is right. Copied: signs of the longest run "
        f"that stands in one of the {found['trained_on']:,} training poems, the median.\n\n"
        + table(head, rows)
        + "\n\n"
        + table(["", *(f"{who}: {what}" for who in found["forms"]
                       for what in ("form", "rhyme", "pattern"))], forms)
    )  # fmt: skip
