"""`verify`: checks that a model is OpenAI's GPT-2 and that this package reproduces its outputs.

Each check passes, fails, or reports why it was not made; missing data never counts as a pass. The
recorded facts are in `gpt2.evaluation.golden`; larger ones are read from a data folder, if there is
one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gpt2.errors import MissingFileError
from gpt2.evaluation.golden import read_explainer, read_recorded
from gpt2.files import sha256
from gpt2.generation import LanguageModel

Status = Literal["pass", "fail", "not checked"]
Result = tuple[Status, str]
Array = npt.NDArray[np.floating[Any]]

# Tolerances for a correct fp32 forward pass. The recorded logits, around -100, come from a model
# exported to ONNX, perhaps with a different form of GELU; on the bundled model that alone changes
# logits of up to 14 by 0.007. A different model is off by several units.
LOGITS, PROBABILITIES, LOSS = 0.2, 5e-3, 1e-3
ACCURACY, PERPLEXITY = 2e-3, 0.1  # of LAMBADA
ENGINES = 1e-3  # the largest allowed difference of two engines on the bundled model


@dataclass(frozen=True)
class Check:
    """One line of the result."""

    name: str
    status: Status
    detail: str


@dataclass
class Subject:
    """The model to verify: the loaded model, the path of its files, and its recorded facts."""

    model: LanguageModel
    place: Path
    data: Path | None = None
    long: bool = False
    facts: dict[str, Any] = field(default_factory=read_recorded)

    def logits(self, rows: list[list[int]]) -> Array:
        """The logits after every token of rows of the same length: [rows, T, vocabulary]."""
        cache = self.model.new_cache(len(rows), len(rows[0]))
        flat = np.asarray(self.model.extend(cache, rows, logits="all"))
        return flat.reshape(len(rows), len(rows[0]), -1)


def verify(
    name: str | None,
    *,
    engine: str = "native",
    device: str | None = None,
    data: Path | None = None,
    long: bool = False,
) -> Iterator[Check]:
    """Yield the checks one by one, as they are made.

    Args:
        name: a model; None makes only the checks that need no model.
        engine, device: see `gpt2.load`.
        data: the folder of recorded files; None skips the checks that need it.
        long: also make the check that takes many minutes.
    """
    subject = None if name is None else _subject(name, engine, device, data)
    yield Check("engines", *engines_agree())
    if subject is None:
        return
    subject.long = long
    for title, check in CHECKS.items():
        status, detail = _other_model(subject, title) or check(subject)
        yield Check(title, status, detail)


def summary(name: str | None, checks: Sequence[Check]) -> str:
    """The overall result of the checks, in one line."""
    counts = Counter(check.status for check in checks)
    first = (
        f"{counts['pass']} of {len(checks)} checks pass, {counts['fail']} fail, "
        f"{counts['not checked']} were not made"
    )
    if counts["fail"]:
        return f"{first}: something differs from the records."
    if name is None:
        return f"{first}: the package passes all checks that were made."
    statuses = {check.name: check.status for check in checks if check.name in CHECKS}
    if all(status == "not checked" for title, status in statuses.items() if title != "tokenizer"):
        what = f"{name} is not OpenAI's 124M GPT-2 in fp32"
        return f"{first}: {what}, so there are no records to compare."
    return f"{first}: {name} computes what was recorded in all checks that were made."


def _subject(name: str, engine: str, device: str | None, data: Path | None) -> Subject:
    from gpt2.hub import resolve
    from gpt2.loading import load

    options: Any = {"kv_dtype": "fp32"} if engine == "native" else {}
    model = load(name, engine=engine, device=device, **options)  # type: ignore[arg-type]
    return Subject(model, resolve(name), data)


def _other_model(subject: Subject, title: str) -> Result | None:
    """Why a check of the 124M cannot be made with this model, or None."""
    if title == "tokenizer":
        return None
    config, wanted = subject.model.config, subject.facts["model"]
    actual = {name: getattr(config, name) for name in wanted}
    if actual != wanted:
        shape = f"{actual['n_layer']} layers of {actual['n_embd']}, {actual['vocab_size']} tokens"
        return "not checked", f"recorded from the 124M; this model has {shape}"
    quantised = subject.model.dtype in ("int8", "int4")
    if quantised and title != "parameters":
        return "not checked", "recorded at fp32; these weights are quantised"
    return None


def engines_agree() -> Result:
    """The native engine and the numpy reference compute the same logits of the bundled model."""
    from gpt2.loading import load

    native = load("gpt2-mini", engine="native", dtype="fp32", kv_dtype="fp32")
    reference = load("gpt2-mini", engine="reference", dtype="float64")
    ids = native.tokenizer.encode("It was a dark night, and the old man looked at the sea.")
    here = [Subject(model, Path()).logits([ids]) for model in (native, reference)]
    worst = float(np.abs(here[0] - here[1]).max())
    detail = f"native against the reference in float64: largest difference {worst:.2g}"
    return judge(worst <= ENGINES, detail, f"allowed is {ENGINES:g}")


def published_file(subject: Subject) -> Result:
    """The weight file equals the one on the hub, byte for byte."""
    folder = subject.place if subject.place.is_dir() else subject.place.parent
    known = subject.facts["files"]["known"]
    here = [name for name in known if (folder / name).is_file()]
    if not here:
        return "not checked", f"there is no {' or '.join(known)}: the weights have another form"
    name = here[0]
    size = (folder / name).stat().st_size
    if size != known[name]["bytes"]:
        return "not checked", f"{name} was saved again ({size:,} bytes): no hash is known for it"
    digest, wanted = sha256(folder / name), known[name]["sha256"]
    if digest == wanted:
        return "pass", f"{name} is the hub's: SHA-256 {digest[:12]}"
    return "fail", f"{name} has SHA-256 {digest[:12]}, the hub's has {wanted[:12]}"


def parameters(subject: Subject) -> Result:
    """The number of parameters equals that of the paper's smallest model."""
    count, wanted = subject.model.config.parameter_count(), subject.facts["parameters"]
    return judge(count == wanted, f"{count:,} parameters", f"{wanted:,} are right")


