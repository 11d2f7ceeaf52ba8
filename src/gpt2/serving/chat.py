"""POST /v1/chat/completions: a conversation rendered as text for a base model to continue.

GPT-2 was not trained for conversation. If the tokenizer's folder has a chat template, it is used.
Otherwise each message is a line, and the completion ends where the user would speak next.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gpt2.serving.answers import Choice, answer
from gpt2.serving.completions import check_stream, check_texts
from gpt2.serving.entries import chat_logprobs
from gpt2.serving.errors import invalid_error
from gpt2.serving.models import Served
from gpt2.serving.plan import Plan, plan
from gpt2.serving.protocol import ChatRequest, Message
from gpt2.serving.rows import Delta
from gpt2.serving.state import State
from gpt2.serving.structure import structure_of

SPEAKERS = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant"}
STOPS = ("\nUser:", "\nSystem:")


class ChatForm:
    """`gpt2.serving.answers.Form` of chat completions."""

    prefix, whole, part = "chatcmpl-", "chat.completion", "chat.completion.chunk"

    def choice(self, plan: Plan, index: int, choice: Choice) -> dict[str, Any]:
        """A complete choice."""
        message = {"role": "assistant", "content": choice.text, "refusal": None}
        return _choice(plan, index, choice.entries, choice.finish) | {"message": message}

    def begin(self, plan: Plan, index: int) -> dict[str, Any]:
        """The first chunk has only the role."""
        return _choice(plan, index, [], None) | {"delta": {"role": "assistant", "content": ""}}

    def delta(self, plan: Plan, delta: Delta) -> dict[str, Any]:
        """The choice in a chunk."""
        text = {"content": delta.text} if delta.text or delta.entries else {}
        return _choice(plan, delta.row, list(delta.entries), delta.finish) | {"delta": text}


def _choice(plan: Plan, index: int, entries: list[Any], finish: str | None) -> dict[str, Any]:
    logprobs = None if plan.top is None else chat_logprobs(plan.served.names, entries)
    return {"index": index, "logprobs": logprobs, "finish_reason": finish,
            "token_ids": [entry.token.id for entry in entries]}  # fmt: skip


async def chat(state: State, request: Request, asked: ChatRequest) -> Response:
    """Answer the last message."""
    served = state.models.get_writer(asked.model)
    if asked.max_tokens is not None and asked.max_completion_tokens is not None:
        raise invalid_error("max_tokens", "max_tokens and max_completion_tokens are the same "
                                          "option: give only one of them.")  # fmt: skip
    if asked.top_logprobs is not None and not asked.logprobs:
        raise invalid_error("top_logprobs", "top_logprobs requires logprobs: true.")
    check_stream(asked)
    check_texts(state, asked.n or 1, "n")
    prompt, stops = _prompt(served, asked.messages)
    new = asked.max_tokens if asked.max_tokens is not None else asked.max_completion_tokens
    param = "max_tokens" if asked.max_tokens is not None else "max_completion_tokens"
    top = (asked.top_logprobs or 0) if asked.logprobs else None
    structure = await structure_of(served, asked)
    planned = plan(served, asked, [prompt], new, default=None, param=param, source="messages",
                   stops=stops, top=top, structure=structure)  # fmt: skip
    return await answer(state, request, planned, ChatForm(), asked)


def _prompt(served: Served, messages: list[Message]) -> tuple[str | list[int], tuple[str, ...]]:
    """The conversation to continue, and stop strings in addition to the request's."""
    pairs = [(_speaker(message), _content(message)) for message in messages]
    if served.tokenizer.chat_template is not None:
        turns = [{"role": m.role, "content": text}
                 for m, (_, text) in zip(messages, pairs, strict=True)]  # fmt: skip
        ids: list[int] = served.tokenizer.apply_chat_template(
            turns,
            add_generation_prompt=True,
            return_dict=False,
            sanitize_control_tokens=True,  # only the template ends a turn
        )
        return ids, ()
    return "".join(f"{who}: {text}\n" for who, text in pairs) + "Assistant:", STOPS


def _speaker(message: Message) -> str:
    if message.role not in SPEAKERS:
        raise invalid_error("messages", f"a message's role must be one of {', '.join(SPEAKERS)}, "
                                        f"found {message.role[:40]!a}.")  # fmt: skip
    return SPEAKERS[message.role]


def _content(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    return "".join(part.text for part in message.content)
