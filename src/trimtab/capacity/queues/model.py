"""Words of a queue that is replayed: jobs as submitted, pools of GPUs, and what teams may hold. Times in s."""

from collections.abc import Mapping

from msgspec import Struct, field


class Job(Struct, frozen=True, kw_only=True):
    """A job: when it was submitted, how long it ran, and how many GPUs of which pool it held all that time.

    `begun_s` of one that ran already when the replay begins: it keeps its GPUs until its end.
    """

    key: str
    submit_s: float
    length_s: float
    gpus: float
    pool: str
    team: str = ""
    begun_s: float | None = None


class Terms(Struct, frozen=True):
    """What a replay is made under: GPUs by pool, and the most that a team may hold at once in all pools."""

    pools: Mapping[str, float]
    quotas: Mapping[str, float] = field(default_factory=dict)


class Replayed(Struct, frozen=True):
    """When each job started, by key; None: it can never start, or had not when the replay ended."""

    starts: Mapping[str, float | None]
    too_large: frozenset[str]
    """Jobs that ask for more than their pool has, or their team may hold."""
