"""The forms: how to write a small valid folder of each, and how to read all of it."""

from __future__ import annotations

from tools.fuzz.forms import evaluation, models, options, texts, tokenizers, training
from tools.fuzz.forms.form import Form

FORMS: dict[str, Form] = {
    name: form
    for part in (models, options, tokenizers, texts, training, evaluation)
    for name, form in part.FORMS.items()
}
