"""Scores of every engine against the plain definition: log-softmax of whole texts, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpt2 import reference
from gpt2.engine import ScoringEngine
from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.scoring import Scorer, _groups, _Item, windows
from tests.test_engine import CONFIG, END, build, weights

START, LIMIT = END, CONFIG.n_positions


class Plain:
    """An engine that is an engine and nothing more; counts what it reads."""

    def __init__(self) -> None:
        self.own = build("reference")
        self.config, self.read = CONFIG, 0
        self.room: list[int] = []  # tokens, of each cache

    def new_cache(self, rows: int, capacity: int | None = None) -> Any:
        self.room.append(rows * (capacity or LIMIT))
        return self.own.new_cache(rows, capacity)

    def extend(self, cache: Any, ids: Any, rows: Any = None, logits: Any = "last") -> Any:
        self.read += sum(map(len, ids))
        return self.own.extend(cache, ids, rows, logits)


@pytest.fixture(params=["reference", "torch", "native", "plain"])
def engine(request: pytest.FixtureRequest) -> Any:
    return Plain() if request.param == "plain" else build(request.param)


def logprobs(ids: list[int]) -> Any:
    """[T - 1]: of each token but the first; and whether it is the most probable one."""
    logits = reference.forward(weights(), CONFIG, ids[:-1]).astype(np.float64)
    logits -= logits.max(1, keepdims=True)
    found = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    own = np.arange(len(ids) - 1), np.asarray(ids[1:])
    return found[own], found.argmax(1) == ids[1:]


def want(context: list[int], continuation: list[int]) -> tuple[float, bool]:
    ids = [*(context or [START]), *continuation][-(LIMIT + 1) :]
    found, best = logprobs(ids)
    n = len(continuation)
    return found[-n:].sum(), bool(best[-n:].all())


def random_ids(seed: int, length: int) -> list[int]:
    return np.random.default_rng(seed).integers(0, CONFIG.vocab_size, length).tolist()


def pairs() -> list[tuple[list[int], list[int]]]:
    """Alone and alike, without a context, too long, twice the same, one the beginning of another;
    texts that part well before they end; and a continuation that the model itself would write."""
    a, b, c = random_ids(1, 9), random_ids(2, 14), random_ids(7, 8)
    greedy = list(a)
    for _ in range(3):
        greedy.append(int(reference.forward(weights(), CONFIG, greedy)[-1].argmax()))
    found = [(a, [i]) for i in (3, 4, 5)] + [(a, greedy[9:]), (a[:4], a[4:]), (b, a), (b, a[:2])]
    found += [([], a), ([], [*a[:6], 9]), ([], [7]), (b, a), (random_ids(3, 40), b)]
    found += [(a, [*greedy[9:11], (greedy[11] + 1) % CONFIG.vocab_size])]  # greedy but for the last
    found += [(c, [1, 2, 3, 4]), (c, [5, 2, 3, 4]), (c[:6], [*c[6:], 9, 2, 3, 4])]
    return [*found, (a[:1], b), (a[:1], [*b[:-1], 1])]


@pytest.mark.parametrize("batch_tokens", [None, 5])
def test_loglikelihood_is_the_definition(engine: Any, batch_tokens: int | None) -> None:
    seen: list[tuple[int, int]] = []
    scorer = Scorer(engine, batch_tokens=batch_tokens, progress=lambda *at: seen.append(at))
    scores = scorer.loglikelihood(pairs())
    wanted = [want(*pair) for pair in pairs()]
    np.testing.assert_allclose([s.logprob for s in scores], [w[0] for w in wanted], atol=2e-4)
    assert [s.greedy for s in scores] == [w[1] for w in wanted]
    assert [s.tokens for s in scores] == [len(c) for _, c in pairs()]
    assert True in [s.greedy for s in scores]
    assert seen[-1] == (len(scores), len(scores))


def test_torch_and_native_score_by_themselves() -> None:
    assert isinstance(build("torch"), ScoringEngine)
    assert isinstance(build("native"), ScoringEngine)


@pytest.mark.parametrize("stride", [None, 1, 7])
def test_rolling_predicts_each_token_once(engine: Any, stride: int | None) -> None:
    texts = [random_ids(5, n) for n in (1, LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT + 5)]
    found = Scorer(engine).rolling(texts, stride=stride, each=True)
    for text, rolling in zip(texts, found, strict=True):
        ids, parts, done = [START, *text], [], 0
        while done < len(text):
            new = LIMIT if done == 0 else stride or LIMIT
            end = min(len(text), done + new)
            parts.append(logprobs(ids[max(0, end - LIMIT) : end + 1])[0][done - end :])
            done = end
        wanted = np.concatenate(parts)
        assert rolling.logprobs is not None
        assert rolling.tokens == len(text)
        np.testing.assert_allclose(rolling.logprobs, wanted, atol=2e-4)
        assert rolling.logprob == pytest.approx(wanted.sum(), abs=1e-2)


def test_the_most_probable_tokens(engine: Any) -> None:
    """After a context, after one longer than the model's, and after none."""
    contexts = [random_ids(1, 9), random_ids(3, LIMIT + 8), []]
    found = Scorer(engine).top(contexts, 3)
    for context, best in zip(contexts, found, strict=True):
        logits = reference.forward(weights(), CONFIG, (context or [START])[-LIMIT:])[-1]
        assert best == np.argsort(-logits, kind="stable")[:3].tolist()


