"""Named cases: what once crashed, hung, ate memory, left its folder or ended in a traceback.

They are made by code of the forms' valid folders, and always run first. A repair of what fuzzing
found adds its case here.
"""

from __future__ import annotations

from tools.fuzz.corpus import configs, records, texts, tokenizers, training, weights
from tools.fuzz.corpus.spoil import Spoil

CORPUS: dict[str, dict[str, Spoil]] = {
    name: cases
    for part in (weights, configs, tokenizers, training, records, texts)
    for name, cases in part.CORPUS.items()
}
