"""Published forms are read; what is not of the form is refused with its place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import CorruptFileError, MissingFileError
from gpt2.evaluation.readers import (
    MASK,
    read_cbt,
    read_cnn_dailymail,
    read_coqa,
    read_dialogsum,
    read_nq_open,
    read_parallel,
    read_schemas,
    read_squad,
    read_tail,
    read_webquestions,
)


def written(path: Path, text: str | Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    return path


def cbt_text(questions: int = 2) -> str:
    """A file of CBT's form."""
    blocks = []
    for q in range(questions):
        lines = [f"{n} Sentence {n} of story {q} , said the fox ." for n in range(1, 21)]
        options = "|".join(["fox", *(f"word{n}" for n in range(9))])
        lines.append(f"21 Then the XXXXX ran away .\tfox\t\t{options}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n\n"


def test_cbt(tmp_path: Path) -> None:
    path = written(tmp_path / "cbtest_CN_valid_2000ek.txt", cbt_text())
    first, second = read_cbt(path)
    assert first.context.startswith("Sentence 1 of story 0 ,")
    assert first.context.count("\n") == 19
    assert (first.before, first.after) == ("Then the ", " ran away .")
    assert (len(first.options), first.options[first.answer]) == (10, "fox")
    assert "story 1" in second.context
    written(path, cbt_text().replace("\tfox\t", "\tcat\t", 1))
    with pytest.raises(CorruptFileError, match="line 1: the answer 'cat'"):
        read_cbt(path)
    written(path, "1 a\n2 b\n")
    with pytest.raises(CorruptFileError, match="must have 21 lines"):
        read_cbt(path)


def test_schemas(tmp_path: Path) -> None:
    path = written(
        tmp_path / "wsc.txt",
        f"The cup hit the jug and  {MASK}  broke. \n{MASK}\nThe cup ,the jug \nThe jug \n\n",
    )
    (schema,) = read_schemas(path)
    assert schema.text == f"The cup hit the jug and {MASK} broke."
    assert (schema.candidates, schema.answer) == (("The cup", "the jug"), 1)
    with pytest.raises(CorruptFileError, match="line 1: the answer"):
        read_schemas(written(path, f"{MASK} fell.\n{MASK}\nA,B\nC\n"))


def test_the_real_schemas(data_folder: Path) -> None:
    schemas = read_schemas(data_folder / "eval/winograd/wsc273.txt")
    assert len(schemas) == 273
    assert schemas[0].candidates[schemas[0].answer] == "The city councilmen"
    assert len(read_schemas(data_folder / "eval/winograd/winobias_dev.txt")) == 1584


def test_coqa(tmp_path: Path) -> None:
    def answers(*texts: str) -> list[dict[str, Any]]:
        return [{"input_text": text, "turn_id": n} for n, text in enumerate(texts, 1)]

    entry = {
        "story": "A cat sat.",
        "questions": answers("Who sat?", "What did it do?"),
        "answers": answers("a cat", "sat"),
        "additional_answers": {"0": answers("the cat", "it sat")},
    }
    (story,) = read_coqa(written(tmp_path / "coqa-dev-v1.0.json", {"data": [entry]}))
    assert story.turns[1] == ("What did it do?", ["sat", "it sat"])
    with pytest.raises(CorruptFileError, match="no list 'data'"):
        read_coqa(written(tmp_path / "other.json", {}))


def test_questions(data_folder: Path) -> None:
    open_ = read_nq_open(data_folder / "qa/NQ-open.dev.jsonl")
    assert len(open_) == 3610
    assert open_[0].answers == ["14 December 1972 UTC", "December 1972"]
    assert len(read_webquestions(data_folder / "qa/webquestions.test.json")) == 2032
    for language in ("en", "zh"):
        found = read_squad(data_folder / f"qa/xquad.{language}.json")
        assert len(found) == 1190
        assert all(q.answers[0] in q.context for q in found)
        assert len({q.title for q in found}) == 48


def test_summaries(data_folder: Path, tmp_path: Path) -> None:
    dialogues = read_dialogsum(data_folder / "summarization/dialogsum.test.jsonl")
    assert {len(dialogue.summaries) for dialogue in dialogues} == {3}
    url = "http://web.archive.org/a"
    name = hashlib.sha1(url.encode()).hexdigest()
    text = "(CNN) -- One.\n\nTwo.\n\n@highlight\n\nFirst point\n\n@highlight\n\nSecond\n"
    written(tmp_path / "all_test.txt", url + "\n")
    with pytest.raises(MissingFileError, match=name):
        read_cnn_dailymail(tmp_path)
    written(tmp_path / "dailymail/stories" / f"{name}.story", text)
    (story,) = read_cnn_dailymail(tmp_path)
    assert story.text == "(CNN) -- One.\nTwo."
    assert story.summaries == ["First point\nSecond"]


def test_parallel(data_folder: Path, tmp_path: Path) -> None:
    folder = data_folder / "parallel"
    pairs = read_parallel(folder / "newstest2014.fr-en.fr", folder / "newstest2014.fr-en.en")
    assert len(pairs) == 3003
    one = written(tmp_path / "a", "x\ny\n")
    with pytest.raises(CorruptFileError, match="has 2 lines, but "):
        read_parallel(one, written(tmp_path / "b", "1\n2\n3\n"))


def test_the_end_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "enwik8"
    path.write_bytes("aé世界".encode() + "界".encode()[:2])
    assert read_tail(path, 7) == ("界", 3)  # of 世 only two bytes are within, of the last two are
    assert read_tail(path, 100) == ("aé世界", 9)
    with pytest.raises(MissingFileError):
        read_tail(tmp_path / "text8", 5)
