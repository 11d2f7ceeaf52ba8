"""Values recorded from real models, read from this package or from separate data files."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from gpt2.errors import CorruptFileError
from gpt2.files import read_text

Array = npt.NDArray[np.float32]


def read_recorded() -> dict[str, Any]:
    """The small facts about OpenAI's 124M that ship in this package; each part names its source."""
    text = (files("gpt2.evaluation.golden") / "gpt2.json").read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))


def read_explainer(path: Path) -> dict[str, Any]:
    """Read an example of transformer-explainer: a JavaScript object of recorded numbers.

    Returns:
        ``ids``: of the prompt; ``logits``: [vocabulary] after its last token; ``patterns``: a
        dict of (layer, head) -> [T, T] attention weights.
    """
    text = read_text(path)
    try:
        ids, logits = _list(text, "tokenIds"), _list(text, "logits")
        patterns = {
            (int(match[1]), int(match[2])): np.array(_list(text, "data", match.end()), np.float32)
            for match in re.finditer(r"block_(\d+)_attn_head_(\d+)_attn_softmax: ", text)
        }
    except (ValueError, json.JSONDecodeError):
        raise CorruptFileError(f"{path} is not an example of transformer-explainer.") from None
    return {"ids": ids, "logits": np.array(logits, np.float32), "patterns": patterns}


def _list(text: str, name: str, start: int = 0) -> list[Any]:
    """The list of numbers after ``name:``."""
    at = text.index("[", text.index(f"{name}:", start))
    decoded, _ = json.JSONDecoder().raw_decode(text, at)
    return cast("list[Any]", decoded)
