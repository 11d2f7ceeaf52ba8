"""Tokenizers and chat templates."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.fuzz.forms.form import Form

TEXTS = [
    "the quick brown fox jumps over the lazy dog.",
    "白日依山尽",
    "it's late, and then 12 more",
]
CHAT = [{"role": "user", "content": "hello the"}, {"role": "assistant", "content": "the"}]
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


@functools.cache
def small() -> Any:
    """A byte-level tokenizer."""
    from tests.tiny import tiny_tokenizer

    return tiny_tokenizer()


def tokenizer(*kept: str) -> Callable[[Path], None]:
    """Write the files of a byte-level tokenizer: all, or the named ones."""

    def make(folder: Path) -> None:
        from tests.tiny import tiny_tokenizer

        made = tiny_tokenizer()
        made.add_special_tokens({"pad_token": "<pad>"})
        made.add_tokens(["quick fox"])
        made.chat_template = TEMPLATE
        made.save_pretrained(folder)
        for path in folder.iterdir():
            if kept and path.name not in kept:
                path.unlink()

    return make


def wordpiece(folder: Path) -> None:
    """Write vocab.txt and the files next to it."""
    from tests.tokenizer.chinese import write_chinese

    write_chinese(folder, chat_template=TEMPLATE)


def both_ways(case: Path) -> None:
    """Encode and decode with the tokenizer of a folder, and its template if it has one."""
    from gpt2.tokenizer import Tokenizer

    found = Tokenizer.from_pretrained(case)
    ids = found.encode("The quick fox 狐狸<pad> don't!<|endoftext|>")
    found.decode(ids, skip_special_tokens=True)
    found(TEXTS, truncation=True, max_length=8)
    "".join(found.convert_ids_to_tokens(ids))
    if found.chat_template:
        found.apply_chat_template(CHAT, tokenize=False)


def conversed(case: Path) -> None:
    """Render a conversation with the template of a folder."""
    from gpt2.tokenizer import Tokenizer

    Tokenizer.from_pretrained(case).apply_chat_template(CHAT, add_generation_prompt=True)


SIDE = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "chat_template.jinja")  # fmt: skip
FORMS: dict[str, Form] = {
    "tokenizer-json": Form(tokenizer(), both_ways, ("tokenizer.json",)),
    "vocab-merges": Form(tokenizer("vocab.json", "merges.txt", *SIDE), both_ways,
                         ("vocab.json", "merges.txt")),
    "tokenizer-config": Form(tokenizer(), both_ways, SIDE),
    "chat-template": Form(tokenizer("vocab.json", "merges.txt", SIDE[-1]), conversed,
                          (SIDE[-1],)),
    "wordpiece": Form(wordpiece, both_ways, ("vocab.txt", "tokenizer_config.json")),
}  # fmt: skip
