"""How many examples hypothesis draws: a quarter by default, all of them in the profile ``many``."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("many")


def some(count: int) -> int:
    """Of ``count`` examples those that this run draws: all by ``--hypothesis-profile many``."""
    return count if settings.get_current_profile_name() == "many" else max(count // 4, 5)
