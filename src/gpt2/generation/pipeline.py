"""The order in which the options change the logits: that of transformers, as results depend on it.
presence_penalty and frequency_penalty, which it lacks, follow repetition_penalty as in vLLM.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any

from gpt2.generation import processors as p
from gpt2.generation import warpers as w
from gpt2.generation.arrays import INF, Array, Processor
from gpt2.generation.config import GenerationConfig, token_list


def build(
    options: GenerationConfig,
    prompt_length: int,
    max_length: int,
    starts: Sequence[int] | None = None,
    allowed: Callable[[int, Array], Any] | None = None,
    custom: Sequence[Processor] = (),
    vocabulary: int = 2**63,
) -> list[Processor]:
    """The enabled processors, in order.

    Args:
        options: the options of the call.
        prompt_length: T of the prompts, padding included.
        max_length: the T at which decoding ends.
        starts: where the padding of each row ends.
        allowed: the user's ``prefix_allowed_tokens_fn``.
        custom: the user's custom processors.
        vocabulary: the vocabulary size; negative ids and ids from it on are dropped.
    """

    def inside(ids: Sequence[int]) -> list[int]:
        return [i for i in ids if 0 <= i < vocabulary]

    chain = _constraints(options, prompt_length, max_length, starts, allowed, inside)
    return [*chain, *custom, *tail(options)]


def tail(options: GenerationConfig) -> list[Processor]:
    """The end of the chain for these options, which depends only on the scores."""
    chain: list[Processor] = []
    if options.do_sample:
        chain += [_of_scores(warper) for warper in warpers(options)]
    if options.renormalize_logits:
        chain.append(p.renormalize)
    return chain


def apply(chain: Sequence[Processor], ids: Array, scores: Array) -> Array:
    """The scores after each processor in turn."""
    for process in chain:
        scores = process(ids, scores)
    return scores


def _constraints(
    o: GenerationConfig,
    start: int,
    end: int,
    starts: Sequence[int] | None,
    allowed: Callable[[int, Array], Any] | None,
    inside: Callable[[Sequence[int]], list[int]],
) -> list[Processor]:
    eos = inside(token_list(o.eos_token_id))
    chain: list[Processor] = []
    if o.sequence_bias:
        chain.append(partial(p.sequence_bias, biases=biases(o.sequence_bias)))
    if o.repetition_penalty != 1:
        chain.append(partial(p.repetition_penalty, penalty=o.repetition_penalty, starts=starts))
    if o.presence_penalty or o.frequency_penalty:
        penalties = {"presence": o.presence_penalty, "frequency": o.frequency_penalty}
        chain.append(partial(p.penalize_generated, start=start, **penalties))
    if o.no_repeat_ngram_size:
        chain.append(partial(p.no_repeat_ngram, size=o.no_repeat_ngram_size))
    if o.bad_words_ids:
        ends = [[token] for token in eos]  # an end-of-text id that is also a bad word stays allowed
        bad = {tuple(word): -INF for word in o.bad_words_ids if list(word) not in ends}
        chain.append(partial(p.sequence_bias, biases=bad))
    least = o.min_length if o.min_new_tokens is None else start + o.min_new_tokens
    if eos and least > start:
        chain.append(partial(p.forbid_below, tokens=eos, length=least))
    if allowed is not None:
        chain.append(partial(p.allow_only, allowed=allowed, beams=o.num_beams))
    if o.forced_bos_token_id is not None:
        chain.append(partial(p.force_at, tokens=[o.forced_bos_token_id], length=1))
    if o.forced_eos_token_id is not None:
        forced = token_list(o.forced_eos_token_id)
        chain.append(partial(p.force_at, tokens=forced, length=end - 1))
    if o.remove_invalid_values:
        chain.append(p.remove_invalid)
    if o.exponential_decay_length_penalty and eos:
        after, factor = o.exponential_decay_length_penalty
        chain.append(partial(p.end_sooner, tokens=eos, start=start + after, factor=factor))
    if o.suppress_tokens:
        chain.append(partial(p.forbid, tokens=inside(o.suppress_tokens)))
    if o.begin_suppress_tokens:
        first = start if start > 1 or o.forced_bos_token_id is None else start + 1
        chain.append(partial(p.forbid_at, tokens=inside(o.begin_suppress_tokens), length=first))
    return chain


def warpers(o: GenerationConfig) -> list[Callable[[Array], Array]]:
    """The enabled warpers, in order, each a named function of the scores."""
    # Beams need at least one continuation that does not end the text.
    keep = max(2, len(token_list(o.eos_token_id)) + 1) if o.num_beams > 1 else 1
    chain: list[Callable[[Array], Array]] = []
    if o.temperature != 1:
        chain.append(_name(w.temperature, t=o.temperature))
    if o.top_h is not None:
        chain.append(_name(w.top_h, h=o.top_h))
    if o.top_k:
        chain.append(_name(w.top_k, k=o.top_k, keep=keep))
    if o.top_p < 1:
        chain.append(_name(w.top_p, p=o.top_p, keep=keep))
    if o.min_p is not None:
        chain.append(_name(w.min_p, p=o.min_p, keep=keep))
    if o.typical_p < 1:
        chain.append(_name(w.typical_p, p=o.typical_p, keep=keep))
    if 0 < o.epsilon_cutoff < 1:
        chain.append(_name(w.epsilon_cutoff, epsilon=o.epsilon_cutoff, keep=keep))
    if 0 < o.eta_cutoff < 1:
        chain.append(_name(w.eta_cutoff, epsilon=o.eta_cutoff, keep=keep))
    return chain


def _name(warper: Callable[..., Array], **settings: Any) -> Callable[[Array], Array]:
    return update_wrapper(partial(warper, **settings), warper)


def _of_scores(warper: Callable[[Array], Array]) -> Processor:
    return lambda ids, scores: warper(scores)


def biases(value: dict[Any, float] | list[Any]) -> dict[tuple[int, ...], float]:
    """``sequence_bias`` as a mapping, from either form that transformers accepts."""
    pairs = value.items() if isinstance(value, dict) else value
    return {tuple(tokens): float(bias) for tokens, bias in pairs}
