"""The requests of the API, declared once.

Responses are dicts made where they are sent; docs/reference/serving.md documents them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import MaxLen
from pydantic import Field, model_validator

from gpt2.serving.errors import unsupported_error
from gpt2.serving.fields import Strict, of_option, options_model

MOST_LOGPROBS = 20
Ids = Annotated[list[int], MaxLen(65_536)]
Texts = Annotated[list[str], MaxLen(4_096)]
Many = Annotated[list[Ids], MaxLen(4_096)]


class StreamOptions(Strict):
    """``stream_options``."""

    include_usage: bool = Field(False, description="Send the token counts in a final chunk.")


class StructuredOutputs(Strict):
    """``structured_outputs``: exactly one of these fields."""

    choice: Texts | None = Field(None, description="The text is one of these choices.")
    regex: str | None = Field(None, description="The whole text matches this regular expression.")
    json_: dict[str, Any] | None = Field(
        None, alias="json", description="The text is JSON that follows this schema."
    )


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

    model: str | None = Field(None, description="Name of a served model; the first one by default.")
    user: str | None = Field(None, description="Accepted for compatibility and ignored.")


if TYPE_CHECKING:
    Options = Named
else:
    Options = options_model("Options", Named)


class Sampled(Options):
    """The fields that /v1/completions and /v1/chat/completions share."""

    n: int | None = Field(
        None, ge=1, description="Number of texts per prompt; text k samples with (seed, k)."
    )
    temperature: float | None = of_option("temperature", ge=0)
    top_p: float | None = of_option("top_p")
    presence_penalty: float | None = Field(
        None, ge=-2, le=2, description="Subtracted from the logit of every token generated so far."
    )
    frequency_penalty: float | None = Field(
        None,
        ge=-2,
        le=2,
        description="Subtracted from the logit once per time the token was generated.",
    )
    logit_bias: dict[str, float] | None = Field(
        None, description="Token id, as a decimal string, to a bias from -100 to 100."
    )
    stop: str | list[str] | None = Field(
        None, description="Stop before the first of these strings."
    )
    include_stop_str_in_output: bool = Field(False, description="Keep the stop string in the text.")
    seed: int | None = Field(
        None,
        ge=-(2**63),
        lt=2**63,
        description="The same seed gives the "
        "same text. Without one, a random seed is chosen and returned.",
    )
    structured_outputs: StructuredOutputs | None = None
    response_format: ResponseFormat | None = None
    stream: bool = Field(False, description="Stream tokens as server-sent events.")
    stream_options: StreamOptions | None = None


class CompletionRequest(Sampled):
    """POST /v1/completions."""

    prompt: str | Texts | Ids | Many = Field(
        description="A text, a list of token ids, or a list of either."
    )
    max_tokens: int | None = Field(
        None, ge=0, description="Maximum number of new tokens; 16 by default, 0 only with echo."
    )
    best_of: int | None = Field(
        None,
        ge=1,
        description="Number of texts to generate; the n "
        "with the highest log-probability per token are returned.",
    )
    echo: bool = Field(False, description="Return the prompt too.")
    logprobs: int | None = Field(
        None,
        ge=0,
        le=MOST_LOGPROBS,
        description="Number of most probable tokens to report per step, before sampling options.",
    )
    suffix: Any = Field(None, description="Rejected: GPT-2 cannot fill in between two texts.")


class TextPart(Strict):
    """A part of a message."""

    type: str
    text: str

    @model_validator(mode="before")
    @classmethod
    def _check_type(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("type") not in ("text", None):
            raise unsupported_error("messages", "message content must be text; images, audio and "
                                                "files are not supported.")  # fmt: skip
        return values


class Message(Strict):
    """A message of a conversation."""

    role: str
    content: str | list[TextPart]
    name: str | None = None


class ChatRequest(Sampled):
    """POST /v1/chat/completions."""

    messages: list[Message] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1, description="Maximum number of new tokens.")
    max_completion_tokens: int | None = Field(
        None, ge=1, description="The newer name of max_tokens."
    )
    logprobs: bool | None = Field(None, description="Return the log-probability of each token.")
    top_logprobs: int | None = Field(
        None,
        ge=0,
        le=MOST_LOGPROBS,
        description="Number of most probable tokens to report per step.",
    )


class ScoreRequest(Named):
    """POST /score."""

    context: str | Ids = Field(
        "", description="Text before the continuations; end-of-text if empty."
    )
    continuations: Texts | Many = Field(min_length=1, description="Texts to score.")


class EmbeddingRequest(Named):
    """POST /v1/embeddings."""

    input: str | Texts | Ids | Many
    pooling: Literal["mean", "last"] = Field(
        "mean", description="Mean of the hidden states, or the last one."
    )
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Any = Field(None, description="Rejected: the model sets the width.")


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

    prompt: Ids = Field(min_length=1, description="Token ids of the prompt.")
    tokens: Ids = Field(min_length=1, description="Token ids that were generated.")
    max_tokens: int = Field(
        ge=1,
        description="Maximum number of new tokens of the request; the link has the number of "
        "tokens instead if the text was stopped before.",
    )
    temperature: float = Field(1, ge=0, description="0 is greedy decoding.")
    top_k: int = Field(0, ge=0)
    top_p: float = Field(1, gt=0, le=1)
    seed: int = Field(0, description="Random seed.")


class Draws(Strict):
    """``settings`` of /v1/explain."""

    temperature: float = Field(1, ge=0, description="0 is greedy decoding.")
    top_k: int = Field(0, ge=0)
    top_p: float = Field(1, gt=0, le=1)
    seed: int = Field(1, ge=0, lt=2**32)


class SwitchedOff(Strict):
    """``off`` of /v1/explain."""

    heads: Ids = Field(default_factory=list, description="Heads, as layer * n_head + head.")
    mlps: Ids = Field(default_factory=list, description="Layers whose MLP is off.")
    positions: Ids = Field(
        default_factory=list, description="Positions that later ones cannot see."
    )


class ExplainRequest(Named):
    """POST /v1/explain: a question of the page at /explain, with its text and what is off."""

    ask: Literal["facts", "read", "next", "head", "pair", "lens", "sources", "patches", "write"]
    text: str | None = Field(None, description="Text to read; for patches, the second text.")
    ids: Ids | None = Field(None, description="Token ids, instead of a text.")
    off: SwitchedOff | None = None
    settings: Draws | None = Field(None, description="For next and write.")
    t: int | None = Field(None, description="Position that is asked about.")
    s: int | None = Field(None, description="For pair, the position attended to.")
    layer: int | None = None
    head: int | None = None
    token: int | None = Field(None, description="Token whose rank or logit is returned.")
    other: int | None = Field(None, description="Token whose logit is subtracted.")
    extra: Ids = Field(default_factory=list, description="Further next tokens to report.")
    where: Literal["stream", "attn", "mlp"] | None = Field(
        None, description="For patches, the activation to patch."
    )
    count: int | None = Field(
        None, ge=0, description="For write, the maximum number of tokens, within the context."
    )


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
