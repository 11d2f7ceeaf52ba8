"""The report at the end of a run: report.md for people, report.json for programs.

It compares the loss with three baselines (a uniform guess, token frequencies, token pairs) and
shows how much a long context helps. It also shows samples, how much of them is copied from the
training text, and whether the model has begun to memorise that text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gpt2.data.overlap import NGRAM, Copied, overlap
from gpt2.errors import InputError
from gpt2.figures import perplexity_of
from gpt2.files import write_json, write_text
from gpt2.training.inputs.batches import Batch
from gpt2.training.reporting.baselines import Baselines, count_baselines
from gpt2.training.reporting.history import read_metrics

MARKDOWN, JSON = "report.md", "report.json"
SAMPLES = 8  # the last samples, which are shown and searched for copies
RISEN = 0.01  # as a fraction of the best loss: less may be chance
MANY_EPOCHS = 4  # up to here repeated text is nearly as good as new text (Muennighoff et al. 2023)
WIDE_GAP = 0.3  # nats between training and validation
COPIED_SHARE, COPIED_WORDS = 0.1, 30


@dataclasses.dataclass(frozen=True)
class Report:
    """The results of a run; losses are in nats per token.

    Attributes:
        steps, epochs: the length of the run.
        training_loss: the mean over the last twentieth of the steps, at least ten.
        loss, perplexity, bits_per_byte, by_position: of the best validation, whose weights are
            kept; step: the number of steps before it.
        last_loss: of the last validation.
        baselines: the losses to compare with.
        samples: (step, prompt, text, copied parts of the text).
        searched: how much of the training text was searched for copies, in words.
        warnings: signs of memorisation, as sentences.
    """

    steps: int
    epochs: float
    training_loss: float | None
    loss: float
    perplexity: float
    bits_per_byte: float | None
    by_position: dict[str, float]
    step: int
    last_loss: float
    baselines: Baselines
    samples: list[dict[str, Any]]
    searched: str
    warnings: list[str]

    def write(self, folder: Path) -> None:
        """Write report.md and report.json. Raises `WriteError`."""
        write_json(folder / JSON, dataclasses.asdict(self))
        write_text(folder / MARKDOWN, self.markdown())

    def markdown(self) -> str:
        """The report as Markdown."""
        blocks = [
            "# Report",
            *(f"**{warning}**" for warning in self.warnings),
            self._summary(),
            "## What the loss means",
            self._meaning(),
            "## Loss by position",
            self._positions(),
        ]
        if self.samples:
            blocks += ["## Samples", self._copies(), *map(_sample, self.samples)]
        return "\n\n".join(blocks) + "\n"

    def _summary(self) -> str:
        rows = [
            ("steps", f"{self.steps:,}"),
            ("epochs over the training text", f"{self.epochs:.2f}"),
            ("best validation loss, nats per token", f"{self.loss:.4f} after step {self.step:,}"),
            ("last validation loss", f"{self.last_loss:.4f}"),
            ("perplexity", f"{self.perplexity:,.2f}"),
        ]
        if self.bits_per_byte is not None:
            rows.append(("bits per byte", f"{self.bits_per_byte:.4f}"))
        if self.training_loss is not None:
            rows.append(("training loss at the end", f"{self.training_loss:.4f}"))
        return _table(("", ""), rows)

    def _meaning(self) -> str:
        base = self.baselines
        rows = [
            ("every token equally likely (ln V)", base.uniform),
            ("token frequencies (unigrams)", base.unigram),
            ("the previous token (bigrams)", base.bigram),
            ("this model", self.loss),
        ]
        table = _table(
            ("prediction by", "loss", "as uncertain as among"),
            [(name, f"{loss:.3f}", f"{perplexity_of(loss):,.1f} tokens") for name, loss in rows],
        )
        gained = base.bigram - self.loss
        words = (
            f"The model gives the correct next token {perplexity_of(gained):,.1f} times the "
            f"probability that bigrams give it (counted in {base.tokens:,} tokens)."
            if gained > 0
            else "The model is no better than counting bigrams: it has learned little yet."
        )
        if self.bits_per_byte is not None:
            words += (
                f" As a compressor, it would store the text in {self.bits_per_byte / 8:.1%} of its "
                "size."
            )
        return f"{table}\n\n{words}"

    def _positions(self) -> str:
        rows = [(name, f"{loss:.4f}") for name, loss in self.by_position.items()]
        values = list(self.by_position.values())
        table = _table(("tokens read before", "loss"), rows)
        if len(values) < 3:
            return table
        gain, ends = values[-2] - values[-1], list(self.by_position)
        words = f"Reading {ends[-1]} tokens instead of {ends[-2]} gains {gain:.4f} nats per token."
        if gain <= 0:
            words = (
                f"Reading {ends[-1]} tokens instead of {ends[-2]} shows no gain: the model does "
                "not use text that far back, or the held-out text is too short to show it."
            )
        return f"{table}\n\n{words}"

    def _copies(self) -> str:
        ngrams = sum(sample["ngrams"] for sample in self.samples)
        copied = sum(sample["found"] for sample in self.samples)
        longest = max(self.samples, key=lambda sample: sample["longest"])
        share = f"{copied / ngrams:.1%}" if ngrams else "none"
        words = (
            f"Of the {ngrams:,} {NGRAM}-grams of words in the samples, {share} occur in the "
            "training text"
        )
        if not longest["longest"]:
            return f"{words} ({self.searched}). No run of {NGRAM} or more words is copied."
        return (
            f"{words} ({self.searched}). The longest copied run has {longest['longest']} words: "
            f"“{longest['copied']}”."
        )


def make_report(
    folder: Path,
    vocab_size: int,
    train: Iterable[Batch],
    validation: Iterable[Batch],
    texts: Iterable[str],
    *,
    epochs: float,
    searched: str = "all of it was searched",
) -> Report:
    """Build the report of a run from its metrics.jsonl and its data.

    Args:
        folder: the folder of the run.
        vocab_size: V of the model.
        train, validation: one pass of batches over each text, for the baselines.
        texts: the training text in parts, to search for copies.
        epochs: the number of times the run has seen the training text.
        searched: how much of the training text ``texts`` covers, in words.

    Raises:
        InputError: the run has no validation yet.
    """
    records = read_metrics(folder)
    checks = [r for r in records if r["kind"] == "validation" and r["loss"] is not None]
    if not checks:
        raise InputError(f"{folder} has no validation results to report.")
    last, best = checks[-1], min(checks, key=lambda record: record["loss"])
    steps = [r for r in records if r["kind"] == "step"]
    training = _last_mean([r["loss"] for r in steps if r["loss"] is not None])
    samples = [r for r in records if r["kind"] == "sample"][-SAMPLES:]
    copies = overlap([sample["text"] for sample in samples], texts if samples else ())
    return Report(
        steps=max(r["step"] for r in (*steps, last)),
        epochs=epochs,
        training_loss=training,
        loss=best["loss"],
        perplexity=perplexity_of(best["loss"]),
        bits_per_byte=best["bits_per_byte"],
        by_position=best["by_position"],
        step=best["step"],
        last_loss=last["loss"],
        baselines=count_baselines(train, validation, vocab_size),
        samples=[_with_copies(*both) for both in zip(samples, copies, strict=True)],
        searched=searched,
        warnings=warnings(last["loss"], best["loss"], best["step"], training, epochs, copies),
    )


def warnings(
    loss: float,
    best_loss: float,
    best_step: int,
    training_loss: float | None,
    epochs: float,
    copies: Sequence[Copied] = (),
) -> list[str]:
    """Signs that the model memorised its training text, as sentences."""
    lines = []
    if loss > best_loss * (1 + RISEN):
        lines.append(
            f"The validation loss rose from {best_loss:.4f} at step {best_step:,} to {loss:.4f}: "
            "the model began to overfit. Use the best checkpoint, or train for fewer steps."
        )
    gap = None if training_loss is None else loss - training_loss
    if gap is not None and gap > WIDE_GAP:
        lines.append(
            f"The training loss is {gap:.2f} nats below the validation loss: more text, dropout "
            "or fewer steps would help."
        )
        if epochs > MANY_EPOCHS:
            lines.append(
                f"The model saw its text {epochs:.1f} times; more than about {MANY_EPOCHS} "
                "repetitions help little."
            )
    ngrams, same = sum(c.ngrams for c in copies), sum(c.found for c in copies)
    longest = max((c.longest for c in copies), default=0)
    if (ngrams and same / ngrams > COPIED_SHARE) or longest >= COPIED_WORDS:
        lines.append(
            f"The samples copy the training text: {same / max(ngrams, 1):.0%} of their "
            f"{NGRAM}-grams, up to {longest} words in a row."
        )
    return lines


def _with_copies(sample: dict[str, Any], copied: Copied) -> dict[str, Any]:
    kept = {name: sample[name] for name in ("step", "prompt", "text")}
    counts = {"ngrams": copied.ngrams, "found": copied.found, "longest": copied.longest}
    return {**kept, **counts, "copied": copied.text}


def _last_mean(losses: list[float]) -> float | None:
    last = losses[-max(10, len(losses) // 20) :]
    return sum(last) / len(last) if last else None


def _sample(sample: dict[str, Any]) -> str:
    text = f"{sample['prompt']}{sample['text']}".strip("\n")
    quoted = "\n".join(f"    {line}" for line in text.splitlines())
    return f"Step {sample['step']:,}:\n\n{quoted}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
