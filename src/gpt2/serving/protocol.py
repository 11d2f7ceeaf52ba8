"""The requests of the API, declared once.

Responses are dicts made where they are sent; docs/reference/serving.md documents them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import MaxLen
from pydantic import Field

from gpt2.serving.fields import Strict, of_option, options_model

MOST_LOGPROBS = 20
Ids = Annotated[list[int], MaxLen(65_536)]
Texts = Annotated[list[str], MaxLen(4_096)]
Many = Annotated[list[Ids], MaxLen(4_096)]


class StreamOptions(Strict):
    """``stream_options``."""

    include_usage: bool = Field(False, description="A last chunk with the tokens counted.")


class StructuredOutputs(Strict):
    """``structured_outputs``: exactly one of these fields."""

    choice: Texts | None = Field(None, description="The text is one of these.")
    regex: str | None = Field(None, description="All of it fits this regular expression.")
    json_: dict[str, Any] | None = Field(None, alias="json", description="It is JSON of this "
                                         "schema.")  # fmt: skip


class SchemaFormat(Strict):
    """``response_format.json_schema``."""

    name: str | None = None
    description: str | None = None
    strict: bool | None = None
    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(Strict):
    """``response_format``."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class Named(Strict):
    """A request that names a model."""

    model: str | None = Field(None, description="A served model's name; the first by default.")
    user: str | None = Field(None, description="Taken for other servers' sake; not used.")


if TYPE_CHECKING:
    Options = Named
else:
    Options = options_model("Options", Named)


class Sampled(Options):
    """The fields that /v1/completions and /v1/chat/completions share."""

    n: int | None = Field(None, ge=1, description="Texts for each prompt; row k draws with "
                          "(seed, k).")  # fmt: skip
    temperature: float | None = of_option("temperature", ge=0)
    top_p: float | None = of_option("top_p")
    presence_penalty: float | None = Field(None, ge=-2, le=2, description="Taken off the logit of "
                                           "each token that was generated.")  # fmt: skip
    frequency_penalty: float | None = Field(None, ge=-2, le=2, description="Taken off as often as "
                                            "the token was generated.")  # fmt: skip
    logit_bias: dict[str, float] | None = Field(None, description="{id as a decimal text: "
                                                "added to its logit}, -100 to 100.")  # fmt: skip
    stop: str | list[str] | None = Field(None, description="The text ends before the first of "
                                         "these.")  # fmt: skip
    include_stop_str_in_output: bool = Field(False, description="Leave the stop string there.")
    seed: int | None = Field(None, ge=-(2**63), lt=2**63, description="The same seed gives the "
                             "same text; drawn, and told, where absent.")  # fmt: skip
    structured_outputs: StructuredOutputs | None = None
    response_format: ResponseFormat | None = None
    stream: bool = Field(False, description="Send each token as it comes, as events.")
    stream_options: StreamOptions | None = None


class CompletionRequest(Sampled):
    """POST /v1/completions."""

    prompt: str | Texts | Ids | Many = Field(description="A text, ids, or several.")
    max_tokens: int | None = Field(None, ge=0, description="The most new tokens; 16 by default; "
                                   "0 with echo.")  # fmt: skip
    best_of: int | None = Field(None, ge=1, description="Texts that are written, of which the n "
                                "likeliest a token are given.")  # fmt: skip
    echo: bool = Field(False, description="Give the prompt too.")
    logprobs: int | None = Field(None, ge=0, le=MOST_LOGPROBS, description="So many likeliest "
                                 "tokens a step, of the model's own distribution.")  # fmt: skip
    suffix: Any = Field(None, description="Refused: GPT-2 does not write between two texts.")


class TextPart(Strict):
    """A part of a message."""

    type: str
    text: str


class Message(Strict):
    """A message of a conversation."""

    role: str
    content: str | list[TextPart]
    name: str | None = None


