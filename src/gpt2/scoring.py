"""Log-likelihoods of texts: three requests to any engine, on which all of evaluation is built.

    loglikelihood   of a continuation after a context
    rolling         of a complete text of any length
    generate        a completion, up to a stop string

The requests and their edge cases (truncation, window boundaries) are those of
lm-evaluation-harness, so figures are comparable. Texts are token ids here; rows of different
lengths are passed to the engine without padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gpt2.engine import ChoosingEngine, Engine, KVCache, ScoringEngine
from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.generation import LanguageModel, arrays
from gpt2.generation.config import GenerationConfig, plain, token_list
from gpt2.generation.prefix import count_common

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[int, int], None]  # (requests done, requests in all)
Ids = Sequence[int]

SCORE_TOKENS = 256  # tokens per call, for engines without their own value
CALLS = 8  # calls per batch, whose texts stay in the cache until all are scored


@dataclass(frozen=True)
class Score:
    """The score of a continuation."""

    logprob: float  # natural logarithm, the sum over its tokens
    greedy: bool  # whether each of its tokens is the most probable one
    tokens: int
    logprobs: Floats | None = None  # of each token, if requested,
    best: Bools | None = None  # and whether it is the most probable one


@dataclass(frozen=True)
class Rolling:
    """The score of a text, with each of its tokens predicted once."""

    logprob: float  # natural logarithm, the sum over ``tokens``
    tokens: int  # the number of predicted tokens
    logprobs: Floats | None = None  # of each token, if requested


class _Item(NamedTuple):
    """A text to be scored from token ``start`` >= 1 on."""

    at: int
    ids: list[int]
    start: int


class Scorer:
    """Scores texts with one engine.

    Args:
        model: an `Engine`, such as the result of `gpt2.load`.
        batch_tokens: the number of new tokens per engine call; None means the engine's preference.
            More take more memory: the KV cache of a batch holds up to eight times as many tokens,
            or one context; eight contexts if texts share a prefix.
        progress: called with (requests done, total requests).

    Attributes:
        limit: the model's context length in tokens.
        start: the token before a text without a context: end-of-text.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        batch_tokens: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        if batch_tokens is not None and batch_tokens < 1:
            raise OptionError(f"batch_tokens must be at least 1, found {batch_tokens}.")
        self.model, self.progress = model, progress
        self.engine: Engine = model
        self.limit: int = model.config.n_positions
        default = model.score_tokens if isinstance(model, ScoringEngine) else SCORE_TOKENS
        self.batch_tokens: int = batch_tokens or default
        self.start = _start_token(model)

    def loglikelihood(self, pairs: Sequence[tuple[Ids, Ids]], *, each: bool = False) -> list[Score]:
        """Score each (context, continuation), in order.

        An empty context becomes end-of-text. Requests that do not fit in the model's context are
        truncated from the left; shared prefixes are read once. ``each`` keeps per-token results.

        Raises:
            InputError: an empty continuation.
            ContextLengthError: a continuation longer than the model's context.
        """
        items = [self._item(i, *pair) for i, pair in enumerate(pairs)]
        scores: list[Score | None] = [None] * len(items)
        groups = sorted(_groups(items), key=lambda group: -max(len(item.ids) for item in group))
        done = 0
        for batch in self._batches(groups):
            for item, (logprobs, greedy) in self._score(batch):
                total = float(logprobs.sum(dtype=np.float64))
                details = (logprobs, greedy) if each else ()
                scores[item.at] = Score(total, bool(greedy.all()), len(logprobs), *details)
                done += 1
            self._tell(done, len(items))
        return [score for score in scores if score is not None]

    def rolling(
        self,
        documents: Sequence[Ids],
        *,
        stride: int | None = None,
        first: bool = True,
        each: bool = False,
    ) -> list[Rolling]:
        """Score documents of any length, predicting each token once, in bounded memory.

        Args:
            documents: token ids.
            stride: None splits a document into non-overlapping windows, as lm-evaluation-harness
                does: early tokens of a window have a short context. A number moves a full window by
                that many tokens, so that each token after the first window is predicted from at
                least ``limit - stride`` others (GPT-2's paper: 32; the usual compromise is 512). It
                costs ``limit / stride`` times as much.
            first: also predict the first token, after end-of-text; otherwise it is only read.
            each: keep the log-probability of each token.
        """
        if stride is not None and not 1 <= stride <= self.limit:
            raise OptionError(f"stride must be from 1 to {self.limit}, found {stride}.")
        texts = [([self.start] if first else []) + list(ids) for ids in documents]
        sums, counts = [0.0] * len(texts), [0] * len(texts)
        kept: list[list[Floats]] = [[] for _ in texts]
        total = sum(max(0, len(text) - 1) for text in texts)
        done = 0
        for batch in self._batches([item] for item in windows(texts, self.limit, stride)):
            for item, (logprobs, _) in self._score(batch):
                sums[item.at] += float(logprobs.sum(dtype=np.float64))
                counts[item.at] += len(logprobs)
                done += len(logprobs)
                if each:
                    kept[item.at].append(logprobs)
            self._tell(done, total)
        if not each:
            return [Rolling(*fields) for fields in zip(sums, counts, strict=True)]
        logprobs_of = [np.concatenate([np.empty(0, np.float32), *parts]) for parts in kept]
        return [Rolling(*fields) for fields in zip(sums, counts, logprobs_of, strict=True)]

    def top(self, contexts: Sequence[Ids], k: int) -> list[list[int]]:
        """The ``k`` most probable tokens after each context, the most probable first."""
        rows = [list(ids)[-self.limit :] or [self.start] for ids in contexts]
        best_ids: list[list[int]] = []
        items = [_Item(i, [*row, 0], len(row)) for i, row in enumerate(rows)]
        for batch in self._batches([item] for item in items):
            ids = [item.ids[:-1] for (item,) in batch]
            cache = self.engine.new_cache(len(ids), max(map(len, ids)))
            if isinstance(self.engine, ChoosingEngine) and k <= self.engine.most_top:
                best, logits = self.engine.extend_top(cache, ids, k=k)
            else:
                logits = arrays.to_numpy(self.engine.extend(cache, ids))
                best = np.argsort(-logits, axis=1, kind="stable")[:, :k]
            _check_finite(np.asarray(logits))
            best_ids += np.asarray(best).tolist()
            self._tell(len(best_ids), len(rows))
        return best_ids

    def generate(
        self,
        prompts: Sequence[Ids],
        *,
        stop: Sequence[str] = (),
        max_new_tokens: int = 256,
        batch: int = 16,
        **options: Any,
    ) -> list[str]:
        """Return the model's completion of each prompt, up to the first string of ``stop``.

        Decoding is greedy unless ``options`` (of `GenerationConfig`) change it. A prompt that
        leaves no room for ``max_new_tokens`` is truncated from the left. The end-of-text token
        also ends a completion.

        Args:
            batch: the number of prompts per batch.

        Raises:
            OptionError: several completions per prompt.
            ContextLengthError: ``max_new_tokens`` leaves no room for a prompt.
        """
        if options.get("num_return_sequences") not in (None, 1):
            raise OptionError(
                "a prompt has one completion here: leave out num_return_sequences, or pass the "
                "prompt several times."
            )
        if max_new_tokens >= self.limit:
            raise ContextLengthError(
                f"{max_new_tokens} new tokens leave no room for a prompt in this model's context "
                f"of {self.limit}."
            )
        rows = [list(p)[max_new_tokens - self.limit :] or [self.start] for p in prompts]
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        ends = self._ends(options)
        wanted = {"do_sample": False, "num_return_sequences": 1, **options}
        wanted |= {"stop_strings": list(stop)} if stop else {}
        wanted |= {"max_new_tokens": max_new_tokens}
        wanted |= {"return_dict_in_generate": True, "use_cache": False}
        completions = [""] * len(rows)
        for at in range(0, len(order), batch):
            part = order[at : at + batch]
            out = self.model.generate([rows[i] for i in part], **wanted)
            for i, new in zip(part, out.new_tokens, strict=True):
                completions[i] = self._text(new[:-1] if new[-1] in ends else new, stop)
            self._tell(at + len(part), len(order))
        return completions

    def _ends(self, options: dict[str, Any]) -> list[int]:
        """The end-of-text ids of a call with these options."""
        config = options.get("generation_config")
        given = {} if config is None else GenerationConfig.of(config).to_dict()
        merged = {**self.model.generation_config.to_dict(), **given, **options}
        return token_list(plain(merged.get("eos_token_id")))

    def _text(self, ids: Ids, stop: Sequence[str]) -> str:
        text: str = self.model.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text[: min((at for s in stop if (at := text.find(s)) >= 0), default=len(text))]

    def _tell(self, done: int, total: int) -> None:
        if self.progress:
            self.progress(done, total)

    def _item(self, index: int, context: Ids, continuation: Ids) -> _Item:
        if not len(continuation):
            raise InputError(f"request {index} has an empty continuation.")
        if len(continuation) > self.limit:
            raise ContextLengthError(
                f"a continuation of {len(continuation)} tokens exceeds this model's context "
                f"length of {self.limit}: score it with a rolling window."
            )
        before = list(context) or [self.start]
        ids = [*before, *continuation][-(self.limit + 1) :]  # the last one is never read
        return _Item(index, ids, len(ids) - len(continuation))

    def _batches(self, groups: Iterable[list[_Item]]) -> Iterator[list[list[_Item]]]:
        """Combine groups into batches whose cache, rows of one length, stays within the limit."""
        most = max(CALLS * self.batch_tokens, self.limit)
        batch: list[list[_Item]] = []
        rows = longest = 0
        for group in groups:
            longest = max(longest, *(len(item.ids) for item in group))
            if batch and (rows + len(group)) * longest > most:
                yield batch
                batch, rows, longest = [], 0, max(len(item.ids) for item in group)
            batch.append(group)
            rows += len(group)
        if batch:
            yield batch

    def _score(self, groups: list[list[_Item]]) -> Iterator[tuple[_Item, tuple[Floats, Bools]]]:
        """Yield each item with its tokens' log-probabilities and whether each is the best one.

        The first item of each group is read whole. The others copy what they share with it and read
        the rest, as many at a time as the cache has room for.
        """
        firsts: list[_Item] = []  # with the start of the scores that its group needs
        others: list[tuple[_Item, int, int]] = []  # with the first item's row, the shared length
        for row, group in enumerate(groups):
            firsts.append(_Item(row, group[0].ids, min(item.start for item in group)))
            shared = shared_length(group)
            others += [(item, row, shared) for item in group[1:]]
        longest = max(len(item.ids) for group in groups for item in group) - 1
        most = CALLS * max(self.batch_tokens, self.limit) // longest
        room = min(len(others), max(1, most - len(firsts)))
        cache = self.engine.new_cache(len(firsts) + room, longest)
        read = self._feed(cache, firsts)
        for group, first, (logprobs, greedy) in zip(groups, firsts, read, strict=True):
            skip = group[0].start - first.start
            yield group[0], (logprobs[skip:], greedy[skip:])
        for begin in range(0, len(others), max(1, room)):
            some = others[begin : begin + room]
            rest = []
            for row, (item, source, shared) in enumerate(some, len(firsts)):
                cache.copy(source, row, shared)
                rest.append(_Item(row, item.ids[shared:], max(1, item.start - shared)))
            for (item, source, shared), new in zip(some, self._feed(cache, rest), strict=True):
                skip = item.start - firsts[source].start
                until = max(skip, shared + 1 - firsts[source].start)
                alike = [scores[skip:until] for scores in read[source]]
                yield item, (np.concatenate([alike[0], new[0]]), np.concatenate([alike[1], new[1]]))

    def _feed(self, cache: KVCache, items: Sequence[_Item]) -> list[tuple[Floats, Bools]]:
        """Read all but the last id of each item into row ``item.at``, in calls of suitable size.

        Returns the scores of the ids from ``item.start`` on.
        """
        scores: list[list[tuple[Floats, Bools]]] = [[] for _ in items]
        for call in _calls([len(item.ids) - 1 for item in items], self.batch_tokens):
            rows = [items[i].at for i, _, _ in call]
            ids = [items[i].ids[begin:end] for i, begin, end in call]
            targets = [
                [t if at >= items[i].start else -1 for at, t in enumerate(read, begin + 1)]
                for i, begin, end in call
                for read in [items[i].ids[begin + 1 : end + 1]]
            ]
            logprobs, greedy = extend_logprobs(self.engine, cache, ids, rows, targets)
            at = 0
            for (i, begin, end), _ in zip(call, rows, strict=True):
                skip = max(0, items[i].start - 1 - begin)
                part = slice(at + min(skip, end - begin), at + end - begin)
                scores[i].append((logprobs[part], greedy[part]))
                at += end - begin
        return [
            (np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts]))
            for parts in scores
        ]


