"""Checks of a call against the model's vocabulary and context and the machine's memory."""

from __future__ import annotations

import os
from collections.abc import Iterable

from gpt2.config import GPT2Config
from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.generation.config import GenerationConfig, token_list
from gpt2.generation.pipeline import biases


def check_ids(o: GenerationConfig, vocabulary: int) -> None:
    """Raise `OptionError` for an id outside the vocabulary in an option that would use it.

    Ids that are only compared (end-of-text, suppressed ids) may be outside, as in transformers.
    """
    eos = token_list(o.eos_token_id)
    _inside("sequence_bias", (i for ids in biases(o.sequence_bias or []) for i in ids), vocabulary)
    _inside("bad_words_ids", (i for ids in o.bad_words_ids or [] for i in ids), vocabulary)
    _inside("forced_bos_token_id", token_list(o.forced_bos_token_id), vocabulary)
    _inside("forced_eos_token_id", token_list(o.forced_eos_token_id), vocabulary)
    if o.exponential_decay_length_penalty is not None:
        _inside("eos_token_id (used by exponential_decay_length_penalty)", eos, vocabulary)
    if o.return_dict_in_generate and (o.output_scores or o.output_logits) and eos:
        _inside("pad_token_id (used if scores or logits are returned)", token_list(o.pad_token_id),
                vocabulary)  # fmt: skip
    if o.num_beams > 1 and len(set(eos)) >= vocabulary:
        raise OptionError(
            f"eos_token_id contains {len(set(eos))} of the {vocabulary} ids of the vocabulary: "
            "beam search needs at least one that does not end the text."
        )


def _inside(name: str, ids: Iterable[int], vocabulary: int) -> None:
    for i in ids:
        if not 0 <= i < vocabulary:
            raise OptionError(
                f"{name} contains the token id {i}; the model has the ids 0 to {vocabulary - 1}."
            )


def check_memory(o: GenerationConfig, c: GPT2Config, prompts: int, width: int, end: int) -> None:
    """Raise `OptionError` if the rows cannot fit in this machine's memory.

    Args:
        o: the options of the call.
        c: the model's configuration.
        prompts: the number of prompts.
        width: tokens in the longest prompt.
        end: columns of the result.
    """
    rows = prompts * max(o.num_beams, o.num_return_sequences)
    positions = min(width + end, c.n_positions)
    row = positions * 2 * c.n_layer * c.n_embd + 4 * c.vocab_size + 8 * end  # one byte per number
    memory = _memory()
    if memory is not None and rows * row > memory:
        raise OptionError(
            f"{rows:,} rows of up to {end:,} tokens (num_beams={o.num_beams:,}, "
            f"num_return_sequences={o.num_return_sequences:,}) need at least "
            f"{rows * row / 2**30:,.0f} GiB of memory; this machine has {memory / 2**30:,.0f} "
            "GiB. Request fewer or shorter texts."
        )


def end_of(options: GenerationConfig, T: int, longest: int, limit: int) -> int:
    """The column at which decoding ends; transformers' rules, but checked against the context.

    Args:
        options: the options of the call.
        T: columns of the prompts, padding included.
        longest: tokens in the longest prompt.
        limit: the model's ``n_positions``.

    Raises:
        InputError: the options leave no token to generate.
        ContextLengthError: the result would not fit in the context.
    """
    window = options.long == "window"
    if options.max_new_tokens is not None:
        end = T + options.max_new_tokens
    elif "max_length" in options.given:
        end = options.max_length
        if end <= T:
            raise InputError(
                f"the prompt has {T} tokens and max_length is {end}, which leaves no room for new "
                "tokens. Raise max_length, or preferably use max_new_tokens."
            )
    else:
        room = limit - (T if limit > T else longest)  # as transformers, if there is room
        end = T + (options.max_length if window else max(1, min(options.max_length, room)))
    if not window and longest + (end - T) > limit + 1:  # the last token is never read
        raise ContextLengthError(
            f"a prompt of {longest} tokens and {end - T} new tokens exceed this model's context "
            f"length of {limit}. Shorten the prompt, request at most "
            f"{max(0, limit + 1 - longest)} new tokens, or use long='window' to continue from the "
            "last half of the context."
        )
    return end


def _memory() -> int | None:
    """The machine's memory in bytes; None if the system does not report it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