class ChatRequest(Sampled):
    """POST /v1/chat/completions."""

    messages: list[Message] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1, description="The most new tokens.")
    max_completion_tokens: int | None = Field(None, ge=1, description="The same by its new name.")
    logprobs: bool | None = Field(None, description="Give each token's log-probability.")
    top_logprobs: int | None = Field(None, ge=0, le=MOST_LOGPROBS, description="And of so many "
                                     "likeliest ones.")  # fmt: skip


class ScoreRequest(Named):
    """POST /score."""

    context: str | Ids = Field("", description="What stands before; end-of-text where empty.")
    continuations: Texts | Many = Field(min_length=1, description="What is scored.")


class EmbeddingRequest(Named):
    """POST /v1/embeddings."""

    input: str | Texts | Ids | Many
    pooling: Literal["mean", "last"] = Field("mean", description="mean or last hidden state.")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Any = Field(None, description="Refused: the width is the model's.")


class ClassifyRequest(Named):
    """POST /classify."""

    input: str | Texts | Ids | Many


class TokenizeRequest(Named):
    """POST /tokenize."""

    prompt: str
    add_special_tokens: bool = True
    return_token_strs: bool = False


class DetokenizeRequest(Named):
    """POST /detokenize."""

    tokens: Ids


class ProofRequest(Named):
    """POST /v1/proofs: a generated text and its settings."""

    prompt: Ids = Field(min_length=1, description="The ids before it.")
    tokens: Ids = Field(description="The ids that were written.")
    max_tokens: int = Field(ge=1, description="How many were asked for at most.")
    temperature: float = Field(1, ge=0, description="0: the most probable token each time.")
    top_k: int = Field(0, ge=0)
    top_p: float = Field(1, gt=0, le=1)
    seed: int = Field(0, description="The seed of the draws.")


class Draws(Strict):
    """``settings`` of /v1/explain."""

    temperature: float = Field(1, ge=0, description="0: the most probable token each time.")
    top_k: int = Field(0, ge=0)
    top_p: float = Field(1, gt=0, le=1)
    seed: int = Field(1, ge=0, lt=2**32)


class SwitchedOff(Strict):
    """``off`` of /v1/explain."""

    heads: Ids = Field(default_factory=list, description="layer * n_head + head.")
    mlps: Ids = Field(default_factory=list, description="Layers.")
    positions: Ids = Field(default_factory=list, description="Of the text, hidden from later ones.")


class ExplainRequest(Named):
    """POST /v1/explain: a question of the page at /explain, with its text and what is off."""

    ask: Literal["facts", "read", "next", "head", "pair", "lens", "sources", "patches", "write"]
    text: str | None = Field(None, description="To read; of patches the second text.")
    ids: Ids | None = Field(None, description="The tokens it is about, in place of a text.")
    off: SwitchedOff | None = None
    settings: Draws | None = Field(None, description="Of next and write.")
    t: int | None = Field(None, description="The token after which something is asked.")
    s: int | None = Field(None, description="The token looked at, of pair.")
    layer: int | None = None
    head: int | None = None
    token: int | None = Field(None, description="Whose rank or logit is asked for.")
    other: int | None = Field(None, description="With which token's logit it is compared.")
    extra: Ids = Field(default_factory=list, description="More next tokens to tell of.")
    where: Literal["stream", "attn", "mlp"] | None = Field(None, description="Of patches.")
    count: int | None = Field(None, ge=0, description="Of write: tokens, 100 at most.")


REQUESTS: dict[str, type[Strict]] = {
    "/v1/completions": CompletionRequest,
    "/v1/chat/completions": ChatRequest,
    "/v1/embeddings": EmbeddingRequest,
    "/score": ScoreRequest,
    "/classify": ClassifyRequest,
    "/tokenize": TokenizeRequest,
    "/detokenize": DetokenizeRequest,
    "/v1/proofs": ProofRequest,
    "/v1/explain": ExplainRequest,
}
