"""How callers used vendors' models in the last days, as advice asks for it."""

from collections.abc import Awaitable, Callable

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.economics.tokens.room import TokensRoom
from trimtab.genai.habits import Habits

DAYS = 14
"""A week to know what is usual, and another in which it may have changed."""
_DAY_MS = 86_400_000


def token_habits(tokens: TokensRoom, clock: Clock) -> Callable[[Scope], Awaitable[Habits]]:
    """Asks for them, today's among them."""

    async def read(scope: Scope) -> Habits:
        end_ms = (clock.now_ms() // _DAY_MS + 1) * _DAY_MS
        return await tokens.habits(scope, end_ms - DAYS * _DAY_MS, end_ms)

    return read
