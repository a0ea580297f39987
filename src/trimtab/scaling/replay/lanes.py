"""Replays of rules: thousands of services at once, compiled, or one with the words of its decisions."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.dynamics import (
    BACKLOG,
    LAG,
    LEAST,
    MOST,
    TAKEN,
    arrive,
    follow,
    interrupt,
    launching,
    moving,
    serve,
    still,
    total,
)  # fmt: skip
from trimtab.capacity.simulate.dynamics import (
    CAPACITY as POOL_CAPACITY,
)
from trimtab.capacity.simulate.dynamics import (
    LOAD as TOLD_LOAD,
)
from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.following import start
from trimtab.capacity.simulate.outcome import Outcome, outcome_of, outcomes_of
from trimtab.capacity.simulate.record import INTERRUPTED, ROW, SUMS, moved, note, row
from trimtab.capacity.simulate.replay import Replayed, check_demand, rings_of, share_out, stacked
from trimtab.scaling.jit import compiled
from trimtab.scaling.policies.rule import (
    CAPACITY,
    DEMAND,
    KIND,
    LOAD,
    MEMORY,
    NEVER,
    READY,
    SEEN,
    TICK,
    TOTAL,
    TRACKING,
    WAITING,
    WIDTH,
    Rule,
)
from trimtab.scaling.policies.target_tracking import track
from trimtab.scaling.replay.deciding import decide
from trimtab.scaling.replay.deciding import told as as_told

NO_RULE = -1.0
_POOL_CAPACITY, _TOLD_LOAD = POOL_CAPACITY, TOLD_LOAD


class Group(Struct, frozen=True):
    """A fleet and its policies. `block_in`: no scale-in while a scale-out is in progress (EC2 groups)."""

    fleet: Fleet
    rules: tuple[Rule, ...]
    block_in: bool = True


@compiled
def run_rules(
    demand: Array, fleets: Array, pools: Array, rules: Array, blocks: Array, floors: Array, ceilings: Array,
    starts: Array, seed: int, first: int, rings: int, sums: Array, rows: Array, wished: Array,
) -> None:  # fmt: skip
    """Replay every lane; `floors` and `ceilings` bound desired tick by tick where they have columns.

    `sums` and, of the first lane, `rows` and `wished` (ticks × SEEN + rules) are written.
    """
    ticks, told, seen, asked = demand.shape[1], np.zeros(5), np.zeros(SEEN), np.zeros(rules.shape[1])
    for lane in range(len(demand)):
        fleet, sizes, lag = fleets[lane].copy(), pools[lane], int(fleets[lane, LAG])
        counts = np.zeros((len(sizes), 3))
        coming, warming = np.zeros((len(sizes), rings)), np.zeros((len(sizes), rings))
        held, preparing, loads = np.zeros(3), np.zeros(rings), np.full(lag + 1, np.nan)
        memory = np.zeros((rules.shape[1], MEMORY))
        memory[:, 2:] = NEVER
        start(counts, fleet, sizes, starts[lane])
        least, most, chancy = fleet[LEAST], fleet[MOST], (sizes[:, TAKEN] > 0).any()
        own, mine, only = sums[lane], rules[lane], rules[lane, 0]
        alone = len(mine) == 1 and only[KIND] == TRACKING
        row_of_one = (only[1], only[2], only[3], only[4], only[5], only[6], only[7])
        above, below, last_out, last_in = 0.0, 0.0, NEVER, NEVER
        for tick in range(ticks):
            if moving(counts, held):
                arrive(counts, coming, warming, held, preparing, fleet, tick)
            if chancy:
                own[INTERRUPTED] += interrupt(counts, warming, sizes, tick, first + lane, seed)
            serve(counts, held, fleet, sizes, demand[lane, tick], told)
            note(own, counts, held, told, demand[lane, tick])
            loads[tick % (lag + 1)] = told[_TOLD_LOAD]
            here, starting = total(counts), launching(counts)
            seen[TICK], seen[TOTAL], seen[WAITING] = tick, here, held[BACKLOG]
            seen[READY], seen[CAPACITY] = here - starting, sizes[0, _POOL_CAPACITY]
            seen[LOAD] = loads[(tick - lag) % (lag + 1)] if tick >= lag else np.nan
            seen[DEMAND] = demand[lane, tick - lag] if tick >= lag else np.nan
            if alone:  # the common case, without arrays
                asked[0], above, below, last_out, last_in = track(
                    seen[LOAD], here - starting, here, float(tick), row_of_one, (above, below, last_out, last_in)
                )
                wanted = here
                if asked[0] > here:
                    wanted = asked[0]
                elif asked[0] < here and (starting == 0.0 or blocks[lane] == 0.0):
                    wanted, last_in = asked[0], float(tick)
            else:
                wanted = decide(mine, memory, seen, asked, starting, blocks[lane])
            if floors.shape[1] > tick:
                fleet[LEAST] = min(most, max(least, floors[lane, tick]))
            if ceilings.shape[1] > tick:
                fleet[MOST] = max(0.0, min(most, ceilings[lane, tick]))
                fleet[LEAST] = min(fleet[LEAST], fleet[MOST])
            if lane == 0 and len(rows):
                row(rows, tick, counts, held, told, min(max(wanted, fleet[LEAST]), fleet[MOST]))
                wished[tick, :SEEN] = seen
                wished[tick, SEEN:] = asked
            if still(fleet, held, here, wanted):
                continue
            moved(own, follow(counts, coming, warming, held, preparing, fleet, sizes, wanted, tick))


def _rows_of(groups: Sequence[Group]) -> Array:
    most = max(1, *(len(group.rules) for group in groups))
    rules = np.zeros((len(groups), most, WIDTH))
    rules[:, :, KIND] = NO_RULE
    for lane, group in enumerate(groups):
        for at, one in enumerate(group.rules):
            rules[lane, at] = one.numbers(group.fleet.tick_s)
    return rules


def _bound(given: Array | None, demand: Array) -> Array:
    if given is None:
        return np.zeros((len(demand), 0))
    if given.shape != demand.shape:
        raise InvalidInput(f"cannot replay: bounds {given.shape} and demand {demand.shape} differ")
    return given


def replay_groups(
    demand: Array,
    groups: Sequence[Group],
    *,
    floors: Array | None = None,
    ceilings: Array | None = None,
    starts: Array | None = None,
    seed: int = 0,
) -> list[Outcome]:
    """Replay services (rows of `demand`) under their groups' policies. Raises InvalidInput."""
    check_demand(demand)
    if demand.ndim != 2 or len(groups) != len(demand):
        raise InvalidInput(f"cannot replay: demand {demand.shape} and {len(groups)} groups differ")
    fleets = [group.fleet for group in groups]
    numbers, pools = stacked(fleets)
    rules, blocks = _rows_of(groups), np.array([float(group.block_in) for group in groups])
    low, high = _bound(floors, demand), _bound(ceilings, demand)
    at_first = np.zeros(len(groups)) if starts is None else np.asarray(starts, dtype=np.float64)
    sums, rings = np.zeros((len(groups), SUMS + pools.shape[1])), rings_of(fleets)

    def work(part: slice) -> None:
        some = (
            demand[part],
            numbers[part],
            pools[part],
            rules[part],
            blocks[part],
            low[part],
            high[part],
            at_first[part],
        )
        run_rules(*some, seed, part.start, rings, sums[part], np.zeros((0, ROW)), np.zeros((0, 0)))

    share_out(len(groups), work)
    return outcomes_of(fleets, sums)


