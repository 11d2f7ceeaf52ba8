"""Every published line comes back, and what is read in between looks as people write it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.errors import InputError
from gpt2.evaluation.benchmarks.detokenise import ONE_BILLION_WORDS, PTB, WIKITEXT, Detokeniser
from tests.examples import some

# Written by hand in each corpus's form: (published, as people write it).
WIKI = [
    (" = = Career = = ", "== Career =="),
    (
        ' He had a guest @-@ starring role in " Teddy \'s Story " ( 2004 – 2005 ) . ',
        'He had a guest-starring role in "Teddy\'s Story" (2004–2005).',
    ),
    (
        " The ships ' crews , 1 @,@ 200 men , cost $ 3 @.@ 5 million ; don 't ask ... ",
        "The ships' crews, 1,200 men, cost $3.5 million; don't ask...",
    ),
    (" At 3 : 04 in St. <unk> , U.S. : 43 km / h ", "At 3:04 in St. <unk>, U.S.: 43 km/h"),
    (" It , too , ended . ", "It, too, ended."),
    (" ", ""),
]
TREE = [
    (
        " mr. <unk> did n't say if it 's $ N million or N % of investors ' money ",
        "mr. <unk> didn't say if it's $N million or N% of investors' money",
    )
]
BILLION = [
    (
        "He said : \" I don 't know -- it 's ( almost ) 10 % , \" and left .",
        "He said: \"I don't know -- it's (almost) 10%,\" and left.",
    )
]
CASES = [(WIKITEXT, *case) for case in WIKI] + [(PTB, *case) for case in TREE]
CASES += [(ONE_BILLION_WORDS, *case) for case in BILLION]


@pytest.mark.parametrize(("corpus", "published", "written"), CASES)
def test_lines_read_as_written_and_come_back(
    corpus: Detokeniser, published: str, written: str
) -> None:
    assert corpus.join(published) == written
    assert corpus.split(written) == published


def test_what_cannot_be_joined_is_marked_and_comes_back() -> None:
    """'monitors'' is one published token here: cut, it would become two."""
    published = ' a  line of monitors\' and etc.. , "odd" ) tokens '
    assert WIKITEXT.split(WIKITEXT.join(published)) == published
    assert "  monitors'" in WIKITEXT.join(published)


def test_a_text_keeps_its_lines() -> None:
    published = " \n = A = \n \n One . \n Two . \n"
    assert WIKITEXT.text(published) == "\n= A =\n\nOne.\nTwo.\n"
    assert WIKITEXT.publish(WIKITEXT.text(published)) == published
    with pytest.raises(InputError, match="published format: 'raw text'"):
        WIKITEXT.text("raw text")


PIECES = (
    "a cats U.S. mr. 's n't do ' \" '' @-@ @,@ @.@ , . ; ... ) ( $ % = – : / 12 7 <unk> x.y a-b s'"
)
TOKENS = st.sampled_from(PIECES.split(" "))


@settings(max_examples=some(400), deadline=None)
@given(st.lists(st.one_of(TOKENS, st.text("a's.,\"-1 (", max_size=4)), min_size=1, max_size=12))
def test_any_line_comes_back(tokens: list[str]) -> None:
    line = " ".join(tokens)
    for corpus in (WIKITEXT, PTB, ONE_BILLION_WORDS):
        published = f" {line} " if corpus.spaced and line else line
        if published.strip(" "):
            assert corpus.split(corpus.join(published)) == published


@pytest.mark.parametrize("name", ["test.tokens.txt", "wiki.test.raw"])
def test_wikitext_comes_back(data_folder: Path, name: str) -> None:
    published = (data_folder / "eval/wikitext-2" / name).read_text("utf-8")[:300_000]
    published = published[: published.rindex("\n") + 1]
    written = WIKITEXT.text(published)
    assert WIKITEXT.publish(written) == published
    assert written.count("  ") < 40  # marks: words in which joining could not be undone
    assert len(written.split()) < 0.86 * len(published.split())