def extend_logprobs(
    engine: Engine, cache: KVCache, ids: list[list[int]], rows: list[int], targets: list[list[int]]
) -> tuple[Floats, Bools]:
    """`ScoringEngine.extend_logprobs` for any engine: its own method, or from its logits."""
    if isinstance(engine, ScoringEngine):
        logprobs, greedy = engine.extend_logprobs(cache, ids, rows, targets=targets)
        _check_finite(np.asarray(logprobs))
        return np.asarray(logprobs, np.float32), np.asarray(greedy, bool)
    flat = np.asarray([target for row in targets for target in row])
    wanted = flat >= 0
    logprobs, greedy = np.zeros(len(flat), np.float32), np.zeros(len(flat), bool)
    logits = engine.extend(cache, ids, rows, "all" if wanted.any() else "none")
    if logits is not None:
        lines, tokens = arrays.to_numpy(logits)[wanted], flat[wanted]
        _check_finite(lines)
        chosen = np.take_along_axis(lines, tokens[:, None], 1)[:, 0]
        best = lines.max(1)
        sums = np.exp(lines - best[:, None]).sum(1, dtype=np.float64)
        logprobs[wanted] = chosen - best - np.log(sums)
        greedy[wanted] = lines.argmax(1) == tokens
    return logprobs, greedy


