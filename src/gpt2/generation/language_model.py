"""`LanguageModel`: the class that `gpt2.load` returns. Every engine inherits from it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from gpt2.config import GPT2Config
from gpt2.errors import GPT2Warning, InputError, OptionError
from gpt2.generation import arrays, beams, loop, speculative
from gpt2.generation.arrays import Array, Processor
from gpt2.generation.config import (
    BEAMS_ONLY,
    SAMPLING_ONLY,
    GenerationConfig,
    default_value,
    is_used,
    off_value,
)
from gpt2.generation.config_file import FILE_NAME
from gpt2.generation.job import Job, plan
from gpt2.generation.outputs import GenerateBeamDecoderOnlyOutput, GenerateDecoderOnlyOutput
from gpt2.generation.prefix import KeptTexts
from gpt2.generation.stopping import Criterion
from gpt2.generation.streaming import decoder
from gpt2.generation.transitions import transition_scores


class LanguageModel:
    """A `gpt2.engine.Engine` with a tokenizer, default options, ``generate`` and ``stream``.

    Attributes:
        name: the engine's name: "native", "torch" or "reference".
        tokenizer: encodes prompts and decodes results; None if only ids are used. A tokenizer of
            transformers works too.
        sidecar: the contents of the ``gpt2.json`` in the model folder: licence, figures, task.
    """

    # each engine defines these: see `gpt2.engine.Engine`
    name: ClassVar[str]
    config: GPT2Config
    dtype: Any
    new_cache: Callable[..., Any]
    extend: Callable[..., Any]
    tokenizer: Any = None
    sidecar: Mapping[str, Any] = MappingProxyType({})
    _kept: KeptTexts | None = None

    @property
    def exact_pieces(self) -> bool:
        """Whether logits do not depend on how a text is split into calls; False by default."""
        return False

    @property
    def facts(self) -> dict[str, Any]:
        """The engine's name and precision, as recorded in a receipt."""
        return {"name": self.name, "dtype": str(self.dtype).removeprefix("torch.")}

    @property
    def generation_config(self) -> GenerationConfig:
        """The model's default options; initially those in its ``config.json``."""
        if "_generation_config" not in self.__dict__:
            self.generation_config = GenerationConfig.from_model_config(self.config)
        return self.__dict__["_generation_config"]

    @generation_config.setter
    def generation_config(self, value: GenerationConfig) -> None:
        self.__dict__["_generation_config"] = GenerationConfig.of(value)
        self.__dict__["_options_in_config"] = _options_in(self.config)

    def use_generation_file(
        self, values: Mapping[str, Any] | None, folder: str | os.PathLike[str] = ""
    ) -> None:
        """Use the values of a ``folder``'s ``generation_config.json``; None if there is no file.

        As in transformers, they replace the decoding options of ``config.json``, except for special
        token ids that the file does not set.
        """
        if values is None:
            self.generation_config = GenerationConfig.from_model_config(self.config)
        else:
            c = self.config
            ids = {n: getattr(c, n) for n in ("bos_token_id", "eos_token_id", "pad_token_id")}
            config = GenerationConfig.from_model_config(ids)
            config.read(values, str(Path(folder) / FILE_NAME))
            self.generation_config = config

    def generate(
        self,
        inputs: Any = None,
        generation_config: GenerationConfig | None = None,
        logits_processor: Sequence[Processor] | None = None,
        stopping_criteria: Sequence[Criterion] | None = None,
        prefix_allowed_tokens_fn: Callable[[int, Array], Any] | None = None,
        assistant_model: Any = None,
        streamer: Any = None,
        *,
        input_ids: Any = None,
        attention_mask: Any = None,
        tokenizer: Any = None,
        **options: Any,
    ) -> Any:
        """Continue one or more prompts. Takes the options of `GenerationConfig` as keywords.

        An option given here overrides ``generation_config``, which overrides the model's own
        defaults; None switches an option off.

        Args:
            inputs: a text, a list of texts, or ids (lists, numpy or torch, [T] or [rows, T]). None
                starts a new text; an empty list means no prompts. Also called ``input_ids``.
            generation_config: options as an object; one of transformers works too.
            logits_processor: custom functions (ids [R, T], scores [R, V]) -> scores. They run after
                the built-in processors and before the sampling ones, on the engine's array type.
            stopping_criteria: custom functions (ids, scores) -> booleans [R].
            prefix_allowed_tokens_fn: (prompt number, ids) -> the ids allowed next.
            assistant_model: a smaller engine with the same vocabulary that drafts tokens.
            streamer: receives the prompt and each step's tokens through ``put``, then ``end``:
                torch tensors if the prompt is one, otherwise numpy arrays.
            attention_mask: numbers or booleans in the shape of the ids; 0 marks padding, which is
                skipped wherever it stands.
            tokenizer: for texts and stop_strings; the model's own by default.

        Returns:
            Text for text, a torch tensor for a torch tensor, an array of the engine's type without
            a prompt, otherwise a numpy array: ids [prompts x num_return_sequences, T + new], the T
            prompt columns as they were passed, padding included, followed by the new ones. Lists of
            different lengths are padded on the left, texts that ended early on the right.
            With ``return_dict_in_generate``, an object of `gpt2.generation.outputs`.

        Raises:
            OptionError: an unknown option, a value out of bounds, or conflicting options.
            InputError: a prompt that cannot be used.
            ContextLengthError: more tokens than the model has positions for.
            UnsupportedError: a decoding method that only transformers has.
        """
        if inputs is not None and input_ids is not None:
            raise InputError("pass the prompt either as inputs or as input_ids, not both.")
        inputs = input_ids if inputs is None else inputs
        job = plan(
            self,
            self._no_prompt() if inputs is None else inputs,
            self._resolve(generation_config, options, assistant_model),
            mask=attention_mask,
            processors=logits_processor or (),
            criteria=stopping_criteria or (),
            allowed=prefix_allowed_tokens_fn,
            tokenizer=tokenizer or self.tokenizer,
            kept=self._kept,
        )
        if not job.prompts.rows:
            return job.prompts.kind(job.prompts.ids)
        if job.options.num_beams > 1:
            return _search(job, assistant_model, streamer)
        if streamer is not None:
            job.on_tokens = _feed(streamer, job.prompts.kind)
            job.on_tokens(np.repeat(job.prompts.ids, job.copies, axis=0))
        for _ in loop.decode(job, speculative.drafter(job, assistant_model)):
            pass
        if streamer is not None:
            streamer.end()
        return _pack(job, job.ids())

    def compute_transition_scores(
        self,
        sequences: Array,
        scores: Sequence[Array],
        beam_indices: Array | None = None,
        normalize_logits: bool = False,
    ) -> Array:
        """The score of each new token, [R, N], from the output of ``generate``.

        Args:
            sequences: ``out.sequences``.
            scores: ``out.scores`` or ``out.logits``.
            beam_indices: ``out.beam_indices``, for beam search.
            normalize_logits: convert the scores to log-probabilities; beam scores already are.
        """
        return transition_scores(sequences, scores, beam_indices, normalize_logits)

    def stream(
        self,
        prompt: Any = None,
        *,
        generation_config: GenerationConfig | None = None,
        assistant_model: Any = None,
        tokenizer: Any = None,
        **options: Any,
    ) -> Generator[Any, None, None]:
        """Continue one prompt and yield the new part as it is generated.

        Args:
            prompt: a text, which yields pieces of text that never split a character; or ids
                ([T] or [1, T], of any type), which yield ids.
            generation_config: options as an object, as in `generate`.
            assistant_model: a smaller engine that drafts tokens.
            tokenizer: for text; the model's own by default.
            options: those of `GenerationConfig`, except beams and several texts per prompt.

        Raises:
            The same errors as `generate`, before the first piece.
        """
        tokenizer = tokenizer or self.tokenizer
        resolved = self._resolve(generation_config, options, assistant_model)
        job = plan(self, prompt, resolved, tokenizer=tokenizer, kept=self._kept)
        if len(job.sequences) != 1:
            raise OptionError(
                "stream supports only one text: give one prompt, without beam search or several "
                "texts (if the model's own options set them, pass num_beams=1, "
                "num_return_sequences=1)."
            )
        steps = loop.decode(job, speculative.drafter(job, assistant_model))
        if not isinstance(prompt, str):
            return (tokens[0] for tokens in steps)
        shown = decoder(tokenizer, after=job.prompts.rows[0], skip_special_tokens=True)
        return _pieces(steps, shown)

    @contextmanager
    def keeping(self, texts: int = 1) -> Iterator[None]:
        """Enable prefix caching in the block: keep the KV cache of the last ``texts`` texts.

        If a prompt shares a prefix with one of them, as in a growing conversation or questions
        about one document, only the rest is computed. Of a batch the prefix common to all prompts
        is kept, for the next batch of the same size: few-shot examples before many questions. The
        output is the same. It needs an engine whose logits do not depend on how a text is split
        into calls (native); the others compute each prompt in full. Each text takes the memory of
        a full context. In an outer block that keeps at least as many texts, the outer one is used.
        """
        if texts < 1:
            raise OptionError(f"keeping requires at least 1 text, found {texts}.")
        before = self._kept
        if before is None or before.most < texts:
            self._kept = KeptTexts(texts)
        try:
            yield
        finally:
            self._kept = before

    def _no_prompt(self) -> Any:
        """The ids of a prompt without tokens, [1, 0], of the engine's array type."""
        return np.empty((1, 0), np.int64)

    def _resolve(
        self, call: GenerationConfig | None, options: dict[str, Any], assistant: Any = None
    ) -> GenerationConfig:
        """Merge the options of one call, ``generation_config`` and the model's defaults."""
        call = None if call is None else GenerationConfig.of(call)
        defaults = self.generation_config
        if call is None and _options_in(self.config) != self.__dict__["_options_in_config"]:
            raise OptionError(
                "a generation option was set in model.config, which is read only when a model is "
                "loaded: set it in model.generation_config instead."
            )
        given = {} if call is None else call.to_dict()
        named = {
            name: off_value(name) if value is None and GenerationConfig.has(name) else value
            for name, value in options.items()
        }
        merged = GenerationConfig(**{**defaults.to_dict(), **given, **named})
        _refuse_kept(defaults, merged, {*given, *named})
        if call is not None:
            _refuse_kept(call, merged, set(named))
        chosen = {*given, *(n for n, v in options.items() if v is not None)}
        _warn_of_idle(merged, chosen, assistant)
        return merged


