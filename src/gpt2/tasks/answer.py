"""Answers questions by ``Q:``/``A:`` turns or by examples (Radford et al. 2019, 3.5 and 3.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from gpt2.errors import OptionError
from gpt2.generation import LanguageModel
from gpt2.options import Checked, option
from gpt2.tasks.extract import Spans
from gpt2.tasks.sentences import flat, is_cjk, join, parts, sentences
from gpt2.tasks.shots import QUESTIONS, SENTENCES, Examples
from gpt2.tasks.task import Form, Progress, Task, find_tuned, pairs_of, text_of
from gpt2.tasks.writer import Scored, Writer


@dataclass
class AnswerOptions(Checked):
    """The options of `answer`."""

    mode: Literal["short", "extract", "sentence"] = option(
        "short",
        "Kind of answer: a line in the model's words, words of the context, or a whole sentence.",
    )
    max_new_tokens: int = option(32, "Maximum length of the answer in tokens.", minimum=1)
    min_probability: float = option(
        0.0, "Probability below which an answer is withheld.", minimum=0, maximum=1, off=0.0
    )


@dataclass(frozen=True)
class Answer:
    """An answer and the model's confidence in it.

    Attributes:
        text: the answer, or None if there is none.
        probability: the geometric mean of the probabilities of the answer's tokens. It does not
            fall with the length of the answer, so the same threshold suits short and long ones.
        joint: the product of the same probabilities: the probability of exactly this answer.
        generated: whether the model wrote the words; False for words copied from the context.
        reason: why there is no answer.
        windows: the number of parts of the context that were read.
    """

    text: str | None
    probability: float
    joint: float
    generated: bool
    reason: str | None = None
    windows: int = 0

    def __str__(self) -> str:
        return f"({self.reason})" if self.text is None else self.text


def answer(
    model: LanguageModel,
    question: str,
    context: str | None = None,
    *,
    history: Sequence[tuple[str, str]] = (),
    progress: Progress | None = None,
    **options: Any,
) -> Answer:
    """Answer a question about a text, or, without a text, from the model's own knowledge.

    With a context, the prompt is the text, the conversation so far and the question, and the model
    decodes greedily to the end of the line. A text longer than the model's context length is read
    in overlapping windows, one at a time, and the answer with the highest probability is returned.
    Without a context, examples of questions with short answers precede the question.

    Args:
        model: a model from `gpt2.load`.
        question: a single question.
        context: the text that it is about.
        history: (question, answer) pairs of earlier turns about the same context.
        progress: called with (windows done, windows in total) before the first and after each.
        options: fields of `AnswerOptions`. ``mode="extract"`` returns words of the context
            verbatim; ``"sentence"`` requests a full sentence, which is marked as generated. Below
            ``min_probability`` there is a reason instead of an answer.

    Raises:
        InputError: the question or context is empty or binary.
        ContextLengthError: the question is too long for the model's context.
        OptionError: an option is out of range, or ``extract`` or a history is given without a
            context.
    """
    o = AnswerOptions(**options)
    question = flat(text_of(question, "question"))
    context = None if context is None else text_of(context, "context")
    writer = Writer(model)
    if context is None and (o.mode == "extract" or history):
        raise OptionError(
            "quoting words from a context, and conversation history, require a context: give one."
        )
    tuned = find_tuned(model, TASK.name)
    form = tuned.form if tuned else TASK.form
    if context is None:
        prompts = [_open(writer, form, question, o, () if tuned else QUESTIONS[_tongue(question)])]
        windows = [""]
    else:
        turns = "".join(form.example(context="", question=q, answer=a) for q, a in history)
        before = SENTENCES[_tongue(context)] if o.mode == "sentence" and not tuned else ""
        room = writer.room(o.max_new_tokens, before, turns, form.ask(context="", question=question))
        windows = _windows(writer, context, room)
        prompts = [before + form.ask(context=w + turns, question=question) for w in windows]
    answers = []
    for number, (prompt, window) in enumerate(zip(prompts, windows, strict=True)):
        if progress:
            progress(number, len(prompts))
        answers.append(_read(writer, prompt, window, o))
    if progress:
        progress(len(prompts), len(prompts))
    return _best(answers, o, len(windows) if context is not None else 0)


def _open(writer: Writer, form: Form, question: str, o: AnswerOptions, shots: Examples) -> str:
    """The prompt without a context: as many examples as fit, and the question."""
    asked = form.ask(context="", question=question).lstrip("\n")
    writer.room(o.max_new_tokens, asked)
    before = ""
    for q, a in shots:
        longer = before + form.example(context="", question=q, answer=a).lstrip("\n") + "\n"
        if writer.size(longer + asked) + o.max_new_tokens > writer.limit:
            break
        before = longer
    return before + asked


def _windows(writer: Writer, context: str, room: int) -> list[str]:
    """The full context, or parts that each begin with the last words of the previous part.

    A quarter of a window is repeated, so an answer up to that length is complete in one window.
    """
    if writer.size(context) <= room:
        return [context]
    groups = parts(sentences(context), writer.size, room - room // 4)
    windows = [join(groups[0])]
    for group in groups[1:]:
        windows.append(join([writer.tail(windows[-1], room // 4), *group]))
    return windows


def _read(writer: Writer, prompt: str, window: str, o: AnswerOptions) -> Scored:
    """The answer to one prompt: its line, or in mode "sentence" the first sentence of the line."""
    if o.mode == "extract":
        allowed = Spans(writer.tokenizer, window, o.max_new_tokens)
        if not allowed.runs:
            return Scored("")
        return writer.score(prompt, o.max_new_tokens, allowed, **TASK.decoding)
    scored = writer.score(prompt, o.max_new_tokens, **TASK.decoding)
    if o.mode == "sentence":
        return scored.first_sentence()
    return scored


def _best(answers: Sequence[Scored], o: AnswerOptions, windows: int) -> Answer:
    best = max(answers, key=lambda one: (bool(one.text), one.mean))
    generated = o.mode != "extract"
    reason = None
    if not best.text:
        nothing = "the model wrote nothing" if generated else "the context has no words"
        reason = f"no answer: {nothing}"
    elif best.mean < o.min_probability:
        reason = (
            f"no answer: the model's probability {best.mean:.3f} of its best one is below "
            f"{o.min_probability:g}"
        )
    text = None if reason else best.text
    mean, joint = (round(p, 6) for p in (best.mean, best.joint))
    return Answer(text, mean, joint, generated, reason, windows)


def _tongue(text: str) -> str:
    return "zh" if is_cjk(text) else "en"


def _run(model: LanguageModel, row: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    context = row.get("context")
    turns = pairs_of(row.get("history", []), "history must contain [question, answer] pairs.")
    values = asdict(answer(model, row["question"], context, history=turns, **options))
    return {"answer": values.pop("text"), **values}


TASK = Task(
    name="answer",
    source="GPT-2 paper, sections 3.5 (with a context) and 3.8 (without)",
    form=Form("{context}\nQ: {question}\nA:", " {answer}"),
    decoding={"do_sample": False, "stop_strings": "\n"},
    read="the first line",
    metric="F1 and exact match",
    expect=(
        "The paper's largest model reached 55 F1 on CoQA and answered 4.1 % of Natural Questions; "
        "its smallest no more than 1.0 % of those. A small model's answers are guesses: ask for a "
        "probability, or fine-tune."
    ),
    options=AnswerOptions,
    fields=("question",),
    results=("answer", "probability", "joint", "generated", "reason", "windows"),
    unit="windows",
    run=_run,
)
