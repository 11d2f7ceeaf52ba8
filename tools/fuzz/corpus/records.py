"""Receipts and journals."""

from __future__ import annotations

import functools
from typing import Any

from tools.fuzz.corpus.spoil import (
    Spoil,
    everywhere,
    json_of,
    line,
    link,
    put,
    set_to,
    values,
)
from tools.fuzz.damage import DEEP, LONG

JOURNAL = "out.journal"


def measured(name: str, *odd: Any) -> dict[str, Spoil]:
    """Set an entry of all measures in a result to each of these values."""

    def change(value: Any, content: Any) -> None:
        for measure in content["benchmarks"]["lambada"]["measures"].values():
            measure[name] = value

    return {
        f"{name} {value!r:.30}": values("1.json", functools.partial(change, value)) for value in odd
    }


CORPUS: dict[str, dict[str, Spoil]] = {
    "receipt": {
        **json_of("receipt.json"),
        **set_to("receipt.json", "engine", 3, {}, {"name": "native"}, {"name": ["native"]},
                 {"name": "native", "dtype": ["fp32"]},
                 {"name": "native", "dtype": "fp32", "kv_dtype": ["text"]}),
        **set_to("receipt.json", "model", 3, {}, {"name": 3}, {"name": "a" * 300}),
        **set_to("receipt.json", "output", 3, {}, {"ids": [["x"]]}, {"ids": [3]},
                 {"ids": [[2**70]]}),
        **set_to("receipt.json", "prompt", {"ids": ["x"]}, {"ids": [2**70]}, {"ids": None},
                 {"ids": [1, 2**64, 3]}),
        **set_to("receipt.json", "options", [], {"a": 1}, {"num_beams": 10**9}),
        "half a character": values("receipt.json", lambda c: c["model"].update(name="\ud800")),
    },
    "results": {
        **json_of("1.json"),
        **set_to("1.json", "parameters", "x", -1, 0, 10**30, True, None),
        **measured("value", "x", None, True, -1, 10**40, [1]),
        **measured("protocol", {}, 3),
        **measured("title", [], None),
    },
    "benchmarks": {
        **json_of("coqa/coqa-dev-v1.0.json"),
        **json_of("webquestions/webquestions.test.json"),
        **set_to("xquad-en/xquad.en.json", "data", 3, [3], [{}], [{"paragraphs": {}}]),
        **everywhere("text8/text8"),
        "fields of others": put("natural-questions/NQ-open.dev.jsonl", '{"a": 1}\n[]\n3\n'),
        "labels of words": put("piqa/piqa/valid-labels.lst", "x\n"),
    },
    "run": {**json_of("run/options.json"), **everywhere("run/metrics.jsonl")},
    "evaluation-journal": {
        **everywhere(JOURNAL),
        "no settings": line(JOURNAL, 0, lambda c: {}),
        "settings of a list": line(JOURNAL, 0, lambda c: []),
        "no rows": line(JOURNAL, 1, lambda c: {"benchmark": "lambada"}),
        "rows of text": line(JOURNAL, 1, lambda c: c.update(rows="x")),
        "seconds of text": line(JOURNAL, 1, lambda c: c.update(seconds="x")),
        "deep": line(JOURNAL, 1, lambda c: c.update(rows=DEEP)),
        "long": line(JOURNAL, 1, lambda c: c.update(seconds=LONG)),
        "one line of another": put(JOURNAL, '{"a": 1}'),
        "elsewhere": link(JOURNAL, "{}/victim.txt"),
    },
    "batch-journal": {
        **everywhere("out.jsonl"),
        **everywhere("rows.jsonl"),
        "elsewhere": link("out.jsonl", "{}/victim.txt"),
        "one line of another": put("out.jsonl", '{"mine": 1}'),
        "deep": line("out.jsonl", 1, lambda c: c.update(text=DEEP)),
        "options of a row": line("rows.jsonl", 2, lambda c: c.update(max_new_tokens="x", seed=[])),
        "beams of a row": line("rows.jsonl", 2, lambda c: c.update(num_beams=10**9)),
    },
}  # fmt: skip
