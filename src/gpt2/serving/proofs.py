"""POST /v1/proofs: a link that proves a text of this server and opens in a browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from gpt2.generation.config import token_list
from gpt2.proof import Proof, make
from gpt2.serving.errors import invalid_error
from gpt2.serving.explaining import address, check_own_files
from gpt2.serving.measure import check_ids
from gpt2.serving.models import Served
from gpt2.serving.protocol import ProofRequest
from gpt2.serving.responses import json_response
from gpt2.serving.state import State

SETTINGS = ("temperature", "top_k", "top_p", "seed")


async def proofs(state: State, request: Request, asked: ProofRequest) -> Response:
    """Make the link; opening it generates the text again, which proves the run.

    Without a page to open it is only the fragment, for a page of one's own or ``gpt2 replay``.
    """
    served = state.models.get_writer(asked.model)
    check_own_files(served)
    check_ids(served, asked.prompt, "prompt")
    check_ids(served, asked.tokens, "tokens")
    settings = {"count": _count(served, asked), **{name: getattr(asked, name) for name in SETTINGS}}
    name = served.tokenizer.name_or_path

    def work(check: Callable[[], None]) -> Proof:
        return make(served.between, name, asked.prompt, asked.tokens, settings)

    proof = await state.whole_engine(request, served.whole, work)
    page = address(state, served)
    return json_response({"link": dataclasses.replace(proof, name=served.name).link(page or "")})


def _count(served: Served, asked: ProofRequest) -> int:
    """The maximum number of tokens that gives this text; a stopped one has fewer than asked for."""
    count, most = len(asked.tokens), asked.max_tokens
    if count > most:
        raise invalid_error("tokens", f"tokens has {count} tokens, but max_tokens is {most}.")
    ended = asked.tokens[-1] in token_list(served.defaults.eos_token_id)
    return most if ended else count
