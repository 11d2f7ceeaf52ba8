"""GET /explain: the model explorer; POST /v1/explain: its requests about a served model.

The server uses a separate engine on the same weights, so parts that one reader switches off stay on
for everyone else. The page is the same for every model and contains no model data. If a browser can
handle the model, ``?in=browser`` sends a page that contains it.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from functools import cache, partial
from typing import Any
from urllib.parse import quote

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from gpt2.explain.answers import Answers
from gpt2.explain.contents import Contents, contents_of, fits_page, server_facts
from gpt2.explain.page import ASKING, POLICY, html
from gpt2.proof import provable
from gpt2.serving.errors import ApiError, invalid_error, unsupported_error
from gpt2.serving.models import Served
from gpt2.serving.protocol import ExplainRequest
from gpt2.serving.responses import json_response
from gpt2.serving.state import State

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# Question -> the required fields; `off`, `extra` and `other` are optional.
NEEDED = {
    "facts": (), "read": (), "next": ("t", "settings"), "head": ("layer", "head"),
    "pair": ("layer", "head", "t", "s"), "lens": ("t", "token"), "sources": ("t", "token"),
    "patches": ("text", "where"), "write": ("count", "settings"),
}  # fmt: skip
OPTIONAL = {"next": ("extra",), "sources": ("other",)}


async def explain(state: State, request: Request) -> Response:
    """The page; with ``in=browser`` it contains all weights and requires a key."""
    state.check_open()
    here = request.query_params.get("in") == "browser"
    if here:
        state.keys.tenant(request.headers).enter()
        served = state.models.get_writer(request.query_params.get("model"))
        check_own_files(served)
        text = await asyncio.to_thread(_whole, str(served.tokenizer.name_or_path), served)
    else:
        text = _page()
    policy = {"Content-Security-Policy": POLICY if here else ASKING}
    return Response(text, media_type="text/html", headers=HEADERS | policy)


def address(state: State, served: Served) -> str | None:
    """The URL of the page in which a model runs in the reader's browser, if there is one.

    A link carries no key, so on a server with keys there is none.
    """
    if state.keys.needed or served.parent is not None or not fits_page(served.model):
        return None
    return f"explain?in=browser&model={quote(served.name)}"


def check_own_files(served: Served) -> None:
    """Raise `ApiError` for an adapter: its page and its proofs would be those of its base."""
    if served.parent is not None:
        raise unsupported_error("model", f"{served.name} is an adapter of {served.parent}: only a "
                                         "model with files of its own has a page and proofs. "
                                         "Merge the adapter (merge_lora), save the result and "
                                         "serve it.")  # fmt: skip


@cache
def _page() -> bytes:
    return "".join(html(Contents({"kind": "server"}, []), ASKING)).encode()


@cache
def _whole(path: str, served: Served) -> bytes:
    facts = served.model.facts
    # A proof of what the server writes holds for its own precision alone.
    how = {name: facts[name] for name in ("dtype", "kv_dtype")} if provable(facts) else {}
    contents = contents_of(path, record=False, **how)
    contents.facts["name"] = served.name
    return "".join(html(contents)).encode()


@cache
def _facts(path: str, served: Served, in_browser: str | None) -> dict[str, Any]:
    facts = server_facts(served.model, path, served.name, in_browser)
    return facts if served.parent is None else {**facts, "model": None, "provable": False}


async def answer(state: State, request: Request, asked: ExplainRequest) -> Response:
    """Answer one question: numbers as JSON, arrays as base64 of float32."""
    served = state.models.get_writer(asked.model)
    if asked.ask == "facts":
        path = str(served.tokenizer.name_or_path)
        return json_response(await asyncio.to_thread(_facts, path, served, address(state, served)))
    work = partial(_answer, served, asked)
    answer, used = await state.whole_engine(request, served.looking, work)
    state.tenant(request).tokens.take(used)
    return json_response(_plain(answer))


def _answer(served: Served, asked: ExplainRequest, check: Callable[[], None]) -> tuple[Any, int]:
    """The answer and the number of tokens read for it."""
    if served.answers is None:
        served.answers = Answers(served.model)
    answers = served.answers
    for name in NEEDED[asked.ask]:
        if getattr(asked, name) is None:
            raise ApiError(f"{asked.ask!r} requires {name}.", code="missing_value", param=name)
    ids = asked.ids if asked.ids is not None else answers.ids(asked.text or "")
    _check_bounds(answers, asked, ids)
    given = {name: getattr(asked, name) for name in (*NEEDED[asked.ask],
             *OPTIONAL.get(asked.ask, ()))}  # fmt: skip
    given |= {} if asked.settings is None else {"settings": asked.settings.model_dump()}
    off = asked.off.model_dump() if asked.off and any(asked.off.model_dump().values()) else None
    match asked.ask:
        case "read":
            return answers.read(ids, off), len(ids)
        case "write":
            written = answers.write(ids, off, **given, check=check)
            return written, len(ids) + len(written["ids"])
        case "patches":
            others = answers.ids(given["text"])
            return answers.patches(ids, others, given["where"], check), len(ids)
    return getattr(answers, asked.ask)(ids, off, **given), 0


def _check_bounds(answers: Answers, asked: ExplainRequest, ids: list[int]) -> None:
    config, whole = answers.config, asked.ask in ("read", "write")
    T, L, H, V = len(ids), config.n_layer, config.n_head, config.vocab_size
    most = config.n_positions if whole else answers.bound
    if (most < T and asked.ask != "read") or not (T or asked.ask == "read"):
        raise invalid_error("ids", f"the text has {T} tokens; 1 to {most} are supported.")
    off = asked.off.model_dump() if asked.off else {}
    limits = {
        "ids": (V, ids), "t": (T, [asked.t]), "s": ((asked.t or 0) + 1, [asked.s]),
        "layer": (L, [asked.layer]), "head": (H, [asked.head]), "token": (V, [asked.token]),
        "other": (V, [asked.other]), "extra": (V, asked.extra),
        "off": (L * H, off.get("heads", [])),
    }  # fmt: skip
    for name, (limit, numbers) in limits.items():
        for number in numbers:
            if number is not None and not 0 <= number < limit:
                raise invalid_error(name, f"{name} {number} does not exist: valid values are 0 to "
                                          f"{limit - 1}.")  # fmt: skip


def _plain(value: Any) -> Any:
    """Convert arrays to {"f4": base64 of little-endian float32}."""
    if isinstance(value, np.ndarray):
        return {"f4": base64.b64encode(value.astype("<f4").tobytes()).decode()}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
