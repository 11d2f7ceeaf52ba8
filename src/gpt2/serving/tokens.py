"""POST /tokenize and /detokenize, GET /tokenizer_info: for clients that count tokens."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gpt2.serving.errors import ApiError
from gpt2.serving.measure import ids_of
from gpt2.serving.protocol import DetokenizeRequest, TokenizeRequest
from gpt2.serving.responses import json_response
from gpt2.serving.state import State


async def tokenize(state: State, request: Request, asked: TokenizeRequest) -> Response:
    """Return the ids of a text."""
    served = state.models.get(asked.model)
    encode = served.tokenizer.encode_prompt if asked.add_special_tokens else \
        served.tokenizer.encode_more  # fmt: skip
    ids = encode(asked.prompt)
    body = {"tokens": ids, "count": len(ids), "max_model_len": served.context}
    if asked.return_token_strs:
        body["token_strs"] = [served.names.name(i) for i in ids]
    return json_response(body)


async def detokenize(state: State, request: Request, asked: DetokenizeRequest) -> Response:
    """Return the text of ids."""
    served = state.models.get(asked.model)
    ids = ids_of(served, asked.tokens, "tokens", lambda text: [])
    return json_response({"prompt": served.tokenizer.decode(ids)})


async def tokenizer_info(state: State, request: Request) -> Response:
    """Return the special tokens, which lm-evaluation-harness needs."""
    state.check_open()
    served = state.models.get(request.query_params.get("model"))
    tokenizer = served.tokenizer
    names = ("bos_token", "eos_token", "pad_token", "unk_token")
    special = {name: str(value) if (value := getattr(tokenizer, name, None)) is not None else None
               for name in names}  # fmt: skip
    if special["eos_token"] is None and special["bos_token"] is None:
        raise ApiError("this model's tokenizer has no token for the beginning or end of a text.",
                       status=404, code="not_found")  # fmt: skip
    return json_response({
        "tokenizer_class": type(tokenizer).__name__,
        "model_max_length": served.context,
        "chat_template": tokenizer.chat_template,
        "add_bos_token": bool(tokenizer.template.first),
        **special,
    })  # fmt: skip