def _options_in(config: GPT2Config) -> dict[str, Any]:
    """The decoding options in a model's configuration, without its special tokens."""
    return {n: v for n, v in config.extra.items() if v is not None and GenerationConfig.has(n)}


def _refuse_kept(config: GenerationConfig, merged: GenerationConfig, named: set[str]) -> None:
    """Raise for a bad value from a file that this call needs and does not override."""
    for name, kept in config.kept.items():
        if kept.error is not None and name not in named and is_used(name, merged):
            kind = type(kept.error)
            raise kind(
                f"{kept.error} This comes from the model's {FILE_NAME} or config.json: {_WAY}"
            )


_WAY = "pass another value to generate, or None to disable it."


def _warn_of_idle(options: GenerationConfig, named: set[str], assistant: Any) -> None:
    """Warn about options of this call that have no effect in combination with the others."""
    o, idle = options, list[tuple[str, str]]()
    if not o.do_sample:
        idle += [(n, "without do_sample=True") for n in SAMPLING_ONLY]
    if o.num_beams == 1:
        idle += [(n, "without num_beams above 1") for n in BEAMS_ONLY]
    if not o.return_dict_in_generate:
        names = ("output_scores", "output_logits")
        idle += [(n, "without return_dict_in_generate=True") for n in names]
    if o.max_new_tokens is not None:
        idle.append(("max_length", "with max_new_tokens"))
    if o.min_new_tokens is not None:
        idle.append(("min_length", "with min_new_tokens"))
    if assistant is None:
        idle.append(("num_assistant_tokens", "without assistant_model"))
    else:
        idle.append(("prompt_lookup_num_tokens", "with assistant_model"))
    if o.prompt_lookup_num_tokens is None or assistant is not None:
        idle.append(("max_matching_ngram_size", "without prompt_lookup_num_tokens"))
    for name, why in idle:
        value = getattr(options, name)
        if name in named and value not in (off_value(name), default_value(name)):
            warnings.warn(
                f"{name}={value!r} has no effect {why}.",
                GPT2Warning,
                stacklevel=4,
            )


