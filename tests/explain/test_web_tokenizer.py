"""The page's tokenizer, in node, beside Python's."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import gpt2
from gpt2.explain.contents import tokenizer_facts
from gpt2.tokenizer import AddedToken
from tests.explain.conftest import in_node, needs_node
from tools import signs

pytestmark = needs_node

# What the rule for words looks at, often enough to meet.
PIECES = [
    *(chr(point) for point in range(32, 127)),
    *(" ", "  ", "\n", "\t", "'", "'s", "'ll", "'LL", " don't", "é", "你", "。", "😀", "\u0301"),
    *("\u200d", "\x1c", "\x85", "\u3000", "\u0558", "\ufeff", "١", "²", "ª"),
    *("<|endoftext|>", "<|endof"),
]


def texts(count: int) -> list[str]:
    """Mixtures of pieces, and of characters from all of Unicode."""
    draw = random.Random(1)
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    signs = [chr(point) for point in points]

    def mixed(pieces: list[str], longest: int, number: int) -> list[str]:
        return ["".join(draw.choices(pieces, k=draw.randrange(longest))) for _ in range(number)]

    return mixed(signs, 12, count // 4) + mixed(PIECES, 40, count - count // 4)


def in_page(tokenizer: Any, folder: Path, asked: list[str]) -> Any:
    """What the page's tokenizer makes of texts, with the facts that a page has of this one."""
    tokenizer.save_pretrained(folder)
    facts = tokenizer_facts(tokenizer, len(tokenizer) + 3)  # three rows without a token
    return in_node("encode.mjs", folder / "merges.txt", asked={"facts": facts, "texts": asked})


def test_ids_and_texts_equal_pythons(tmp_path: Path) -> None:
    tokenizer = gpt2.GPT2Tokenizer.from_pretrained("gpt2-mini")
    some = [*texts(10_000), "a lone \ud800 half", "\udc00", ""]
    there = in_page(tokenizer, tmp_path, some)
    ids = [tokenizer.encode(text) for text in some]
    assert there["ids"] == ids
    assert there["texts"] == [tokenizer.decode(one) for one in ids]


def test_added_tokens_are_matched_as_in_python(tmp_path: Path) -> None:
    tokenizer: Any = gpt2.GPT2Tokenizer.from_pretrained("gpt2-mini")
    flags = ("lstrip", "rstrip", "single_word", "special", "normalized")
    draw = random.Random(3)
    contents = ["<a>", "<a>b", "b<a", "(.*)|[x]\\\\", "wor", "word", "小狗", "😀", "\u200d", "  "]
    new = [AddedToken(x, **{flag: draw.random() < 0.5 for flag in flags}) for x in contents]
    tokenizer.add_tokens(new)
    pieces = [*contents * 3, *(token[:-1] for token in contents), *PIECES]
    some = ["".join(draw.choices(pieces, k=draw.randrange(12))) for _ in range(4000)]
    for space, bos, split in ((False, False, False), (True, True, False), (True, False, True)):
        tokenizer.add_prefix_space, tokenizer.add_bos_token = space, bos
        tokenizer.split_special_tokens = split
        ids = [tokenizer.encode(text) if text else [] for text in some]
        there = in_page(tokenizer, tmp_path, some)
        assert there["ids"] == ids, (space, bos, split)
        assert there["texts"] == [tokenizer.decode(one) for one in ids]


def test_the_work_for_a_word_grows_as_its_length(tmp_path: Path) -> None:
    tokenizer = gpt2.GPT2Tokenizer.from_pretrained("gpt2-mini")
    word = "".join(random.Random(2).choices("etaoins", k=4000))
    words = [word, "a" * 2000, "!" * 2001, "小" * 500]
    there = in_page(tokenizer, tmp_path, words)
    assert there["ids"] == [tokenizer.encode(word) for word in words]
    assert there["lookups"] < 8 * sum(len(word.encode()) for word in words)


def test_the_table_of_characters_is_the_tokenizers() -> None:
    assert signs.OUTPUT.read_text("utf-8") == signs.module(), "run python tools/signs.py"


def test_bytes_of_a_character_are_a_mark_in_the_text_and_told_by_name() -> None:
    bytes_of = [list("外".encode()), [0xE5, 0xA9], [0x86], list(b" a\n")]
    names = in_node("names.mjs", asked=bytes_of)
    assert names["shown"] == ["外", "‥", "婆", " a↵"]
    assert names["visible"] == ["外", "‹e5 a9›", "婆", "·a↵"]