def tokenizer(subject: Subject) -> Result:
    """The recorded texts encode to the recorded ids and decode back."""
    tokenizer, facts = subject.model.tokenizer, subject.facts["vocabulary"]
    if tokenizer is None:
        return "not checked", "there is no tokenizer next to the weights"
    if len(tokenizer) != facts["size"]:
        return (
            "not checked",
            f"recorded from GPT-2's vocabulary; this one has {len(tokenizer)} tokens",
        )
    wrong = [
        t for t, ids in facts["cases"] if tokenizer.encode(t) != ids or tokenizer.decode(ids) != t
    ]
    count = len(facts["cases"])
    return judge(not wrong, f"{count} recorded texts", f"{len(wrong)} differ, first {wrong[:1]}")


def greedy(subject: Subject) -> Result:
    """The greedy continuations equal the recorded ones, token for token."""
    facts = subject.facts["greedy"]
    length = len(facts["ids"][0])
    options: dict[str, Any] = {"do_sample": False, "max_length": length, "pad_token_id": 50256}
    prompts = [row[: facts["prompt_tokens"]] for row in facts["ids"]]
    made = [np.asarray(subject.model.generate([p], **options))[0].tolist() for p in prompts]
    wrong = [str(m) for m, row in zip(made, facts["ids"], strict=True) if m != row]
    tokenizer = subject.model.tokenizer
    texts = facts["texts"] if tokenizer is not None else []
    for prompt, text in texts:
        new = len(tokenizer.encode(text)) - len(tokenizer.encode(prompt))
        ids = tokenizer.encode(prompt)
        row = np.asarray(
            subject.model.generate([ids], **{**options, "max_length": len(ids) + new})
        )[0]
        if tokenizer.decode(row.tolist()) != text:
            wrong.append(tokenizer.decode(row.tolist()))
    count = len(prompts) + len(texts)
    return judge(not wrong, f"{count} recorded continuations", f"other: {wrong[:1]}")


def largest_logits(subject: Subject) -> Result:
    """The ten largest logits after five recorded prompts."""
    away: list[float] = []
    for prompt in subject.facts["logits"]["prompts"]:
        line = subject.logits([prompt["ids"]])[0, -1]
        wanted = dict(prompt["top"])
        away += [abs(float(line[i]) - value) for i, value in wanted.items()]
        top = sorted(np.argsort(-line)[: len(wanted)].tolist())
        if top != sorted(wanted):
            return "fail", f"different tokens are the most probable after {prompt['text']!r}"
    worst = _largest(away)
    return judge(worst <= LOGITS, f"largest difference {worst:.2g}", f"allowed is {LOGITS}")


def every_logit(subject: Subject) -> Result:
    """All logits after the prompts recorded in full."""
    examples = _examples(subject.data)
    if not examples:
        return no_data(subject.data, "golden/transformer-explainer_*.js")
    away: list[float] = []
    gaps: list[float] = []
    for example in map(read_explainer, examples):
        line = subject.logits([example["ids"]])[0, -1]
        away.append(float(np.abs(line - example["logits"]).max()))
        gaps.append(float(np.abs(_softmax(line) - _softmax(example["logits"])).max()))
    worst, likely = _largest(away), _largest(gaps)
    good = worst <= LOGITS and likely <= PROBABILITIES
    detail = (
        f"{len(examples)} prompts; largest difference {worst:.2g}, of probabilities {likely:.2g}"
    )
    return judge(good, detail, f"allowed are {LOGITS} and {PROBABILITIES}")