def _feed(streamer: Any, kind: Callable[[Any], Any]) -> Callable[[Array], None]:
    """A function that passes numpy ids to a streamer as the prompt's type of array.

    Tensors are on the CPU, as in transformers.
    """

    def put(ids: Array) -> None:
        value = kind(ids)
        streamer.put(value.cpu() if arrays.is_torch(value) else value)

    return put


def _pieces(steps: Iterator[list[int]], text: Any) -> Generator[str, None, None]:
    for tokens in steps:
        piece = text.push(tokens[0])
        if piece:
            yield piece
    rest = text.flush()
    if rest:
        yield rest


def _pack(job: Job, ids: Array, best: beams.Beams | None = None) -> Any:
    if not job.options.return_dict_in_generate:
        text = job.prompts.text
        if text is None:
            return job.prompts.kind(ids)
        return text([sequence.text for sequence in job.sequences])
    kind = job.prompts.kind
    scores, logits = (
        None if steps is None else tuple(kind(step) for step in steps)
        for steps in job.record.collect()
    )
    new = [sequence.new for sequence in job.sequences]
    if best is None:
        return GenerateDecoderOnlyOutput(kind(ids), scores, logits, job.cache, new)
    totals = kind(best.scores) if job.options.output_scores else None
    origins = kind(best.origins)
    return GenerateBeamDecoderOnlyOutput(kind(ids), totals, scores, logits, origins, job.cache, new)


def _search(job: Job, assistant: Any, streamer: Any) -> Any:
    if streamer is not None:
        raise OptionError(
            "a streamer cannot be combined with beam search, whose best beam is known only at the "
            "end."
        )
    if job.options.long == "window":
        raise OptionError(
            "long='window' cannot be combined with beam search: leave out one of them."
        )
    speculative.drafter(job, assistant)  # refuses one
    best = beams.search(job)
    return _pack(job, best.ids, best)
