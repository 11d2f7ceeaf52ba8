"""Generation options, receipts and journals."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from tools.fuzz.forms.form import Form, called
from tools.fuzz.forms.models import model, used
from tools.fuzz.forms.tokenizers import TEXTS

ROWS = [{"text": t} for t in TEXTS]


def generation(folder: Path) -> None:
    """Write a model with its own generation options."""
    model(folder)
    options = {"do_sample": True, "temperature": 0.8, "top_k": 20, "top_p": 0.9, "num_beams": 1,
               "repetition_penalty": 1.1, "no_repeat_ngram_size": 3, "max_new_tokens": 2, "seed": 1,
               "suppress_tokens": [5], "bad_words_ids": [[3, 4]], "eos_token_id": [294, 7],
               "pad_token_id": 0, "sequence_bias": [[[7], 1.5]], "num_return_sequences": 2,
               "stop_strings": ["zz"], "max_length": 12, "penalty_alpha": 0.0}  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps(options))


def with_its_options(case: Path) -> None:
    """Generate with the options in the folder."""
    used(case, max_new_tokens=None)


def receipt(folder: Path) -> None:
    """Write a model and a receipt for its text; the model's name in it is relative to the case."""
    from gpt2 import receipt as receipts
    from gpt2.loading import load

    model(folder / "model")
    loaded = load(folder / "model", threads=1)
    options: dict[str, Any] = {"max_new_tokens": 3, "do_sample": True, "seed": 3}
    new = loaded.generate([[1, 2, 3]], **options).tolist()[0][3:]
    receipts.write(folder / "receipt.json",
                   receipts.make(loaded, folder / "model", [1, 2, 3], [new], options))  # fmt: skip


def signed(case: Path) -> None:
    """Make the hash of a receipt valid."""
    from gpt2 import receipt as receipts

    path = case / "receipt.json"
    content = json.loads(path.read_text("utf-8"))
    body = {name: value for name, value in content.items() if name != "sha256"}
    path.write_text(json.dumps({**body, "sha256": receipts.digest(body)}), "utf-8")


def replayed(case: Path) -> None:
    """Replay a receipt with the model next to it."""
    from gpt2 import receipt as receipts

    receipts.replay(receipts.read(case / "receipt.json"), model=case / "model", threads=1)


SETTINGS = {"model": "m", "options": {"limit": 3, "names": ["a", "b"]}}


def journal(folder: Path) -> None:
    """Write an interrupted evaluation."""
    from gpt2.evaluation.runner import Rows

    folder.mkdir(parents=True)
    rows = Rows(folder / "out.journal", SETTINGS)
    for name in ("lambada", "cbt"):
        rows.add(name, [{"right": True, "logprob": -1.5, "text": "狐"}] * 2, 0.25)


def checked(case: Path) -> None:
    """Make the checksums in a journal valid."""
    lines = []
    for line in (case / "out.journal").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if "check" in entry:
            text = json.dumps([entry["benchmark"], entry["rows"], entry["seconds"]])
            entry["check"] = zlib.crc32(text.encode())
        lines.append(json.dumps(entry))
    (case / "out.journal").write_text("\n".join(lines) + "\n", "utf-8")


def continued(case: Path) -> None:
    """Resume an evaluation, compute the figures of its rows and add to it."""
    from gpt2.evaluation.runner import Rows

    rows = Rows(case / "out.journal", SETTINGS)
    try:
        rows.add("lambada", [{"right": False}], 1.0)
    finally:
        if rows._journal is not None:
            rows._journal.close()


def batch(folder: Path) -> None:
    """Write rows of a task and the results of some of them."""
    model(folder / "model", n_positions=64)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    batched(folder)
    done = (folder / "out.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "out.jsonl").write_bytes(b"".join(done[:2]))


def batched(case: Path) -> None:
    """Process the remaining rows."""
    from gpt2.loading import load
    from gpt2.tasks import TASKS
    from gpt2.tasks.batch import run_batch

    loaded = load(case / "model", threads=1)
    run_batch(TASKS["summarize"], loaded, case / "rows.jsonl", case / "out.jsonl",
              {"max_new_tokens": 2}, {"model": "m"})  # fmt: skip


def document(folder: Path) -> None:
    """Write a text to process, and examples of translations."""
    model(folder / "model", n_positions=64)
    (folder / "text.txt").write_text("the quick brown fox jumps over the lazy dog. 狐狸\n", "utf-8")
    (folder / "examples.tsv").write_text("the fox\t狐狸\nthe dog\t狗\n", "utf-8")


SMALL = ("--model", "{}/model", "--threads", "1", "--quiet")
summarised = called("summarize", "{}/text.txt", "--max-new-tokens", "2", *SMALL)
translated = called(
    "translate", "{}/text.txt", "--to", "zh", "--examples", "{}/examples.tsv", *SMALL
)


FORMS: dict[str, Form] = {
    "generation-config": Form(generation, with_its_options, ("generation_config.json",)),
    "receipt": Form(receipt, replayed, ("receipt.json",), signed),
    "evaluation-journal": Form(journal, continued, ("*.journal",), checked),
    "batch-journal": Form(batch, batched, ("*.jsonl",)),
    "document": Form(document, summarised, ("text.txt",)),
    "translations": Form(document, translated, ("examples.tsv",)),
}
