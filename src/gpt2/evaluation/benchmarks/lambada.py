"""LAMBADA: predict the last word of a passage (Paperno et al. 2016, 1606.06031).

The passages are chosen so that the word needs all of the context. Published figures differ in three
ways: whether the full last word or only its last token is predicted; whether the text is OpenAI's
version, with the spelling of the books, or the original release, in lower case with spaces around
punctuation; and whether stop words are excluded. All of them are measured here. The paper does not
describe its protocol completely: the full last word gives lower figures, the last token nearly the
same ones (46.89 % for the 124M model: openai/gpt-2 issue 131), so none of these shares a row with
the paper's figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Measure, Subject, percent, perplexity
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.readers import read_lines
from gpt2.files import read_text
from gpt2.scoring import Score

# Words that cannot end a passage: the paper's stop-word filter (section 3.3). It does not print its
# list; these are the 179 English words of NLTK's ``stopwords``, the most widely used list.
_WORDS = """
a about above after again against ain all am an and any are aren aren't as at be because been before
being below between both but by can couldn couldn't d did didn didn't do does doesn doesn't doing
don don't down during each few for from further had hadn hadn't has hasn hasn't have haven haven't
having he her here hers herself him himself his how i if in into is isn isn't it it's its itself
just ll m ma me mightn mightn't more most mustn mustn't my myself needn needn't no nor not now o of
off on once only or other our ours ourselves out over own re s same shan shan't she she's should
should've shouldn shouldn't so some such t than that that'll the their theirs them themselves then
there these they this those through to too under until up ve very was wasn wasn't we were weren
weren't what when where which while who whom why will with won won't wouldn wouldn't y you you'd
you'll you're you've your yours yourself yourselves
"""
STOP_WORDS = frozenset(_WORDS.split())


def read(openai: Path, original: Path | None = None) -> list[tuple[str, str]]:
    """Read pairs of (version of the text, passage)."""
    passages = [("openai", str(entry["text"])) for entry in read_lines(openai)]
    if original is not None:
        lines = read_text(original).splitlines()
        passages += [("original", line.strip()) for line in lines if line.strip()]
    return passages


def judge(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Log-probabilities of the full last word and of its last token, and which were right."""
    pairs = [subject.encode(*last_word(text)) for _, text in examples]
    scores = subject.scorer.loglikelihood(pairs, each=True)
    filtered = _filter(subject, pairs, scores)
    rows = []
    for (version, _), score, right in zip(examples, scores, filtered, strict=True):
        assert score.logprobs is not None
        assert score.best is not None
        judged = {
            "word": score.logprob,
            "acc": score.greedy,
            "token": float(score.logprobs[-1]),
            "token_acc": bool(score.best[-1]),
            "filtered_acc": right,
        }
        rows.append({f"{version}_{key}": value for key, value in judged.items()})
    return rows


def last_word(text: str) -> tuple[str, str]:
    """Split a passage into (everything before, last word with its leading space)."""
    at = text.rindex(" ")
    return text[:at], text[at:]


def _filter(subject: Subject, pairs: Sequence[Any], scores: Sequence[Score]) -> list[bool]:
    """Whether the last word is predicted if first tokens that are stop words are excluded.

    It is predicted if its first token is more probable than all others except stop words, and its
    other tokens are the most probable ones. Passages that the plain prediction decides need no
    second request.
    """
    words = [subject.tokenizer.decode(ids).strip().lower() for _, ids in pairs]
    open_ = [
        i
        for i, (word, score) in enumerate(zip(words, scores, strict=True))
        if word not in STOP_WORDS and not score.greedy and score.best[1:].all()  # type: ignore[index]
    ]
    right = [s.greedy and w not in STOP_WORDS for s, w in zip(scores, words, strict=True)]
    if open_:
        most = min(128, subject.model.config.vocab_size)
        best = subject.scorer.top([pairs[i][0] for i in open_], most)
        for i, tokens in zip(open_, best, strict=True):
            kept = (t for t in tokens if not _is_stop_word(subject, t))
            right[i] = next(kept, None) == pairs[i][1][0]
    return right


def _is_stop_word(subject: Subject, token: int) -> bool:
    if token >= len(subject.tokenizer):  # a padding row of the embedding
        return False
    return subject.tokenizer.decode([token]).strip().lower() in STOP_WORDS


def _measures(version: str, words: str) -> list[Measure]:
    whole, token = f"{words}; the whole last word", f"{words}; the last token of the last word"
    filtered = f"{whole}, greedy, first tokens that are stop words (NLTK) ruled out"
    ppl, acc = ("LAMBADA ppl", "LAMBADA acc") if version == "openai" else (None, None)
    return [
        perplexity(f"{version}_ppl", "perplexity", whole, f"{version}_word", near=ppl),
        perplexity(f"{version}_token_ppl", "perplexity", token, f"{version}_token", near=ppl),
        percent(f"{version}_acc", "accuracy, %", f"{whole}, greedy", near=acc),
        percent(f"{version}_token_acc", "accuracy, %", f"{token}, greedy", near=acc),
        percent(f"{version}_filtered_acc", "accuracy, %", filtered, near=acc),
    ]


LAMBADA = publish(
    "lambada",
    read,
    judge,
    (*_measures("openai", "OpenAI's text"), *_measures("original", "original text")),
)