def attention(subject: Subject) -> Result:
    """The attention weights of every head over the prompts recorded in full."""
    examples = _examples(subject.data)
    if not examples:
        return no_data(subject.data, "golden/transformer-explainer_*.js")
    if not hasattr(subject.model, "tapped"):
        return "not checked", "this engine does not show its attention; --engine native does"
    away: list[float] = []
    for example in map(read_explainer, examples):
        seen: dict[int, Array] = {}
        with subject.model.tapped(_keep(seen), points=["h.*.attn.pattern"]):
            subject.logits([example["ids"]])
        for (layer, head), pattern in example["patterns"].items():
            away.append(float(np.abs(seen[layer][0, head] - pattern).max()))
    if not away:
        return "not checked", "the recorded prompts have no attention maps"
    worst = _largest(away)
    detail = f"{len(away)} maps; largest difference {worst:.2g}"
    return judge(worst <= PROBABILITIES, detail, f"allowed is {PROBABILITIES}")


def first_loss(subject: Subject) -> Result:
    """The loss of llm.c's first batch."""
    facts = subject.facts["loss"]
    ids, rows = np.array(facts["ids"]), facts["rows"]
    inputs, targets = ids[:-1].reshape(rows, -1), ids[1:]
    logits = subject.logits(inputs.tolist()).reshape(len(targets), -1).astype(np.float64)
    top = logits.max(1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(1))
    loss = float((total - logits[np.arange(len(targets)), targets]).mean())
    away = abs(loss - facts["value"])
    return judge(away <= LOSS, f"{loss:.6f}", f"recorded is {facts['value']:.6f}")


def lambada(subject: Subject) -> Result:
    """Accuracy and perplexity on LAMBADA, compared with those of lm-evaluation-harness."""
    from gpt2.evaluation.benchmark import Subject as Judged
    from gpt2.evaluation.benchmarks import benchmark

    if not subject.long:
        return "not checked", "it takes many minutes: run it with --lambada"
    if subject.model.tokenizer is None:
        return "not checked", "there is no tokenizer next to the weights"
    lambada_set = benchmark("lambada")
    if subject.data is None:
        return no_data(None, lambada_set.files[0].name)
    try:
        files = lambada_set.find(subject.data)
    except MissingFileError:
        return no_data(subject.data, lambada_set.files[0].name)
    examples = [example for example in lambada_set.read(files) if example[0] == "openai"]
    rows = lambada_set.judge(Judged(subject.model), examples)
    figures = {m.name: figure.value for m in lambada_set.measures if (figure := m.figure(rows))}
    facts = subject.facts["lambada"]
    accuracy, perplexity = figures["openai_acc"] / 100, figures["openai_ppl"]
    good = abs(accuracy - facts["accuracy"]) <= ACCURACY
    good = good and abs(perplexity - facts["perplexity"]) <= PERPLEXITY
    wanted = f"recorded are {facts['accuracy']:.4f} and {facts['perplexity']:.2f}"
    return judge(good, f"accuracy {accuracy:.4f}, perplexity {perplexity:.2f}", wanted)


CHECKS: dict[str, Callable[[Subject], Result]] = {
    "published file": published_file,
    "parameters": parameters,
    "tokenizer": tokenizer,
    "greedy continuations": greedy,
    "ten largest logits": largest_logits,
    "all logits": every_logit,
    "attention": attention,
    "first loss of llm.c": first_loss,
    "LAMBADA": lambada,
}


def _keep(seen: dict[int, Array]) -> Callable[[str, Any], None]:
    """A tap that stores the attention of each layer."""

    def tap(name: str, x: Any) -> None:
        seen[int(name.split(".")[1])] = np.array(x)

    return tap


def _examples(data: Path | None) -> list[Path]:
    return sorted((data / "golden").glob("transformer-explainer_ex*.js")) if data else []


def no_data(data: Path | None, what: str) -> Result:
    """The result of a skipped check: ``what`` is not available."""
    advice = "is needed: name its folder with --data FOLDER, or set GPT2_DATA"
    where = f"is not in {data}" if data else advice
    return "not checked", f"{what} {where}"


def _largest(differences: Sequence[float]) -> float:
    """The largest of some differences; NaN if one is NaN, which Python's `max` would pass over."""
    return float(np.max(differences))


def _softmax(line: Array) -> Array:
    rising = np.exp(line.astype(np.float64) - line.max())
    return rising / rising.sum()


def judge(good: bool, detail: str, wanted: str) -> Result:
    """Pass with ``detail``, or fail with ``detail`` and what was expected."""
    return ("pass", detail) if good else ("fail", f"{detail}; {wanted}")
