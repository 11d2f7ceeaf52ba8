"""The options of LoRA (`gpt2.model.lora`), in a separate module that does not need torch."""

from __future__ import annotations

import dataclasses

from gpt2.options import Checked, option

MAPS = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")  # the adaptable maps of a block


@dataclasses.dataclass(frozen=True)
class LoraConfig(Checked):
    """The hyperparameters of LoRA adapters. Raises `OptionError`."""

    lora_rank: int = option(16, "Rank r of the adapters.", minimum=1)
    lora_alpha: float = option(
        32.0, "Scaling factor alpha; adapters are scaled by alpha / r.", above=0
    )
    lora_dropout: float = option(0.0, "Dropout of the adapters' input.", minimum=0, maximum=1)
    lora_targets: str = option(
        ",".join(MAPS), "Linear layers that get adapters: comma-separated endings of their names."
    )

    @property
    def targets(self) -> list[str]:
        """The targets as a list."""
        return [part.strip() for part in self.lora_targets.split(",") if part.strip()]
