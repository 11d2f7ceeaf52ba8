"""lm-evaluation-harness's local-completions against the library's log-likelihoods."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("lm_eval")

from gpt2.scoring import Scorer
from tests.serving.conftest import running, tiny, tiny_folder

__all__ = ["tiny", "tiny_folder"]  # fixtures
pytestmark = pytest.mark.parity
PAIRS = [("The quick brown", " fox"), ("The quick", " brown fox jumps"), ("", "The dog"),
         ("The lazy dog.", "\n狐狸")]  # fmt: skip
TEXT = "The quick fox jumps over the lazy dog. " * 3
LONG = "The lazy dog. 狐狸 " * 30, "jumps over"  # cut by the harness, which then scores it


def requests(pairs: list[tuple[str, ...]]) -> list[Any]:
    return [SimpleNamespace(args=pair, task_name="t", doc_id=i, idx=0, repeats=1)
            for i, pair in enumerate(pairs)]  # fmt: skip


def test_its_figures_are_the_librarys(tiny_folder: Any, tiny: Any) -> None:
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    with running(tiny_folder) as server:
        harness = LocalCompletionsAPI(
            base_url=server.url + "/v1/completions", model="tiny", max_length=96, batch_size=3,
            num_concurrent=1,
        )  # fmt: skip
        assert harness.tokenizer_backend == "remote"
        found = harness.loglikelihood(requests([*PAIRS, LONG]), disable_tqdm=True)
        rolling = harness.loglikelihood_rolling(requests([(TEXT,)]), disable_tqdm=True)
        written = harness.generate_until(
            requests([("The quick", {"until": ["\n"], "max_gen_toks": 6})])  # type: ignore[list-item]
        )
    scorer, encode = Scorer(tiny), tiny.tokenizer.encode_more
    rows = []
    for context, text in PAIRS:
        before = encode(context)
        rows.append((before, encode(context + text)[len(before) :]))
    want = scorer.loglikelihood(rows)
    for (logprob, greedy), score in zip(found[:-1], want, strict=True):
        assert logprob == pytest.approx(score.logprob, abs=1e-4)
        assert greedy == score.greedy
    assert found[-1][0] < 0
    (whole,) = scorer.rolling([encode(TEXT)])
    assert rolling[0] == pytest.approx(whole.logprob, abs=1e-3)
    assert isinstance(written[0], str)
