"""Benchmarks run on a tiny model: figures, errors, going on after a kill, what a result holds."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import CorruptFileError, MissingFileError, OptionError
from gpt2.evaluation.benchmark import Benchmark, File, Subject, corpus, mean
from gpt2.evaluation.benchmarks import benchmark, choose, sets
from gpt2.evaluation.runner import Rows, run
from gpt2.files import sha256
from gpt2.loading import load
from tests.tiny import write_tiny


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("model")
    write_tiny(folder)
    return Subject(load(folder, engine="reference"))


def loose(name: str) -> Benchmark:
    """A benchmark that takes other files than the published ones."""
    found = benchmark(name)
    return dataclasses.replace(
        found, files=tuple(dataclasses.replace(f, sha256=None) for f in found.files)
    )


TOY = Benchmark(
    name="toy",
    title="Toy",
    source="here",
    licence="none",
    files=(File("toy.txt"),),
    get="Write it.",
    read=lambda files: files["toy.txt"].read_text().split(),
    judge=lambda subject, examples: [{"length": len(e)} for e in examples],
    measures=(
        mean("length", "length", "characters", "length", column="LAMBADA ppl"),
        corpus("most", "most", "characters", ["length"], lambda rows: max(map(_length, rows))),
        mean("never", "never", "of nothing", "nothing"),
    ),
    together=2,
)


def _length(row: Any) -> int:
    return int(row["length"])


def toy(folder: Path, **more: Any) -> dict[str, Any]:
    (folder / "sets").mkdir(exist_ok=True)
    (folder / "sets" / "toy.txt").write_text("a bb ccc dddd eeeee")
    return run(more.pop("of", TOY), more.pop("subject"), folder, **more)


def test_a_result_says_what_was_measured(tmp_path: Path, subject: Subject) -> None:
    result = toy(tmp_path, subject=subject)
    length, most = result["measures"]["length"], result["measures"]["most"]
    assert (length["value"], length["rows"], most["value"]) == (3.0, 5, 5)
    assert length["error"] == pytest.approx(math.sqrt(2.5 / 5))
    assert length["error_kind"] == "of a mean"
    assert "bootstrap" in most["error_kind"]
    assert length["column"] == "LAMBADA ppl"
    assert "never" not in result["measures"]


def test_a_part_of_a_set_is_told_and_has_no_place_in_the_paper_s_row(
    tmp_path: Path, subject: Subject
) -> None:
    result = toy(tmp_path, subject=subject, limit=3)
    assert (result["examples"], result["of"]) == (3, 5)
    length = result["measures"]["length"]
    assert "the first 3 examples only" in length["protocol"]
    assert (length["column"], length["near"]) == (None, "LAMBADA ppl")


def test_where_a_context_ends_and_a_continuation_begins(subject: Subject) -> None:
    """Spaces between them go with what follows, as in lm-evaluation-harness."""
    before, after = subject.encode("The quick", " brown fox")
    assert before == subject.ids("The quick")
    assert before + after == subject.ids("The quick brown fox")
    assert subject.encode("The quick ", "brown fox") == (before, after)
    assert subject.encode("The quick  ", "brown")[0] == before
    assert subject.encode("", " brown") == ([], subject.ids(" brown"))


def test_missing_and_wrong_files(tmp_path: Path, subject: Subject) -> None:
    with pytest.raises(MissingFileError, match=r"no file toy.txt. Write it"):
        run(TOY, subject, tmp_path)
    wrong = dataclasses.replace(TOY, files=(File("toy.txt", "0" * 64),))
    with pytest.raises(CorruptFileError, match="not the published file"):
        toy(tmp_path, subject=subject, of=wrong)


def test_of_several_files_the_published_one_is_read(tmp_path: Path) -> None:
    """Sets are unpacked next to each other, and into folders of their own names."""
    right, wrong = (tmp_path / place / "toy.txt" for place in ("b/toy.txt", "a"))
    for path in (right, wrong):
        path.parent.mkdir(parents=True)
        path.write_text(path.parent.name)
    published = dataclasses.replace(TOY, files=(File("toy.txt", sha256(right)),))
    assert published.find(tmp_path) == {"toy.txt": right}
    right.unlink()
    with pytest.raises(CorruptFileError, match=r"a/toy.txt is not the published file.* Write it"):
        published.find(tmp_path)
    wrong.unlink()
    with pytest.raises(MissingFileError, match=r"no file toy\.txt"):
        published.find(tmp_path)
    (tmp_path / "blimp").mkdir()  # the one set that may be a folder
    assert list(benchmark("blimp").find(tmp_path).values()) == [tmp_path / "blimp"]


@pytest.mark.parametrize("end", ["", '{"benchmark": "toy", "ro'])
def test_a_killed_run_goes_on(tmp_path: Path, subject: Subject, end: str) -> None:
    path, calls = tmp_path / "out.json.journal", [0]

    def judge(subject: Subject, examples: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise KeyboardInterrupt
        return TOY.judge(subject, examples)

    killed = dataclasses.replace(TOY, judge=judge)
    with pytest.raises(KeyboardInterrupt):
        toy(tmp_path, subject=subject, of=killed, journal=Rows(path, {"model": "x"}))
    path.write_text(path.read_text() + end)
    result = toy(tmp_path, subject=subject, of=killed, journal=Rows(path, {"model": "x"}))
    assert calls[0] == 4  # two examples a call: the first call's were kept
    assert result["measures"]["length"] == toy(tmp_path, subject=subject)["measures"]["length"]
    with pytest.raises(OptionError, match="a different model"):
        Rows(path, {"model": "y"})
    again = Rows(path, {"model": "x"})
    assert len(again.rows["toy"]) == 5
    again.remove()
    assert not path.exists()


def test_a_damaged_journal_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "out.json.journal"
    journal = Rows(path, {"model": "x"})
    journal.add("toy", [{"value": 1.5}, {"value": float("nan")}], 0.25)
    del journal
    assert len(Rows(path, {"model": "x"}).rows["toy"]) == 2
    whole = path.read_text("utf-8")
    head, entry = whole.splitlines()
    changed = [("1.5", "1.6"), ("toy", "toi"), ("0.25", "null"), ("value", "x")]
    for damaged in (*(entry.replace(*change) for change in changed), "[]", "{}", entry[:-2]):
        path.write_text(f"{head}\n{damaged}\n", "utf-8")
        with pytest.raises(CorruptFileError, match="line 2"):
            Rows(path, {"model": "x"})
        assert path.read_text("utf-8") == f"{head}\n{damaged}\n"
    for other in ("some notes", "some notes\n", '{"a": 1}\n'):
        path.write_text(other, "utf-8")
        with pytest.raises(CorruptFileError):
            Rows(path, {"model": "x"})
        assert path.read_text("utf-8") == other


def test_a_journal_of_more_examples_is_refused(tmp_path: Path, subject: Subject) -> None:
    journal = Rows(None, {})
    journal.add("toy", [{}] * 100, 1.0)
    with pytest.raises(OptionError, match="more examples"):
        toy(tmp_path, subject=subject, journal=journal)


def test_names_and_groups() -> None:
    assert [b.name for b in choose("wikitext2, lambada")] == ["wikitext2", "lambada"]
    assert {"lambada", "wikitext2"} <= {b.name for b in choose("paper")}
    assert [b.name for b in choose("all")] == list(sets())
    for wrong in ("lambda", ""):
        with pytest.raises(OptionError, match="lambada"):
            choose(wrong)


def test_every_benchmark_says_what_it_is() -> None:
    for name in sets():
        found = benchmark(name)
        assert found.name == name
        assert all((found.title, found.source, found.licence, found.get))
        names = [m.name for m in found.measures]
        assert len(set(names)) == len(names)


def test_lambada_is_scored_as_defined(tmp_path: Path, subject: Subject) -> None:
    texts = ["The quick brown fox", "The lazy dog jumps over the lazy the", "A dog foxdog"]
    assert len(subject.ids(" foxdog")) > 1  # a last word of several tokens
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "lambada_test.jsonl").write_text(lines)
    (tmp_path / "lambada_test_plain_text.txt").write_text("the quick brown fox .\n")
    result = run(loose("lambada"), subject, tmp_path)["measures"]
    want = []
    for text in texts:
        at = text.rindex(" ")
        pair = subject.ids(text[:at]), subject.ids(text)[len(subject.ids(text[:at])) :]
        want.append(subject.scorer.loglikelihood([pair])[0].logprob)
    assert result["openai_ppl"]["value"] == pytest.approx(math.exp(-sum(want) / 3), rel=1e-4)
    assert result["openai_ppl"]["rows"] == 3
    assert result["original_acc"]["rows"] == 1
    assert result["openai_ppl"]["near"] == "LAMBADA ppl"


def test_the_stop_word_filter(subject: Subject, tmp_path: Path) -> None:
    """A word that is second only to stop words counts; a stop word never does."""
    ids = subject.ids("The quick brown")
    first = subject.scorer.top([ids], 300)[0]
    known = [t for t in first if t < len(subject.tokenizer)]
    texts = {token: subject.tokenizer.decode([token]) for token in known}
    words = [t for t in texts.values() if t.startswith(" ") and t.strip().isalpha()]
    lines = "".join(json.dumps({"text": f"The quick brown{word}"}) + "\n" for word in words)
    (tmp_path / "lambada_test.jsonl").write_text(lines)
    rows = benchmark("lambada").judge(
        subject, benchmark("lambada").read({"lambada_test.jsonl": tmp_path / "lambada_test.jsonl"})
    )
    right = [row["openai_filtered_acc"] for row in rows]
    assert " the" in words
    best = next(t for t in first if texts.get(t, "").strip().lower() not in ("the", "over"))
    assert right == [word == texts.get(best) for word in words]


def test_wikitext_counts_as_its_papers_do(data_folder: Path, subject: Subject) -> None:
    found = benchmark("wikitext2")
    examples = found.read(found.find(data_folder))
    tokens = [text for kind, text in examples if kind == "tokens"]
    assert len(tokens) == 62
    assert sum(len(t.split()) + t.count("\n") for t in tokens) == 245_569
    assert "".join(tokens) == (data_folder / "eval/wikitext-2/test.tokens.txt").read_text()


def test_wikitext_per_word(tmp_path: Path, subject: Subject) -> None:
    text = " \n = The lazy dog = \n \n The fox jumps over the dog . \n = The fox = \n The . \n"
    (tmp_path / "wiki.test.tokens").write_text(text)
    result = run(loose("wikitext2"), subject, tmp_path)
    assert result["examples"] == 2
    written = ["\n= The lazy dog =\n\nThe fox jumps over the dog.\n", "= The fox =\nThe.\n"]
    total = sum(r.logprob for r in subject.scorer.rolling([subject.ids(t) for t in written]))
    want = math.exp(-total / (len(text.split()) + 6))
    assert result["measures"]["tokens_ppl"]["value"] == pytest.approx(want, rel=1e-5)
    assert "windows of 64 tokens" in result["measures"]["tokens_ppl"]["protocol"]
