"""Named cases of past crashes, hangs, excessive memory, escapes from the folder and tracebacks.

Code makes them from the valid folders of the forms, and they always run first. A fix for a finding
adds its case here.
"""

from __future__ import annotations

from tools.fuzz.corpus import configs, records, texts, tokenizers, training, weights
from tools.fuzz.corpus.spoil import Spoil

CORPUS: dict[str, dict[str, Spoil]] = {
    name: cases
    for part in (weights, configs, tokenizers, training, records, texts)
    for name, cases in part.CORPUS.items()
}
