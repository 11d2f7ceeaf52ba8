"""The ASGI application: routes and their shared request handling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gpt2.serving import body, fields, tasks
from gpt2.serving.chat import chat
from gpt2.serving.completions import completions
from gpt2.serving.edge import Edge
from gpt2.serving.errors import ApiError, api_error
from gpt2.serving.explaining import answer, explain
from gpt2.serving.fields import Strict
from gpt2.serving.measure import classify, embeddings, score
from gpt2.serving.openapi import description
from gpt2.serving.page import page_routes
from gpt2.serving.proofs import proofs
from gpt2.serving.protocol import REQUESTS
from gpt2.serving.responses import json_response
from gpt2.serving.settings import ServeOptions
from gpt2.serving.state import ClientGoneError, State
from gpt2.serving.tokens import detokenize, tokenize, tokenizer_info

Handler = Callable[[State, Request, Any], Awaitable[Response]]
HANDLERS: dict[str, Handler] = {
    "/v1/completions": completions,
    "/v1/chat/completions": chat,
    "/v1/embeddings": embeddings,
    "/score": score,
    "/classify": classify,
    "/tokenize": tokenize,
    "/detokenize": detokenize,
    "/v1/proofs": proofs,
    "/v1/explain": answer,
}
MOST_HEARD = 8  # multiple of the maximum body size
OPEN = ("/health", "/ready", "/metrics")  # no key needed: monitoring has none


def make_app(state: State) -> Any:
    """Make the ASGI application of a server."""
    posts = [(path, REQUESTS[path], handler) for path, handler in HANDLERS.items()]
    posts += [(f"/v1/tasks/{name}", model, partial(_task, name))
              for name, model in tasks.REQUESTS.items()]  # fmt: skip
    models = {path: model for path, model, _ in posts}
    routes = [Route(path, _post(state, model, run), methods=["POST"]) for path, model, run in posts]
    routes += [
        Route("/v1/models", _get(state, _models)),
        Route("/v1/models/{name:path}", _get(state, _one_model)),
        Route("/tokenizer_info", _get(state, tokenizer_info)),
        Route("/explain", _get(state, explain)),
        Route("/health", _get(state, _health)),
        Route("/ready", _get(state, _ready)),
        Route("/metrics", _get(state, _metrics)),
        Route(
            "/openapi.json", _get(state, lambda s, r: _async(json_response(description(models))))
        ),
    ]
    page = page_routes()
    free = {*OPEN, "/explain", *(route.path for route in page)}
    return Edge(Starlette(routes=[*routes, *page]), state, free)


async def _async(response: Response) -> Response:
    return response


def _get(state: State, handler: Callable[[State, Request], Awaitable[Response]]) -> Any:
    async def run(request: Request) -> Response:
        return await handler(state, request)

    return run


def _post(state: State, model: type[Strict], handler: Handler) -> Any:
    async def run(request: Request) -> Response:
        state.check_open()
        state.tenant(request).enter()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":  # so that no HTML form on another site can post here
            raise ApiError("the Content-Type header must be application/json.", status=415,
                           code="unsupported_media_type")  # fmt: skip
        values = body.parse(await _bytes(request, state.options))
        if state.options.log_prompts:
            request.state.asked = values
        try:
            asked = fields.read(model, values)
            return await handler(state, request, asked)
        except ClientGoneError:
            raise
        except Exception as error:
            raise api_error(error, model.model_fields) from error

    return run


async def _bytes(request: Request, options: ServeOptions) -> bytes:
    """Read the body, with limits on its size and time."""
    try:
        return await asyncio.wait_for(_read(request, options.max_body), options.max_seconds)
    except TimeoutError:
        raise ApiError("the request body took too long to arrive.", status=408,
                       code="timeout") from None  # fmt: skip


async def _read(request: Request, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes.

    A larger body is still received, up to a bound, and discarded: a client that is still sending
    when the connection closes would never see the error.
    """
    heard = MOST_HEARD * limit
    header = request.headers.get("content-length", "")
    waits = "expect" in request.headers  # for permission to send the body
    length = int(header[:16]) if header.isdecimal() else 0
    if length > (limit if waits else heard):
        raise body.too_large(limit)
    content, size = bytearray(), length if length > limit else 0
    async for piece in request.stream():
        size += len(piece)
        if size <= limit:
            content += piece
            continue
        content.clear()
        if size > heard + length:
            break
    if size > limit:
        raise body.too_large(limit)
    return bytes(content)


async def _task(name: str, state: State, request: Request, asked: Any) -> Response:
    return await tasks.run_task(state, request, name, asked)


async def _models(state: State, request: Request) -> Response:
    return json_response({"object": "list", "data": list(state.models.list_entries())})


async def _one_model(state: State, request: Request) -> Response:
    state.check_open()
    name = request.path_params["name"]
    state.models.get(name)
    return json_response(next(one for one in state.models.list_entries() if one["id"] == name))


async def _health(state: State, request: Request) -> Response:
    """Return 200 while the threads that step the models are alive."""
    dead = [one.name for one in state.models.all if one.scheduler and not one.scheduler.alive]
    if dead:
        return json_response({"status": "dead", "models": dead}, 503)
    return json_response({"status": "ok"})


async def _ready(state: State, request: Request) -> Response:
    """Return 200 if requests are accepted."""
    state.check_open()
    return json_response({"status": "ready"})


async def _metrics(state: State, request: Request) -> Response:
    from gpt2.serving.metrics import TYPE

    return Response(state.metrics.text(), media_type=TYPE)
