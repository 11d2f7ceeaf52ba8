"""`ServeOptions`: how a server is set up, declared once for the command line and for Python."""

from __future__ import annotations

import dataclasses
from typing import Literal

from gpt2.options import option, validate


@dataclasses.dataclass(frozen=True)
class ServeOptions:
    """Raises `OptionError` for a value out of bounds."""

    host: str = option("127.0.0.1", "The address to listen at; 0.0.0.0 is every one.")
    port: int = option(8000, "The port; 0 is any free one.", minimum=0, maximum=65535)
    root_path: str | None = option(None, "The path a proxy puts before ours, such as /gpt2.")
    alias: str | list[str] | None = option(None, "NAME=MODEL: a further name of a served model.")
    adapter: str | list[str] | None = option(
        None, "NAME=FOLDER: a LoRA adapter of the first model, as a model of its own."
    )
    # How much at a time
    slots: int = option(32, "Texts that are written at a time.", minimum=1, maximum=65_536)
    memory: float = option(
        1.0, "GiB for keys and values, of each model.", above=0, maximum=1_048_576
    )
    queue_requests: int = option(256, "Texts that may wait; beyond them 429.", minimum=1)
    queue_tokens: int = option(262_144, "Tokens of prompts that may wait.", minimum=1)
    max_texts: int = option(128, "Texts of one request: prompts x best_of.", minimum=1)
    max_body: int = option(2_097_152, "Bytes of a request's body.", minimum=1024)
    max_seconds: float = option(600.0, "Seconds of one request; then it ends.", above=0)
    # Who may ask
    api_keys: str | None = option(
        None, "A file with an API key a line; GPT2_API_KEYS holds more, between commas."
    )
    requests_per_minute: int = option(0, "Requests of one key; 0 is no limit.", minimum=0, off=0)
    tokens_per_minute: int = option(
        0, "Tokens of one key, prompts and answers; 0 is no limit.", minimum=0, off=0
    )
    share_prefixes: bool = option(
        False, "Let requests of different keys use the same keys and values."
    )
    # The connection, and what is told
    keep_alive: int = option(
        120, "Seconds an idle connection stays open.", minimum=1, maximum=86_400
    )
    ping: float = option(15.0, "Seconds between comments in a quiet stream.", above=0)
    drain: float = option(60.0, "Seconds that streams may go on after SIGTERM.", minimum=0)
    log: Literal["lines", "json", "none"] = option("lines", "How requests are logged.")
    log_prompts: bool = option(False, "Log prompts too.")

    def __post_init__(self) -> None:
        validate(self)
