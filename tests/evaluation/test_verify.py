"""Checks pass on what was recorded from the model, fail on another, and never pass unmade."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gpt2
from gpt2.cli.verify import command
from gpt2.errors import CorruptFileError, OptionError
from gpt2.evaluation import verify as under_test
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.golden import read_explainer, read_recorded
from gpt2.evaluation.verify import CHECKS, Subject, verify
from tests.tiny import write_tiny

PROMPT = "The quick brown fox"


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A tiny model, facts and files of the published forms recorded from it by the reference."""
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny(folder / "model")
    model = gpt2.load(folder / "model", engine="native", kv_dtype="fp32")
    other = gpt2.load(folder / "model", engine="reference", dtype="float64")
    facts = facts_of(other, folder / "model")
    (folder / "data/golden").mkdir(parents=True)
    texts = ["The quick brown fox", "The lazy dog jumps over the fox"]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (folder / "data/lambada_test.jsonl").write_text(lines, "utf-8")
    example = folder / "data/golden/transformer-explainer_ex0.js"
    example.write_text(explainer(model, other.tokenizer.encode(PROMPT)), "utf-8")
    facts["lambada"] = lambada_facts(other, texts)
    return Subject(model, folder / "model", folder / "data", True, facts)


def lambada_facts(model: Any, texts: list[str]) -> dict[str, float]:
    """Perplexity and accuracy of the last words, the plainest way."""
    total, right = 0.0, 0
    for text in texts:
        ids = model.tokenizer.encode(text)
        start = len(model.tokenizer.encode(text[: text.rindex(" ")]))
        lines = Subject(model, Path()).logits([ids[:-1]])[0, start - 1 :]
        lines = lines - np.log(np.exp(lines).sum(1, keepdims=True))
        total += lines[np.arange(len(ids) - start), ids[start:]].sum()
        right += bool((lines.argmax(1) == ids[start:]).all())
    return {"accuracy": right / len(texts), "perplexity": float(np.exp(-total / len(texts)))}