def test_windows_are_those_of_the_harness() -> None:
    """`get_rolling_token_windows` of lm-evaluation-harness, for 10 tokens, 4 positions."""
    text = [99, *range(10)]
    found = [(w.ids[:-1], w.ids[w.start :]) for w in windows([text], 4, None)]
    assert found == [
        ([99, 0, 1, 2], [0, 1, 2, 3]),
        ([3, 4, 5, 6], [4, 5, 6, 7]),
        ([5, 6, 7, 8], [8, 9]),
    ]


def test_without_the_first_token_and_without_any() -> None:
    scorer = Scorer(build("reference"))
    text = random_ids(5, 6)
    found = scorer.rolling([text, [], [3]], first=False)
    assert [r.tokens for r in found] == [5, 0, 0]
    assert found[0].logprob == pytest.approx(logprobs(text)[0].sum(), abs=1e-3)
    assert scorer.rolling([[]])[0].tokens == 0


def test_what_texts_share_is_read_once() -> None:
    engine, context = Plain(), random_ids(1, 15)
    Scorer(engine).loglikelihood([(context, random_ids(i, 4)) for i in range(10)])
    assert engine.read < 15 + 10 * 4 + 5


def test_any_number_of_texts_is_scored_in_bounded_memory(engine: Any) -> None:
    """Of one context, of several, and short ones beside one that fills the context."""
    context, plain = random_ids(1, 15), Plain()
    many = [(context, random_ids(i, 4)) for i in range(80)]
    many += [(random_ids(2, LIMIT), [3])] + [([i % 60], [1]) for i in range(80)]
    Scorer(plain, batch_tokens=8).loglikelihood(many)
    assert max(plain.room) <= 8 * LIMIT
    assert plain.read < LIMIT + 2 * 15 + 80 * (4 + 2)
    scores = Scorer(engine, batch_tokens=8).loglikelihood(many)
    wanted = [want(*pair) for pair in many]
    np.testing.assert_allclose([s.logprob for s in scores], [w[0] for w in wanted], atol=2e-4)
    assert [s.greedy for s in scores] == [w[1] for w in wanted]


def test_grouping_never_costs() -> None:
    """Texts that share little are not read for the sake of it."""
    long = [[1, 2, 3, 4, 5, i] for i in range(5)]
    items = [_Item(i, ids, 1) for i, ids in enumerate([*long, [1, 9], [8, 7]])]
    assert sorted(len(group) for group in _groups(items)) == [1, 1, 5]


def test_what_cannot_be_scored() -> None:
    scorer = Scorer(build("reference"))
    with pytest.raises(InputError, match="empty continuation"):
        scorer.loglikelihood([([1], [])])
    with pytest.raises(ContextLengthError, match="rolling"):
        scorer.loglikelihood([([1], [1] * (LIMIT + 1))])
    with pytest.raises(OptionError, match="stride"):
        scorer.rolling([[1]], stride=LIMIT + 1)
    with pytest.raises(OptionError, match="batch_tokens"):
        Scorer(build("reference"), batch_tokens=0)


def test_generate_until(tmp_path: Any) -> None:
    from gpt2.loading import load
    from tests.tiny import write_tiny

    write_tiny(tmp_path)
    model = load(tmp_path, engine="reference")
    prompts = [model.tokenizer.encode(t) for t in ("The quick", "dog. The lazy fox", "")]
    scorer = Scorer(model)
    whole = scorer.generate(prompts, max_new_tokens=12, batch=2)
    for prompt, text in zip(prompts, whole, strict=True):
        alone = model.generate(prompt or [scorer.start], max_new_tokens=12, do_sample=False)
        new = alone[0, max(1, len(prompt)) :]
        assert text == model.tokenizer.decode(new, skip_special_tokens=True)
    stop = whole[0][2:4]
    assert scorer.generate(prompts, stop=[stop], max_new_tokens=12)[0] == whole[0].split(stop)[0]
    with pytest.raises(ContextLengthError):
        scorer.generate(prompts, max_new_tokens=64)


def test_a_completion_ends_at_the_calls_own_end(tmp_path: Any) -> None:
    from gpt2 import GenerationConfig
    from gpt2.loading import load
    from tests.tiny import write_tiny

    write_tiny(tmp_path)
    model = load(tmp_path, engine="reference")
    scorer, prompts = Scorer(model), [[3, 4], [5], [6, 7]]
    whole = [row[-12:].tolist() for row in model.generate(prompts, max_new_tokens=12)]
    end = whole[0][2]
    want = [model.tokenizer.decode(new[: [*new, end].index(end)]) for new in whole]
    config = GenerationConfig(eos_token_id=end, pad_token_id=9)
    for options in ({"eos_token_id": end, "pad_token_id": 9}, {"generation_config": config}):
        assert scorer.generate(prompts, max_new_tokens=12, **options) == want


def test_one_completion_for_each_prompt(tmp_path: Any) -> None:
    from gpt2.loading import load
    from tests.tiny import write_tiny

    write_tiny(tmp_path)
    model = load(tmp_path, engine="reference")
    options: dict[str, Any] = {"max_new_tokens": 4, "do_sample": True, "seed": 1}
    want = Scorer(model).generate([[3], [4]], **options)
    with pytest.raises(OptionError, match="leave out num_return_sequences"):
        Scorer(model).generate([[3], [4]], num_return_sequences=2, **options)
    model.generation_config.update(num_return_sequences=2, do_sample=True)
    assert Scorer(model).generate([[3], [4]], **options) == want
