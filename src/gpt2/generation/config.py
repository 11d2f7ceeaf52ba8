"""`GenerationConfig`: every option of decoding, declared once.

Names, defaults and meaning are those of transformers 5. A field's ``option`` carries its help, its
bounds and the value that switches it off; the command line, the documentation's table and the
validation read it from there.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from gpt2.errors import OptionError, UnsupportedError
from gpt2.files import read_json_object, write_json
from gpt2.options import check_names, option, spec_of, validate

FILE_NAME = "generation_config.json"

# Options of transformers that are not here, with the values at which they do nothing there.
_NOT_HERE: dict[str, tuple[Any, ...]] = {
    "num_beam_groups": (1,),
    "diversity_penalty": (0.0,),
    "constraints": (),
    "force_words_ids": (),
    "penalty_alpha": (0.0,),
    "dola_layers": (),
    "guidance_scale": (1, 1.0),
    "watermarking_config": (),
    "token_healing": (False,),
    "encoder_repetition_penalty": (1.0,),
    "encoder_no_repeat_ngram_size": (0,),
    "decoder_start_token_id": (),
    "assistant_early_exit": (),
    "assistant_ensemble_weight": (),
    "use_mtp": (False,),
    "speculation_type": (),
    "output_attentions": (False,),
    "output_hidden_states": (False,),
    "cache_implementation": ("dynamic",),
    "cache_config": (),
    "max_cache_len": (),
    "compile_config": (),
    "continuous_batching_config": (),
    "custom_generate": (),
    "assistant_tokenizer": (),
    "negative_prompt_ids": (),
    "negative_prompt_attention_mask": (),
    "inputs_embeds": (),
    "past_key_values": (),
    "position_ids": (),
    "token_type_ids": (),
    "low_memory": (False,),
}
# Settings that change neither the text nor what is returned here, and notes in saved files.
_WITHOUT_EFFECT = {
    "transformers_version", "_from_model_config", "_commit_hash", "_original_object_hash",
    "synced_gpus", "is_assistant", "num_assistant_tokens_schedule",
    "assistant_confidence_threshold", "assistant_lookbehind", "target_lookbehind",
    "disable_compile", "prefill_chunk_size",
}  # fmt: skip


@dataclasses.dataclass(init=False)
class GenerationConfig:
    """How to continue a text. Every option is a keyword; None means its default.

    A config remembers which options it was given: those are what `to_dict` and `save_pretrained`
    write, and what a call of ``generate`` takes from it before the model's own.

    Raises `OptionError` for an unknown name or a value out of bounds, `UnsupportedError` for an
    option that only transformers has.
    """

    # How long
    max_new_tokens: int | None = option(None, "The most new tokens.", minimum=1)
    max_length: int = option(
        20, "The most tokens, prompt included; the default counts new ones only.", minimum=1,
        cli=False,
    )  # fmt: skip
    min_new_tokens: int | None = option(None, "The fewest new tokens.", minimum=0)
    min_length: int = option(0, "The fewest tokens, prompt included.", minimum=0, off=0, cli=False)
    max_time: float | None = option(None, "Stop after this many seconds.", minimum=0)
    stop_strings: str | list[str] | None = option(
        None, "Stop once this text was written; it stays in the output."
    )
    long: Literal["error", "window"] = option(
        "error",
        "Beyond the context: 'error' refuses, 'window' goes on from the last half of it.",
        off="error",
    )
    # Which search
    do_sample: bool = option(False, "Draw at random instead of the most probable.", off=False)
    num_beams: int = option(1, "Beams of the beam search; 1 is no beam search.", minimum=1, off=1)
    early_stopping: bool | Literal["never"] = option(
        False,
        "Beams: True stops at num_beams finished ones, False when a better one is unlikely, "
        "'never' when it is impossible.",
        off=False,
        cli=False,
    )
    length_penalty: float = option(
        1.0, "Beams: above 0 favours long texts, below 0 short ones.", off=1.0
    )
    num_return_sequences: int = option(1, "How many texts for each prompt.", minimum=1, off=1)
    seed: int | list[int] | None = option(
        None, "The same seed gives the same text; a list has one for each prompt."
    )
    # The distribution to draw from
    temperature: float = option(
        1.0, "Divides the logits: below 1 bolder choices, above 1 more even ones.", off=1.0
    )
    top_k: int = option(50, "Keep the k most probable tokens.", minimum=0, off=0)
    top_p: float = option(
        1.0, "Keep the most probable tokens that reach this mass.", minimum=0, maximum=1, off=1.0
    )
    min_p: float | None = option(
        None, "Drop tokens below this share of the most probable one.", minimum=0, maximum=1
    )
    top_h: float | None = option(
        None, "Keep tokens up to this share of the entropy.", above=0, maximum=1
    )
    typical_p: float = option(
        1.0, "Keep the tokens of most typical surprise that reach this mass.", above=0, maximum=1,
        off=1.0,
    )  # fmt: skip
    epsilon_cutoff: float = option(
        0.0, "Drop tokens below this probability.", minimum=0, maximum=1, off=0.0
    )
    eta_cutoff: float = option(
        0.0, "Drop tokens below a probability that follows the entropy.", minimum=0, maximum=1,
        off=0.0,
    )  # fmt: skip
    # The logits, before any of those
    repetition_penalty: float = option(
        1.0, "Above 1 makes tokens that are already there less probable.", above=0, off=1.0
    )
    no_repeat_ngram_size: int = option(
        0, "No run of this many tokens comes twice.", minimum=0, off=0
    )
    bad_words_ids: list[list[int]] | None = option(
        None, "Sequences of ids that must not come.", cli=False
    )
    sequence_bias: dict[Any, Any] | list[Any] | None = option(
        None, "{ids: bias} added to the last id's logit where the others stand before.", cli=False
    )
    suppress_tokens: list[int] | None = option(None, "Ids that must not come.", cli=False)
    begin_suppress_tokens: list[int] | None = option(
        None, "Ids that must not come first.", cli=False
    )
    forced_bos_token_id: int | None = option(
        None, "The id that follows a prompt of one token.", minimum=0, cli=False
    )
    forced_eos_token_id: int | list[int] | None = option(
        None, "The id at the last place of max_length.", cli=False
    )
    exponential_decay_length_penalty: list[Any] | None = option(
        None, "(start, factor): ending grows likelier after start new tokens.", cli=False
    )
    remove_invalid_values: bool = option(
        False, "Replace NaN and infinite logits.", off=False, cli=False
    )
    renormalize_logits: bool = option(
        False, "Make the final scores log-probabilities.", off=False, cli=False
    )
    # Faster, with the same text
    prompt_lookup_num_tokens: int | None = option(
        None, "Draft this many tokens from the text so far; same text, often sooner.", minimum=1
    )
    max_matching_ngram_size: int = option(
        2, "Prompt lookup: the longest ending to look for.", minimum=1, cli=False
    )
    num_assistant_tokens: int = option(
        20, "Tokens an assistant model drafts at a time.", minimum=1, cli=False
    )
    use_cache: bool = option(True, "Accepted for transformers' sake; always on.", cli=False)
    # What comes back
    return_dict_in_generate: bool = option(
        False, "Return an object with fields instead of the ids.", off=False, cli=False
    )
    output_scores: bool = option(
        False, "Also the processed scores of each step.", off=False, cli=False
    )
    output_logits: bool = option(
        False, "Also the model's logits of each step.", off=False, cli=False
    )
    # Special tokens; the model's own by default
    bos_token_id: int | None = option(
        None, "The id an empty prompt starts with.", minimum=0, cli=False
    )
    eos_token_id: int | list[int] | None = option(None, "The ids that end a text.", cli=False)
    pad_token_id: int | None = option(
        None, "The id that fills up shorter rows; eos by default.", minimum=0, cli=False
    )

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "_given", set())
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, field.default)
        self.update(**values)

    @property
    def given(self) -> set[str]:
        """The names that were set to something."""
        names: set[str] = self.__dict__["_given"]
        return names

    def __setattr__(self, name: str, value: Any) -> None:
        check_names(type(self), [name])
        if value is None:
            object.__setattr__(self, name, type(self).__dataclass_fields__[name].default)
            self.given.discard(name)
        else:
            object.__setattr__(self, name, plain(value))
            self.given.add(name)

    def update(self, **values: Any) -> None:
        """Set options by name and validate them all."""
        for name, value in supported(values).items():
            setattr(self, name, value)
        self.validate()

    def validate(self) -> None:
        """Raise `OptionError` for a value, or a combination of values, that makes no sense."""
        validate(self)
        if not self.temperature > 0:
            raise OptionError(
                f"temperature must be above 0, found {self.temperature}. For the most probable "
                "token each time, say do_sample=False."
            )
        if self.num_return_sequences > 1 and self.num_beams == 1 and not self.do_sample:
            raise OptionError(
                "num_return_sequences above 1 needs do_sample=True or num_beams: greedy decoding "
                "has only one result."
            )
        if 1 < self.num_beams < self.num_return_sequences:
            raise OptionError(
                f"num_return_sequences ({self.num_return_sequences}) must be at most num_beams "
                f"({self.num_beams})."
            )
        _check_token_lists(self)

    def to_dict(self) -> dict[str, Any]:
        """The options that were given."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)
                if f.name in self.given}  # fmt: skip

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GenerationConfig:
        """From the content of a ``generation_config.json``."""
        return cls(**values)

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> GenerationConfig:
        """Read ``generation_config.json`` of a folder (or that file itself).

        Raises `MissingFileError` where there is none, `CorruptFileError` for one that is no JSON.
        """
        path = Path(folder)
        return cls.from_dict(
            read_json_object(path / FILE_NAME if path.is_dir() else path, nan=True)
        )

    def to_json(self) -> dict[str, Any]:
        """`to_dict` as JSON can hold it: a mapping by sequences of ids becomes pairs."""
        values = self.to_dict()
        if isinstance(values.get("sequence_bias"), dict):
            values["sequence_bias"] = [[list(k), v] for k, v in values["sequence_bias"].items()]
        return values

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write ``generation_config.json`` into a folder; transformers reads it too."""
        write_json(Path(folder) / FILE_NAME, self.to_json())


def supported(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` without what has no effect here; raises for what only transformers has."""
    kept = {}
    for name, value in values.items():
        if name in _NOT_HERE:
            if value is not None and value not in _NOT_HERE[name]:
                raise UnsupportedError(
                    f"{name} is not implemented here; transformers has it, or had it. "
                    "A model folder of this package loads there too."
                )
        elif name not in _WITHOUT_EFFECT:
            kept[name] = value
    check_names(GenerationConfig, kept)
    return kept


