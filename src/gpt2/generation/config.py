"""`GenerationConfig`: every option of decoding, declared once.

Names, defaults and meaning are those of transformers 5. A field's ``option`` holds its help text,
its bounds and its off value; the command line, the documentation's table and the validation are
derived from it.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from gpt2.errors import OptionError
from gpt2.generation.config_file import ConfigFile, Kept
from gpt2.generation.elsewhere import harmless_in_a_file, is_elsewhere, refuse
from gpt2.options import check_names, option, spec_of, validate

SAMPLING_ONLY = ("temperature", "top_k", "top_p", "min_p", "top_h", "typical_p",
                 "epsilon_cutoff", "eta_cutoff", "seed")  # fmt: skip
BEAMS_ONLY = ("early_stopping", "length_penalty")


@dataclasses.dataclass(init=False)
class GenerationConfig(ConfigFile):
    """The decoding options. Each is a keyword argument; None means its default.

    A config remembers which options were set explicitly: only those are written by `to_dict` and
    `save_pretrained` and override the model's own defaults in ``generate``. An option that only
    transformers has may be set to its off value. Any other entry of a file (`read`) is kept and
    written back; generating raises an error if it would need it.

    Raises `OptionError` for an unknown name or a value out of bounds, `UnsupportedError` for an
    option that only transformers has.
    """

    # Length
    max_new_tokens: int | None = option(None, "Maximum number of new tokens.", minimum=1)
    max_length: int = option(
        20, "Maximum length in tokens, including the prompt; the default counts only new tokens.",
        minimum=1, cli=False,
    )  # fmt: skip
    min_new_tokens: int | None = option(None, "Minimum number of new tokens.", minimum=0)
    min_length: int = option(
        0, "Minimum length in tokens, including the prompt.", minimum=0, off=0, cli=False
    )
    max_time: float | None = option(None, "Stop generating after this many seconds.", minimum=0)
    stop_strings: str | list[str] | None = option(
        None, "Stop once this text has been generated; it stays in the output."
    )
    long: Literal["error", "window"] = option(
        "error",
        "Handling of text beyond the context length: 'error' refuses it, 'window' continues it "
        "from the last half of the context.",
        off="error",
    )
    # Search strategy
    do_sample: bool = option(
        False, "Sample tokens at random instead of taking the most probable one.", off=False
    )
    num_beams: int = option(1, "Number of beams for beam search; 1 disables it.", minimum=1, off=1)
    early_stopping: bool | Literal["never"] = option(
        False,
        "End of beam search: True stops at num_beams finished texts, False when a better one is "
        "unlikely, 'never' when it is impossible.",
        off=False,
        cli=False,
    )
    length_penalty: float = option(
        1.0,
        "Length penalty of beam search: above 0 favours long texts, below 0 short ones.",
        off=1.0,
    )
    num_return_sequences: int = option(
        1, "Number of texts to generate for each prompt.", minimum=1, off=1
    )
    seed: int | list[int] | None = option(
        None,
        "Random seed; the same seed gives the same text. In Python also a list, one per prompt.",
    )
    # The sampling distribution
    temperature: float = option(
        1.0,
        "Sampling temperature: below 1 makes the text more predictable, above 1 more varied.",
        off=1.0,
    )
    top_k: int = option(
        50, "Sample only from the k most probable tokens; 0 disables the limit.", minimum=0, off=0
    )
    top_p: float = option(
        1.0,
        "Sample from the smallest set of tokens whose probabilities add up to this.",
        minimum=0, maximum=1, off=1.0,
    )  # fmt: skip
    min_p: float | None = option(
        None,
        "Drop tokens less probable than this fraction of the most probable one's probability.",
        minimum=0,
        maximum=1,
    )
    top_h: float | None = option(
        None,
        "Keep the most probable tokens up to this fraction of the entropy.",
        above=0,
        maximum=1,
    )
    typical_p: float = option(
        1.0, "Sample from the most typical tokens whose probabilities add up to this.",
        above=0, maximum=1, off=1.0,
    )  # fmt: skip
    epsilon_cutoff: float = option(
        0.0, "Drop tokens less probable than this.", minimum=0, maximum=1, off=0.0
    )
    eta_cutoff: float = option(
        0.0, "Drop tokens less probable than a cutoff that adapts to the entropy.",
        minimum=0, maximum=1, off=0.0,
    )  # fmt: skip
    # The logits, before sampling
    repetition_penalty: float = option(
        1.0,
        "Penalty on tokens in the prompt and the text; above 1 makes them less probable.",
        above=0,
        off=1.0,
    )
    presence_penalty: float = option(
        0.0,
        "Amount subtracted from the logits of tokens already generated; may be negative.",
        off=0.0,
    )
    frequency_penalty: float = option(
        0.0,
        "Amount subtracted from a token's logit for each time it was generated; may be negative.",
        off=0.0,
    )
    no_repeat_ngram_size: int = option(
        0, "Length of n-grams that may occur only once; 0 disables the limit.", minimum=0, off=0
    )
    bad_words_ids: list[list[int]] | None = option(
        None, "Sequences of token ids that are never generated.", cli=False
    )
    sequence_bias: dict[Any, Any] | list[Any] | None = option(
        None,
        "Map {ids: bias}: the bias is added to the last id's logit if the others precede it.",
        cli=False,
    )
    suppress_tokens: list[int] | None = option(
        None, "Token ids that are never generated.", cli=False
    )
    begin_suppress_tokens: list[int] | None = option(
        None, "Token ids that are never generated first.", cli=False
    )
    forced_bos_token_id: int | None = option(
        None, "Token id to force after a prompt of one token.", minimum=0, cli=False
    )
    forced_eos_token_id: int | list[int] | None = option(
        None, "Token id to force when max_length is reached.", cli=False
    )
    exponential_decay_length_penalty: list[Any] | None = option(
        None,
        "Pair (start, factor): after start new tokens, the end becomes more and more probable.",
        cli=False,
    )
    remove_invalid_values: bool = option(
        False, "Replace NaN and infinite logits.", off=False, cli=False
    )
    renormalize_logits: bool = option(
        False, "Normalize the final scores to log-probabilities.", off=False, cli=False
    )
    # Speed, with the same output
    prompt_lookup_num_tokens: int | None = option(
        None, "Number of tokens to draft by prompt lookup: the same text, often faster.", minimum=1
    )
    max_matching_ngram_size: int = option(
        2,
        "Longest n-gram that prompt lookup searches for in the text so far.",
        minimum=1,
        cli=False,
    )
    num_assistant_tokens: int = option(
        20, "Number of tokens that the assistant model drafts at a time.", minimum=1, cli=False
    )
    use_cache: bool = option(
        True, "Include the KV cache in the returned object; decoding always uses one.", cli=False
    )
    # The return value
    return_dict_in_generate: bool = option(
        False, "Return an object with named fields instead of token ids.", off=False, cli=False
    )
    output_scores: bool = option(
        False, "Return the processed scores of each step too.", off=False, cli=False
    )
    output_logits: bool = option(
        False, "Return the model's logits of each step too.", off=False, cli=False
    )
    # Special tokens; the model's own by default
    bos_token_id: int | None = option(
        None, "Token id that an empty prompt starts with.", minimum=0, cli=False
    )
    eos_token_id: int | list[int] | None = option(None, "Token ids that end the text.", cli=False)
    pad_token_id: int | None = option(
        None, "Token id that pads shorter rows.", minimum=0, cli=False, unset="`eos_token_id`"
    )

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "_given", set())
        object.__setattr__(self, "_kept", {})
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, field.default)
        for name, value in values.items():
            setattr(self, name, value)
        self.validate()

    @property
    def given(self) -> set[str]:
        """The names of the options that were set explicitly."""
        return self.__dict__["_given"]

    def __getattr__(self, name: str) -> Any:  # called only for names that are not fields
        kept = self.__dict__.get("_kept", {})
        if name in kept or is_elsewhere(name):
            return kept[name].value if name in kept else None
        raise AttributeError(f"GenerationConfig has no option {name!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        if is_elsewhere(name):
            refuse(name, value)
        else:
            check_names(type(self), [name])
        self.kept.pop(name, None)
        if name not in type(self).__dataclass_fields__:
            if value is not None:
                self.kept[name] = Kept(value)
        elif value is None:
            object.__setattr__(self, name, type(self).__dataclass_fields__[name].default)
            self.given.discard(name)
        else:
            object.__setattr__(self, name, plain(value))
            self.given.add(name)

    def update(
        self, defaults_only: bool = False, allow_custom_entries: bool = False, **values: Any
    ) -> dict[str, Any]:
        """Set options by name, if the result is valid; returns the unused, unknown ones.

        With ``defaults_only``, options that were already set are left alone and returned too; with
        ``allow_custom_entries``, unknown names are kept, like those of a file.
        """
        known = {n for n in values if self.has(n) or is_elsewhere(n)}
        held = self.given | set(self.kept)
        taken = [
            n for n in values
            if (n in known or n in self.kept or allow_custom_entries)
            and not (defaults_only and n in held)
        ]  # fmt: skip
        changed = copy.deepcopy(self)
        for name in taken:
            if name in known:
                setattr(changed, name, values[name])
            else:
                changed.kept[name] = Kept(values[name])
        changed.validate()
        self.__dict__.update(changed.__dict__)
        return {n: v for n, v in values.items() if n not in taken}

    def validate(self) -> None:
        """Raise `OptionError` for an invalid value or combination of values."""
        self.check_values()
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
        suppressed = set(self.suppress_tokens or [])
        for name in ("forced_bos_token_id", "forced_eos_token_id"):
            forced = token_list(getattr(self, name))
            if forced and suppressed.issuperset(forced):
                raise OptionError(
                    f"{name} {forced} is also in suppress_tokens: remove it from one of them."
                )

    def check_values(self) -> None:
        """Raise `OptionError` for an option that is invalid regardless of the others."""
        validate(self)
        if not self.temperature > 0:
            raise OptionError(
                f"temperature must be above 0, found {self.temperature}. For greedy decoding, use "
                "do_sample=False."
            )
        _check_bad_words(self.bad_words_ids)
        _check_biases(self.sequence_bias)
        _check_decay(self.exponential_decay_length_penalty)

    def get_generation_mode(self, assistant_model: Any = None) -> str:
        """The decoding method these options select, under its name in transformers."""
        guided = assistant_model is not None or self.prompt_lookup_num_tokens is not None
        if self.num_beams > 1:
            return "beam_sample" if self.do_sample else "beam_search"
        return "assisted_generation" if guided else "sample" if self.do_sample else "greedy_search"

    def to_dict(self) -> dict[str, Any]:
        """The options that were set explicitly."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)
                if f.name in self.given}  # fmt: skip


