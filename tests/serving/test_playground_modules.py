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
