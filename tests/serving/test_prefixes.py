"""The radix tree against the plain way: compare with every text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.generation.prefix import count_common
from gpt2.serving.prefixes import Prefixes
from tests.examples import some

TEXTS = st.lists(st.integers(0, 2), max_size=8)
ACTS = st.lists(st.tuples(st.sampled_from(["add", "add", "remove"]), st.integers(0, 6), TEXTS))


@given(acts=ACTS, asked=st.lists(TEXTS, min_size=1))
@settings(max_examples=some(100), deadline=None)
def test_it_finds_what_comparing_all_finds(
    acts: list[tuple[str, int, list[int]]], asked: list[list[int]]
) -> None:
    tree: Prefixes[int] = Prefixes()
    texts: dict[int, list[int]] = {}
    for act, key, text in acts:
        if act == "add":
            tree.add(key, text)
            texts[key] = text
        else:
            tree.remove(key)
            texts.pop(key, None)
    assert len(tree) == len(texts)
    for ids in [*asked, *texts.values()]:
        found = list(tree.alike(ids))
        wanted = {(n, key) for key, text in texts.items() if (n := count_common(text, ids))}
        assert set(found) == wanted
        assert len(found) == len(wanted)
        assert [n for n, _ in found] == sorted((n for n, _ in found), reverse=True)


def test_nothing_is_left_of_removed_texts() -> None:
    tree: Prefixes[str] = Prefixes()
    tree.add("a", [1, 2, 3, 4])
    tree.add("b", [1, 2, 5])
    tree.remove("b")
    tree.remove("a")
    assert not tree._root.children
    assert not len(tree)
