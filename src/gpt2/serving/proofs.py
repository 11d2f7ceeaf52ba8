"""POST /v1/proofs: the link that proves a text of this server; GET /explain: the page it opens."""

from __future__ import annotations

import asyncio
import dataclasses
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gpt2.explain.contents import contents_of
from gpt2.explain.page import POLICY, html
from gpt2.proof import make
from gpt2.serving.protocol import ProofRequest
from gpt2.serving.responses import json_response
from gpt2.serving.state import State

SETTINGS = ("temperature", "top_k", "top_p", "seed")
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def proofs(state: State, request: Request, asked: ProofRequest) -> Response:
    """The link; it proves the run: whoever opens it writes the text again."""
    served = state.models.get(asked.model)
    settings = {"count": asked.max_tokens, **{name: getattr(asked, name) for name in SETTINGS}}
    name = served.tokenizer.name_or_path
    found = await asyncio.to_thread(make, served.model, name, asked.prompt, asked.tokens, settings)
    return json_response({"link": dataclasses.replace(found, name=served.name).link("explain")})


async def explain(state: State, request: Request) -> Response:
    """The page in which the model runs in the reader's browser; it holds all weights."""
    state.check_open()
    served = state.models.get(request.query_params.get("model"))
    text = await asyncio.to_thread(_page, str(served.tokenizer.name_or_path), served.name)
    return Response(text, media_type="text/html", headers=HEADERS)


@cache
def _page(path: str, name: str) -> bytes:
    contents = contents_of(path)
    facts: dict[str, Any] = {**contents.facts, "name": name}
    return "".join(html(dataclasses.replace(contents, facts=facts))).encode()
