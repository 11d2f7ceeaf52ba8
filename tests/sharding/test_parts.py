"""Which shard is meant, and what is refused of parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt2.data.cut import Cut
from gpt2.data.sources import File
from gpt2.errors import OptionError
from gpt2.parts import Part, Shard, spread, whole


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "1/0", "a/b", "-1/4", "1/4/4", "", "1 / 4"])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(OptionError, match="from 1/N to N/N"):
        Shard.parse(text)


def part(number: int, of: int = 3, name: str = "", **work: object) -> Part:
    return Part(name or f"p{number}", Shard(number, of), {"input": "a", **work})


def test_the_order_is_that_of_the_shards() -> None:
    assert whole([part(3), part(1), part(2)]) == [1, 2, 0]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([part(1), part(3)], "shard 2/3 missing"),
        ([part(n, 9) for n in (1, 2)], r"shards 3/9, 4/9, 5/9 and 4 more missing"),
        ([part(1), part(2), part(2, name="again"), part(3)], "2/3 is given twice, as p2 and again"),
        ([part(1), part(2, 4)], "p1 is shard 1/3 and p2 is shard 2/4"),
        ([part(1), part(2, input="b"), part(3)], r"p1 and p2 .* input \('a', 'b'\)"),
        ([part(1, o={"k": 1}), part(2, o={"k": 2})], r"o\.k \(1, 2\)"),
    ],
)
def test_parts_that_make_no_whole_are_named(parts: list[Part], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        whole(parts)


@given(st.lists(st.one_of(st.none(), st.integers(0, 300)), min_size=1, max_size=8),
       st.integers(1, 40))  # fmt: skip
def test_each_document_is_of_one_shard_that_reads_its_file(
    sizes: list[int | None], count: int
) -> None:
    files = [File(f"hub:{n}" if size is None else f"{n}", size) for n, size in enumerate(sizes)]
    cuts = [Cut(files, Shard(number, count)) for number in range(1, count + 1)]
    for file in range(len(files)):
        touching = [cut for cut in cuts if cut.touches(file)]
        for number in range(1, 30):
            (one,) = (cut for cut in cuts if cut.has(file, number))
            assert one in touching


def test_a_file_is_shared_evenly_and_a_small_one_by_few() -> None:
    one = [Cut([File("a", 10**9)], Shard(n, 7)) for n in range(1, 8)]
    taken = [sum(cut.has(0, number) for number in range(1, 701)) for cut in one]
    assert min(taken) >= 98
    assert max(taken) <= 102
    many = [File(str(n), 1000) for n in range(100)]
    read = [sum(Cut(many, Shard(n, 10)).touches(f) for f in range(100)) for n in range(1, 11)]
    assert read == [10] * 10
    assert sorted(spread(n, 10) for n in range(1, 11)) == list(range(10))


def test_documents_of_a_set_alone_are_shared_evenly() -> None:
    cuts = [Cut([File("hub:set")], Shard(n, 4)) for n in range(1, 5)]
    taken = [sum(cut.has(0, number) for number in range(1, 401)) for cut in cuts]
    assert min(taken) >= 98


def test_of_very_many_missing_shards_a_few_are_named() -> None:
    far = Part("p1", Shard(1, 999_999_999), {})
    with pytest.raises(OptionError, match=r"shards 2/999999999, .* and 999999995 more missing"):
        whole([far])
