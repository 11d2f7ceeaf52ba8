"""The playground's modules in node; test_playground.py opens the page in a browser."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.explain.conftest import evaluated, needs_node

pytestmark = needs_node
LISTED = 20


def test_shares_of_the_listed_tokens_are_exact_or_upper_bounds() -> None:
    """Compared with the distribution that the model explorer computes from all logits."""
    draw = np.random.default_rng(0)
    vocabulary = [np.sort(draw.normal(0, scale, 300))[::-1] for scale in (0.1, 1, 2, 4)]
    logits = [[float(np.float32(x)) for x in some] for some in vocabulary]
    settings = [
        {"temperature": temperature, "top_k": k, "top_p": p}
        for temperature, k, p in itertools.product(
            (0, 0.3, 0.7, 1, 1.5), (0, 5, LISTED, 50), (1, 0.9, 0.5)
        )
    ]
    found = evaluated(
        "import {warped} from './serving/web/warp.js';"
        "import {distribution} from './explain/web/distribution.js';"
        "import {logSum} from './explain/web/pass.js';"
        "const log = (logits, whole) => logits.slice(0, 20).map((x) => ({logprob: x - whole}));",
        "asked[0].map((logits) => asked[1].map((settings) => [warped(log(logits, logSum(logits)), "
        "settings), [...distribution(logits, settings)].slice(0, 20)]))",
        [logits, settings],
    )
    seen = set()
    for (some, how), (warped, shares) in zip(
        itertools.product(logits, settings), itertools.chain(*found), strict=True
    ):
        where = (some[0], how)
        seen.add(warped["exact"])
        if warped["exact"]:
            assert warped["shares"] == pytest.approx(shares, abs=1e-6), where
        assert np.all(np.array(warped["shares"]) >= np.array(shares) - 1e-6), where
        assert max(warped["shares"]) <= 1 + 1e-6, where
        known = how["top_k"] in (5, LISTED) or how["temperature"] == 0
        assert warped["exact"] or not known, where
    assert seen == {True, False}


def test_the_proof_of_a_stopped_text_is_of_the_tokens_it_has() -> None:
    settings = {"max_tokens": 9, "temperature": 0.7, "top_k": 0, "top_p": 1}
    entries = [{"id": i} for i in range(5)]
    first = {"id": 1, "parent": None, "from": 0, "model": "m", "settings": settings,
             "entries": entries, "prompted": 2, "seed": 3}  # fmt: skip
    branch = {**first, "id": 2, "parent": 1, "from": 4, "given": 1, "prompted": None, "seed": None}
    nodes = [
        first | {"reason": None},
        first | {"reason": "length"},
        first | {"reason": "stop"},
        first | {"reason": None, "entries": entries[:2]},
    ]
    branches = [[first, branch | {"reason": None}]]
    cut, limited, ended, nothing, other = evaluated(
        "import {Tree} from './serving/web/tree.js';",
        "asked.map((nodes) => new Tree(nodes).proofRequest())",
        [*([node] for node in nodes), *branches],
    )
    request = {**settings, "model": "m", "prompt": [0, 1], "tokens": [2, 3, 4], "seed": 3}
    assert cut == limited == request | {"max_tokens": 3}
    assert ended == request
    assert nothing is None
    assert other == request | {
        "prompt": [0, 1, 2, 3, 0],
        "tokens": [1, 2, 3, 4],
        "max_tokens": 4,
        "seed": 0,
    }


def test_a_long_history_loses_its_oldest_alternatives_and_then_its_oldest_texts() -> None:
    """In 300,000 characters; 60 tokens take about 3,000, and with alternatives 55,000."""
    top = [{"id": i, "bytes": [i], "logprob": -0.123456789} for i in range(20)]
    entries = [{"id": 7, "bytes": [65], "logprob": -0.5, "top": top}] * 60
    texts = [{"id": i, "parent": None, "from": 0, "entries": entries} for i in range(1, 91)]
    branch = {"parent": 1, "from": 9, "entries": entries}  # makes the first text the newest
    stored = evaluated(
        "import {Tree} from './serving/web/tree.js';"
        "let stored = null;"
        "globalThis.localStorage = {"
        "  getItem: () => stored,"
        "  setItem(_, text) {"
        "    if (text.length > 300_000) throw new Error('QuotaExceededError');"
        "    stored = text;"
        "  }};"
        "function keep(nodes) {"
        "  const tree = new Tree(nodes);"
        "  tree.keep();"
        "  const {nodes: found} = Tree.restored();"
        "  const whole = found.filter(({entries}) => entries[0].top.length);"
        "  return [tree.isStored, found.map(({id}) => id), whole.map(({id}) => id)];"
        "}",
        "asked.map(keep)",
        [texts[:3], [*texts[:10], {**branch, "id": 11}], [*texts, {**branch, "id": 91}]],
    )
    assert stored[0] == [True, [1, 2, 3], [1, 2, 3]]
    assert stored[1] == [False, [*range(1, 12)], [1, 9, 10, 11]]
    is_stored, ids, _ = stored[2]
    assert not is_stored
    assert 10 < len(ids) < 91
    assert ids == [1, *range(93 - len(ids), 92)]