def off_value(name: str) -> Any:
    """The value at which an option does nothing."""
    return spec_of(GenerationConfig.__dataclass_fields__[name]).off


def default_value(name: str) -> Any:
    """What an option is if nobody says anything."""
    return GenerationConfig.__dataclass_fields__[name].default


def plain(value: Any) -> Any:
    """Numpy and torch values as Python's own; ``tuple`` keys of a mapping stay."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return list(value) if isinstance(value, (tuple, set, frozenset, range)) else value


def _check_token_lists(options: GenerationConfig) -> None:
    words = options.bad_words_ids
    if words is not None and not all(words):
        raise OptionError(f"bad_words_ids must hold sequences of at least one id, found {words}.")
    decay = options.exponential_decay_length_penalty
    if decay is not None and len(decay) != 2:
        raise OptionError(f"exponential_decay_length_penalty is (start, factor), found {decay}.")
    suppressed = set(options.suppress_tokens or [])
    for name in ("forced_bos_token_id", "forced_eos_token_id"):
        forced = token_list(getattr(options, name))
        if forced and suppressed.issuperset(forced):
            raise OptionError(f"{name} {forced} is in suppress_tokens as well: take it out of one.")


def token_list(value: int | list[int] | None) -> list[int]:
    """Ids of an option that is one id, several, or none."""
    return [value] if isinstance(value, int) else list(value or [])
