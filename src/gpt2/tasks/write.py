"""Writes a text of a given length from a title or points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gpt2.errors import InputError
from gpt2.generation import LanguageModel
from gpt2.options import Checked, option
from gpt2.tasks.repetition import Composer
from gpt2.tasks.sentences import is_cjk, spans
from gpt2.tasks.task import Form, Progress, Task, find_tuned, text_of
from gpt2.tasks.words import WORD
from gpt2.tasks.writer import Writer

Kind = Literal["article", "email", "story", "free"]
NEAR = 0.1  # relative tolerance of the length, so that a text can end with a sentence


@dataclass
class WriteOptions(Checked):
    """The options of `write`."""

    kind: Kind = option("article", "Kind of text; free continues the title as it is.")
    length: int = option(
        300, "Length in words, or in characters for text without spaces (Chinese); met within 10%.",
        minimum=1, maximum=100_000,
    )  # fmt: skip
    temperature: float = option(
        0.8,
        "Sampling temperature: below 1 is more predictable, above 1 more varied, 0 is greedy.",
        minimum=0,
    )
    top_k: int = option(40, "Sample only from the k most probable tokens.", minimum=1)
    seed: int = option(0, "Random seed; another seed gives another text.", minimum=0)


# kind -> the form around the title and the beginning of the text, in English and in Chinese
FORMS: dict[str, dict[str, tuple[Form, str]]] = {
    "article": {
        "en": (Form("{title}\n\n", "{text}"), ""),
        "zh": (Form("{title}\n\n", "{text}"), ""),
    },
    "email": {
        "en": (Form("Subject: {title}\n\n", "{text}"), "Dear"),
        "zh": (Form("主题：{title}\n\n", "{text}"), "您好"),
    },
    "story": {
        "en": (Form("{title}\n\n", "{text}"), "Once upon a time"),
        "zh": (Form("{title}\n\n", "{text}"), "从前"),
    },
    "free": {"en": (Form("{title}", "{text}"), ""), "zh": (Form("{title}", "{text}"), "")},
}


def write(
    model: LanguageModel,
    title: str = "",
    *,
    points: Sequence[str] = (),
    progress: Progress | None = None,
    **options: Any,
) -> str:
    """Write a text on a title, on points, or on both.

    The text has the requested number of words to within a tenth, ends with a sentence if one ends
    in that range, and contains no run of four words more than three times (see
    `gpt2.tasks.repetition` for the definition of a word). Beyond the context length, the model
    continues from the last half of the context.

    Args:
        model: a model from `gpt2.load`.
        title: the title, the subject of an e-mail, or for ``kind="free"`` the start of the text.
        points: the points to cover, one line each in the prompt.
        progress: called with (words written, words requested).
        options: fields of `WriteOptions`.

    Returns:
        The text without the title. It is shorter than requested only if twelve tokens per word were
        not enough, because the model writes no words.

    Raises:
        InputError: there is neither a title nor points, or they are binary.
        ContextLengthError: the points take more than half of the context.
        OptionError: an option is out of range.
    """
    o = WriteOptions(**options)
    head = _head(title, points)
    writer = Writer(model)
    tuned = find_tuned(model, TASK.name)
    form, lead = FORMS[o.kind]["zh" if is_cjk(head) else "en"]
    form, lead = (tuned.form, "") if tuned else (form, lead)
    prompt = form.ask(title=head) + lead
    writer.room(writer.limit // 2, prompt)
    return _shape(writer.compose(prompt, _composer(writer, prompt, lead, o, progress),
                                  **_decoding(o)), o.length)  # fmt: skip


def _head(title: str, points: Sequence[str]) -> str:
    if not isinstance(title, str) or not isinstance(points, list | tuple):
        raise InputError("the title must be a string, and the points a list of strings.")
    lines = [] if not title.strip() else [text_of(title, "title").strip()]
    lines += ["- " + text_of(point, "point").strip() for point in points]
    if not lines:
        raise InputError("no subject was given: give a title, points, or both.")
    between = "\n\n" if title.strip() and points else ""
    return between.join([*lines[:1], "\n".join(lines[1:])]) if between else "\n".join(lines)


def _composer(
    writer: Writer, prompt: str, lead: str, o: WriteOptions, progress: Progress | None
) -> Composer:
    def enough(text: str, count: int) -> bool:
        if progress:
            progress(min(count, o.length), o.length)
        if count <= o.length:
            return False
        return count > (1 + NEAR) * o.length or _ends_sentence(text)

    return Composer(
        writer.tokenizer,
        len(writer.tokenizer.encode_prompt(prompt)),
        lead,
        o.top_k,
        writer.ends,
        o.length,
        enough,
    )


def _decoding(o: WriteOptions) -> dict[str, Any]:
    most = 12 * o.length + 64
    if o.temperature == 0:
        return {"do_sample": False, "max_new_tokens": most}
    return {**TASK.decoding, "temperature": o.temperature, "top_k": o.top_k, "seed": o.seed,
            "max_new_tokens": most}  # fmt: skip


def _ends_sentence(text: str) -> bool:
    return text.rstrip().rstrip("\"'”’)」』").endswith((".", "!", "?", "。", "！", "？"))


def _shape(text: str, length: int) -> str:
    """Cut the text at the sentence end nearest to the length, or else at that many words."""
    ends = [match.end() for match in WORD.finditer(text)]
    if len(ends) < (1 - NEAR) * length:
        return text.strip()
    counted = [(abs(sum(e <= b for e in ends) - length), b) for _, b in spans(text)
               if _ends_sentence(text[:b])]  # fmt: skip
    off, place = min(counted, default=(length, 0))
    if off > NEAR * length:
        place = ends[min(length, len(ends)) - 1]
    return text[:place].strip()


def _run(model: LanguageModel, row: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    title, points = row.get("title", ""), row.get("points", ())
    return {"text": write(model, title, points=points, **options)}


TASK = Task(
    name="write",
    source="GPT-2 paper, its samples (a text that goes on from a beginning)",
    form=Form("{title}\n\n", "{text}"),
    decoding={"do_sample": True, "long": "window"},
    read="up to the sentence's end nearest to the asked length",
    metric="perplexity, repeated 4-grams, length",
    expect=(
        "A model writes in the style of what it was trained on and holds to a title for some "
        "paragraphs at best. What it says is not checked against anything."
    ),
    options=WriteOptions,
    fields=("title", "points"),
    results=("text",),
    unit="words",
    run=_run,
)
