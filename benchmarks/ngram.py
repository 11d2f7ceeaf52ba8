"""Baselines without a network: a 5-gram model with modified Kneser-Ney smoothing, and xz.

Both read the trunk's training text, each document once (xz only the first megabytes), and are
measured on the texts of `recipes.mini.measure`; the n-gram model uses the same tokens as the
bundled model. It takes about two minutes on one core.

    PYTHONPATH=src:. python -m benchmarks.ngram --data ../shared/data
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.common import RESULTS, machine, write
from recipes.mini import measure
from recipes.mini.sources import WORK

from gpt2 import GPT2Tokenizer

ORDER = 5
Ids = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def keys(ids: Ids, n: int) -> Keys:
    """A 64-bit key for each run of ``n`` ids: [len - n + 1]."""
    length = max(0, len(ids) - n + 1)
    found = np.zeros(length, np.uint64)
    for i in range(n):
        found = (found ^ (ids[i : i + length].astype(np.uint64) + np.uint64(1))) * MULTIPLIER
        found ^= found >> np.uint64(29)
    return found


class KneserNey:
    """Interpolated modified Kneser-Ney (Chen and Goodman 1999, section 3) over token ids.

    The longest runs have their counts, shorter ones the number of distinct tokens before them;
    three discounts per order come from the counts of counts.
    """

    def __init__(self, ids: Ids, vocabulary: int, order: int = ORDER) -> None:
        self.order, self.vocabulary = order, vocabulary
        self.levels = [self._level(ids, n) for n in range(1, order + 1)]

    def _level(self, ids: Ids, n: int) -> dict[str, Any]:
        longer = n + (n < self.order)  # shorter runs are counted by the tokens before them
        _, first, counts = np.unique(keys(ids, longer), return_index=True, return_counts=True)
        starts = first + (longer - n)
        grams, at, kinds = np.unique(keys(ids, n)[starts], return_index=True, return_counts=True)
        own = kinds if longer > n else counts[at]
        before = keys(ids, n - 1)[starts[at]]
        taken_by_count = np.array([0.0, *_discounts([int((own == c).sum()) for c in (1, 2, 3, 4)])])
        taken = taken_by_count[np.minimum(own, 3)]
        contexts, which = np.unique(before, return_inverse=True)
        return {
            "grams": grams,
            "mass": own - taken,
            "contexts": contexts,
            "totals": np.bincount(which, own),
            "left": np.bincount(which, taken),
        }

    def logprob(self, ids: Ids) -> float:
        """The sum of the natural log-probabilities of all ids but the first, given those before."""
        size = len(ids) - 1
        p = np.full(size, 1.0 / self.vocabulary)
        for n, level in enumerate(self.levels, 1):
            grams = keys(ids, n)[n == 1 :]
            contexts = keys(ids[:-1], n - 1)[n == 1 :]
            at = slice(size - len(grams), size)  # ids with n - 1 ids before them
            mass = _look_up(level["grams"], level["mass"], grams)
            total = _look_up(level["contexts"], level["totals"], contexts)
            left = _look_up(level["contexts"], level["left"], contexts)
            known = total > 0  # contexts seen in training
            share = np.where(known, left / np.maximum(total, 1), 1.0)
            p[at] = np.where(known, mass / np.maximum(total, 1), 0.0) + share * p[at]
        return float(np.log(p).sum())


def _discounts(of_counts: list[int]) -> list[float]:
    """The discounts of counts of one, two and more.

    If a text is too small or too uniform to estimate them, they are KenLM's fallback values.
    """
    if not all(of_counts):
        return [0.5, 1.0, 1.5]
    y = of_counts[0] / (of_counts[0] + 2 * of_counts[1])
    found = [c - (c + 1) * y * of_counts[c] / of_counts[c - 1] for c in (1, 2, 3)]
    return found if min(found) > 0 else [0.5, 1.0, 1.5]


def _look_up(known: Keys, values: Any, asked: Keys) -> Any:
    places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[places] == asked, values[places], 0.0)


class Primed:
    """xz -9e after it has read a text: the additional bytes that other texts need.

    It encodes nothing before its window of 64 MB is full, so the text is read again for each; a
    megabyte takes 1.5 seconds.
    """

    def __init__(self, before: bytes) -> None:
        self.before, self.alone = before, _xz_size(before)

    def bits(self, text: bytes) -> float:
        """The bits per byte that a text needs after the one that was read."""
        return 8 * (_xz_size(self.before + text) - self.alone) / len(text)


def _xz_size(data: bytes) -> int:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME,
                "dict_size": 1 << 26}]  # fmt: skip
    return len(lzma.compress(data, lzma.FORMAT_RAW, filters=filters))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--xz-bytes", type=int, default=4_000_000, help="of the training text")
    given = parser.parse_args()
    here = machine(["numpy"])
    lines = dict.fromkeys((WORK / "trunk.jsonl").open(encoding="utf-8"))  # repeats are not counted
    texts = [json.loads(line)["text"] for line in lines]
    tokenizer = GPT2Tokenizer.from_pretrained(WORK / "vocabulary")
    end = tokenizer.eos_token_id
    ids = np.array([i for text in texts for i in (*tokenizer.encode(text), end)], np.int64)
    model = KneserNey(ids, len(tokenizer))
    read = "\n\n".join(texts).encode()[: given.xz_bytes]
    result: dict[str, Any] = {"machine": here, "tokens": len(ids)}
    result["bytes read by xz"] = len(read)
    xz = Primed(read)
    for name, held in measure.held_texts(given.data).items():
        kept = measure.first_bytes(held)
        size = sum(len(text.encode()) for text in kept)
        logprob = sum(
            model.logprob(np.array([end, *tokenizer.encode(text)], np.int64)) for text in kept
        )
        result[name] = {
            "5-gram, modified Kneser-Ney": round(-logprob / math.log(2) / size, 4),
            "xz primed with the training text": round(xz.bits("".join(kept).encode()), 4),
        }
        print(name, result[name], flush=True)
    print(write("ngram", result, RESULTS))


if __name__ == "__main__":
    main()