@pytest.fixture(autouse=True)
def _any_lambada(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' file of LAMBADA's form stands for the published one, whatever its hash."""
    own = benchmark("lambada")
    files = tuple(dataclasses.replace(file, sha256=None) for file in own.files)
    monkeypatch.setattr(
        sys.modules["gpt2.evaluation.benchmarks.lambada"],
        "LAMBADA",
        dataclasses.replace(own, files=files),
    )


def facts_of(model: Any, folder: Path) -> dict[str, Any]:
    ids = model.tokenizer.encode(PROMPT)
    line = Subject(model, folder).logits([ids])[0, -1]
    top = [[int(i), float(line[i])] for i in np.argsort(-line)[:10]]
    batch = model.tokenizer.encode("The lazy dog jumps over the fox. " * 9)[:33]
    rows = Subject(model, folder).logits(np.array(batch[:-1]).reshape(4, 8).tolist())
    lines = rows.reshape(32, -1)
    nll = np.log(np.exp(lines).sum(1)) - lines[np.arange(32), batch[1:]]
    made = np.asarray(model.generate([ids], do_sample=False, max_length=len(ids) + 8))[0].tolist()
    file = folder / "model.safetensors"
    hash_ = hashlib.sha256(file.read_bytes()).hexdigest()
    known = {file.name: {"bytes": file.stat().st_size, "sha256": hash_}}
    config = model.config
    return {
        "model": {name: getattr(config, name) for name in read_recorded()["model"]},
        "parameters": config.parameter_count(),
        "files": {"known": known},
        "vocabulary": {"size": len(model.tokenizer), "cases": [[PROMPT, ids]]},
        "greedy": {"ids": [made], "prompt_tokens": len(ids), "texts": []},
        "logits": {"prompts": [{"text": PROMPT, "ids": ids, "top": top}]},
        "loss": {"ids": batch, "rows": 4, "value": float(nll.mean())},
    }


def explainer(model: Any, ids: list[int]) -> str:
    """A file in transformer-explainer's form."""
    heads = []
    seen: dict[str, Any] = {}
    with model.tapped(lambda name, x: seen.__setitem__(name, x.copy()), ["h.*.attn.pattern"]):
        line = Subject(model, Path()).logits([ids])[0, -1]
    for name, pattern in seen.items():
        for head, square in enumerate(pattern[0]):
            layer = name.split(".")[1]
            data = json.dumps(square.tolist(), indent=1)
            heads.append(f"\t\tblock_{layer}_attn_head_{head}_attn_softmax: {{\n\tdata: {data}\n}}")
    body = ",\n".join(heads)
    return (
        f"export const ex0 = {{\n\tprompt: '{PROMPT}',\n\ttokenIds: {ids},\n"
        f"\tlogits: {line.tolist()},\n\toutputs: {{\n{body}\n\t}}\n}};\n"
    )


@pytest.mark.parametrize("title", CHECKS)
def test_each_check_passes_on_its_model(subject: Subject, title: str) -> None:
    status, detail = CHECKS[title](subject)
    assert status == "pass", detail


@pytest.mark.parametrize(
    "title", [t for t in CHECKS if t not in ("published file", "parameters", "tokenizer")]
)
def test_each_check_fails_on_another_model(subject: Subject, title: str, tmp_path: Path) -> None:
    """One matrix of one layer is doubled."""
    from gpt2.checkpoint import write_checkpoint
    from tests.tiny import random_weights, tiny_config, tiny_tokenizer

    weights = random_weights(tiny_config())
    weights["transformer.h.1.attn.c_attn.weight"] *= 2
    write_checkpoint(tmp_path, tiny_config(), weights)
    tiny_tokenizer().save_pretrained(tmp_path)
    model = gpt2.load(tmp_path, engine="native", kv_dtype="fp32")
    other = Subject(model, tmp_path, subject.data, True, subject.facts)
    assert CHECKS[title](other)[0] == "fail"


@pytest.mark.parametrize(
    "title", ["ten largest logits", "all logits", "attention", "first loss of llm.c"]
)
def test_nan_passes_no_check(subject: Subject, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = Subject.logits
    monkeypatch.setattr(Subject, "logits", lambda *args: logits(*args) * np.nan)
    monkeypatch.setattr(
        under_test,
        "_keep",
        lambda seen: (
            lambda name, x: seen.setdefault(int(name.split(".")[1]), np.full(x.shape, np.nan))
        ),
    )
    assert CHECKS[title](subject)[0] == "fail"


def test_no_attention_map_is_no_pass(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        under_test, "read_explainer", lambda path: {**read_explainer(path), "patterns": {}}
    )
    status, why = CHECKS["attention"](subject)
    assert (status, why) == ("not checked", "the recorded prompts have no attention maps")


def test_without_a_tokenizer_the_recorded_ids_are_checked(subject: Subject) -> None:
    bare = gpt2.load(subject.place, engine="native", kv_dtype="fp32")
    bare.tokenizer = None
    facts = subject.facts["greedy"]
    for ids, status in ((facts["ids"], "pass"), ([row[::-1] for row in facts["ids"]], "fail")):
        given = {**subject.facts, "greedy": {**facts, "ids": ids}}
        assert (
            CHECKS["greedy continuations"](Subject(bare, subject.place, facts=given))[0] == status
        )


def test_files_and_vocabulary(subject: Subject, tmp_path: Path) -> None:
    path = subject.place / "model.safetensors"
    (tmp_path / path.name).write_bytes(path.read_bytes()[:-1] + b"\1")
    there = Subject(subject.model, tmp_path, None, True, subject.facts)
    assert CHECKS["published file"](there)[0] == "fail"
    (tmp_path / path.name).write_bytes(path.read_bytes() + b"\1")
    assert CHECKS["published file"](there)[0] == "not checked"
    (tmp_path / path.name).unlink()
    assert CHECKS["published file"](there)[0] == "not checked"
    changed = {**subject.facts, "vocabulary": {**subject.facts["vocabulary"], "cases": [["a", []]]}}
    assert CHECKS["tokenizer"](Subject(subject.model, tmp_path, None, True, changed))[0] == "fail"


def test_without_data_nothing_passes_that_needs_it(subject: Subject) -> None:
    bare = Subject(subject.model, subject.place, None, True, subject.facts)
    for title in ("all logits", "attention", "LAMBADA"):
        status, why = CHECKS[title](bare)
        assert status == "not checked"
        assert "GPT2_DATA" in why
    assert [(check.name, check.status) for check in verify(None)] == [("engines", "pass")]


def test_what_takes_long_is_only_made_when_asked_for(subject: Subject) -> None:
    short = Subject(subject.model, subject.place, subject.data, False, subject.facts)
    assert CHECKS["LAMBADA"](short) == (
        "not checked",
        "it takes many minutes: run it with --lambada",
    )


def test_another_size_is_not_checked() -> None:
    found = {check.name: check for check in verify("gpt2-mini")}
    for title in CHECKS:
        assert found[title].status == "not checked", title
    shape = gpt2.load("gpt2-mini").config
    assert f"{shape.n_layer} layers of {shape.n_embd}" in found["attention"].detail


def test_the_real_examples_are_read(data_folder: Path) -> None:
    example = read_explainer(data_folder / "golden/transformer-explainer_ex3.js")
    first = read_recorded()["logits"]["prompts"][3]
    assert example["ids"] == first["ids"]
    assert example["logits"].shape == (50257,)
    top = [[int(i), float(example["logits"][i])] for i in np.argsort(-example["logits"])[:10]]
    assert [i for i, _ in top] == [i for i, _ in first["top"]]
    assert len(example["patterns"]) == 144
    for pattern in example["patterns"].values():
        assert pattern.shape == (7, 7)
        assert pattern.sum(1) == pytest.approx(1, abs=1e-5)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("export const ex0 = {\n", "utf-8")
    with pytest.raises(CorruptFileError, match="transformer-explainer"):
        read_explainer(tmp_path / "a.js")


def test_command(monkeypatch: pytest.MonkeyPatch, subject: Subject) -> None:
    monkeypatch.delenv("GPT2_DATA", raising=False)
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 0
    assert done.stdout.startswith("pass         engines")
    assert len(json.loads(CliRunner().invoke(command, ["--json"]).stdout)["checks"]) == 1
    monkeypatch.setattr(under_test, "_subject", lambda *_: subject)
    assert CliRunner().invoke(command, [os.fspath(subject.place)]).exit_code == 0
    subject.facts["parameters"] += 1
    failed = CliRunner().invoke(command, [os.fspath(subject.place)])
    subject.facts["parameters"] -= 1
    assert failed.exit_code == 1
    assert "FAIL         parameters" in failed.stdout
    assert "1 fail, " in failed.stdout.splitlines()[-1]


def test_the_last_line_sums_up(monkeypatch: pytest.MonkeyPatch, subject: Subject) -> None:
    monkeypatch.delenv("GPT2_DATA", raising=False)
    last = [CliRunner().invoke(command, a).stdout.splitlines()[-1] for a in ([], ["gpt2-mini"])]
    assert last == [
        "1 of 1 checks pass, 0 fail, 0 were not made: the package passes all checks that were "
        "made.",
        "1 of 10 checks pass, 0 fail, 9 were not made: gpt2-mini is not OpenAI's 124M GPT-2 in "
        "fp32, so there are no records to compare.",
    ]
    monkeypatch.setattr(under_test, "_subject", lambda *_: subject)
    own = CliRunner().invoke(command, [os.fspath(subject.place), "--json"])
    assert "computes what was recorded" in json.loads(own.stdout)["summary"]
    for option in (["--engine", "reference"], ["--lambada"]):  # of a model, and none is named
        assert isinstance(CliRunner().invoke(command, option).exception, OptionError)
