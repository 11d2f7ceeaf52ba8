"""`pipeline` as in transformers, for the only task of a language model: text generation."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gpt2.config_base import PLACES
from gpt2.errors import GPT2Warning, InputError, UnsupportedError
from gpt2.pipelines.text_generation import TextGenerationPipeline, check

if TYPE_CHECKING:
    from gpt2.generation import LanguageModel
    from gpt2.pipelines.text_generation import Device
    from gpt2.tokenizer import Tokenizer

__all__ = ["TextGenerationPipeline", "pipeline"]

# Options of `pipeline` that are used for loading.
_LOADING = ("revision", "token", "dtype", "torch_dtype", "trust_remote_code", "config",
            "cache_dir", "local_files_only", "device_map")  # fmt: skip
_IGNORED = ("use_fast", "framework")


def pipeline(
    task: str | None = None,
    model: LanguageModel | str | os.PathLike[str] | None = None,
    tokenizer: Tokenizer | str | os.PathLike[str] | None = None,
    *,
    device: Device = None,
    model_kwargs: Mapping[str, Any] | None = None,
    **options: Any,
) -> TextGenerationPipeline:
    """Create a pipeline, as in ``pipeline("text-generation", model="gpt2")``.

    Other tasks raise `UnsupportedError`.

    Args:
        task: "text-generation".
        model: a model, or the name of one; ``"gpt2"`` by default.
        tokenizer: a tokenizer, or the name of one; the model's own by default.
        device: see `TextGenerationPipeline`.
        model_kwargs: further keywords for loading, in addition to ``revision``, ``token``,
            ``dtype``, ``config``, ``device_map`` and similar ones. Those that locate files, such as
            ``revision`` and ``cache_dir``, also apply to the tokenizer. If ``model`` is an object,
            a `GPT2Warning` says that they have no effect.
        options: the defaults for each call.
    """
    if task not in (None, "text-generation"):
        raise UnsupportedError(
            f"the task {task!r} is not supported, only 'text-generation'; transformers has others."
        )
    loading = {n: options.pop(n) for n in _LOADING if n in options} | dict(model_kwargs or {})
    for name in _IGNORED:
        options.pop(name, None)
    check(options)
    model = "gpt2" if model is None else model
    if isinstance(model, (str, os.PathLike)):
        from gpt2.model import GPT2LMHeadModel

        tokenizer = model if tokenizer is None else tokenizer
        loaded: LanguageModel = GPT2LMHeadModel.from_pretrained(model, **loading)
        if "device_map" in loading and device is None:
            device = -1  # the model is already on its device
    else:
        loaded = model
        if idle := sorted(set(loading) - {"device_map", "trust_remote_code"}):
            warnings.warn(
                f"{', '.join(idle)}: only for loading a model, and this one is already loaded.",
                GPT2Warning,
                stacklevel=2,
            )
    if isinstance(tokenizer, (str, os.PathLike)):
        from gpt2.auto import AutoTokenizer

        where = {name: loading[name] for name in (*PLACES, "subfolder") if name in loading}
        tokenizer = AutoTokenizer.from_pretrained(tokenizer, **where)
    tokenizer = tokenizer or getattr(loaded, "tokenizer", None)
    if tokenizer is None:
        raise InputError("a model object requires its tokenizer: pipeline(task, model, tokenizer).")
    return TextGenerationPipeline(loaded, tokenizer, device, **options)
