"""POST /score, /v1/embeddings and /classify: endpoints that do not generate text."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from gpt2.explain.passes import as_numpy
from gpt2.serving.between import PIECE
from gpt2.serving.errors import ApiError, invalid_error, unsupported_error
from gpt2.serving.judging import judge
from gpt2.serving.models import Served
from gpt2.serving.protocol import ClassifyRequest, EmbeddingRequest, ScoreRequest
from gpt2.serving.responses import json_response
from gpt2.serving.scheduler import Token
from gpt2.serving.state import State


async def score(state: State, request: Request, asked: ScoreRequest) -> Response:
    """Score continuations by their probability and return the best one."""
    served = state.models.get_writer(asked.model)
    _check_count(state, len(asked.continuations), "continuations")
    context = ids_of(served, asked.context, "context", served.tokenizer.encode_prompt)
    rows = [ids_of(served, text, "continuations", served.tokenizer.encode_more)
            for text in asked.continuations]  # fmt: skip
    for row in rows:
        if not row:
            raise invalid_error("continuations", "a continuation must not be empty.")
        check_fits(served, max(1, len(context)) + len(row) - 1, "continuations")
    begin = context or [served.start]
    results = await judge(state, request, served, [(begin + row, len(begin)) for row in rows])
    used = len(context) + sum(map(len, rows))
    state.tenant(request).tokens.take(used)
    data = [_format_scores(i, tokens) for i, tokens in enumerate(results)]
    return json_response({
        "object": "score", "model": served.name, "data": data,
        "best": max(data, key=lambda one: one["logprob"])["index"],
        "best_mean": max(data, key=lambda one: one["mean_logprob"])["index"],
        "usage": _usage(used),
    })  # fmt: skip


def _format_scores(index: int, tokens: Sequence[Token]) -> dict[str, Any]:
    each = [token.logprob or 0.0 for token in tokens]
    whole = float(np.asarray(each).sum())
    greedy = all(token.id == token.top_ids[0] for token in tokens)
    return {"index": index, "logprob": whole, "mean_logprob": whole / len(each), "greedy": greedy,
            "token_ids": [token.id for token in tokens], "token_logprobs": each}  # fmt: skip


async def embeddings(state: State, request: Request, asked: EmbeddingRequest) -> Response:
    """The hidden states of the last layer for each text: their mean, or the last token's."""
    served = state.models.get_writer(asked.model)
    if asked.dimensions is not None:
        raise unsupported_error(
            "dimensions", "dimensions is not supported: embeddings have the model's width."
        )
    if not hasattr(served.model, "tapped"):
        raise unsupported_error("model", "embeddings require the native or the torch engine.")
    rows = _inputs(state, served, asked.input)

    def work(check: Callable[[], None]) -> list[Any]:
        return [_embed(served, row, asked.pooling, check) for row in rows]

    results = await state.whole_engine(request, served.whole, work)
    used = sum(map(len, rows))
    state.tenant(request).tokens.take(used)
    packed = asked.encoding_format == "base64"
    data = [{"object": "embedding", "index": i, "embedding": _base64(v) if packed else v.tolist()}
            for i, v in enumerate(results)]  # fmt: skip
    return json_response({"object": "list", "data": data, "model": served.name,
                          "pooling": asked.pooling, "usage": _usage(used)})  # fmt: skip


def _embed(served: Served, ids: list[int], pooling: str, check: Callable[[], None]) -> Any:
    """The input of the output head, float32 [D]; the text is read in pieces between steps."""
    model, loop = served.model, served.writing().loop
    size = PIECE if model.exact_pieces else len(ids)
    cache = loop.call(lambda: model.new_cache(1, len(ids)))
    states: list[Any] = []

    def look(name: str, values: Any) -> None:
        states.append(as_numpy(values[0]))

    def read(piece: list[int]) -> None:
        with model.tapped(look, ["ln_f"]):
            model.extend(cache, [piece], None, "all")

    for begin in range(0, len(ids), size):
        check()
        loop.call(partial(read, ids[begin : begin + size]))
    whole = np.concatenate(states)
    return whole[-1] if pooling == "last" else whole.mean(0, dtype=np.float64).astype(np.float32)


def _base64(values: Any) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


async def classify(state: State, request: Request, asked: ClassifyRequest) -> Response:
    """Classify each text with a served classifier."""
    served = state.models.get(asked.model)
    if served.scheduler is not None:
        raise unsupported_error("model", f"{served.name} is not a classifier but a language model.")
    rows = _inputs(state, served, asked.input)

    def work(check: Callable[[], None]) -> list[list[float]]:
        return [served.model.probabilities(row, check) for row in rows]

    results = await state.whole_engine(request, served.whole, work)
    used = sum(map(len, rows))
    state.tenant(request).tokens.take(used)
    labels = served.model.labels
    data = [{"index": i, "label": labels[int(np.argmax(p))], "probs": p, "num_classes": len(p)}
            for i, p in enumerate(results)]  # fmt: skip
    return json_response({"object": "list", "model": served.name, "data": data,
                          "usage": _usage(used)})  # fmt: skip


def _inputs(state: State, served: Served, value: Any) -> list[list[int]]:
    """Convert one text or several to ids that fit in the context."""
    many = isinstance(value, list) and not (value and isinstance(value[0], int))
    texts = value if many else [value]
    if not texts:
        raise invalid_error("input", "input is an empty list.")
    _check_count(state, len(texts), "input")
    rows = [ids_of(served, text, "input", served.tokenizer.encode_prompt) for text in texts]
    for row in rows:
        if not row:
            raise invalid_error("input", "a text in the input is empty.")
        check_fits(served, len(row), "input")
    return rows


def ids_of(
    served: Served, text: str | list[int], param: str, encode: Callable[[str], list[int]]
) -> list[int]:
    """Encode a text, or check that ids are in the vocabulary."""
    ids = encode(text) if isinstance(text, str) else text
    check_ids(served, ids, param)
    return ids


def check_ids(served: Served, ids: list[int], param: str) -> None:
    """Raise `ApiError` for an id outside the vocabulary."""
    if not all(0 <= i < served.vocabulary for i in ids):
        raise invalid_error(param, f"{param} contains a token id outside 0 to "
                                   f"{served.vocabulary - 1}.")  # fmt: skip


def check_fits(served: Served, tokens: int, param: str) -> None:
    """Raise `ApiError` for more tokens than the context length."""
    if tokens > served.context:
        raise ApiError(f"this request needs {tokens} tokens, but the model's context length is "
                       f"{served.context}. In an evaluation harness, set "
                       f"max_length={served.context}.",
                       code="context_length_exceeded", param=param)  # fmt: skip


def _check_count(state: State, count: int, param: str) -> None:
    most = state.options.max_texts
    if count > most:
        raise invalid_error(param, f"a request may contain at most {most} texts, found {count}.")


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": tokens, "total_tokens": tokens}
