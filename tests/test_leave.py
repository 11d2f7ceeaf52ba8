"""What the page on when to leave says is so: its figures, and the folder that vLLM is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks import leave

from gpt2 import GPT2LMHeadModel, GPT2Tokenizer
from gpt2.cli.convert import convert
from gpt2.files import read_json

# Of vllm/model_executor/models/gpt2.py: the parameters of a block, the shape of each in files;
# c_attn, c_proj and c_fc it transposes. D is n_embd, I the inner width.
BLOCK = {
    "ln_1.weight": "D", "ln_1.bias": "D", "ln_2.weight": "D", "ln_2.bias": "D",
    "attn.c_attn.weight": "D 3D", "attn.c_attn.bias": "3D",
    "attn.c_proj.weight": "D D", "attn.c_proj.bias": "D",
    "mlp.c_fc.weight": "D I", "mlp.c_fc.bias": "I",
    "mlp.c_proj.weight": "I D", "mlp.c_proj.bias": "D",
}  # fmt: skip
OUTSIDE = {"wte.weight": "V D", "wpe.weight": "P D", "ln_f.weight": "D", "ln_f.bias": "D"}
SKIPPED = ("lm_head.weight", ".attn.bias", ".attn.masked_bias")
REFUSED = ("add_cross_attention", "scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn")


def test_the_figures_are_those_of_the_results() -> None:
    shown = leave.PLACE.search(leave.PAGE.read_text("utf-8"))
    assert shown
    assert leave.figures(leave.parser().parse_args([])) in shown[0]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model as the page converts it."""
    folder = tmp_path_factory.mktemp("exported") / "exported"
    convert("gpt2-mini", folder, "safetensors")
    return folder


def test_a_folder_has_what_vllm_loads_by(exported: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    config = read_json(exported / "config.json")
    assert config["architectures"] == ["GPT2LMHeadModel"]
    assert config["model_type"] == "gpt2"
    assert not any(config.get(name) for name in REFUSED)
    width = config["n_embd"]
    sizes = {"D": width, "3D": 3 * width, "I": config.get("n_inner") or 4 * width,
             "V": config["vocab_size"], "P": config["n_positions"]}  # fmt: skip
    wanted = {f"transformer.{name}": shape for name, shape in OUTSIDE.items()}
    for layer in range(config["n_layer"]):
        wanted |= {f"transformer.h.{layer}.{name}": shape for name, shape in BLOCK.items()}
    tensors: dict[str, Any] = {}
    for path in exported.glob("*.safetensors"):
        tensors |= numpy.load_file(path)
    loaded = {
        name if name.startswith("transformer.") else f"transformer.{name}": tensor.shape
        for name, tensor in tensors.items()
        if not name.endswith(SKIPPED)
    }
    assert loaded == {
        name: tuple(sizes[part] for part in shape.split()) for name, shape in wanted.items()
    }


@pytest.mark.parity
def test_transformers_reads_its_configuration_weights_and_tokenizer(exported: Path) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(exported)
    tokenizer = transformers.AutoTokenizer.from_pretrained(exported)
    assert type(model).__name__ == "GPT2LMHeadModel"
    text = "Once upon a time, 从前有一个小女孩."
    ids = tokenizer(text).input_ids
    ours = GPT2LMHeadModel.from_pretrained(exported)
    assert ids == list(GPT2Tokenizer.from_pretrained(exported).encode(text))
    with torch.no_grad():
        theirs = model(torch.tensor([ids])).logits[0].numpy()
        scores = ours(torch.tensor([ids])).logits[0].numpy()
    np.testing.assert_allclose(scores, theirs, atol=2e-4)
