"""POST /v1/completions."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gpt2.serving.answers import Choice, answer
from gpt2.serving.entries import completion_logprobs
from gpt2.serving.errors import ApiError, invalid_error, unsupported_error
from gpt2.serving.plan import Plan, plan
from gpt2.serving.protocol import CompletionRequest
from gpt2.serving.rows import Delta
from gpt2.serving.state import State
from gpt2.serving.structure import structure_of


class CompletionForm:
    """`gpt2.serving.answers.Form` of completions."""

    prefix, whole, part = "cmpl-", "text_completion", "text_completion"

    def choice(self, plan: Plan, index: int, choice: Choice) -> dict[str, Any]:
        """A complete choice."""
        return _choice(plan, index, choice.text, choice.entries, choice.prompt, choice.finish)

    def begin(self, plan: Plan, index: int) -> None:
        """Completions have no chunk before the first token."""

    def delta(self, plan: Plan, delta: Delta) -> dict[str, Any]:
        """The choice in a chunk."""
        entries = list(delta.entries)
        return _choice(plan, delta.row, delta.text, entries, delta.prompt, delta.finish)


def _choice(
    plan: Plan, index: int, text: str, entries: list[Any], prompt: int, finish: str | None
) -> dict[str, Any]:
    logprobs = None if plan.top is None else completion_logprobs(plan.served.names, entries)
    ids = [entry.token.id for entry in entries]
    choice = {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish,
              "token_ids": ids[prompt:]}  # fmt: skip
    return choice | ({"prompt_token_ids": ids[:prompt]} if prompt else {})


async def completions(state: State, request: Request, asked: CompletionRequest) -> Response:
    """Complete one or several prompts."""
    served = state.models.get_writer(asked.model)
    if asked.suffix is not None:
        raise unsupported_error(
            "suffix",
            "suffix is not supported: GPT-2 cannot fill in text between a prefix and a suffix.",
        )
    if asked.max_tokens == 0 and not asked.echo:
        raise invalid_error("max_tokens", "max_tokens may be 0 only with echo.")
    n, copies = asked.n or 1, asked.best_of or asked.n or 1
    if copies < n:
        raise invalid_error("best_of", f"best_of ({copies}) must be at least n ({n}).")
    if asked.stream and copies > n:
        raise unsupported_error(
            "best_of",
            "best_of cannot be combined with streaming: the best texts are known only at the end.",
        )
    check_stream(asked)
    prompts = _prompts(asked.prompt)
    check_texts(state, len(prompts) * copies, "prompt" if copies == 1 else "n")
    structure = await structure_of(served, asked)
    planned = plan(served, asked, prompts, asked.max_tokens, copies=copies, echo=asked.echo,
                   top=asked.logprobs, structure=structure)  # fmt: skip
    return await answer(state, request, planned, CompletionForm(), asked)


def _prompts(prompt: Any) -> list[str | list[int]]:
    """Normalise one prompt or several, each a text or ids, to a list."""
    if isinstance(prompt, str) or (prompt and isinstance(prompt[0], int)):
        return [prompt]
    if not prompt:
        raise invalid_error("prompt", "prompt is an empty list: give a string, a list of token "
                                      "ids, or a list of either.")  # fmt: skip
    return list(prompt)


def check_stream(asked: Any) -> None:
    """Raise `ApiError` for stream options without ``stream``."""
    if asked.stream_options is not None and not asked.stream:
        raise invalid_error("stream_options", "stream_options requires stream: true.")


def check_texts(state: State, texts: int, param: str) -> None:
    """Raise `ApiError` if there are more texts than a request may have."""
    most = state.options.max_texts
    if texts > most:
        raise ApiError(f"a request may ask for at most {most} texts (prompts x n or best_of), "
                       f"found {texts}.", code="invalid_value", param=param)  # fmt: skip
