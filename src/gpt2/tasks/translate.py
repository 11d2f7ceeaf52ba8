"""Translation: ``sentence = translation`` pairs before the sentence (Radford et al. 2019, 3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gpt2.errors import InputError, OptionError
from gpt2.generation import LanguageModel
from gpt2.options import option, validate
from gpt2.tasks.sentences import join, lines, parts, sentences
from gpt2.tasks.shots import TRANSLATIONS, read_examples
from gpt2.tasks.task import Form, Progress, Task, find_tuned, text_of
from gpt2.tasks.writer import Writer


@dataclass
class TranslateOptions:
    """What a caller of `translate` may choose."""

    to: str = option("zh", "Target language, such as zh, en or fr.")
    source: str = option("en", "Source language.")
    examples: str | None = option(
        None, "File of example translations: a sentence, a tab and its translation per line."
    )
    batch_size: int = option(
        8, "Number of sentences to translate together; affects memory, not the text.", minimum=1
    )


def translate(
    model: LanguageModel,
    text: str,
    to: str = "zh",
    source: str = "en",
    *,
    examples: Sequence[tuple[str, str]] | str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> str:
    """A document in another language, sentence by sentence; its lines stay as they are.

    The model sees examples and writes greedily to the end of the line, which is the translation;
    where the line runs on and on, its first sentence counts, as in the paper. A model that was
    fine-tuned for the pair of languages needs no examples and gets none. A sentence that is too
    long for the context is translated in pieces.

    Args:
        model: what `gpt2.load` gives.
        text: the document.
        to, source: languages. Examples for en-zh, zh-en, en-fr and fr-en are here.
        examples: of your own, for these or any other languages: (sentence, translation) pairs, or a
            file with a pair a line and a tab between.
        progress: called with (sentences done, sentences in all) before the first and after each
            batch; a sentence that comes again is translated once.
        options: further fields of `TranslateOptions`.

    Raises:
        InputError: an empty or binary text, or a pair of languages without examples.
        ContextLengthError: a context too short for the examples and a sentence.
        OptionError: an option out of bounds.
    """
    file = examples if isinstance(examples, str) else None
    o = TranslateOptions(to=to, source=source, examples=file, **options)
    validate(o)
    document = lines(text_of(text, "text to translate"))
    rows = [sentences(line) for line in document]
    writer = Writer(model)
    form, before = _head(writer, o, examples)
    read = _read_shown if before else _line
    room = writer.room(0, before, form.ask(source=""))
    most = room // 4 if before else room // 3  # what is left is for the translation
    pieces = [[p for group in parts(row, writer.size, most) for p in group] for row in rows]
    whole = list(dict.fromkeys(piece for row in pieces for piece in row))  # each once
    prompts = [before + form.ask(source=piece) for piece in whole]
    limits = [min(room - size, 64 + 8 * size) for size in map(writer.size, whole)]
    written = _write(writer, prompts, limits, o.batch_size, progress)
    done = {
        piece: read(text, writer.size(text) >= limit)
        for piece, text, limit in zip(whole, written, limits, strict=True)
    }
    return "\n".join(
        _indentation(line) + join(done[piece] for piece in row)
        for line, row in zip(document, pieces, strict=True)
    )


def _head(writer: Writer, o: TranslateOptions, examples: Any) -> tuple[Form, str]:
    """The form, and the examples before it: as many, from the first, as half the context holds."""
    tuned = find_tuned(writer.model, TASK.name)
    if tuned is not None and examples is None:
        known = (str(tuned.facts.get("source", "en")), str(tuned.facts.get("to", "zh")))
        if known != (o.source, o.to):
            raise InputError(
                f"this model was fine-tuned to translate {known[0]} to {known[1]}, not {o.source} "
                f"to {o.to}: use another model, or give examples of your own."
            )
        return tuned.form, ""
    pairs = read_examples(examples) if isinstance(examples, str) else examples
    if pairs is None:
        pairs = TRANSLATIONS.get((o.source, o.to))
    if not pairs:
        known_pairs = ", ".join(f"{a} to {b}" for a, b in TRANSLATIONS)
        raise InputError(
            f"there are no examples for {o.source} to {o.to} here (only {known_pairs}): give some "
            "of your own, a sentence, a tab and its translation a line (examples=, --examples)."
        )
    before = ""
    for sentence, translation in pairs:
        longer = before + TASK.form.example(source=sentence, target=translation) + "\n"
        if writer.size(longer) > writer.limit // 2:
            break
        before = longer
    if not before:
        raise OptionError(
            f"not even the first example fits in half of this model's context of {writer.limit} "
            "tokens: give shorter ones, or use a model with a longer context."
        )
    return TASK.form, before


def _write(
    writer: Writer,
    prompts: Sequence[str],
    limits: Sequence[int],
    batch_size: int,
    progress: Progress | None,
) -> list[str]:
    """What follows each prompt; the examples are read once for all of them."""
    written: list[str] = []
    with writer.model.keeping():
        for start, stop in _batches(prompts, limits, writer, batch_size):
            if progress:
                progress(start, len(prompts))
            written += writer.write_all(prompts[start:stop], limits[start:stop], **TASK.decoding)
    if progress:
        progress(len(prompts), len(prompts))
    return written


def _batches(
    prompts: Sequence[str], limits: Sequence[int], writer: Writer, most: int
) -> Iterator[tuple[int, int]]:
    """Where batches of at most ``most`` begin and end, so that the longest prompt and the greatest
    limit of one fit the context together."""
    start = longest = greatest = 0
    for at, (prompt, limit) in enumerate(zip(prompts, limits, strict=True)):
        size = len(writer.tokenizer.encode_prompt(prompt))
        longest, greatest = max(longest, size), max(greatest, limit)
        if at > start and (at - start == most or longest + greatest > writer.limit + 1):
            yield start, at
            start, longest, greatest = at, size, limit
    if prompts:
        yield start, len(prompts)


def _line(written: str, runs_on: bool = False) -> str:
    """The first line, without bytes that are no whole characters."""
    return written.split("\n", 1)[0].replace("\ufffd", "").strip()


def _read_shown(written: str, runs_on: bool) -> str:
    """What a model that only saw examples wrote: its line, or where that does not end the first
    sentence, as in the paper: what is asked for is one sentence."""
    line = _line(written)
    return (sentences(line) or [""])[0] if runs_on and "\n" not in written else line


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


TASK = Task(
    name="translate",
    source="GPT-2 paper, section 3.7",
    form=Form("{source} =", " {target}"),
    decoding={"do_sample": False, "stop_strings": "\n"},
    read="the line; of one that does not end the first sentence",
    metric="BLEU and chrF",
    expect=(
        "The paper's largest model reached 5 BLEU into French and 11.5 into English; a model that "
        "never saw the other language cannot write it. Fine-tune for translations."
    ),
    options=TranslateOptions,
    fields=("text",),
    results=("translation",),
    unit="sentences",
    run=lambda model, row, **options: {"translation": translate(model, row["text"], **options)},
)
