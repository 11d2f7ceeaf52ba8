"""Summaries: ``TL;DR:`` after the text (Radford et al. 2019, section 3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gpt2.generation import LanguageModel
from gpt2.options import Checked, option
from gpt2.tasks.sentences import join, parts, sentences
from gpt2.tasks.task import Form, Progress, Task, find_tuned, text_of
from gpt2.tasks.writer import Writer


@dataclass
class SummarizeOptions(Checked):
    """The options of `summarize`."""

    method: Literal["sample", "beam"] = option(
        "sample", "Decoding method: top-k sampling, as in the paper, or beam search."
    )
    sentences: int = option(3, "Maximum number of sentences in the summary.", minimum=1)
    max_new_tokens: int = option(
        100, "Maximum number of tokens per summary, up to a quarter of the context.", minimum=1
    )
    top_k: int = option(2, "Sample only from the k most probable tokens.", minimum=1)
    num_beams: int = option(4, "Number of beams for beam search.", minimum=2)
    seed: int = option(0, "Random seed; another seed gives another summary.", minimum=0)


def summarize(
    model: LanguageModel, text: str, *, progress: Progress | None = None, **options: Any
) -> str:
    """Summarise a text in up to three sentences.

    A text longer than the context is summarised in parts of complete sentences. The joined
    summaries are summarised again until they fit. Only one part is processed at a time, so memory
    does not grow.

    Args:
        model: a model from `gpt2.load`.
        text: at least one sentence.
        progress: called with (parts done, parts in total) before the first and after each.
        options: fields of `SummarizeOptions`.

    Raises:
        InputError: the text is empty or binary.
        ContextLengthError: the model's context is too short to summarise anything.
        OptionError: an option is out of range.
    """
    o = SummarizeOptions(**options)
    pieces = sentences(text_of(text, "text to summarise"))
    writer = Writer(model)
    tuned = find_tuned(model, TASK.name)
    form = tuned.form if tuned else TASK.form
    new = min(o.max_new_tokens, writer.limit // 4)
    room = writer.room(new, form.ask(text=""))
    done = 0
    while True:
        groups = parts(pieces, writer.size, room)
        summaries: list[str] = []
        for group in groups:
            if progress:
                progress(done, done + len(groups) - len(summaries) + (len(groups) > 1))
            summaries.append(_part(writer, form.ask(text=join(group)), new, o, o.seed + done))
            done += 1
        if progress:
            progress(done, done + (len(groups) > 1))
        pieces = [sentence for summary in summaries for sentence in sentences(summary)]
        if len(groups) == 1 or not pieces:
            return join(pieces)


def _part(writer: Writer, prompt: str, new: int, o: SummarizeOptions, seed: int) -> str:
    """The summary of one part: its first sentences, at most ``new`` tokens."""
    if o.method == "beam":
        search = {**BEAM, "num_beams": o.num_beams}
        written = writer.write_all([prompt], [new], **search)[0]
    else:
        drawn = {**TASK.decoding, "top_k": o.top_k, "seed": seed}
        written = writer.write(
            prompt, new, until=lambda text: len(sentences(text)) > o.sentences, **drawn
        )
    written = written.replace("\ufffd", "")  # bytes of incomplete characters
    return writer.cut(join(sentences(written)[: o.sentences]), new)


BEAM = {"do_sample": False, "early_stopping": True, "no_repeat_ngram_size": 3}
TASK = Task(
    name="summarize",
    source="GPT-2 paper, section 3.6",
    form=Form("{text}\nTL;DR:", " {summary}"),
    decoding={"do_sample": True, "top_k": 2},
    read="the first three sentences",
    metric="ROUGE-1, -2 and -L",
    expect=(
        "The paper's largest model only just beat three random sentences of the article; smaller "
        "ones write on about its subject. Fine-tuning is what makes summaries."
    ),
    options=SummarizeOptions,
    fields=("text",),
    results=("summary",),
    unit="parts",
    run=lambda model, row, **options: {"summary": summarize(model, row["text"], **options)},
)
