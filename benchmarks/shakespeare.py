"""The section of docs/results.md on the model of `recipes/shakespeare/run.py`."""

from __future__ import annotations

from typing import Any

from benchmarks.common import spread, table


def describe(found: dict[str, Any]) -> str:
    rows = [
        [name, f"{one['steps']}", f"{one['options']['lr']:g}", ", ".join(map(str, one["seeds"])),
         spread(one["loss"], 3), spread(one["seconds"])]
        for name, one in found["recipes"].items()
    ]  # fmt: skip
    head = ["recipe", "steps", "lr", "seeds", "validation loss, nats", "seconds"]
    text = (
        "nanoGPT's character-level setting for a CPU (4 layers, width 128, 64 characters, 12 rows) "
        "in our training loop. The loss is that of the complete validation split. adamw uses the "
        "settings that nanoGPT publishes; "
    )
    if "search" not in found:
        return (
            text + "adamw-tuned and muon come from a short search by hand.\n\n" + table(head, rows)
        )
    tried = " and ".join(str(len(one["tried"])) for one in found["search"].values())
    return (
        f"{text}adamw-tuned and muon come from searches of {tried} runs with another seed: the "
        f"shortest run that reached {found['goal']} nats, or the best one if none did. Muon takes "
        f"{found['muon_of_tuned_adamw']:.2f} of the time of tuned AdamW.\n\n" + table(head, rows)
    )
