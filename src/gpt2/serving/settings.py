"""`ServeOptions`: the server options, declared once for the command line and for Python."""

from __future__ import annotations

import dataclasses
from typing import Literal

from gpt2.options import Checked, option


@dataclasses.dataclass(frozen=True)
class ServeOptions(Checked):
    """The options of a server. Raises `OptionError` for a value out of range."""

    host: str = option("127.0.0.1", "Address to listen on; 0.0.0.0 listens on all interfaces.")
    port: int = option(8000, "Port to listen on; 0 picks a free one.", minimum=0, maximum=65535)
    root_path: str | None = option(
        None, "Path prefix under which a reverse proxy serves the API, such as /gpt2."
    )
    alias: str | list[str] | None = option(
        None, "Additional name for a served model, as NAME=MODEL."
    )
    adapter: str | list[str] | None = option(
        None, "LoRA adapter of the first model to serve as a separate model, as NAME=FOLDER."
    )
    # Capacity
    slots: int = option(
        32, "Maximum number of texts each model generates at a time.", minimum=1, maximum=65_536
    )
    memory: float = option(1.0, "Size of each model's KV cache in GiB.", above=0, maximum=1_048_576)
    queue_requests: int = option(
        256, "Maximum number of queued texts; beyond it, requests get status 429.", minimum=1
    )
    queue_tokens: int = option(262_144, "Maximum number of queued prompt tokens.", minimum=1)
    max_texts: int = option(
        128, "Maximum number of texts per request: prompts times best_of.", minimum=1
    )
    max_body: int = option(2_097_152, "Maximum size of a request body in bytes.", minimum=1024)
    max_seconds: float = option(
        600.0, "Maximum duration of a request in seconds, after which it is stopped.", above=0
    )
    # Access
    api_keys: str | None = option(
        None, "File with one API key per line; GPT2_API_KEYS may hold more, separated by commas."
    )
    requests_per_minute: int = option(
        0, "Rate limit of each key in requests per minute; 0 disables it.", minimum=0, off=0
    )
    tokens_per_minute: int = option(
        0,
        "Rate limit of each key in tokens per minute, prompts included; 0 disables it.",
        minimum=0,
        off=0,
    )
    share_prefixes: bool = option(
        False, "Share the KV cache of common prefixes between requests with different API keys."
    )
    # Connections and logging
    keep_alive: int = option(
        120, "Seconds until an idle connection is closed.", minimum=1, maximum=86_400
    )
    ping: float = option(15.0, "Seconds between keep-alive comments in an idle stream.", above=0)
    drain: float = option(
        60.0, "Seconds that open requests may take to finish after SIGTERM.", minimum=0
    )
    log: Literal["lines", "json", "none"] = option(
        "lines", "Format of the request log; none disables it."
    )
    log_prompts: bool = option(False, "Include prompts in the log.")
