"""Continue prompts and chats, with the defaults and formats of transformers."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import GeneratorType
from typing import TYPE_CHECKING, Any

import numpy as np

from gpt2.errors import InputError, OptionError, UnsupportedError
from gpt2.generation import GenerationConfig, LanguageModel, arrays
from gpt2.generation.config import SAMPLING_ONLY
from gpt2.generation.elsewhere import is_elsewhere
from gpt2.loading import usable_device
from gpt2.pipelines.forms import beside, full, goes_on, is_chat, is_message

if TYPE_CHECKING:
    import torch

    from gpt2.tokenizer import Tokenizer

    Device = torch.device | str | int | None

# The defaults of a call, overridden by its options, the constructor's and the model's own.
DEFAULTS: dict[str, Any] = {"max_new_tokens": 256, "do_sample": True, "temperature": 0.7}
# Lengths with the prompt, and without it, which replace them.
LENGTHS = (("max_length", "max_new_tokens"), ("min_length", "min_new_tokens"))
# Options of the tokenizer, the chat template, the results and the batches.
_TOKENIZER = ("add_special_tokens", "padding", "truncation")
_SETTINGS = (
    *_TOKENIZER, "tokenizer_encode_kwargs", "prefix", "handle_long_generation", "stop_sequence",
    "tools", "documents", "continue_final_message", "return_full_text", "return_tensors",
    "return_text", "clean_up_tokenization_spaces", "skip_special_tokens", "batch_size",
    "num_workers",
)  # fmt: skip
# Arguments of ``generate`` that are not options.
_ARGUMENTS = (
    "generation_config", "logits_processor", "stopping_criteria", "prefix_allowed_tokens_fn",
    "assistant_model", "streamer", "tokenizer",
)  # fmt: skip


@dataclass
class _Prompt:
    """One text or chat, encoded."""

    given: Any  # the text, or the list of messages
    ids: list[int]
    mask: list[int]
    is_empty: bool = False  # the ids are bos alone, which counts as generated


class TextGenerationPipeline:
    """Continues prompts, with the interface of transformers' pipeline of the same name.

    By default it samples at temperature 0.7 and generates up to 256 tokens, or as many as fit in
    the context. Options of the call, the constructor and the model override this.

    Args:
        model: a model on any engine; a torch model is moved to ``device``.
        tokenizer: its tokenizer, which is set to pad on the left.
        device: a torch device or its name, the number of a GPU, or -1 to leave the model where it
            is; None means the first GPU, if there is one.
        task: the task's name.
        options: of ``generate`` or `__call__`: the defaults for each call.
    """

    def __init__(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        device: Device = None,
        task: str = "text-generation",
        **options: Any,
    ) -> None:
        check(options)
        _check_results(options)
        self.model, self.tokenizer, self.task = model, tokenizer, task
        if hasattr(model, "to"):
            model.to(_device(device, model))
        elif device not in (None, -1, "cpu"):
            raise OptionError(
                f"device can be used only with a torch model, not with {type(model).__name__}."
            )
        tokenizer.padding_side = "left"
        self.settings = {name: value for name, value in options.items() if name in _SETTINGS}
        self.writing = {name: value for name, value in options.items() if name not in _SETTINGS}

    @property
    def device(self) -> Any:
        """The model's torch device; None for an engine without torch."""
        return getattr(self.model, "device", None)

    def __call__(self, text_inputs: Any = None, **options: Any) -> Any:
        """Continue a prompt, a chat, or several of them.

        Args:
            text_inputs: a text; a chat, a list of ``{"role": ..., "content": ...}``; or a list or
                generator of either.
            options: those of ``generate``, and: ``return_full_text`` (True: with the prompt),
                ``return_tensors`` (ids instead of text), ``batch_size`` (prompts per batch, 1),
                ``prefix`` (added before each prompt), ``stop_sequence``, ``truncation``,
                ``padding``, ``add_special_tokens``, ``tokenizer_encode_kwargs`` (for the
                tokenizer), ``handle_long_generation="hole"`` (truncates a prompt from the left
                until the new tokens fit), ``continue_final_message``, ``tools``, ``documents`` (for
                the chat template), ``clean_up_tokenization_spaces`` and ``skip_special_tokens``
                (for decoding).

        Returns:
            For one prompt, a list with ``{"generated_text": text}`` for each text (for a chat, its
            messages and the new one), or ``{"generated_token_ids": ids}``; with
            ``return_dict_in_generate``, also the other per-row outputs. For a list of prompts, a
            list of these; for a generator, an iterator.

        Raises:
            OptionError: an unknown option, or conflicting options.
            The errors of ``generate``.
        """
        check(options)
        _check_results(options)
        changes = {n: v for n, v in options.items() if n in _SETTINGS and v is not None}
        settings = {**self.settings, **changes}
        if "return_full_text" in changes:
            settings.pop("return_tensors", None)  # the constructor's
        writing = {name: value for name, value in options.items() if name not in _SETTINGS}
        if not isinstance(text_inputs, Iterable):
            raise _no_prompt(text_inputs)
        if isinstance(text_inputs, str) or is_chat(text_inputs):
            return self._continue([text_inputs], settings, writing)[0]
        if isinstance(text_inputs, GeneratorType):
            first = list(itertools.islice(text_inputs, 1))
            if first and is_message(first[0]):
                return self._continue([[*first, *text_inputs]], settings, writing)[0]
            return self._run(itertools.chain(first, text_inputs), settings, writing)
        return list(self._run(text_inputs, settings, writing))

    def save_pretrained(self, save_directory: str | os.PathLike[str], **options: Any) -> None:
        """Save the model and its tokenizer."""
        if not hasattr(self.model, "save_pretrained"):
            raise UnsupportedError(
                f"the {self.model.name} engine cannot save a model: use the torch engine."
            )
        self.model.save_pretrained(save_directory, **options)
        self.tokenizer.save_pretrained(save_directory)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(task={self.task!r}, device={str(self.device)!r})"

    def _run(
        self, inputs: Iterable[Any], settings: dict[str, Any], writing: dict[str, Any]
    ) -> Iterator[list[dict[str, Any]]]:
        """Process ``batch_size`` prompts at a time."""
        size, rest = settings.get("batch_size") or 1, iter(inputs)
        if self.device is not None:
            import torch  # the model's

            # transformers reads several prompts through a DataLoader, which draws a seed: with the
            # same draw here, sampling from torch's global generator gives the same text
            torch.empty((), dtype=torch.int64).random_()
        while batch := list(itertools.islice(rest, size)):
            yield from self._continue(batch, settings, writing)

    def _continue(
        self, inputs: Sequence[Any], settings: dict[str, Any], writing: dict[str, Any]
    ) -> list[list[dict[str, Any]]]:
        """The results of a batch of prompts."""
        options, usual_length = self._options(settings, writing)
        prompts = [self._encode(given, settings, writing, options) for given in inputs]
        width = max(len(prompt.ids) for prompt in prompts)
        if usual_length and options.get("long") != "window":
            room = self.model.config.n_positions - max(sum(prompt.mask) for prompt in prompts)
            options["max_new_tokens"] = max(1, min(options["max_new_tokens"], room))
        ids, mask = self._together(prompts, width)
        options = {"tokenizer": self.tokenizer, **options}
        result = self.model.generate(ids, attention_mask=mask, **options)
        whole = isinstance(result, Mapping) or hasattr(result, "sequences")
        rows = arrays.to_numpy(result.sequences if whole else result).tolist()
        more = beside(result, len(rows)) if whole else {}
        copies = len(rows) // len(prompts)
        return [
            [
                self._record(prompt, rows[r], width, settings, {k: v[r] for k, v in more.items()})
                for r in range(i * copies, (i + 1) * copies)
            ]
            for i, prompt in enumerate(prompts)
        ]

    def _options(
        self, settings: dict[str, Any], writing: dict[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """The options for ``generate``: the call's, the constructor's, then the pipeline's own.

        Also returns whether the length is the pipeline's own.
        """
        options = dict(writing)
        if "generation_config" not in options:
            replaced = {name for name, new in LENGTHS if options.get(new) is not None}
            kept = {name: value for name, value in self.writing.items() if name not in replaced}
            options = {**kept, **options}
        if settings.get("stop_sequence") is not None:
            options["stop_strings"] = settings["stop_sequence"]
        known = self._merge_options(options)
        defaults = dict(DEFAULTS)
        if self.tokenizer.pad_token_id is not None:
            defaults["pad_token_id"] = self.tokenizer.pad_token_id
        if known.get("max_length") is not None:
            del defaults["max_new_tokens"]
        added = {name: value for name, value in defaults.items() if name not in known}
        if not {**known, **added}.get("do_sample"):
            added = {name: value for name, value in added.items() if name not in SAMPLING_ONLY}
        if settings.get("prefix"):
            options |= self._lengthen(known, len(self._ids(settings["prefix"], settings, {})[0]))
        return {**options, **added}, "max_new_tokens" in added

    def _merge_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that were set explicitly, here or in the model's defaults."""
        known = self.model.generation_config.to_dict()
        if (config := options.get("generation_config")) is not None:
            known |= GenerationConfig.of(config).to_dict()
        return {**known, **options}

    def _lengthen(self, known: Mapping[str, Any], prefix: int) -> dict[str, Any]:
        """Extend the lengths that include the prompt by the tokens of the prefix."""
        given = [n for n, new in LENGTHS if known.get(n) is not None and new not in known]
        return {n: known[n] + prefix for n in given}

    def _ids(
        self, text: str, settings: Mapping[str, Any], writing: Mapping[str, Any]
    ) -> tuple[list[int], list[int]]:
        """A text's ids and mask."""
        encoding = self.tokenizer(text, **self._tokenizing(settings, writing))
        return list(encoding["input_ids"]), list(encoding["attention_mask"])

    def _tokenizing(
        self, settings: Mapping[str, Any], writing: Mapping[str, Any]
    ) -> dict[str, Any]:
        options = {name: settings[name] for name in _TOKENIZER if settings.get(name) is not None}
        if writing.get("max_length") is not None:
            options["max_length"] = writing["max_length"]
        return {**options, **(settings.get("tokenizer_encode_kwargs") or {})}

    def _encode(
        self, given: Any, settings: dict[str, Any], writing: dict[str, Any], options: dict[str, Any]
    ) -> _Prompt:
        if isinstance(given, str):
            ids, mask = self._ids((settings.get("prefix") or "") + given, settings, writing)
        elif is_chat(given):
            ids, mask = self._chat(list(given), settings, writing)
        else:
            raise _no_prompt(given)
        if settings.get("handle_long_generation") is not None:
            keep = self._hole(
                settings["handle_long_generation"], len(ids), self._merge_options(options)
            )
            ids, mask = ids[-keep:], mask[-keep:]
        if ids:
            return _Prompt(given, ids, mask)
        bos = self._merge_options(options).get("bos_token_id")
        if bos is None:
            raise InputError("the prompt is empty and the model has no bos_token_id to start from.")
        return _Prompt(given, [bos], [1], is_empty=True)

    def _chat(
        self, messages: list[Any], settings: dict[str, Any], writing: dict[str, Any]
    ) -> tuple[list[int], list[int]]:
        tokenizing = self._tokenizing(settings, writing)
        tokenizing.pop("add_special_tokens", None)  # the template writes them
        goes = goes_on(messages, settings)
        encoding = self.tokenizer.apply_chat_template(
            messages,
            add_generation_prompt=not goes,
            continue_final_message=goes,
            return_dict=True,
            tools=settings.get("tools"),
            documents=settings.get("documents"),
            **tokenizing,
        )
        return list(encoding["input_ids"]), list(encoding["attention_mask"])

    def _hole(self, way: str, length: int, known: Mapping[str, Any]) -> int:
        """The number of last tokens of a prompt to keep."""
        if way != "hole":
            raise OptionError(f"handle_long_generation must be None or 'hole', found {way!r}.")
        new = known.get("max_new_tokens")
        if new is None:
            if known.get("max_length") is None:
                raise OptionError(
                    "handle_long_generation='hole' requires max_new_tokens or max_length."
                )
            new = known["max_length"] - length
        limit = min(self.tokenizer.model_max_length, self.model.config.n_positions)
        if new < 0 or limit <= new:
            raise OptionError(
                f"'hole' leaves no room for a prompt: {new} new tokens in a context of {limit}. "
                "Set max_new_tokens."
            )
        return length if length + new <= limit else int(limit - new)

    def _together(self, prompts: Sequence[_Prompt], width: int) -> tuple[Any, Any]:
        """Ids and mask [rows, width], of the engine's type."""
        fill = self.tokenizer.pad_token_id
        if fill is None and len(prompts) > 1:
            raise InputError(
                "a batch requires a pad token: set pipe.tokenizer.pad_token = "
                "pipe.tokenizer.eos_token, or leave out batch_size."
            )
        room = [width - len(prompt.ids) for prompt in prompts]
        ids = [[fill] * n + prompt.ids for n, prompt in zip(room, prompts, strict=True)]
        mask = [[0] * n + prompt.mask for n, prompt in zip(room, prompts, strict=True)]
        pair = np.asarray(ids, dtype=np.int64), np.asarray(mask, dtype=np.int64)
        if self.device is None:
            return pair
        import torch  # the model's

        return tuple(torch.from_numpy(part).to(self.device) for part in pair)  # type: ignore[return-value]

    def _record(
        self,
        prompt: _Prompt,
        row: list[int],
        width: int,
        settings: dict[str, Any],
        more: dict[str, Any],
    ) -> dict[str, Any]:
        if settings.get("return_tensors"):
            return {"generated_token_ids": row}
        skip = settings.get("skip_special_tokens")
        text = self.tokenizer.decode(
            row[width - prompt.is_empty :],
            skip_special_tokens=True if skip is None else skip,
            clean_up_tokenization_spaces=settings.get("clean_up_tokenization_spaces"),
        )
        if settings.get("return_full_text", True) in (True, None):
            text = full(prompt.given, text, settings)
        return {"generated_text": text, **more}


def check(options: Mapping[str, Any]) -> None:
    """Raise `OptionError` for a name that is not an option of a call."""
    for name in options:
        if name not in (*_SETTINGS, *_ARGUMENTS) and not is_elsewhere(name):
            GenerationConfig.check_name(name)


def _check_results(settings: Mapping[str, Any]) -> None:
    names = [n for n in ("return_full_text", "return_tensors", "return_text")
             if settings.get(n) is not None]  # fmt: skip
    if len(names) > 1:
        raise OptionError(f"{' and '.join(names)} are mutually exclusive: leave out one.")


def _no_prompt(value: Any) -> InputError:
    return InputError(
        'a prompt must be a text or a list of {"role": ..., "content": ...}, found '
        f"{type(value).__name__}."
    )


def _device(device: Device, model: Any) -> Any:
    """The torch device for a ``device`` argument."""
    import torch  # the model's

    if isinstance(device, int) and device < 0:
        return model.device
    if device is None or isinstance(device, int):
        if not torch.cuda.is_available():
            return model.device if device is None else torch.device("cpu")
        return usable_device(f"cuda:{device or 0}")
    return usable_device(device)
