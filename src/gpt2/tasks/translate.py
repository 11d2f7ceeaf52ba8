"""Translation: ``sentence = translation`` pairs before the sentence (Radford et al. 2019, 3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gpt2.errors import InputError, OptionError
from gpt2.generation import LanguageModel
from gpt2.options import Checked, option
from gpt2.tasks.sentences import join, lines, parts, sentences
from gpt2.tasks.shots import TRANSLATIONS, read_examples
from gpt2.tasks.task import Form, Progress, Task, find_tuned, pairs_of, text_of
from gpt2.tasks.writer import Writer


@dataclass
class TranslateOptions(Checked):
    """The options of `translate`."""

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
    """Translate a document sentence by sentence, keeping its lines.

    The model sees examples and decodes greedily to the end of the line, which is the translation.
    If the line does not end, its first sentence is used, as in the paper. A model that was
    fine-tuned for the language pair needs no examples and gets none. A sentence that is too long
    for the context is translated in pieces.

    Args:
        model: a model from `gpt2.load`.
        text: the document.
        to, source: languages. Examples are included for en-zh, zh-en, en-fr and fr-en.
        examples: your own examples for these or any other languages: (sentence, translation) pairs,
            or a file with one tab-separated pair per line.
        progress: called with (sentences done, sentences in total) before the first and after each
            batch; a repeated sentence is translated once.
        options: further fields of `TranslateOptions`.

    Raises:
        InputError: the text is empty or binary, or the language pair has no examples.
        ContextLengthError: the context is too short for the examples and a sentence.
        OptionError: an option is out of range.
    """
    file = examples if isinstance(examples, str) else None
    o = TranslateOptions(to=to, source=source, examples=file, **options)
    document = lines(text_of(text, "text to translate"))
    rows = [sentences(line) for line in document]
    writer = Writer(model)
    form, before = _head(writer, o, examples)
    read = _read_shown if before else _line
    room = writer.room(0, before, form.ask(source=""))
    most = room // 4 if before else room // 3  # the rest is for the translation
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
    """The form and the examples before it: the first ones, as many as fit in half the context."""
    tuned = find_tuned(writer.model, TASK.name)
    if tuned is not None and examples is None:
        known = (str(tuned.facts.get("source", "en")), str(tuned.facts.get("to", "zh")))
        if known != (o.source, o.to):
            raise InputError(
                f"this model was fine-tuned to translate {known[0]} to {known[1]}, not {o.source} "
                f"to {o.to}: use another model, or give your own examples."
            )
        return tuned.form, ""
    if examples is None:
        pairs = TRANSLATIONS.get((o.source, o.to))
    elif isinstance(examples, str):
        pairs = read_examples(examples)
    else:
        message = "examples must be a file, or contain [sentence, translation] pairs."
        pairs = pairs_of(examples, message)
    if not pairs:
        known_pairs = ", ".join(f"{a} to {b}" for a, b in TRANSLATIONS)
        raise InputError(
            f"there are no built-in examples for {o.source} to {o.to} (only {known_pairs}): give "
            "your own, with a sentence, a tab and its translation per line (examples=, "
            "--examples)."
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
            "tokens: give shorter examples, or use a model with a longer context."
        )
    return TASK.form, before


def _write(
    writer: Writer,
    prompts: Sequence[str],
    limits: Sequence[int],
    batch_size: int,
    progress: Progress | None,
) -> list[str]:
    """Complete each prompt; the shared examples are computed once."""
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
    """The start and end of batches of at most ``most`` prompts.

    The longest prompt and the largest limit of a batch fit in the context together.
    """
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
    """The first line, without bytes of incomplete characters."""
    return written.split("\n", 1)[0].replace("\ufffd", "").strip()


def _read_shown(written: str, runs_on: bool) -> str:
    """The output of a model that only saw examples.

    That is its line, or if the line does not end, the first sentence, as in the paper: a single
    sentence was requested.
    """
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
