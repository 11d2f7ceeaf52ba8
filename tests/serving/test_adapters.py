"""LoRA adapters as models beside their base: their own tokens, the base's memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpt2.errors import MissingFileError, OptionError, WeightError
from gpt2.native import NativeEngine
from tests.serving.conftest import Running, running, told
from tests.serving.test_completions import library
from tests.tiny import END, write_tiny

torch = pytest.importorskip("torch")


def write_adapter(base: Path, folder: Path, seed: int) -> Any:
    """A random adapter of the attention's maps; returns the merged network."""
    from gpt2.adapters import LoraConfig
    from gpt2.model import GPT2LMHeadModel
    from gpt2.model.lora import add_lora, lora_parameters, merge_lora, save_lora

    network = GPT2LMHeadModel.from_pretrained(base)
    add_lora(network, LoraConfig(lora_rank=4, lora_targets="attn.c_attn"))
    torch.manual_seed(seed)
    for parameter in lora_parameters(network).values():
        parameter.data.normal_(0, 0.3)
    save_lora(network, folder)
    return merge_lora(network)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("adapters")
    write_tiny(place / "base", vocab_size=END + 1, n_positions=96)
    return place


@pytest.fixture(scope="module")
def networks(folders: Path) -> dict[str, Any]:
    return {name: write_adapter(folders / "base", folders / name, seed)
            for seed, name in enumerate(("a", "b"))}  # fmt: skip


@pytest.fixture(scope="module")
def server(folders: Path, networks: dict[str, Any]) -> Iterator[Running]:
    adapters = [f"one={folders / 'a'}", f"two={folders / 'b'}"]
    with running(folders / "base", adapter=adapters, alias="uno=one") as found:
        yield found


def alone(network: Any, tokenizer: Any) -> NativeEngine:
    weights = {name: t.detach().numpy() for name, t in network.state_dict().items()}
    return NativeEngine(weights, network.config, tokenizer=tokenizer)


def test_each_writes_its_own_tokens_beside_the_others(
    server: Running, networks: dict[str, Any], tiny: Any
) -> None:
    base = server.state.models.all[0].model
    models = {"base": base, "one": alone(networks["a"], base.tokenizer),
              "two": alone(networks["b"], base.tokenizer)}  # fmt: skip
    models["uno"] = models["one"]
    asked = [(name, seed) for seed in range(6) for name in models]

    def ask(pair: tuple[str, int]) -> Any:
        return server.ask(model=pair[0], prompt="The fox", seed=pair[1], max_tokens=20)

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(ask, asked))
    texts = {}
    for (name, seed), answer in zip(asked, answers, strict=True):
        (ids,) = library(models[name], "The fox", seed=seed, max_new_tokens=20)
        assert answer["choices"][0]["token_ids"] == ids
        texts[name, seed] = ids
    assert len({tuple(texts[name, 0]) for name in ("base", "one", "two")}) == 3


def test_what_an_adapter_leaves_as_it_is_is_in_memory_once(server: Running) -> None:
    base, one, two = (served.model for served in server.state.models.all)
    same = "transformer.h.0.mlp.c_fc.weight"
    assert base._bytes(same).ctypes.data == one._bytes(same).ctypes.data
    assert base._bytes(same).ctypes.data == two._bytes(same).ctypes.data
    changed = "transformer.h.1.attn.c_attn.weight"
    assert not np.array_equal(base._bytes(changed), one._bytes(changed))


def test_they_are_listed_with_their_base(server: Running) -> None:
    listed = {one["id"]: one for one in server.client.get("/v1/models").json()["data"]}
    assert [(name, one["root"], one["parent"]) for name, one in listed.items()] == [
        ("base", "base", None), ("one", "one", "base"), ("uno", "one", "base"),
        ("two", "two", "base"),
    ]  # fmt: skip
    assert len({id(one.scheduler.loop) for one in server.state.models.all}) == 1


def test_no_page_and_no_proof_is_of_the_base_instead(server: Running) -> None:
    base = server.ask("/v1/explain", model="base", ask="facts")
    facts = server.ask("/v1/explain", model="one", ask="facts")
    assert base["model"]
    assert base["inBrowser"]
    assert (facts["name"], facts["model"], facts["provable"]) == ("one", None, False)
    assert facts["inBrowser"] is None
    refused = 400, "unsupported_parameter", "model"
    assert told(server.client.get("/explain?in=browser&model=uno")) == refused
    asked = {"prompt": [3], "tokens": [4], "max_tokens": 1}
    assert server.refused("/v1/proofs", model="one", **asked) == refused


@pytest.mark.parametrize("said", ["one", "=x", "one=", ["base=x"]])
def test_adapters_that_cannot_be(folders: Path, said: Any) -> None:
    from gpt2.serving.load import Loader
    from gpt2.serving.settings import ServeOptions

    with pytest.raises(OptionError):
        Loader([str(folders / "base")], ServeOptions(adapter=said), {})


def test_an_adapter_of_another_model_is_told(
    folders: Path, networks: dict[str, Any], tmp_path: Path
) -> None:
    from gpt2.serving.load import Loader
    from gpt2.serving.settings import ServeOptions

    write_tiny(tmp_path / "wide", n_embd=128)
    said = ServeOptions(adapter=f"one={folders / 'a'}")
    with pytest.raises(WeightError, match="does not fit"):
        list(Loader([str(tmp_path / "wide")], said, {}))
    with pytest.raises(MissingFileError, match="adapter_config"):  # before anything listens
        Loader([str(folders / "base")], ServeOptions(adapter="one=/none"), {})


@pytest.mark.slow
def test_at_int8_and_on_torch(folders: Path, networks: dict[str, Any]) -> None:
    for loading in ({"dtype": "int8"}, {"engine": "torch"}):
        with running(folders / "base", adapter=f"one={folders / 'a'}", loading=loading) as server:
            model = server.state.models.all[1].model
            found = server.ask(model="one", prompt="The fox", seed=1, max_tokens=9)
            (ids,) = library(model, "The fox", seed=1, max_new_tokens=9)
            assert found["choices"][0]["token_ids"] == ids
            other = server.ask(model="base", prompt="The fox", seed=1, max_tokens=9)
            assert other["choices"][0]["token_ids"] != ids
