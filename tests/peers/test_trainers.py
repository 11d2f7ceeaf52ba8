"""The loops of other libraries on this package's models: Trainer, accelerate, PEFT, trl.

In an environment of their own (`make parity`): tests/peers.txt.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

import gpt2
from tests.tiny import tiny_config, write_tiny

pytest.importorskip("accelerate")
pytestmark = pytest.mark.parity

IDS = torch.randint(0, 290, (24, 18), generator=torch.Generator().manual_seed(0))
ROWS = [{"input_ids": row, "labels": row} for row in IDS]
QUIET = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    write_tiny(place, **QUIET)
    return place


def arguments(folder: Path, **more: Any) -> transformers.TrainingArguments:
    said = {"per_device_train_batch_size": 4, "max_steps": 5, "logging_steps": 1, "seed": 3,
            "learning_rate": 1e-3, "report_to": [], "save_strategy": "no", "use_cpu": True,
            "disable_tqdm": True}  # fmt: skip
    return transformers.TrainingArguments(str(folder), **{**said, **more})


def losses(trainer: Any) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "accumulation": {"gradient_accumulation_steps": 3},
    "computed again": {"gradient_checkpointing": True},
    "re-entrant": {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": True},
    },
    "label smoothing": {"label_smoothing_factor": 0.1},
    "bf16": {"bf16": True},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_trainer_gives_the_losses_of_transformers(
    folder: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    found = []
    for library in (gpt2, transformers):
        model = library.GPT2LMHeadModel.from_pretrained(folder)
        trainer = transformers.Trainer(model, arguments(tmp_path, **way), train_dataset=ROWS)
        trainer.train()
        found.append(losses(trainer))
    assert len(found[0]) == 5
    assert found[0] == pytest.approx(found[1], rel=2e-2 if "bf16" in way else 1e-3)


def test_trainer_evaluates_predicts_and_counts(folder: Path, tmp_path: Path) -> None:
    found = []
    for library in (gpt2, transformers):
        model = library.GPT2LMHeadModel.from_pretrained(folder)
        trainer = transformers.Trainer(model, arguments(tmp_path), eval_dataset=ROWS[:6])
        predicted = trainer.predict(ROWS[:6])
        found.append((trainer.evaluate()["eval_loss"], predicted.predictions))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    ours, theirs = (torch.as_tensor(x[1]) for x in found)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_trainer_writes_weights_and_goes_on(folder: Path, tmp_path: Path) -> None:
    """Whole folders it writes of transformers' class alone: for that there is to_transformers. Of
    ours the weights carry the settings, so that what it writes loads here."""
    model = gpt2.GPT2LMHeadModel.from_pretrained(folder)
    said = {"save_strategy": "steps", "save_steps": 2, "max_steps": 4}
    trainer = transformers.Trainer(model, arguments(tmp_path, **said), train_dataset=ROWS)
    trainer.train()
    whole, ended = losses(trainer), model.state_dict()["transformer.wte.weight"].clone()
    trainer.save_model(str(tmp_path / "saved"))
    for written in (tmp_path / "checkpoint-4", tmp_path / "saved"):
        assert not (written / "config.json").exists()
        ours = gpt2.GPT2LMHeadModel.from_pretrained(written)
        assert ours.config.to_dict() == model.config.to_dict()
        ours.save_pretrained(written)  # completes it for others
        for library in (gpt2, transformers):
            again = library.GPT2LMHeadModel.from_pretrained(written)
            assert torch.equal(again.transformer.wte.weight, ended)
    fresh = gpt2.GPT2LMHeadModel.from_pretrained(folder)
    trainer = transformers.Trainer(fresh, arguments(tmp_path, **said), train_dataset=ROWS)
    trainer.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert losses(trainer)[-2:] == pytest.approx(whole[-2:], rel=1e-5)
    torch.testing.assert_close(fresh.transformer.wte.weight.detach(), ended)


def test_trainer_of_to_transformers_trains_ours_and_writes_folders(
    folder: Path, tmp_path: Path
) -> None:
    model = gpt2.GPT2LMHeadModel.from_pretrained(folder)
    before = model.transformer.wte.weight.detach().clone()
    trainer = transformers.Trainer(model.to_transformers(), arguments(tmp_path), train_dataset=ROWS)
    trainer.train()
    assert not torch.equal(model.transformer.wte.weight, before)
    trainer.save_model(str(tmp_path / "out"))
    for library in (gpt2, transformers):
        again = library.GPT2LMHeadModel.from_pretrained(tmp_path / "out")
        assert torch.equal(again.transformer.wte.weight, model.transformer.wte.weight)


def test_trainer_of_a_classifier(tmp_path: Path) -> None:
    rows = [{"input_ids": ids, "labels": int(ids[0]) % 3} for ids in IDS]
    torch.manual_seed(0)
    shape = tiny_config(**QUIET, num_labels=3, pad_token_id=299)
    ours = gpt2.GPT2ForSequenceClassification(shape)
    theirs = transformers.GPT2ForSequenceClassification(
        transformers.GPT2Config.from_dict(shape.to_dict())
    )
    theirs.load_state_dict(ours.state_dict())
    found = []
    for model in (ours, theirs):
        trainer = transformers.Trainer(model, arguments(tmp_path), train_dataset=rows)
        trainer.train()
        found.append(losses(trainer))
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_a_loop_with_accelerate(folder: Path, tmp_path: Path) -> None:
    """As transformers' run_clm_no_trainer.py: prepare, accumulate, save from the main process."""
    from accelerate import Accelerator

    found = []
    for library in (gpt2, transformers):
        torch.manual_seed(0)
        accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
        model = library.GPT2LMHeadModel.from_pretrained(folder)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        batches: Any = torch.utils.data.DataLoader(ROWS, batch_size=4)
        model, optimizer, batches = accelerator.prepare(model, optimizer, batches)
        model.train()
        for batch in batches:
            with accelerator.accumulate(model):
                loss = model(**batch).loss
                accelerator.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
        accelerator.wait_for_everyone()
        accelerator.save_state(str(tmp_path / "state" / library.__name__))
        out = tmp_path / library.__name__
        accelerator.unwrap_model(model).save_pretrained(
            out,
            is_main_process=accelerator.is_main_process,
            save_function=accelerator.save,
            state_dict=accelerator.get_state_dict(model),
        )
        found.append(transformers.GPT2LMHeadModel.from_pretrained(out)(IDS[:2]).logits)
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-3)


def test_trl_trains_to_transformers(folder: Path, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl")
    datasets = pytest.importorskip("datasets")
    model = gpt2.GPT2LMHeadModel.from_pretrained(folder)
    before = copy.deepcopy(model.state_dict()["transformer.wte.weight"])
    ours = gpt2.AutoTokenizer.from_pretrained(folder)
    ours.pad_token = ours.eos_token
    tokenizer = ours.to_transformers()
    assert tokenizer("The fox dog").input_ids == ours("The fox dog").input_ids
    rows = datasets.Dataset.from_dict({"text": ["The quick brown fox", "The lazy dog."] * 8})
    said = trl.SFTConfig(str(tmp_path), max_steps=2, report_to=[], use_cpu=True, bf16=False,
                         max_length=32, per_device_train_batch_size=2)  # fmt: skip
    trl.SFTTrainer(
        model.to_transformers(), args=said, train_dataset=rows, processing_class=tokenizer
    ).train()
    assert not torch.equal(model.transformer.wte.weight, before)
