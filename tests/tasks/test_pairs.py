"""The recipes that turn public data into files for fine-tuning, and a model that learns one."""

from __future__ import annotations

import json
import lzma
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from recipes.tasks.pairs import FACTS, MAKERS, key, make

import gpt2
from gpt2.errors import MissingFileError
from gpt2.tasks import TASKS, remember
from gpt2.tokenizer import GPT2Tokenizer, Tokenizer
from gpt2.training.inputs.examples import Examples, read_pairs

QUESTION = {"question": "Who came?", "answers": [{"text": "A fox", "answer_start": 0}]}


def qa(*questions: dict[str, Any]) -> dict[str, Any]:
    return {"paragraphs": [{"context": "A fox came. It ran.", "qas": list(questions)}]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources in their published forms, small."""
    place = tmp_path_factory.mktemp("data")
    for name in ("parallel", "qa", "train"):
        (place / name).mkdir()
    test = place / "parallel" / "tatoeba-test-v2021-08-07.eng-zho"
    test.with_suffix(".eng-zho.eng").write_text("He ran.\nShe sat.\n", "utf-8")
    test.with_suffix(".eng-zho.zho").write_text("他跑了\n她坐下了\n", "utf-8")
    (place / "parallel" / "tatoeba_cmn-eng.txt").write_text(
        "\ufeffHi.\t嗨。\tCC\nhe RAN!\t他跑。\tCC\nYou sat.\t她坐下了。\tCC\nHi.\t嗨。\tCC\n"
        + "".join(f"Fox {n}.\t狐狸{n}。\tCC\nFox {n}.\t狐{n}。\tCC\n" for n in range(60)), "utf-8",
    )  # fmt: skip
    known = {**QUESTION, "question": "Who sang?"}
    train = [QUESTION] + [{**QUESTION, "question": f"Who is {n}?"} for n in range(20)]
    for language in ("en", "zh"):
        articles = [*[qa(*train)] * 35, qa(known), *[qa(known)] * 12]
        (place / "qa" / f"xquad.{language}.json").write_text(json.dumps({"data": articles}))
    web = [{"qText": f"who was {n}?", "answers": ["a fox"]} for n in range(80)]
    for name, rows in (("trainmodel", web), ("test", web[:3]), ("val", [])):
        (place / "qa" / f"webquestions.{name}.json").write_text(json.dumps(rows))
    (place / "qa" / "NQ-open.dev.jsonl").write_text('{"question": "who was 5", "answer": ["x"]}\n')
    with lzma.open(place / "train" / "zhwiki.txt.xz", "wt", encoding="utf-8") as file:
        for n in range(60):
            rest = f"第{n}只狐狸在山里跑了很久很久。它没有停下来，一直跑到河边。" * 4
            file.write(f"狐狸{n}\n狐狸{n}是动物。\n{rest}\n<|endoftext|>\n")
    heading = "In which the fox meets a dog and runs home again"
    book = f"CHAPTER I. {heading.upper()}\n\n" + "The fox ran. " * 200 + "\n\nCHAPTER II\n\nHome\n"
    (place / "book.txt").write_text(book + "\nThe dog slept. " * 200, "utf-8")
    with tarfile.open(place / "train" / "gutenberg.tar.xz", "w:xz") as archive:
        archive.add(place / "book.txt", "gutenberg/book.txt")
    return place


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return GPT2Tokenizer.from_pretrained("gpt2-mini")


@pytest.mark.parametrize("task", MAKERS)
def test_its_files_are_what_the_trainer_reads(
    task: str, data: Path, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    told = make(task, data, tmp_path, tokenizer, 400)
    pairs = {s: read_pairs(tmp_path / f"{s}.jsonl") for s in ("train", "validation")}
    assert {s: len(found) for s, found in pairs.items()} == {
        s: told["counts"][s] for s in ("train", "validation")
    }
    examples = Examples(pairs["train"], tokenizer, 400, 2)
    assert examples.cut_prompts == examples.cut_completions == 0
    prompts = [{pair.prompt for pair in found} for found in pairs.values()]
    assert not prompts[0] & prompts[1]
    ends = {"summarize": "\nTL;DR:", "translate": " =", "answer": "\nA:", "write": "\n\n"}[task]
    assert all(pair.prompt.endswith(ends) for pair in pairs["train"])
    assert all(len(used["sha256"]) == 64 for used in told["sources"].values())


def test_what_the_test_sets_hold_is_left_out_and_counted(
    data: Path, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    counts = make("translate", data, tmp_path / "t", tokenizer, 400)["counts"]
    assert counts["left out: the English is in the test set"] == 1
    assert counts["left out: the Chinese is in the test set"] == 1
    assert counts["left out: the same again"] == 1
    assert counts["train"] + counts["validation"] == 121
    counts = make("answer", data, tmp_path / "a", tokenizer, 400)["counts"]
    assert counts["left out: the question is in a test set"] == 2 + 4
    written = (tmp_path / "a" / "train.jsonl").read_text("utf-8")
    assert "Who sang?" not in written
    assert "who was 5?" not in written


def test_a_chapter_is_read_with_its_heading(
    data: Path, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    make("summarize", data, tmp_path, tokenizer, 400)
    rows = [json.loads(line) for name in ("train", "validation")
            for line in (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()]  # fmt: skip
    told = [row for row in rows if "fox meets" in row["completion"]]
    assert [row["completion"] for row in told] == [
        " In which the fox meets a dog and runs home again"
    ]
    assert told[0]["prompt"].startswith("The fox ran. The fox ran.")
    with pytest.raises(MissingFileError, match="--data names the folder"):
        make("summarize", tmp_path, tmp_path, tokenizer, 400)


def test_the_real_pairs_hold_nothing_of_the_test_set(
    data_folder: Path, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    counts = make("translate", data_folder, tmp_path, tokenizer, 400, limit=2000)["counts"]
    assert counts["train"] + counts["validation"] == 2000
    assert counts["left out: the English is in the test set"] > 0
    test = data_folder / "parallel" / "tatoeba-test-v2021-08-07.eng-zho.eng"
    tested = {key(line) for line in test.read_text("utf-8").split("\n")}
    prompts = {pair.prompt.removesuffix(" =") for pair in read_pairs(tmp_path / "train.jsonl")}
    assert not {key(prompt) for prompt in prompts} & tested


def test_a_model_learns_the_form_and_its_folder_remembers(
    tiny_folder: Path, tmp_path: Path
) -> None:
    """Pairs as a recipe makes them, the trainer's batches, a saved folder, and the task itself."""
    import torch

    form = TASKS["translate"].form
    learned = {"The fox.": "狐狸", "The dog.": "lazy dog"}
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("".join(json.dumps(form.pair(source=s, target=t)) + "\n"
                             for s, t in learned.items()))  # fmt: skip
    torch.manual_seed(0)
    model = gpt2.GPT2LMHeadModel.from_pretrained(tiny_folder)
    examples = Examples(read_pairs(pairs), GPT2Tokenizer.from_pretrained(tiny_folder), 24, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(60):
        batch = examples.batch(step)
        logits = model(torch.from_numpy(batch.inputs)).logits.flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(batch.labels).flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    folder = tmp_path / "tuned"
    shutil.copytree(tiny_folder, folder)
    model.save_pretrained(folder)
    remember(folder, "translate", **FACTS["translate"])
    tuned = gpt2.load(folder)
    assert gpt2.translate(tuned, "The dog.\n\nThe fox.") == "lazy dog\n\n狐狸"
