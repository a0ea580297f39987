"""What a replay adds up, and the rows that a chart needs."""

from trimtab.capacity.simulate.dynamics import (
    BACKLOG,
    LAUNCHING,
    LOAD,
    LOST,
    OFFERED_CAPACITY,
    READY,
    VIOLATING,
    WARM,
)
from trimtab.capacity.simulate.fleet import Array
from trimtab.capacity.simulate.jit import compiled, inlined

# Columns of the sums of a service; replica-ticks of its pools follow them. Loads are per second, summed over ticks.
DEMAND, VIOLATED, GONE, WAITED, WARM_TICKS, LAUNCHED, STOPPED, INTERRUPTED, PEAK, ABLE = range(10)
SUMS = 10
# Columns of the rows of a chart.
ROW_READY, ROW_COMING, ROW_DESIRED, ROW_BACKLOG, ROW_LOAD, ROW_VIOLATED, ROW_LOST, ROW_ABLE = range(8)
ROW = 8


@inlined
def note(sums: Array, counts: Array, held: Array, told: Array, demand: float) -> None:
    """Add a tick that was served."""
    replicas = 0.0
    for pool in range(len(counts)):
        here = counts[pool, READY] + counts[pool, LAUNCHING]
        sums[SUMS + pool] += here
        replicas += here
    sums[DEMAND] += demand
    sums[VIOLATED] += told[VIOLATING]
    sums[GONE] += told[LOST]
    sums[WAITED] += held[BACKLOG]
    sums[WARM_TICKS] += held[WARM]
    sums[ABLE] += told[OFFERED_CAPACITY]
    if replicas > sums[PEAK]:
        sums[PEAK] = replicas


@compiled
def moved(sums: Array, change: float) -> None:
    """Add what was launched or stopped at the end of a tick."""
    if change > 0:
        sums[LAUNCHED] += change
    else:
        sums[STOPPED] -= change


@compiled
def row(rows: Array, tick: int, counts: Array, held: Array, told: Array, desired: float) -> None:
    """Keep a tick for a chart, where `rows` has room for it."""
    if len(rows) == 0:
        return
    ready, coming = 0.0, 0.0
    for pool in range(len(counts)):
        ready += counts[pool, READY]
        coming += counts[pool, LAUNCHING]
    rows[tick, ROW_READY] = ready
    rows[tick, ROW_COMING] = coming
    rows[tick, ROW_DESIRED] = desired
    rows[tick, ROW_BACKLOG] = held[BACKLOG]
    rows[tick, ROW_LOAD] = told[LOAD]
    rows[tick, ROW_VIOLATED] = told[VIOLATING]
    rows[tick, ROW_LOST] = told[LOST]
    rows[tick, ROW_ABLE] = told[OFFERED_CAPACITY]
