"""Options of transformers that are not implemented: some have no effect, others are rejected."""

from __future__ import annotations

from typing import Any

from gpt2.errors import UnsupportedError

# Options that are not implemented, with the values at which they have no effect in transformers.
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
    "cache_implementation": ("dynamic", "static", "offloaded", "offloaded_static"),
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
    "logits_to_keep": (),
    "low_memory": (False,),
}
# Settings that change neither the text nor the return value here, and metadata in saved files.
_WITHOUT_EFFECT = {
    "transformers_version", "_from_model_config", "_commit_hash", "_original_object_hash",
    "synced_gpus", "is_assistant", "num_assistant_tokens_schedule",
    "assistant_confidence_threshold", "assistant_lookbehind", "target_lookbehind",
    "disable_compile", "prefill_chunk_size",
}  # fmt: skip
# Options not implemented that a model's file may hold without changing the text of a GPT-2.
_HARMLESS_IN_A_FILE = {
    "decoder_start_token_id", "cache_implementation", "cache_config", "max_cache_len",
    "compile_config", "continuous_batching_config", "low_memory", "assistant_tokenizer",
}  # fmt: skip


def is_elsewhere(name: str) -> bool:
    """Whether this is an option of transformers without a field here."""
    return name in _NOT_HERE or name in _WITHOUT_EFFECT


def refuse(name: str, value: Any) -> None:
    """Raise `UnsupportedError` for an unimplemented option whose value would have an effect."""
    if name in _NOT_HERE and value is not None and not _neutral(value, _NOT_HERE[name]):
        raise UnsupportedError(
            f"{name} is not implemented here; transformers has it, or had it. Leave it out, or "
            "load the same model folder with transformers."
        )


def harmless_in_a_file(name: str) -> bool:
    """Whether a model whose file sets this option still generates the same text here."""
    return name in _HARMLESS_IN_A_FILE or name in _WITHOUT_EFFECT


def _neutral(value: Any, values: tuple[Any, ...]) -> bool:
    return isinstance(value, (bool, int, float, str)) and value in values
