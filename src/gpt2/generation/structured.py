"""`Structured`: output that is one of several choices, matches a regular expression, or is JSON.

A processor for ``generate(..., logits_processor=[...])`` and the server: after each token it allows
only the tokens with which the text can still match (the library llguidance decides which), and the
end of the text only if it matches. So complete output always matches; output that max_new_tokens
cuts off is a prefix of a match.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from gpt2.errors import InputError, OptionError
from gpt2.extras import need
from gpt2.files import read_json_object
from gpt2.generation import arrays
from gpt2.generation.arrays import Array
from gpt2.generation.config import token_list
from gpt2.generation.tokenizing import adopt
from gpt2.options import option

LONGEST = 65_536  # the most characters of a structure


@dataclasses.dataclass
class StructureOptions:
    """A structure in the form of command-line options."""

    choice: str | list[str] | None = option(
        None, "Allowed output; the text is exactly one of those given."
    )
    regex: str | None = option(None, "Regular expression that the whole text must match.")
    json_schema: str | None = option(None, "File with a JSON schema that the text must follow.")


def constrain(model: Any, options: StructureOptions) -> Structured | None:
    """The structure these options describe, or None. Raises the errors of `Structured` and of
    reading a file."""
    o = options
    choices = [o.choice] if isinstance(o.choice, str) else o.choice
    schema = None if o.json_schema is None else read_json_object(o.json_schema)
    asked = {"choices": choices, "regex": o.regex, "schema": schema}
    nothing = all(value is None for value in asked.values())
    return None if nothing else Structured(model, **asked)  # type: ignore[arg-type]


class Structured:
    """The processor for one call: its first step determines where the prompt ends.

    Args:
        model: the result of `gpt2.load`; its tokenizer and end-of-text ids are used.
        choices: the output is one of these texts.
        regex: a regular expression that the full output matches.
        schema: a JSON schema as a mapping; the output is matching JSON without optional whitespace.

    Raises:
        OptionError: not exactly one of the three, or one that llguidance does not understand; a
            call raises it for one that exceeds a limit of llguidance during generation.
        InputError: a model without an end-of-text id or a tokenizer.
        MissingDependencyError: llguidance is not installed.
    """

    def __init__(
        self,
        model: Any,
        *,
        choices: Sequence[str] | None = None,
        regex: str | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        library = need("llguidance", "structured output")
        if sum(one is not None for one in (choices, regex, schema)) != 1:
            raise OptionError("give exactly one of choices, regex and schema.")
        self.vocabulary: int = model.config.vocab_size
        ends = token_list(model.generation_config.eos_token_id)
        self.ends = [i for i in ends if 0 <= i < self.vocabulary]
        if not self.ends or model.tokenizer is None:
            raise InputError(
                "structured output requires a tokenizer and an eos_token_id in the model's "
                f"vocabulary, found {ends}."
            )
        tokens = _tokens(model.tokenizer, self.vocabulary, self.ends[0])
        grammar = _grammar(library, choices, regex, schema)
        error = library.LLMatcher.validate_grammar(grammar, tokens)
        if error and not error.startswith("WARNING"):
            reason = " ".join(error.split())[:200]
            raise OptionError(f"the structure cannot be used: {reason}.")
        self._first = library.LLMatcher(tokens, grammar, log_level=0)
        self._start: int | None = None
        self._states: dict[tuple[int, ...], Any] = {(): self._first}

    def again(self) -> Structured:
        """A copy for another call."""
        other = copy.copy(self)
        other._start, other._states = None, {(): self._first}
        return other

    def __call__(self, ids: Array, scores: Array) -> Array:
        """The scores [R, V] after ids [R, T], with -inf for tokens that are not allowed."""
        rows = arrays.to_numpy(ids).tolist()
        if self._start is None:
            self._start = len(rows[0])
        new = [tuple(row[self._start :]) for row in rows]
        self._states = {row: self._state(row) for row in new}
        allowed = np.stack([self._allow(self._states[row]) for row in new])
        return arrays.where(arrays.booleans(scores, allowed), scores, -arrays.INF)

    def _state(self, new: tuple[int, ...]) -> Any:
        """The grammar's state after a row's new tokens, one step on from that before the last."""
        if new in self._states:
            return self._states[new]
        before = self._states.get(new[:-1])
        state = (before or self._first).deep_copy()
        for token in new[-1:] if before is not None else new:
            if token not in self.ends and token < self.vocabulary:  # padding may have any id
                state.consume_token(token)
        return state

    def _allow(self, state: Any) -> Any:
        """The allowed tokens, as booleans [V]."""
        allowed = np.zeros(self.vocabulary, bool)
        if not state.is_stopped():
            bits = np.unpackbits(np.frombuffer(state.compute_bitmask(), np.uint8),
                                 bitorder="little")[: self.vocabulary]  # fmt: skip
            allowed[: len(bits)] = bits
        if state.is_error():  # a limit of llguidance that no check of the grammar finds
            reason = state.get_error().splitlines()[0]
            raise OptionError(f"the structure cannot be used; llguidance reports: {reason}.")
        allowed[self.ends] = state.is_accepting() or not allowed.any()
        return allowed


def _grammar(library: Any, choices: Any, regex: str | None, schema: Any) -> str:
    if choices is not None:
        if not choices or not all(choices):
            raise OptionError("choices must contain at least one text, and no empty ones.")
        size = sum(map(len, choices))
        # A terminal: as alternatives of a rule, llguidance would follow at most 2,000.
        texts = " | ".join(json.dumps(choice) for choice in choices)
        made = library.LLMatcher.grammar_from_lark(f"start: CHOICE\nCHOICE: {texts}")
    elif regex is not None:
        size, made = len(regex), library.LLMatcher.grammar_from_regex(regex)
    else:
        text = json.dumps(schema)
        plain = {"whitespace_flexible": False}
        made = library.LLMatcher.grammar_from_json_schema(text, overrides=plain)
        size = len(text)
    if size > LONGEST:
        raise OptionError(f"a structure must have at most {LONGEST:,} characters, found {size:,}.")
    return made


class _Vocabulary:
    """A tokenizer in the form that llguidance expects."""

    def __init__(self, tokenizer: Any, size: int, end: int) -> None:
        self.eos_token_id, self.bos_token_id = end, None
        adopted = adopt(tokenizer)
        self.tokens = [adopted.token_bytes(i) for i in range(size)]
        self.special_token_ids = [i for i in tokenizer.all_special_ids if i < size]
        self._encode = adopted.encode_more

    def __call__(self, text: str | bytes) -> list[int]:
        return list(self._encode(text.decode() if isinstance(text, bytes) else text))


@lru_cache(4)
def _tokens(tokenizer: Any, size: int, end: int) -> Any:
    library = need("llguidance", "structured output")
    words = library.TokenizerWrapper(_Vocabulary(tokenizer, size, end))
    return library.LLTokenizer(words, n_vocab=size)