def is_used(name: str, options: GenerationConfig) -> bool:
    """Whether generating with ``options`` would use the option ``name``."""
    if name in SAMPLING_ONLY:
        return options.do_sample
    if name in BEAMS_ONLY:
        return options.num_beams > 1
    if name.startswith("output_"):
        return options.return_dict_in_generate
    return not harmless_in_a_file(name) and name not in ("bos_token_id", "pad_token_id")


def off_value(name: str) -> Any:
    """The value at which an option has no effect."""
    return spec_of(GenerationConfig.__dataclass_fields__[name]).off


def default_value(name: str) -> Any:
    """The default value of an option."""
    return GenerationConfig.__dataclass_fields__[name].default


def plain(value: Any) -> Any:
    """Convert numpy and torch values, also in lists and mappings, to Python's; keys are tuples."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {tuple(plain(k)) if isinstance(k, tuple) else k: plain(v) for k, v in value.items()}
    return value


def _check_bad_words(words: Any) -> None:
    if words is not None and not all(words):
        raise OptionError(
            f"bad_words_ids must contain sequences of at least one token id, found {words}."
        )


def _check_biases(biases: Any) -> None:
    pairs = biases.items() if isinstance(biases, Mapping) else biases or []
    for pair in pairs:
        ids, bias = pair if isinstance(pair, (list, tuple)) and len(pair) == 2 else (None, None)
        good = isinstance(ids, (list, tuple)) and len(ids) > 0 and all(map(_is_whole, ids))
        if not good or isinstance(bias, bool) or not isinstance(bias, (int, float)):
            raise OptionError(
                "sequence_bias must be {(ids, ...): bias} or a list of [[ids, ...], bias], with "
                f"at least one token id and a number in each entry, found {pair!r}."
            )


def _check_decay(decay: Any) -> None:
    if decay is None:
        return
    good = len(decay) == 2 and _is_whole(decay[0]) and isinstance(decay[1], (int, float))
    if not good:
        raise OptionError(
            "exponential_decay_length_penalty must be (start, factor), an integer and a number, "
            f"found {decay}."
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def token_list(value: int | list[int] | None) -> list[int]:
    """The ids of an option that may be one id, several, or None."""
    return [value] if isinstance(value, int) else list(value or [])
