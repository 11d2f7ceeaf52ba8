"""/classify: a classifier's folder beside a model that writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.conftest import running, told
from tests.tiny import tiny_config, tiny_tokenizer


def test_it_is_the_models_own_choice(tiny_folder: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from gpt2.model import GPT2ForSequenceClassification

    torch.manual_seed(0)
    config = tiny_config(id2label={0: "good", 1: "bad", 2: "neither"})
    model = GPT2ForSequenceClassification(config).eval()
    model.save_pretrained(tmp_path / "moods")
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(tmp_path / "moods")
    texts = ["The fox", "狐狸 dog."]
    with running(tiny_folder, tmp_path / "moods") as server:
        found = server.ask("/classify", model="moods", input=texts)
        for text, one in zip(texts, found["data"], strict=True):
            with torch.no_grad():
                ids = torch.tensor([tokenizer.encode_prompt(text)])
                want = model(ids).logits[0].softmax(-1)
            assert one["probs"] == pytest.approx(want.tolist(), abs=1e-6)
            assert one["label"] == ["good", "bad", "neither"][int(want.argmax())]
            assert one["num_classes"] == 3
        assert server.refused(model="moods", prompt="a")[2] == "model"
        assert server.refused("/score", model="moods", continuations=["a"])[2] == "model"
        proved = {"prompt": [3], "tokens": [4], "max_tokens": 1, "temperature": 0, "top_k": 0,
                  "top_p": 1, "seed": 1}  # fmt: skip
        assert server.refused("/v1/proofs", model="moods", **proved)[2] == "model"
        assert told(server.client.get("/explain?in=browser&model=moods"))[2] == "model"
        assert server.refused("/classify", model="tiny", input="a")[2] == "model"
        assert server.ask("/tokenize", model="moods", prompt="The")["count"] > 0
