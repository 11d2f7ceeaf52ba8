"""Filters keep the text and nothing else."""

from __future__ import annotations

import pytest

from gpt2.data import filters
from gpt2.errors import OptionError

BOOK = "CHAPTER I\n\nIt was a dark night.\n\nEND OF VOLUME I"
NEW = (
    "The Project Gutenberg EBook of X\n\nTitle: X\n\n"
    "*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n\n\nProduced by A. B. and\nothers\n\n\n"
    f"{BOOK}\n\n\nEnd of the Project Gutenberg EBook of X\n\n"
    "*** END OF THIS PROJECT GUTENBERG EBOOK X ***\n\n*** START: FULL LICENSE ***\nterms\n"
)
OLD = (
    "Project Gutenberg Etext\n***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***\n"
    "terms\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n"
    f"{BOOK}\n\nEnd of Project Gutenberg's X\n"
)
CLOSE = NEW.replace("*** START OF THIS", "***START OF THE").replace(
    "*** END OF THIS", "***END OF THE"
)


@pytest.mark.parametrize("text", [NEW, OLD, CLOSE, NEW.replace("\n", "\r\n")])
def test_gutenberg(text: str) -> None:
    assert filters.newlines(filters.gutenberg(text)) == BOOK + "\n"


@pytest.mark.parametrize("text", [BOOK, "", "End of Project Gutenberg\n" + BOOK * 9])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert filters.gutenberg(text) == text


def test_every_book_at_hand_loses_its_header(gutenberg_books: list[str]) -> None:
    for book in gutenberg_books:
        text = filters.gutenberg(book)
        assert len(text) > 0.6 * len(book)
        assert "START OF THIS PROJECT" not in text
        assert "gutenberg.org/license" not in text
        assert "FULL LICENSE" not in text


@pytest.fixture
def gutenberg_books(data_folder: object) -> list[str]:
    import tarfile
    from pathlib import Path

    books = []
    with tarfile.open(Path(str(data_folder)) / "train" / "gutenberg.tar.xz", "r|xz") as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                books.append(file.read().decode("utf-8", "replace"))
            if len(books) == 12:
                break
    return books


def test_filters_run_in_the_order_given() -> None:
    assert filters.chain(["newlines", "gutenberg"])("a\r\n") == "a\n"
    assert filters.chain([])("a\r\n") == "a\r\n"
    with pytest.raises(OptionError, match="no filter 'x'"):
        filters.check(["x"])
