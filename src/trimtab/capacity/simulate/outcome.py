"""What a replay cost and what it broke, in the units that people use."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.record import (
    ABLE,
    DEMAND,
    GONE,
    INTERRUPTED,
    LAUNCHED,
    PEAK,
    STOPPED,
    SUMS,
    VIOLATED,
    WAITED,
    WARM_TICKS,
)

_SECONDS_PER_HOUR = Decimal(3600)


class Outcome(Struct, frozen=True):
    """A service after a replay.

    `requests` counts the demand, `violating` the share of it that came in ticks that broke the objective, `lost` the
    share that found neither capacity nor room to wait, `wait_s` the mean wait. `replica_hours` is by pool and paid from
    launch on; `cost` prices them (and the warm pool). `utilisation` is the served share of the capacity.
    """

    cost: Decimal
    replica_hours: dict[str, float]
    warm_hours: float
    requests: float
    violating: float
    lost: float
    wait_s: float
    utilisation: float
    launches: int
    stops: int
    interruptions: int
    peak: int

    @property
    def hours(self) -> float:
        """Replica-hours of all pools."""
        return sum(self.replica_hours.values())


def outcome_of(fleet: Fleet, sums: Array) -> Outcome:
    """The outcome of one lane's sums."""
    ticks = [int(number) for number in sums[SUMS : SUMS + len(fleet.pools)]]
    warm = int(sums[WARM_TICKS])
    demand, able = float(sums[DEMAND]), float(sums[ABLE])
    per_tick = sum((pool.price_per_hour * number for pool, number in zip(fleet.pools, ticks, strict=True)), Decimal())
    per_tick += fleet.pools[0].price_per_hour * Decimal(str(fleet.warm.price_share)) * warm
    cost = per_tick * Decimal(str(fleet.tick_s)) / _SECONDS_PER_HOUR
    hours = fleet.tick_s / 3600
    return Outcome(
        cost,
        {pool.name: number * hours for pool, number in zip(fleet.pools, ticks, strict=True)},
        warm * hours,
        demand * fleet.tick_s,
        float(sums[VIOLATED]) / demand if demand else 0.0,
        float(sums[GONE]) / demand if demand else 0.0,
        float(sums[WAITED]) * fleet.tick_s / demand if demand else 0.0,
        (demand - float(sums[GONE])) / able if able else 0.0,
        int(sums[LAUNCHED]),
        int(sums[STOPPED]),
        int(sums[INTERRUPTED]),
        int(sums[PEAK]),
    )


def outcomes_of(fleets: Sequence[Fleet], sums: Array) -> list[Outcome]:
    """The outcomes of all lanes."""
    return [outcome_of(fleet, one) for fleet, one in zip(fleets, sums, strict=True)]
