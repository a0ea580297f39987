"""What is simulated: the replicas of one service, in one pool or several, and how long each thing takes.

Loads are requests per second (or any unit of work a second, such as tokens), durations seconds. The simulator moves in
ticks: every duration is rounded up to whole ticks, since what is not known to be ready is not ready.
"""

import math
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput

Array = npt.NDArray[np.float64]
MOST_REPLICAS = 100_000
"""Replicas of one service: more is taken for a slip of a unit."""
MOST_POOLS = 16


class Pool(Struct, frozen=True):
    """Replicas of one kind. Pools are filled in their order, and emptied from the last one.

    `capacity` is the load that one replica takes within its objective. `most` bounds the pool. `interruptions` is the
    mean number of times an hour that a replica of it is taken away (spot); 0 for on demand.
    """

    name: str
    capacity: float
    price_per_hour: Decimal = Decimal(0)
    most: int = MOST_REPLICAS
    interruptions: float = 0.0


class WarmPool(Struct, frozen=True):
    """Replicas kept prepared: `prepared` in service or waiting in all, as a group's MaxGroupPreparedCapacity.

    One that waits is in service after `launch_s`, and costs `price_share` of the first pool's price meanwhile.
    """

    prepared: int = 0
    launch_s: float = 0.0
    price_share: float = 0.1


class Fleet(Struct, frozen=True):
    """A service's replicas.

    `launch_s` passes from the decision to the first request served, and is paid. For `startup_s` after that a replica
    gives only `startup_share` of its capacity (caches to fill, code to compile). `least` and `most` bound the desired
    number. `metric_lag_s` is how old the newest value is that a policy sees; a measure that cannot exceed `signal_cap`
    (1.0 for CPU) hides how much more was asked. Requests that find no capacity wait up to `queue_s`, and are lost
    beyond; a tick in which some are lost, or at whose end the wait is above `slo_wait_s`, violates the objective for
    all its arrivals.
    """

    pools: tuple[Pool, ...]
    tick_s: float = 60.0
    launch_s: float = 300.0
    warm: WarmPool = WarmPool()
    startup_s: float = 0.0
    startup_share: float = 1.0
    least: int = 1
    most: int = MOST_REPLICAS
    metric_lag_s: float = 0.0
    signal_cap: float = math.inf
    queue_s: float = 0.0
    slo_wait_s: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.pools) <= MOST_POOLS:
            raise InvalidInput(f"cannot simulate: got {len(self.pools)} pools; expected 1 to {MOST_POOLS}")
        if not 1 <= self.tick_s <= 86_400:
            raise InvalidInput(f"cannot simulate: got a tick of {self.tick_s} s; expected 1 to 86,400")
        if not 0 <= self.least <= self.most <= MOST_REPLICAS:
            raise InvalidInput(
                f"cannot simulate: got least {self.least} and most {self.most}; "
                f"expected 0 ≤ least ≤ most ≤ {MOST_REPLICAS}"
            )
        for name in ("launch_s", "startup_s", "metric_lag_s", "queue_s", "slo_wait_s"):
            value = getattr(self, name)
            if not 0 <= value <= 86_400:
                raise InvalidInput(f"cannot simulate: got {name} {value}; expected 0 to 86,400 s", field=name)
        if not 0 <= self.startup_share <= 1:
            raise InvalidInput(f"cannot simulate: got startup_share {self.startup_share}; expected 0 to 1")
        for pool in self.pools:
            _check(pool)

    def ticks(self, seconds: float) -> int:
        """Whole ticks that `seconds` take, rounded up."""
        return math.ceil(seconds / self.tick_s - 1e-9)

    def numbers(self) -> Array:
        """The settings as the compiled loop takes them: see `dynamics`."""
        return np.array(
            [
                self.ticks(self.launch_s),
                self.warm.prepared,
                self.ticks(self.warm.launch_s),
                self.ticks(self.startup_s),
                self.startup_share,
                self.least,
                self.most,
                self.ticks(self.metric_lag_s),
                self.signal_cap,
                self.queue_s / self.tick_s,
                self.slo_wait_s / self.tick_s,
                len(self.pools),
            ]
        )

    def pool_numbers(self) -> Array:
        """A row a pool: capacity, most, chance that a replica is taken away within a tick."""
        hours = self.tick_s / 3600
        rows = [(one.capacity, one.most, -math.expm1(-one.interruptions * hours)) for one in self.pools]
        return np.array(rows, dtype=np.float64)


def _check(pool: Pool) -> None:
    if not 0 < pool.capacity < math.inf:
        raise InvalidInput(f"cannot simulate pool {pool.name!r}: got capacity {pool.capacity}; expected above 0")
    if not 0 <= pool.most <= MOST_REPLICAS or pool.price_per_hour < 0 or not 0 <= pool.interruptions <= 3600:
        raise InvalidInput(
            f"cannot simulate pool {pool.name!r}: expected 0 ≤ most ≤ {MOST_REPLICAS}, price_per_hour ≥ 0 and "
            "interruptions between 0 and 3600 an hour"
        )
