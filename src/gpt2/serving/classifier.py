"""A classifier loaded from a folder; only the torch engine runs it."""

from __future__ import annotations

import os
from collections.abc import Callable

from gpt2.config import GPT2Config
from gpt2.extras import need

ARCHITECTURE = "GPT2ForSequenceClassification"


def is_classifier(name: str | os.PathLike[str]) -> bool:
    """Whether a model's config.json describes a classifier."""
    return ARCHITECTURE in (GPT2Config.from_pretrained(name).architectures or [])


class Classifier:
    """A classifier with its tokenizer.

    Attributes:
        labels: the names of the classes, by number.
    """

    def __init__(self, name: str | os.PathLike[str]) -> None:
        from gpt2.auto import AutoModelForSequenceClassification
        from gpt2.tokenizer import Tokenizer

        self._torch = need("torch", "a classifier")
        self._model = AutoModelForSequenceClassification.from_pretrained(name).eval()
        self.tokenizer = Tokenizer.from_pretrained(name)
        self.config: GPT2Config = self._model.config
        names: dict[int, str] = self.config.id2label
        self.labels = [names[i] for i in range(self._model.num_labels)]

    def probabilities(self, ids: list[int], check: Callable[[], None]) -> list[float]:
        """The probability of each class for one text; ``check`` raises if the client has gone."""
        check()
        with self._torch.no_grad():
            logits = self._model(self._torch.tensor([ids]), return_dict=True).logits[0]
        return logits.softmax(-1).tolist()