class Told(Struct, frozen=True):
    """A replay of one group with what its policies saw and wished, tick by tick."""

    replayed: Replayed
    group: Group
    wished: Array

    def why(self, tick: int) -> str:
        """The decision of a tick in words."""
        seen, asked = self.wished[tick, :SEEN], self.wished[tick, SEEN:]
        shown = as_told(seen, self.group.fleet.tick_s)
        said = [rule.explain(shown, float(wish)) for rule, wish in zip(self.group.rules, asked, strict=False)]
        return "; ".join(said) or "no policy: the bounds decide"


def replay_group(
    demand: Array,
    group: Group,
    *,
    floor: Array | None = None,
    ceiling: Array | None = None,
    start_with: int = 0,
    seed: int = 0,
) -> Told:
    """Replay one service, with the rows of a chart and the words of its decisions. Raises InvalidInput."""
    check_demand(demand)
    lanes = demand[None, :]
    numbers, pools = stacked([group.fleet])
    rules = _rows_of([group])
    sums, rows = np.zeros((1, SUMS + len(group.fleet.pools))), np.zeros((len(demand), ROW))
    wished = np.zeros((len(demand), SEEN + rules.shape[1]))
    low = _bound(None if floor is None else floor[None, :], lanes)
    high = _bound(None if ceiling is None else ceiling[None, :], lanes)
    blocks, starts = np.array([float(group.block_in)]), np.array([float(start_with)])
    some = lanes, numbers, pools, rules, blocks, low, high, starts
    run_rules(*some, seed, 0, rings_of([group.fleet]), sums, rows, wished)
    return Told(Replayed(outcome_of(group.fleet, sums[0]), rows), group, wished)
