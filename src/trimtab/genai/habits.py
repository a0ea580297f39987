"""How callers use models over some days: what of their prompts caches had, how long sessions of agents were, and what
features would have cost on models of one's own. Times in ms, money exact in its currency.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct


class CachedDay(Struct, frozen=True):
    """Calls that began in the 24 hours from `start_ms` and say how much of their prompt a cache had.

    `silent` calls of the same time do not say it: their prompts are in no other number.
    """

    start_ms: int
    calls: int
    input: int
    cache_read: int
    silent: int = 0

    @property
    def share(self) -> float:
        """What part of the prompts was read from a cache; 0 without prompts."""
        return self.cache_read / self.input if self.input else 0.0


class PromptCache(Struct, frozen=True, kw_only=True):
    """The prompts that a tenant sent to a model for one use (a feature, else an agent), by day, the newest last.

    `saved_per_1m` is what a million tokens cost less where a cache has them; None where no price is known.
    """

    account: str
    tenant: str
    vendor: str
    model: str
    use: str = ""
    days: Sequence[CachedDay]
    saved_per_1m: Decimal | None
    currency: str


class AgentSession(Struct, frozen=True, kw_only=True):
    """What an agent asked of models in one session (or trace, where it names none). `amount`: None where unknown."""

    account: str
    agent: str
    tenant: str
    session: str
    trace_id: str
    start_ms: int
    end_ms: int
    calls: int
    input: int
    amount: Decimal | None
    currency: str


class FeatureCost(Struct, frozen=True, kw_only=True):
    """What the calls of a feature to a vendor's model cost since the first of them (`since_ms`), and would have on the
    cheapest model of one's own.

    `own` is "" where no pods serve a model, `own_amount` the cost of as many replicas as each hour needed.
    """

    account: str
    feature: str
    vendor: str
    model: str
    since_ms: int
    calls: int
    amount: Decimal
    currency: str
    own: str = ""
    own_amount: Decimal | None = None
    replicas: int = 0


class Habits(Struct, frozen=True):
    """All of it in `[start_ms, end_ms)`. `cut`: there were more calls than are read, so that days are not whole."""

    start_ms: int = 0
    end_ms: int = 0
    caches: Sequence[PromptCache] = ()
    sessions: Sequence[AgentSession] = ()
    features: Sequence[FeatureCost] = ()
    cut: bool = False


NO_HABITS = Habits()