def _check_finite(numbers: npt.NDArray[Any]) -> None:
    if not np.isfinite(numbers).all():
        raise InputError(
            "the model's logits are NaN or infinite, so its scores are meaningless: its weights "
            "or its precision overflow. Try another dtype, or check the weights."
        )


def shared_length(group: Sequence[_Item]) -> int:
    """The number of tokens of a group to read once: the token after each is also shared.

    So the scores inside this part are shared, and each text keeps at least one token to read.
    """
    if len(group) < 2:
        return 0
    alike = min(count_common(group[0].ids, item.ids) for item in group[1:])
    return max(0, min(alike - 1, min(len(item.ids) for item in group) - 2))


def _groups(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Group texts with a common prefix if that reduces the number of tokens to read.

    In lexicographic order, neighbours share the longest prefixes. Each text either shortens the
    shared prefix of the current group or starts a new one, whichever leaves less to read.
    """
    group: list[_Item] = []
    shared = 0
    for item in sorted(items, key=lambda item: item.ids):
        alike = count_common(group[0].ids, item.ids) - 1 if group else 0
        longest = min(shared, alike) if len(group) > 1 else alike
        if group and longest > 0 and len(group) * longest >= (len(group) - 1) * shared:
            shared = longest
        elif group:
            yield group
            group, shared = [], 0
        group.append(item)
    if group:
        yield group


def windows(texts: Iterable[list[int]], limit: int, stride: int | None) -> Iterator[_Item]:
    """Split texts into windows of ``limit`` tokens that predict each token but the first once."""
    for index, text in enumerate(texts):
        done = min(limit, len(text) - 1)
        if done > 0:
            yield _Item(index, text[: done + 1], 1)
        while 0 < done < len(text) - 1:
            end = min(done + (stride or limit), len(text) - 1)
            begin = max(0, end - limit)  # the last window overlaps more, to stay full
            yield _Item(index, text[begin : end + 1], done + 1 - begin)
            done = end


def _calls(lengths: Sequence[int], most: int) -> Iterator[list[tuple[int, int, int]]]:
    """Spans (index, begin, end) in order, ``most`` tokens per call, splitting long sequences."""
    call: list[tuple[int, int, int]] = []
    room = most
    for i, length in enumerate(lengths):
        begin = 0
        while begin < length:
            end = min(length, begin + room)
            call.append((i, begin, end))
            room -= end - begin
            begin = end
            if room == 0:
                yield call
                call, room = [], most
    if call:
        yield call


def _start_token(model: LanguageModel) -> int:
    """End-of-text, which precedes every document in GPT-2's training data."""
    for source in (getattr(model, "tokenizer", None), model.config):  # an engine has none
        for name in ("eos_token_id", "bos_token_id", "cls_token_id"):
            token = getattr(source, name, None)
            if token is not None:
                return int(token)
    raise InputError("the model has neither an eos_token_id nor a bos_token_id to start from.")
