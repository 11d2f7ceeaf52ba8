"""`gpt2 finetune`, from a file to a model that has learned it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

import gpt2
from gpt2.adapters import LoraConfig
from gpt2.cli.finetune import command
from gpt2.errors import OptionError
from gpt2.model import GPT2LMHeadModel
from gpt2.model.lora import load_lora
from gpt2.tasks import task_of
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.training.config import FinetuneConfig, TrainingConfig
from gpt2.training.finetuning import has_pairs, pair_data, split
from gpt2.training.inputs.examples import Pair, read_pairs
from gpt2.training.planning import fit as demand
from gpt2.training.planning.footprint import footprint
from tests.tiny import TEXT, tiny_config, write_tiny

ANSWERS = {"fox": "quick brown", "dog": "the lazy", "over": "jumps"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_tiny(folder)  # more embeddings than the tokenizer has tokens, as in a padded model
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    rows = [{"prompt": f"{word}?", "completion": f" {text}."} for word, text in ANSWERS.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows * 8), "utf-8")
    return path


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "text.txt"
    path.write_text(TEXT * 60, "utf-8")
    return path


def finetune(*arguments: Any) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments), "--threads", "1"])


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(GPT2LMHeadModel.from_pretrained(folder).state_dict())


def test_it_learns_to_answer_and_to_stop(base: Path, pairs: Path, tmp_path: Path) -> None:
    done = finetune(base, pairs, "-o", tmp_path, "--epochs", 50, "--lr", 3e-3, "--patience", 0,
                    "--validate-every", 25)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path / "model")
    model = gpt2.load(str(tmp_path / "model"), engine="torch")
    learned, held = split(read_pairs(pairs), 0.1, 0)
    assert len({pair.prompt for pair in learned}) == 2
    for prompt, completion in {(pair.prompt, pair.completion) for pair in learned}:
        assert model.generate(prompt, max_new_tokens=20) == prompt + completion
    shown = (tmp_path / "report.md").read_text("utf-8")
    assert "| this model |" in shown
    records = [
        json.loads(ln) for ln in (tmp_path / "metrics.jsonl").read_text("utf-8").splitlines()
    ]
    samples = [record for record in records if record["kind"] == "sample"]
    assert len(samples) == 5
    assert samples[-1]["prompt"] == held[0].prompt


@pytest.mark.parity
def test_transformers_loads_the_result(base: Path, pairs: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    done = finetune(base, pairs, "-o", tmp_path, "--steps", 2, "--lora", "--task", "translate")
    assert done.exit_code == 0, done.output
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "model")
    ours = GPT2LMHeadModel.from_pretrained(tmp_path / "model")
    ids = torch.arange(20)[None]
    with torch.no_grad():
        torch.testing.assert_close(theirs(ids).logits, ours(ids).logits, rtol=1e-4, atol=1e-4)
    from gpt2.tasks.task import task_of

    remembered = task_of(tmp_path / "model")
    assert remembered is not None
    assert remembered.name == "translate"


def test_adapters_of_a_text(base: Path, text: Path, tmp_path: Path) -> None:
    done = finetune(base, text, "-o", tmp_path, "--lora", "--steps", 12, "--lora-rank", 2,
                    "--length", 32, "--lora-targets", "c_attn")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "parameters are trained, 12 steps" in done.stderr
    before, after = weights(base), weights(tmp_path / "model")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {f"transformer.h.{n}.attn.c_attn.weight" for n in (0, 1)}
    adapted = GPT2LMHeadModel.from_pretrained(base)
    load_lora(adapted, tmp_path / "adapter")
    ids = torch.arange(20)[None]
    with torch.no_grad():
        merged = GPT2LMHeadModel.from_pretrained(tmp_path / "model")(ids).logits
        torch.testing.assert_close(adapted(ids).logits, merged, rtol=1e-4, atol=1e-4)
    assert GPT2Tokenizer.from_pretrained(tmp_path / "model").encode("fox")
    assert "bits per byte" in (tmp_path / "report.md").read_text("utf-8")


def test_resumed_adapters_are_the_uninterrupted_ones(
    base: Path, text: Path, tmp_path: Path
) -> None:
    asked = [base, text, "--length", 32, "--steps", 4, "--lora",
             "--save-every", 2, "--keep", 9, "--validate-every", 0]  # fmt: skip
    whole = finetune(*asked, "-o", tmp_path / "whole")
    assert whole.exit_code == 0, whole.output
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "whole", copy)
    shutil.rmtree(copy / "checkpoints" / "step-000004")
    resumed = finetune(*asked, "-o", copy, "--resume")
    assert resumed.exit_code == 0, resumed.output
    first, second = weights(tmp_path / "whole" / "model"), weights(copy / "model")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_it_stops_when_nothing_is_gained(base: Path, text: Path, tmp_path: Path) -> None:
    done = finetune(base, text, "-o", tmp_path, "--length", 32, "--steps", 60, "--lr", 1e-9,
                    "--validate-every", 2, "--patience", 2, "--warmup", 0)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "the validation loss no longer improves" in done.stderr


def test_what_does_not_fit_is_refused_with_a_proposal(
    base: Path, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = tmp_path / "wide"
    write_tiny(wide, n_embd=512, n_layer=4)
    monkeypatch.setattr(demand, "available_memory", lambda: 160e6)
    refused = finetune(wide, pairs, "-o", tmp_path / "run", "--length", 64)
    assert isinstance(refused.exception, OptionError)
    words = str(refused.exception)
    assert "the memory is too small: training needs about" in words
    assert "What would fit: --lora (" in words
    assert not (tmp_path / "run").exists()
    muon = finetune(wide, pairs, "-o", tmp_path / "run", "--length", 64, "--optimizer", "muon",
                    "--micro-batch", 4)  # fmt: skip
    assert "What would fit: --lora --optimizer adamw (" in str(muon.exception)
    assert "--lora --optimizer adamw --recompute --micro-batch 1 (" in str(muon.exception)
    monkeypatch.setattr(demand, "available_memory", lambda: 1e6)
    with pytest.raises(OptionError, match="use a smaller model"):
        raise finetune(wide, pairs, "-o", tmp_path / "run").exception or ValueError
    done = finetune(base, pairs, "-o", tmp_path / "run", "--steps", 1, "--anyway")
    assert done.exit_code == 0, done.output


def test_adapters_count() -> None:
    config = tiny_config()
    rank = LoraConfig(lora_rank=2, lora_targets="attn.c_attn")
    assert demand.adapter_size(config, rank) == 2 * 2 * (64 + 192)
    assert footprint(config, 1, 64, trained=1024).gradients == 4096


def test_what_is_held_out_is_not_learned(base: Path, pairs: Path, tmp_path: Path) -> None:
    rows = [{"in": f"{n}:", "out": f" {n * n}", "x": 1} for n in range(20)]
    path = tmp_path / "squares.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    config = FinetuneConfig(prompt_field="in", completion_field="out", held_out=0.25)
    assert has_pairs(path, config)
    assert has_pairs(path, FinetuneConfig())  # no text either: reading it tells what is wrong
    for name, content, pair in (("a.csv", 'text\n"a, b"\n', False), ("a.csv", "line\na\n", False),
                                ("a.csv", "id,text\n1,a\n", False), ("a.csv", "a,b\n1,2\n", True),
                                ("a.jsonl", '"a text"\n', False),
                                ("a.jsonl", '{"text": "a"}\n', False),
                                ("a.json", '[{"text": "a"}]', False),
                                ("a.jsonl", '{"messages": []}\n', True)):  # fmt: skip
        (tmp_path / name).write_text(content)
        assert has_pairs(tmp_path / name, FinetuneConfig()) == pair, content
    assert has_pairs(pairs, FinetuneConfig())
    tokenizer = GPT2Tokenizer.from_pretrained(base)
    data = pair_data(path, config, TrainingConfig(batch_size=4), tokenizer, 64)
    learned, held = data.source.examples, data.held.examples.examples  # type: ignore[attr-defined]
    assert (len(learned), len(held)) == (15, 5)
    texts = {tokenizer.decode(example.ids.tolist()) for example in [*learned, *held]}
    assert len(texts) == 20
    assert data.length == 8
    assert data.held.batch(0).counted == sum(len(e.ids) - e.prompt for e in held)
    assert len(list(data.texts())) == 15


def test_duplicates_are_on_one_side() -> None:
    facts = [Pair(f"What is {n} and {n}?", f" {2 * n}.") for n in range(55)]
    again = [Pair(p.prompt.upper() + " ", p.completion + "\n") for p in facts]
    for seed in range(5):
        learned, held = split([*facts, *again, *facts, *facts], 0.1, seed)
        assert (len(learned), len(held)) == (200, 20)
        known = {pair.prompt.strip().lower() for pair in learned}
        assert not known & {pair.prompt.strip().lower() for pair in held}
    assert [len(side) for side in split(facts, 0.1, 0)] == [49, 6]
    assert [len(side) for side in split(facts[:2], 0.1, 0)] == [1, 1]
    assert [len(side) for side in split([facts[0]] * 9, 0.1, 0)] == [9, 0]
    assert [len(side) for side in split([facts[0]] * 9 + [facts[1]], 0.1, 0)] == [9, 1]
    assert [len(side) for side in split(facts, 0.0, 0)] == [55, 0]


@pytest.mark.parametrize("lora", [[], ["--lora"]])
def test_going_on_from_ones_own_result_loses_nothing(
    base: Path, pairs: Path, tmp_path: Path, lora: list[str]
) -> None:
    place, few = tmp_path / "run", [pairs, "--steps", 2, "--sample-every", 0, *lora]
    assert finetune(base, *few, "-o", place).exit_code == 0
    before = {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}
    (tmp_path / "link").symlink_to(place / "model")
    for model in (place / "model", place / "checkpoints" / "step-000002", tmp_path / "link",
                  place / "." / "model" / "model.safetensors"):  # fmt: skip
        for more in ([], ["--overwrite"], ["--resume"]):
            refused = finetune(model, *few, "-o", place, *more)
            assert isinstance(refused.exception, OptionError)
            assert "choose another output folder" in str(refused.exception)
    assert {p: p.read_bytes() for p in place.rglob("*") if p.is_file()} == before
    assert finetune(place / "model", *few, "-o", tmp_path / "next").exit_code == 0


@pytest.mark.parametrize("kind", ["pairs", "text"])
def test_resume_alone_takes_the_options_of_the_run(
    base: Path, request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    data = request.getfixturevalue(kind)
    asked = [base, data, "--length", 32, "--steps", 4, "--lr", 2e-3, "--lora", "--lora-rank", 2,
             "--held-out", 0.3, "--task", "summarize", "--save-every", 2, "--keep", 9,
             "--validate-every", 0]  # fmt: skip
    assert finetune(*asked, "-o", tmp_path / "whole").exit_code == 0
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "whole", copy)
    shutil.rmtree(copy / "checkpoints" / "step-000004")
    shutil.rmtree(copy / "model")
    (tmp_path / "other").symlink_to(base)  # another name of the same model
    resumed = finetune(tmp_path / "other", data, "-o", copy, "--resume")
    assert resumed.exit_code == 0, resumed.output
    first, second = weights(tmp_path / "whole" / "model"), weights(copy / "model")
    assert all(torch.equal(first[name], second[name]) for name in first)
    tuned = task_of(copy / "model")
    assert tuned is not None
    assert tuned.name == "summarize"
    other = finetune(base, data, "-o", copy, "--resume", "--lr", 1e-3)
    assert "lr (0.002, now 0.001)" in str(other.exception)


def test_a_short_text_is_learned_in_short_rows(base: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the quick brown fox jumps over the lazy dog")
    done = finetune(base, tmp_path / "a.txt", "-o", tmp_path / "run", "--steps", 1)
    assert done.exit_code == 0, done.output
    long = finetune(base, tmp_path / "a.txt", "-o", tmp_path / "b", "--steps", 1, "--length", 60)
    assert "use more text, or a smaller --length" in str(long.exception)


def test_wrong_wishes_are_refused(base: Path, pairs: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (["--lora-rank", 4], "lora_rank: these options require --lora"),
        (["--length", 100], "length must be at most the model's 64"),
        (["--lora", "--lora-targets", "head"], "'head' is not a linear layer"),
    ):
        refused = finetune(base, pairs, "-o", tmp_path / "run", *arguments)
        assert words in str(refused.exception)


def test_a_named_field_makes_rows_text(base: Path, tmp_path: Path) -> None:
    rows, place = tmp_path / "rows.jsonl", tmp_path / "run"
    rows.write_text((json.dumps({"body": TEXT}) + "\n") * 20, "utf-8")
    options = ("--steps", 1, "--length", 8, "--field", "body")
    done = finetune(base, rows, "-o", place, *options)
    assert done.exit_code == 0, done.exception
    tokens = place / "data" / "tokens"
    refused = finetune(base, tokens, "-o", tmp_path / "other", "--encoding", "latin-1", *options)
    assert "already prepared: --encoding and --field can be" in str(refused.exception)
