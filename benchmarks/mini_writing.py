"""Whether the bundled model's stories, articles and e-mails match their titles.

It measures the share of a title's words (for a Chinese title, pairs of characters) that occur in
the text for that title, next to the share in the texts for other titles: a model that ignores its
title has the same share in both.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import gpt2
from gpt2.evaluation.benchmarks.lambada import STOP_WORDS
from gpt2.evaluation.metrics import characters, words
from gpt2.tasks.sentences import is_cjk

LENGTH, SHOWN = {"en": 80, "zh": 120}, 3  # words or characters of a text; texts in the file
ARTICLES = (
    "The history of the bicycle", "How bees make honey", "Living in a cold country",
    "Why people need sleep", "A visit to the museum", "The longest river in the world",
    "School in the last century", "How to grow tomatoes", "The first trains", "Birds of the sea",
    "自行车的历史", "蜜蜂怎样酿蜜", "寒冷地方的生活", "人为什么要睡觉", "参观博物馆",
    "世界上最长的河", "上个世纪的学校", "怎样种西红柿", "最早的火车", "海边的鸟",
)  # fmt: skip
EMAILS = (
    "Meeting on Friday", "Your order of two chairs", "A birthday party", "The broken window",
    "Holiday in July", "Thank you for the book", "Our new office", "Question about the rent",
    "The report is late", "Lost keys", "星期五的会议", "您订的两把椅子", "生日聚会", "打破的窗户",
    "七月的假期", "谢谢你的书", "我们的新办公室", "关于房租的问题", "报告晚了", "丢失的钥匙",
)  # fmt: skip


def content(text: str) -> set[str]:
    """The content words of a text; for a Chinese text, its pairs of characters."""
    if is_cjk(text):
        signs = characters(text)
        return {a + b for a, b in pairwise(signs)}
    return set(words(text)) - STOP_WORDS


def writing(model: Any, kind: str, titles: Sequence[str]) -> dict[str, Any]:
    """The share of title words for each text's own title and for other titles in its language."""
    texts = [
        gpt2.write(model, title, kind=kind, length=LENGTH["zh" if is_cjk(title) else "en"],
                   temperature=0.7, seed=seed)
        for seed, title in enumerate(titles)
    ]  # fmt: skip
    asked = list(zip(map(content, titles), map(content, texts), map(is_cjk, titles), strict=True))

    def share(pairs: list[tuple[set[str], set[str]]]) -> dict[str, float]:
        shares = [len(title & text) / len(title) for title, text in pairs]
        return {"title's words in the text": round(statistics.mean(shares), 4)}

    return {
        "texts": len(titles),
        "model": share([(title, text) for title, text, _ in asked]),
        "texts of other titles": share([
            (title, text)
            for n, (title, _, own) in enumerate(asked)
            for m, (_, text, other) in enumerate(asked)
            if n != m and own == other
        ]),
        "examples": [
            {"title": title, "text": text}
            for title, text in zip(titles, texts, strict=True)
        ][:: max(1, len(titles) // (2 * SHOWN))],
    }  # fmt: skip
