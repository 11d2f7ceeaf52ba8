"""A tiny folder in the form of uer/gpt2-chinese-*: vocab.txt, BertTokenizer, a GPT-2 model."""

from __future__ import annotations

import json
from pathlib import Path

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = [chr(c) for c in range(0x4E00, 0x4E00 + 120)] + list("我喜欢今天气很好的，。！？：")
LETTERS = list("abcdefghijklmnopqrstuvwxyzABCDE0123456789.,!?'\"-()éÉ")
PIECES = [f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz0123456789é"]
WORDS = ["hello", "the", "don", "##ing", "##'", "n't", "ing"]
TOKENS = list(dict.fromkeys([*SPECIAL, *CHARACTERS, *LETTERS, *PIECES, *WORDS]))


def write_chinese(folder: Path, **settings: object) -> Path:
    """The tokenizer's files as the hub has them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(config | settings))
    model = {"model_type": "gpt2", "tokenizer_class": "BertTokenizer"}
    (folder / "config.json").write_text(json.dumps(model))
    return folder


def write_chinese_model(folder: Path) -> Path:
    """The same with random weights, written by transformers."""
    import torch
    import transformers

    write_chinese(folder)
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=len(TOKENS), n_positions=64, n_embd=32, n_layer=2, n_head=2,
        bos_token_id=2, eos_token_id=3, pad_token_id=0, tokenizer_class="BertTokenizer",
    )  # fmt: skip
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder
