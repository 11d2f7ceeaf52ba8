"""Pairs of sentences before the sentence; documents keep their shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.errors import ContextLengthError, CorruptFileError, InputError, OptionError
from gpt2.tasks.sentences import sentences
from gpt2.tasks.shots import TRANSLATIONS
from gpt2.tasks.task import ENTRY
from gpt2.tasks.writer import Writer
from tests.tiny import END, write_tiny

Asked = Callable[[Any], list[str]]
PAIRS = [("fox", "Fuchs"), ("dog", "Hund")]
TUNED = {"name": "translate", "prompt": "{source} =", "completion": " {target}", "source": "yy",
         "to": "xx"}  # fmt: skip


def test_the_prompt_is_the_papers(mini: Any, asked: Asked) -> None:
    prompts = asked(mini)
    out = gpt2.translate(mini, "He is here.", to="fr")
    assert prompts == [
        "Good morning, everyone. = Bonjour à tous.\n"
        "The shop opens at nine o'clock. = Le magasin ouvre à neuf heures.\n"
        "Where did you put my keys? = Où as-tu mis mes clés ?\n"
        "My sister lives in a small town near the sea. = Ma sœur habite dans une petite ville au "
        "bord de la mer.\n"
        "It has been raining since yesterday. = Il pleut depuis hier.\n"
        "He wanted to say something, but it was too late. = Il voulait dire quelque chose, mais "
        "il était trop tard.\n"
        "Please read this book before you come. = Lisez ce livre avant de venir, s'il vous plaît.\n"
        "He is here. ="
    ]
    greedy = mini.generate(prompts[0], do_sample=False, max_new_tokens=40)[len(prompts[0]) :]
    assert greedy.split("\n")[0].strip().startswith(out)
    assert "\n" not in out


def test_a_document_keeps_its_order_and_its_blank_lines(tiny: Any, asked: Asked) -> None:
    prompts = asked(tiny)
    out = gpt2.translate(
        tiny, "One fox. Two.\n\n\nThe end\nTwo. Dog.\n", to="de", examples=PAIRS, batch_size=3
    )
    head = "fox = Fuchs\ndog = Hund\n"
    assert prompts == [f"{head}{s} =" for s in ("One fox.", "Two.", "The end", "Dog.")]
    assert [bool(line.strip()) for line in out.split("\n")][1:3] == [False, False]
    assert len(out.split("\n")) == 5
    again = gpt2.translate(tiny, "Two.", to="de", examples=PAIRS)
    assert again in out.split("\n")[0]
    assert again in out.split("\n")[4]


def test_the_batch_does_not_matter(tiny: Any) -> None:
    words = "the fox and the dog are in the house near the river"
    rows = [f"{words[: 3 + 9 * n % 47]} {n}." for n in range(12)]
    found = {
        gpt2.translate(tiny, "\n\n".join(rows), examples=PAIRS, batch_size=n) for n in (1, 3, 5, 50)
    }
    assert len(found) == 1
    alone = [gpt2.translate(tiny, row, examples=PAIRS) for row in rows]
    assert found == {"\n\n".join(alone)}


SAID = [
    ("“谁？”他问。", '"Who?" he asked. Nobody answered.'),
    ('"Who?" he asked.', "“谁？”他问。没人回答。"),
    ("What a day! it was over.", "Quel jour ! C'était fini."),
    ("It was him.", "« Qui ? » demanda-t-il. C'était lui."),
    ("He came on 3 October.", "Er kam am 3. Oktober. Es war Herbst."),
    ("He asked who.", "「誰？」と彼は聞いた。答えはなかった。"),
    ("Elle est venue avec M. Dupont.", "She came with Mr. Dupont. He was late."),
    ("It is cheap.", "It costs $3.50. Please pay now."),
]


class Perfect:
    """In place of what a model writes: the right translations, as far as the limits let them."""

    def __init__(self, right: dict[str, str], ends: str = "\n") -> None:
        self.right, self.ends = right, ends

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            Writer,
            "write_all",
            lambda writer, prompts, new, **decoding: [
                writer.cut(
                    " " + self.right[p.rsplit("\n", 1)[-1].removesuffix(" =")] + self.ends, n
                )
                for p, n in zip(prompts, new, strict=True)
            ],
        )


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A context that holds whatever a sentence of a test set needs."""
    folder = tmp_path_factory.mktemp("wide")
    write_tiny(folder, n_positions=8192, vocab_size=END + 1, n_layer=1, n_embd=16, n_head=2)
    return gpt2.load(folder)


@pytest.mark.parametrize("tuned", [False, True])
@pytest.mark.parametrize("ends", ["\n", ""])
@pytest.mark.parametrize(("source", "translation"), SAID)
def test_a_right_translation_is_not_cut(
    wide: Any,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    translation: str,
    ends: str,
    tuned: bool,
) -> None:
    Perfect({source: translation}, ends).install(monkeypatch)
    monkeypatch.setattr(wide, "sidecar", {ENTRY: TUNED} if tuned else {})
    own = {} if tuned else {"examples": PAIRS}
    assert gpt2.translate(wide, source, to="xx", source="yy", **own) == translation


@pytest.mark.parametrize(
    "names",
    [
        ("wmt_zh-en/2019_zh-en_newstest2019.zh", "wmt_zh-en/2019_zh-en_newstest2019.en"),
        ("wmt_zh-en/2019_en-zh_newstest2019.en", "wmt_zh-en/2019_en-zh_newstest2019.zh"),
        ("newstest2014.fr-en.fr", "newstest2014.fr-en.en"),
    ],
)
def test_the_references_of_a_published_set_pass_whole(
    wide: Any, data_folder: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    texts, references = (
        [line.strip() for line in (data_folder / "parallel" / name).read_text("utf-8").split("\n")]
        for name in names
    )
    right = {a: b for a, b in zip(texts, references, strict=True) if a and sentences(a) == [a]}
    assert len(right) > 1800
    Perfect(right).install(monkeypatch)
    made = gpt2.translate(wide, "\n\n".join(right), examples=PAIRS, batch_size=500)
    assert made.split("\n")[::2] == list(right.values())


def test_what_runs_on_and_on_counts_to_its_first_sentence(
    wide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Perfect({"Fox.": "Mr. Fuchs geht. " * 200}, "").install(monkeypatch)
    assert gpt2.translate(wide, "Fox.", examples=PAIRS) == "Mr. Fuchs geht."


def test_lists_keep_their_indentation(tiny: Any) -> None:
    text = "- Fox\n  - Dog\n\n    Fox"
    shape = [line[: len(line) - len(line.lstrip())] for line in text.split("\n")]
    out = gpt2.translate(tiny, text, examples=PAIRS).split("\n")
    assert [line[: len(line) - len(line.lstrip())] for line in out] == shape


def test_as_many_examples_as_half_the_context_holds(tiny: Any, asked: Asked) -> None:
    prompts = asked(tiny)
    gpt2.translate(tiny, "Fox.", to="zh")
    shown = prompts[0].split("\n")[:-1]
    assert [f"{a} = {b}" for a, b in TRANSLATIONS["en", "zh"]][: len(shown)] == shown
    assert 0 < len(shown) < 7
    with pytest.raises(OptionError, match="not even the first example fits"):
        gpt2.translate(tiny, "Fox.", examples=[("long " * 100, "lang")])


def test_a_sentence_longer_than_the_context_is_translated_in_pieces(
    tiny: Any, asked: Asked
) -> None:
    prompts = asked(tiny)
    long = " ".join(f"the fox {n}" for n in range(150))
    gpt2.translate(tiny, long, to="de", examples=PAIRS)
    pieces = [p.rsplit("\n", 1)[1].removesuffix(" =") for p in prompts]
    assert " ".join(pieces) == long


def test_languages_without_examples(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no built-in examples for en to de .*--examples"):
        gpt2.translate(tiny, "Fox.", to="de")
    file = tmp_path / "pairs.tsv"
    file.write_text("fox\tFuchs\nno tab here\n")
    with pytest.raises(CorruptFileError, match="line 2"):
        gpt2.translate(tiny, "Fox.", to="de", examples=str(file))


def test_a_context_that_is_too_short(tmp_path: Path) -> None:
    write_tiny(tmp_path, n_positions=8)
    with pytest.raises((ContextLengthError, OptionError), match="context of 8"):
        gpt2.translate(gpt2.load(tmp_path), "Fox.", examples=[("a", "b")])
