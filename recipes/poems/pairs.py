"""Poems as prompts with completions: ``七言绝句：题目``, and the poem below it.

The poems are those of ``recipes/mini`` (Tang, chinese-poetry, MIT; simplified), so what is held out
here the base model has not read either. Trained on is what is regulated by ``verse.py``, with level
rhymes; held out is every poem of the four forms, whether it keeps the rules or not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from recipes.mini import sources
from recipes.poems import verse

from gpt2.files import atomic

LONGEST = 12  # signs of a title
Pair = dict[str, str]


def prompt(form: str, title: str) -> str:
    """What a user types; the poem begins on the next line."""
    return f"{form}：{title}"


def titled(text: str) -> str:
    """A poem's title without its series, number and poet; empty if long or of other signs."""
    title = re.sub(r"[○一二三四五六七八九十百其]+$", "", text.split("（")[0]).strip()
    title = re.sub(r"[一二三四五六七八九十百]+首$", "", title.split(" ")[-1])
    return title if re.fullmatch(rf"[\u3400-\u9fff]{{1,{LONGEST}}}", title) else ""


def pairs(poems: Iterable[str]) -> Iterator[Pair]:
    """The poems of the four forms whose titles are plain, each once."""
    seen = set()
    for text in poems:
        head, _, body = text.partition("\n")
        form, title = verse.form_of(body), titled(head)
        if form and title and body not in seen:
            seen.add(body)
            yield {"prompt": prompt(form, title), "completion": f"\n{body}"}


def strict(pair: Pair) -> bool:
    """Whether a pair's poem rhymes in a level tone and keeps the pattern of tones."""
    form = verse.FORMS[pair["prompt"].split("：")[0]]
    found = verse.measured(pair["completion"], form)
    return bool(found["level rhyme"] and found["regulated"])


def held_out(data: Path, trained: Iterable[str]) -> Iterator[Pair]:
    """What is held out, without poems that stand elsewhere in training under another title or poet,
    and without signs that the training poems lack."""
    trained = list(trained)
    lines = {line for text in trained for line in verse.verses(text.partition("\n")[2])}
    signs = set("".join(trained))
    for pair in pairs(text for text in sources.all_poems(data, held=True) if set(text) <= signs):
        own = verse.verses(pair["completion"])
        if 2 * sum(line in lines for line in own) < len(own):
            yield pair


def write_pairs(data: Path, out: Path) -> None:
    """Write ``train.jsonl`` and ``held_out.jsonl``."""
    trained = list(sources.poems(data))
    every = list(pairs(trained))
    kept = list(filter(strict, every))
    held = list(held_out(data, trained))
    for name, found in (("train", kept), ("held_out", held)):
        lines = (json.dumps(pair, ensure_ascii=False) + "\n" for pair in found)
        with atomic(out / f"{name}.jsonl") as part:
            part.write_text("".join(lines), "utf-8")
    print(
        f"{len(trained):,} poems to train on; of the four forms with a plain title {len(every):,}; "
        f"{len(kept):,} of them by the rules. {len(held):,} held out"
    )
