"""Published test sets, evaluation results, and texts to search a corpus for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tools.fuzz.forms.form import Form, called, each
from tools.fuzz.forms.tokenizers import TEXTS
from tools.fuzz.forms.training import tokens

STORY = "0123456789abcdef"
COQA = {"data": [{"story": TEXTS[0], "questions": [{"input_text": "Who?", "turn_id": 1}],
                  "answers": [{"input_text": "the fox"}],
                  "additional_answers": {"0": [{"input_text": "fox"}]}}]}  # fmt: skip
SQUAD = {"data": [{"title": f"t{n}", "paragraphs": [{"context": TEXTS[0], "qas": [
    {"question": "Who?", "answers": [{"text": "the fox", "answer_start": 0}]}]}]}
    for n in range(2)]}  # fmt: skip
# benchmark -> its files, small ones in the published format
SETS: dict[str, dict[str, Any]] = {
    "lambada": {"lambada_test.jsonl": '{"text": "the quick fox"}\n'},
    "cbt-cn": {"cbtest_CN_valid_2000ek.txt": "".join(f"{n} A fox .\n" for n in range(1, 21))
               + "21 The XXXXX ran .\tfox\t\tfox|dog\n\n"},
    "ptb": {"ptb.test.txt": " the <unk> fox N \n it 's late \n"},
    "text8": {"text8": "the quick brown fox"},
    "wikitext103": {"wikitext-103/wiki.test.tokens": " \n = Fox = \n \n A fox @-@ like . \n"},
    "winograd": {"wsc273.txt": "The fox saw the dog when [MASK] ran.\n[MASK]\nfox,dog\nfox\n\n"},
    "coqa": {"coqa-dev-v1.0.json": COQA},
    "cnn-dailymail": {"cnn_dailymail/all_test.txt": "http://a.b/\n",
                      f"cnn_dailymail/cnn/stories/{hashlib.sha1(b'http://a.b/').hexdigest()}.story":
                      "A fox ran.\n\n@highlight\n\nFox ran\n"},
    "wmt19-en-zh": {"2019_en-zh_newstest2019.en": "a fox\n",
                    "2019_en-zh_newstest2019.zh": "狐狸\n"},
    "natural-questions": {"NQ-open.dev.jsonl": '{"question": "Who?", "answer": ["fox"]}\n' * 2},
    "webquestions": {"webquestions.test.json": [{"qText": "Who?", "answers": ["fox"]}] * 2},
    "piqa": {"piqa/valid.jsonl": '{"goal": "run", "sol1": "fox", "sol2": "dog"}\n',
             "piqa/valid-labels.lst": "0\n"},
    "xquad-en": {"xquad.en.json": SQUAD},
    "dialogsum": {"dialogsum.test.jsonl": '{"dialogue": "Hi.", "summary1": "A greeting."}\n'},
}  # fmt: skip


def published(folder: Path) -> None:
    """Write a folder for each benchmark."""
    for name, files in SETS.items():
        for file, content in files.items():
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def read_sets(case: Path) -> None:
    """Read the examples of each benchmark, as if its files were the published ones."""
    from gpt2.evaluation.benchmarks import benchmark

    def read(place: Path) -> None:
        asked = benchmark(place.name)
        found = {file.name: place / file.name for file in asked.files}
        asked.examples({name: path for name, path in found.items() if path.exists()})

    each(case, read)


def results(folder: Path) -> None:
    """Write results like those of `gpt2 evaluate -o`, for two models."""
    folder.mkdir(parents=True)
    for size in (1, 2):
        measure = {"title": "accuracy", "protocol": "all", "value": 0.5 * size}
        content = {"parameters": 1000 * size, "benchmarks": {
            "lambada": {"title": "LAMBADA", "measures": {
                "acc": measure, "ppl": {**measure, "title": "perplexity"}}}}}  # fmt: skip
        (folder / f"{size}.json").write_text(json.dumps(content))


def sought(folder: Path) -> None:
    """Write token data, and texts that may occur in it."""
    tokens(folder / "corpus")
    (folder / "tests").mkdir()
    (folder / "tests" / "a.txt").write_text("\n".join(TEXTS), "utf-8")
    rows = [{"text": text, "more": {"a": [text]}} for text in TEXTS]
    (folder / "tests" / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")


FORMS: dict[str, Form] = {
    "benchmarks": Form(published, read_sets),
    "results": Form(results, called("scaling", "{}/1.json", "{}/2.json")),
    "overlap": Form(sought, called("overlap", "{}/corpus", "{}/tests", "-n", "3"), ("tests/*",)),
}
