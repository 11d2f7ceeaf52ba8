"""Configurations, options and adapters."""

from __future__ import annotations

from typing import Any, cast

from tools.fuzz.corpus.spoil import (
    Spoil,
    everywhere,
    json_of,
    set_to,
    values,
)
from tools.fuzz.damage import DEEP

WEIGHTS, CONFIG = "model.safetensors", "config.json"
LORA = "adapter/adapter_config.json"


def config(**entries: Any) -> Spoil:
    """Entries of config.json."""
    return values(CONFIG, lambda content: content.update(entries))


CORPUS: dict[str, dict[str, Spoil]] = {
    "config": {
        **json_of(CONFIG),
        **set_to(CONFIG, "n_layer", 10**8, 2**32 + 2, -1, 0, "2", None, [2], 2.5, True),
        **set_to(CONFIG, "n_embd", 0, 2**31, 2**32 + 16, 10**30),
        **set_to(CONFIG, "n_head", 0, 3, 2**31),
        **set_to(CONFIG, "n_positions", 2**31, 2**32 + 16, -1, 0),
        **set_to(CONFIG, "n_inner", 2**32 + 64, -1, "x"),
        **set_to(CONFIG, "tie_word_embeddings", "no", 3, None, []),
        **set_to(CONFIG, "scale_attn_by_inverse_layer_idx", "false", 2),
        **set_to(CONFIG, "layer_norm_epsilon", "x", -1, float("nan"), 10**400),
        **set_to(CONFIG, "activation_function", 3, [], "nonsense"),
        **set_to(CONFIG, "eos_token_id", 2**64, "x", [[1]], -1, {}),
        **set_to(CONFIG, "id2label", [], 3, {"x": 1}),
        **set_to(CONFIG, "quantization_config", 3, {}, {"a": DEEP}),
        **set_to(CONFIG, "num_beams", 10**9, "x", None),
        **{f"named {name}": config(**{name: {"a": 1}}) for name in (
            "__class__", "__dict__", "extra", "head_dim", "eos_token_ids", "to_dict", "validate",
            "_name_or_path", "model_type", "num_labels")},
        "all at once": config(n_layer="x", n_embd=None, n_head=[]),
    },
    "config-torch": set_to(CONFIG, "n_layer", 10**8, 10**6),
    "config-reference": set_to(CONFIG, "n_layer", 10**8, 10**6),
    "info": {
        **json_of("gpt2.json"),
        **everywhere("README.md"),
        **set_to("gpt2.json", "sha256", {"/dev/zero": "a"}, {"../../etc/hostname": "a"},
                 {"missing": "a"}, [], 3, {WEIGHTS: 3}),
        **set_to("gpt2.json", "quantization", 3, {"kl_mean": 10**400}, {"kl_mean": 1.0}),
        **set_to("gpt2.json", "licence", 3, [], {"a": 1}),
    },
    "lora": {
        **json_of(LORA),
        **everywhere("adapter/adapter_model.safetensors"),
        **set_to(LORA, "r", 10**8, 0, -1, "x", None, 2.5, True, 10**30),
        **set_to(LORA, "lora_alpha", "x", None, float("nan"), 10**400, 0),
        **set_to(LORA, "target_modules", 3, [3], None, {"a": 1}),
        **set_to(LORA, "alpha_pattern", 3, {"a": "x"}, [1]),
    },
    "generation-config": {
        **json_of("generation_config.json"),
        **{name: spoil for key, odd in cast(dict[str, tuple[Any, ...]], {
            "num_beams": (10**9, -1, "x"), "num_return_sequences": (10**9, 0),
            "prompt_lookup_num_tokens": (10**9, -1), "pad_token_id": (2**64, -1, "x"),
            "eos_token_id": (2**64, [[]], ["x"], -1), "temperature": (0.0, -1, "x", 1e-300),
            "sequence_bias": ([True], [[1, 2, 3]], {"a": 1}, [[[999999], 1.0]], [[[], 1.0]]),
            "suppress_tokens": ([999999], ["x"], 3, [-1]), "bad_words_ids": ([[999999]], [3], [[]]),
            "forced_bos_token_id": (999999, "x"), "forced_eos_token_id": (999999, [999999]),
            "max_new_tokens": (10**9, -1, 2**64), "max_length": (10**30, "x", -1),
            "max_time": ("x", float("nan"), -1), "stop_strings": (3, [3], [""], "\ud800"),
            "output_attentions": (True, "x"), "unknown": ({"a": 1},), "seed": (2**64, -1, "x"),
            "no_repeat_ngram_size": (10**9, -1), "top_k": (2**63, -1), "top_p": (float("nan"), 2),
            "exponential_decay_length_penalty": ([1], [1, 2, 3], [0, 1e308]),
        }).items() for name, spoil in set_to("generation_config.json", key, *odd).items()},
    },
}  # fmt: skip
