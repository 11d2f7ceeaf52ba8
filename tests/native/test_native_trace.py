"""Looking into the native engine and leaving parts out, held to the torch model and the reference.

The torch model has the same points; a tap there that puts zeros is what an omission does here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from gpt2 import reference
from gpt2.errors import InputError, OptionError
from gpt2.native import NativeEngine
from gpt2.points import POINTS, general
from tests.native.models import AWKWARD, kernels_here, weights_of

IDS = np.random.default_rng(7).integers(0, 100, 33).tolist()
ROWS = [IDS[:9], IDS[9:13], IDS[13:]]


@cache
def engine(dtype: str = "fp32", threads: int = 2, kernels: str | None = None) -> NativeEngine:
    options: dict[str, Any] = {"dtype": dtype, "threads": threads, "kernels": kernels}
    kv_dtype = "fp32" if dtype == "fp32" else "fp16"
    return NativeEngine(weights_of("awkward"), AWKWARD, kv_dtype=kv_dtype, **options)


@cache
def torch_model() -> Any:
    torch = pytest.importorskip("torch")
    from gpt2.model import GPT2LMHeadModel

    model = GPT2LMHeadModel(AWKWARD).eval()
    model.load_state_dict({n: torch.from_numpy(w) for n, w in weights_of("awkward").items()})
    return model


def logits(model: Any, rows: list[list[int]] | None = None, which: str = "all") -> np.ndarray:
    rows = rows or [IDS]
    return np.asarray(model.extend(model.new_cache(len(rows)), rows, logits=which))


def seen(model: Any, rows: list[list[int]], points: Any = None) -> dict[str, np.ndarray]:
    """Everything a tap sees, by its name, in the order of the calls."""
    found: dict[str, Any] = {}

    def keep(name: str, x: Any) -> None:
        assert name not in found
        found[name] = x

    with model.tapped(keep, points):
        logits(model, rows, "last")
    return {name: np.asarray(x) for name, x in found.items()}


@pytest.mark.parametrize("rows", [[IDS], ROWS, [[3], [4]]], ids=["one", "ragged", "steps"])
def test_the_points_are_those_of_torch(rows: list[list[int]]) -> None:
    found, wanted = seen(engine(), rows), seen(torch_model(), rows)
    assert list(found) == list(wanted)
    assert list(dict.fromkeys(map(general, found))) == list(POINTS)
    for name, values in found.items():
        assert values.shape == wanted[name].shape, name
        for row, ids in enumerate(rows):  # what fills up short rows means nothing
            tokens = (row, slice(None), slice(len(ids)))
            place = tokens if values.ndim == 4 else (row, slice(len(ids)))
            one, two = values[place], wanted[name][place]
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("dtype", ["fp32", "fp16", "int8", "int4"])
@pytest.mark.parametrize("threads", [1, 3])
def test_to_look_changes_no_bit(dtype: str, threads: int) -> None:
    one = engine(dtype, threads)
    plain = logits(one, ROWS)
    with one.tapped(lambda name, x: x):
        np.testing.assert_array_equal(logits(one, ROWS), plain)
        memory = one.new_cache(1)
        steps = [one.extend(memory, [[token]]) for token in ROWS[2]]
        np.testing.assert_array_equal(np.concatenate(steps), plain[13:])
    np.testing.assert_array_equal(logits(one, ROWS), plain)


def test_a_long_text_is_seen_whole() -> None:
    from tests.native.models import EVEN

    one = NativeEngine(weights_of("even"), EVEN, dtype="int8", threads=2)
    ids = np.random.default_rng(2).integers(0, 160, 600).tolist()
    plain = logits(one, [ids])
    patterns: list[np.ndarray] = []
    with one.tapped(lambda _, x: patterns.append(x), points=["h.1.attn.pattern"]):
        np.testing.assert_array_equal(logits(one, [ids]), plain)
    assert [p.shape for p in patterns] == [(1, 2, 600, 600)]
    np.testing.assert_allclose(patterns[0].sum(-1), 1, atol=1e-5)
    assert not np.triu(patterns[0], 1).any()
    np.testing.assert_array_equal(logits(one, [ids]), plain)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "embed": lambda x: x * 1.5,
    "h.0.ln_1": lambda x: x + 0.1,
    "h.1.attn.q": lambda x: x * 2,
    "h.1.attn.k": lambda x: x[:, ::-1] if isinstance(x, np.ndarray) else x.flip(1),
    "h.1.attn.v": lambda x: x * -1,
    "h.1.attn.scores": lambda x: x / 3,
    "h.1.attn.pattern": lambda x: x * 0.5,
    "h.2.attn.heads": lambda x: x + 1,
    "h.2.attn": lambda x: x * 0,
    "h.2.ln_2": lambda x: x * 0.5,
    "h.0.mlp.hidden": lambda x: x - 0.25,
    "h.0.mlp": lambda x: x * 3,
    "h.1": lambda x: x * 0.9,
    "ln_f": lambda x: x + 0.5,
}


@pytest.mark.parametrize("point", CHANGES)
@pytest.mark.parametrize("rows", [[IDS], ROWS], ids=["one", "ragged"])
def test_what_a_tap_changes_counts(point: str, rows: list[list[int]]) -> None:
    def change(_: str, x: Any) -> Any:
        return CHANGES[point](x)

    results = []
    for model in (engine(), torch_model()):
        with model.tapped(change, points=[point]):
            results.append(logits(model, rows))
    assert np.abs(results[0] - logits(engine(), rows)).max() > 1e-3
    np.testing.assert_allclose(*results, rtol=1e-3, atol=1e-4)


def test_a_change_in_place_counts() -> None:
    def off(name: str, x: np.ndarray) -> None:
        x[:] = 0

    with engine().tapped(off, points=["h.*.attn", "h.*.mlp"]):
        found = logits(engine())
    with engine().ablate(attention=range(3), mlps=range(3)):
        np.testing.assert_array_equal(logits(engine()), found)


def test_what_a_tap_raises_ends_the_call() -> None:
    one = engine()
    memory = one.new_cache(1)
    one.extend(memory, [[1, 2]])

    def fail(name: str, x: Any) -> None:
        if name == "h.1.mlp":
            raise ZeroDivisionError("enough")

    with one.tapped(fail), pytest.raises(ZeroDivisionError, match="enough"):
        one.extend(memory, [[3]])
    assert memory.lengths == [2]
    with (
        one.tapped(lambda _, x: x[..., :1]),
        pytest.raises(InputError, match="embed has"),
    ):
        one.extend(memory, [[3]])
    with one.tapped(lambda *_: logits(one)), pytest.raises(InputError, match="looks into"):
        one.extend(memory, [[3]])
    with pytest.raises(OptionError, match="there is no point"):
        one.tapped(print, points=["h.0.attention"]).__enter__()
    np.testing.assert_array_equal(one.extend(memory, [[3]]), logits(one, [[1, 2, 3]], "last"))


def test_taps_nest_and_end() -> None:
    one, calls = engine(), []
    with one.tapped(lambda *_: calls.append("outer"), points="embed"):
        with one.tapped(lambda *_: calls.append("inner"), points="embed"):
            logits(one)
        logits(one)
    logits(one)
    assert calls == ["inner", "outer"]


OMISSIONS: dict[str, dict[str, Any]] = {
    "heads": {"heads": [(0, 2), (1, 0), (1, 1)]},
    "attention": {"attention": [1]},
    "mlps": {"mlps": [0, 2]},
    "positions": {"positions": [0, 4, 5, 20]},
    "embeddings": {"position_embeddings": True},
    "all": {"heads": [(2, 1)], "attention": [0], "mlps": [1], "positions": [3]},
}


def torch_without(
    heads: Any = (), attention: Any = (), mlps: Any = (), positions: Any = (),
    position_embeddings: bool = False,
) -> np.ndarray:  # fmt: skip
    """The same left out of the torch model, by a tap and an attention mask."""
    import torch

    model = torch_model()
    off = {f"h.{i}.attn" for i in attention} | {f"h.{i}.mlp" for i in mlps}
    wpe = model.transformer.wpe.weight[: len(IDS)]

    def change(name: str, x: torch.Tensor) -> torch.Tensor:
        for layer, head in heads:
            if name == f"h.{layer}.attn.heads":
                x = x.clone()
                x[:, head] = 0
        if name == "embed" and position_embeddings:
            x = x - wpe
        return torch.zeros_like(x) if name in off else x

    mask = torch.ones(len(IDS), len(IDS), dtype=torch.bool).tril()
    mask[:, list(positions)] = False
    mask |= torch.eye(len(IDS), dtype=torch.bool)  # a hidden token sees itself
    with torch.no_grad(), model.tapped(change):
        found = model(torch.tensor([IDS]), attention_mask=mask[None, None])
    return found.logits[0].numpy()


@pytest.mark.parametrize("which", OMISSIONS)
def test_what_is_left_out_is_left_out_of_torch_too(which: str) -> None:
    with engine().ablate(**OMISSIONS[which]):
        found = logits(engine())
    assert np.abs(found - logits(engine())).max() > 1e-3
    np.testing.assert_allclose(found, torch_without(**OMISSIONS[which]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("which", OMISSIONS)
@pytest.mark.parametrize("dtype", ["fp32", "int8"])
def test_omissions_keep_the_promise(which: str, dtype: str) -> None:
    """Any cut, threads and taps: the same bits without these parts as well."""
    with engine(dtype).ablate(**OMISSIONS[which]):
        whole = logits(engine(dtype), ROWS)
        with engine(dtype).tapped(lambda name, x: None):
            np.testing.assert_array_equal(logits(engine(dtype), ROWS), whole)
        memory = engine(dtype).new_cache(1)
        parts = [engine(dtype).extend(memory, [ROWS[2][i : i + 3]], logits="all") for i in
                 range(0, len(ROWS[2]), 3)]  # fmt: skip
        np.testing.assert_array_equal(np.concatenate(parts), whole[13:])
    with engine(dtype, 1).ablate(**OMISSIONS[which]):
        np.testing.assert_array_equal(logits(engine(dtype, 1), ROWS), whole)


@pytest.mark.parametrize("kernels", kernels_here())
def test_omissions_equal_the_reference_without_those_weights(kernels: str) -> None:
    d, weights = AWKWARD.head_dim, {n: w.astype(float) for n, w in weights_of("awkward").items()}
    weights["transformer.h.1.attn.c_proj.weight"][d : 2 * d] = 0
    for part in ("mlp.c_proj", "attn.c_proj"):
        for kind in ("weight", "bias"):
            weights[f"transformer.h.0.{part}.{kind}"][:] = 0
    weights["transformer.wpe.weight"][:] = 0
    one = engine("fp32", 2, kernels)
    with one.ablate(heads=[(1, 1)], attention=[0], mlps=[0], position_embeddings=True):
        found = logits(one)
    np.testing.assert_allclose(found, reference.forward(weights, AWKWARD, IDS), atol=2e-5)


def test_a_hidden_position_cannot_be_told() -> None:
    """Whatever stands there, what comes after is the same."""
    other = [*IDS[:5], 99, *IDS[6:]]
    with engine("int8").ablate(positions=[5]):
        one, two = logits(engine("int8")), logits(engine("int8"), [other])
    assert not np.array_equal(one[5], two[5])
    np.testing.assert_array_equal(one[6:], two[6:])


def test_omissions_nest_and_end() -> None:
    one = engine()
    plain = logits(one)
    with one.ablate(heads=[(0, 0)], mlps=[1]):
        both = logits(one)
    with one.ablate(heads=[(0, 0)]):
        with one.ablate(mlps=[1]):
            np.testing.assert_array_equal(logits(one), both)
        assert not np.array_equal(logits(one), both)
    np.testing.assert_array_equal(logits(one), plain)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"heads": [(3, 0)]}, "no layer 3"),
        ({"heads": [(0, -1)]}, "no head -1"),
        ({"mlps": [1.5]}, "integer"),
        ({"positions": [90]}, "no position 90; this model has 90"),
    ],
)
def test_what_is_not_there_cannot_be_left_out(what: Any, message: str) -> None:
    with pytest.raises(InputError, match=message), engine().ablate(**what):
        pass
