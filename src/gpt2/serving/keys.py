"""API keys and their rate limits per minute."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gpt2.errors import InputError
from gpt2.files import read_text
from gpt2.serving.errors import ApiError
from gpt2.serving.settings import ServeOptions

VARIABLE = "GPT2_API_KEYS"
SHORTEST = 16  # characters


@dataclass
class Allowance:
    """A rate limit per minute, as a token bucket that fills evenly; 0 means no limit."""

    a_minute: int
    left: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = float(self.a_minute)

    def wait(self) -> float:
        """Seconds until some allowance is available; 0 if there is some now."""
        if not self.a_minute:
            return 0.0
        now = time.monotonic()
        self.left = min(self.a_minute, self.left + (now - self.at) * self.a_minute / 60)
        self.at = now
        return 0.0 if self.left >= 1 else (1 - self.left) * 60 / self.a_minute

    def take(self, amount: int) -> None:
        """Use an amount; if it exceeds the allowance, later requests wait longer."""
        self.left -= amount if self.a_minute else 0


@dataclass
class Tenant:
    """The holder of a key. The name is derived from the key's hash and never leaves the process."""

    name: str
    requests: Allowance
    tokens: Allowance

    def enter(self) -> None:
        """Count a request. Raises `ApiError` (429) if the limit is exceeded."""
        for allowance, what in ((self.requests, "requests"), (self.tokens, "tokens")):
            wait = allowance.wait()
            if wait > 0:
                raise ApiError(f"this API key has used up its {what} per minute: retry later.",
                               status=429, code="rate_limit_exceeded",
                               retry_after=wait)  # fmt: skip
        self.requests.take(1)


class Keys:
    """The keys of a server; without keys, all clients are one tenant."""

    def __init__(self, keys: Iterable[str], options: ServeOptions) -> None:
        unique = list(dict.fromkeys(keys))
        if any(len(key) < SHORTEST or not key.isascii() or not key.isprintable() for key in unique):
            raise InputError(
                f"an API key must have at least {SHORTEST} printable ASCII characters; "
                "`openssl rand -hex 24` makes a good one."
            )
        limits = options.requests_per_minute, options.tokens_per_minute
        self._tenants = {_digest(key): Tenant(_digest(key).hex()[:16], *map(Allowance, limits))
                         for key in unique}  # fmt: skip
        self._everybody = Tenant("", *map(Allowance, limits))

    @property
    def needed(self) -> bool:
        """Whether a request needs a key."""
        return bool(self._tenants)

    def tenant(self, headers: Mapping[str, str]) -> Tenant:
        """The tenant whose key a request carries. Raises `ApiError` (401)."""
        if not self._tenants:
            return self._everybody
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        given = bearer.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        asked, owner = _digest(given), None
        for known, tenant in self._tenants.items():  # check every key, in constant time
            owner = tenant if hmac.compare_digest(known, asked) else owner
        if owner is None:
            raise ApiError("a valid API key is required: send Authorization: Bearer KEY, or "
                           "X-Api-Key.",
                           status=401, code="invalid_api_key")  # fmt: skip
        return owner


def read_keys(options: ServeOptions) -> Keys:
    """Read the keys from the file and the environment. Raises `InputError` for an empty file."""
    keys = [key.strip() for key in os.environ.get(VARIABLE, "").split(",") if key.strip()]
    if options.api_keys is not None:
        lines = [line.strip() for line in read_text(Path(options.api_keys)).splitlines()]
        listed = [line for line in lines if line and not line.startswith("#")]
        if not listed:
            raise InputError(f"{options.api_keys} contains no API key.")
        keys += listed
    return Keys(keys, options)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
