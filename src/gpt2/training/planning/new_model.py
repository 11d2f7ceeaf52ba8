"""The shape of a new model, given by options."""

from __future__ import annotations

import dataclasses
from typing import Literal

from gpt2.config import PUBLISHED, GPT2Config
from gpt2.errors import OptionError
from gpt2.options import option, validate

FIELDS = {"layers": "n_layer", "width": "n_embd", "heads": "n_head", "context": "n_positions",
          "dropout": "resid_pdrop"}  # fmt: skip
SIZED = ("layers", "width", "heads")
HEAD = 64  # the head size in every published model


@dataclasses.dataclass
class ModelShape:
    """The shape of a new model. Raises `OptionError` for an invalid shape."""

    size: Literal["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"] | None = option(
        None, "Published model size, instead of --layers, --width and --heads."
    )
    layers: int | None = option(None, "Number of transformer blocks.", minimum=1, unset="4")
    width: int | None = option(None, "Width of the residual stream.", minimum=1, unset="256")
    heads: int | None = option(None, "Number of attention heads.", minimum=1, unset="width / 64")
    context: int | None = option(
        None, "Context length in tokens.", minimum=2, unset="256, or 1024 with --size"
    )
    dropout: float | None = option(
        None,
        "Dropout in all layers, for text that is seen many times.",
        minimum=0,
        maximum=0.9,
        unset="0",
    )

    def __post_init__(self) -> None:
        validate(self)
        if self.size and (self.layers or self.width or self.heads):
            raise OptionError(
                "size already determines layers, width and heads: give either size or those."
            )

    def check(self, there: GPT2Config) -> None:
        """Raise `OptionError` if an option that was given does not match an existing model."""
        wanted = self.config(there.vocab_size, None)
        for name in [*SIZED, "context"] if self.size else self.given:
            asked, present = getattr(wanted, FIELDS[name]), getattr(there, FIELDS[name])
            if asked != present:
                raise OptionError(
                    f"{name} {asked} was requested, but the existing model has {present}: leave "
                    "it out, or start another model."
                )

    def dropouts(self) -> dict[str, float]:
        """The configuration fields that ``dropout`` sets; empty if it was not given."""
        if self.dropout is None:
            return {}
        return dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), self.dropout)

    @property
    def given(self) -> list[str]:
        """The options that differ from the defaults."""
        return [f.name for f in dataclasses.fields(self) if getattr(self, f.name) != f.default]

    def config(self, vocab_size: int, end_of_text: int | None) -> GPT2Config:
        """The configuration of a model of this shape. Raises `ConfigError`."""
        layers, heads, width = PUBLISHED[self.size] if self.size else (4, None, self.width or 256)
        return GPT2Config(
            vocab_size=vocab_size,
            n_positions=self.context or (1024 if self.size else 256),
            n_embd=width,
            n_layer=self.layers or layers,
            n_head=self.heads or heads or max(1, width // HEAD),
            bos_token_id=end_of_text,
            eos_token_id=end_of_text,
            **{"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, **self.dropouts()},
        )
