"""One decision about one target, from what was read: the simulator's own rules, combined as it combines them. Pure.

Each policy keeps a memory of four numbers between decisions (`rule.no_memory`), which the engine stores: counts of
breaches, and when it last went out and in, in ticks. Ticks are counted from the epoch, so that cooldowns go on over a
restart; counts of breaches in a row begin anew where many ticks were missed, since nobody saw what lay between.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.capacity.simulate.fleet import Array, Fleet, Pool
from trimtab.scaling.engine.alarms import Breach
from trimtab.scaling.engine.documents import PLANNED, Tracked, planned, ruled, stepped, tracked
from trimtab.scaling.engine.forecasting import Floor
from trimtab.scaling.engine.model import GROUPS, Kind, Policy, ScalableTarget, Standing
from trimtab.scaling.engine.readings import Demand
from trimtab.scaling.policies.portfolio import plan
from trimtab.scaling.policies.rule import (
    CAPACITY,
    DEMAND,
    KIND,
    LOAD,
    MEMORY,
    OBJECTIVE,
    READY,
    SEEN,
    TICK,
    TOTAL,
    WAITING,
    WIDTH,
    Rule,
    no_memory,
)
from trimtab.scaling.replay.deciding import combine, told, wishes

Memories = Mapping[str, Sequence[float]]
_COUNTS = slice(0, 2)
_MISSED, _MISSED_S = 3, 60
"""Ticks, and seconds, up to which a busy machine may be late: what is seen now is taken to have held in between."""


class Seen(Struct, frozen=True):
    """All that a decision is made from. `values` are those of target tracking policies by id (NaN: missing),
    `breaches` the alarms of step policies, `floors` the forecasts of predictive ones and the safe rule of promises."""

    now_ms: int
    standing: Standing
    values: Mapping[str, float] = field(default_factory=dict)
    breaches: Mapping[str, Sequence[Breach]] = field(default_factory=dict)
    demand: Demand | None = None
    floors: Mapping[str, Floor] = field(default_factory=dict)


class Decision(Struct, frozen=True):
    """What the policies want: `wanted` replicas within the bounds, `wish` without them, why in words, by policy too."""

    wanted: int
    wish: int
    why: str
    reasons: Mapping[str, str]
    memories: dict[str, list[float]]
    floor: int = 0


class _Turn(Struct):
    """A policy's part of a decision."""

    policy: Policy
    row: Array
    seen: Array
    memory: Array
    ticks: int = 1
    rule: Rule | None = None
    wish: float = math.nan
    words: str = ""


def tick_of(target: ScalableTarget, now_ms: int) -> int:
    """Which tick a time is in."""
    return now_ms // (target.service.tick_s * 1000)


def decide(target: ScalableTarget, policies: Sequence[Policy], seen: Seen, memories: Memories, last: int) -> Decision:
    """What to ask for. `last` is the tick of the decision before, whose memories these are."""
    tick = tick_of(target, seen.now_ms)
    asked = [one for one in policies if one.enabled]
    ruling = [one for one in asked if one.kind is not Kind.PREDICTIVE]
    turns = [_turn(target, one, seen, memories.get(one.id), tick, last) for one in ruling]
    total = seen.standing.desired
    starting = float(max(0, total - seen.standing.ready))
    block = 1.0 if target.key.namespace == GROUPS else 0.0
    wish = float(total)
    if turns:
        rows, memory = np.array([one.row for one in turns]), np.array([one.memory for one in turns])
        wished = np.array([one.wish for one in turns])
        wish = combine(rows, memory, wished, float(total), float(tick), starting, block)
        for one, moved in zip(turns, memory, strict=True):
            one.memory = moved
    floors = {one.name: seen.floors[one.id] for one in asked if one.id in seen.floors}
    scaling = [one for one in floors.values() if one.scales]
    most = max([target.most, *(one.most for one in scaling if one.most is not None)])
    floor = min(most, max((one.replicas for one in scaling), default=0))
    least = max(target.least, floor)
    wanted = int(min(max(wish, least), most))
    reasons = {one.policy.name: one.words for one in turns}
    for name, asks in floors.items():
        reasons[name] = f"{reasons[name]}; {asks.words}" if name in reasons else asks.words
    raised_by = next((one.name for one in scaling if one.replicas >= wanted), "minimum")
    kept = {one.policy.id: [float(value) for value in one.memory] for one in turns}
    return Decision(wanted, int(wish), _why(target, reasons, int(wish), wanted, raised_by), reasons, kept, floor)


def uncooled(now: Memories, before: Memories) -> dict[str, list[float]]:
    """Memories after a wish that was not followed: no cooldown begins by what was not done."""
    rested = no_memory(1)[0].tolist()
    return {id_: [*one[_COUNTS], *list(before.get(id_, rested))[_COUNTS.stop :]] for id_, one in now.items()}


def _why(target: ScalableTarget, reasons: Mapping[str, str], wish: int, wanted: int, raised_by: str) -> str:
    parts = [f"{name}: {words}" for name, words in reasons.items()] or ["no policy: the bounds decide"]
    if wanted > wish:
        parts.append(f"raised to {wanted}, the {raised_by}")
    elif wanted < wish:
        parts.append(f"cut to the maximum of {target.most}")
    return "; ".join(parts)


def _turn(
    target: ScalableTarget, policy: Policy, seen: Seen, memory: Sequence[float] | None, tick: int, last: int
) -> _Turn:
    known = np.array(memory, dtype=np.float64) if memory is not None and len(memory) == MEMORY else no_memory(1)[0]
    late = tick - last
    if late < 0:  # the clock went back: no cooldown lasts until it is where it was
        known = no_memory(1)[0]
    if late > max(_MISSED, _MISSED_S // target.service.tick_s):
        known[_COUNTS] = 0.0
        late = 1
    shown = np.zeros(SEEN)
    standing = seen.standing
    shown[TICK], shown[TOTAL], shown[READY] = tick, standing.desired, min(standing.ready, standing.desired)
    shown[CAPACITY], shown[LOAD], shown[DEMAND] = target.service.capacity, math.nan, math.nan
    if seen.demand is not None:
        shown[DEMAND] = seen.demand.now
        shown[WAITING] = seen.demand.waiting / target.service.tick_s  # in a second's load times ticks, as in replays
    turn = _Turn(policy, np.zeros(WIDTH), shown, known, max(1, late))
    if policy.kind is Kind.TRACKING:
        return _track(turn, target, seen)
    if policy.kind is Kind.STEP:
        return _step(turn, seen)
    if policy.kind in PLANNED:
        return _plan(turn, target, seen)
    turn.rule = ruled(policy)
    _ask(turn, target.service.tick_s)
    missing = seen.demand.missing if seen.demand is not None else "no demand"
    turn.words = missing if missing else turn.rule.explain(told(turn.seen, target.service.tick_s), turn.wish)
    return turn


def _ask(turn: _Turn, tick_s: float) -> None:
    assert turn.rule is not None  # noqa: S101 - set by who asks
    turn.row = turn.rule.numbers(tick_s)
    rows, memory, wished = turn.row[None, :], turn.memory[None, :].copy(), np.full(1, math.nan)
    now = turn.seen[TICK]
    for missed in range(turn.ticks - 1, -1, -1):
        turn.seen[TICK] = now - missed
        wishes(rows, memory, turn.seen, wished)
        if not math.isnan(wished[0]):
            break
    turn.seen[TICK] = now
    turn.memory, turn.wish = memory[0], float(wished[0])


def _track(turn: _Turn, target: ScalableTarget, seen: Seen) -> _Turn:
    found: Tracked = tracked(turn.policy)
    value = seen.values.get(turn.policy.id, math.nan)
    turn.rule, turn.seen[LOAD] = found.rule, value / found.value
    _ask(turn, target.service.tick_s)
    if math.isnan(value):
        turn.words = "no value of its metric: target tracking does not scale on missing data"
        return turn
    where = f"the metric is {value:.4g} against a target of {found.value:.4g}"
    if math.isnan(turn.wish):
        rule = found.rule
        turn.words = f"{where}: not above it for {rule.out_s:.0f} s nor below {rule.in_share:.0%} of it for " \
                     f"{rule.in_s:.0f} s, or cooling down"  # fmt: skip
    else:
        asks = f"{turn.seen[READY]:.0f} replicas × {value:.4g} ÷ {found.value:.4g}, rounded up, is {turn.wish:.0f}"
        turn.words = f"{where} for long enough: {asks}"
    return turn


def _step(turn: _Turn, seen: Seen) -> _Turn:
    breaches = seen.breaches.get(turn.policy.id) or ()
    worst = max(breaches, key=lambda one: (one.out, abs(one.beyond)), default=None)
    turn.rule = stepped(turn.policy, worst.out if worst is not None else True)
    turn.seen[LOAD] = math.nan if worst is None else worst.beyond
    _ask(turn, 1.0)
    if worst is None:
        turn.words = "none of its alarms is in ALARM"
    elif math.isnan(turn.wish):
        turn.words = (
            f"alarm {worst.alarm} is {worst.beyond:+.4g} beyond its threshold: cooling down, or no step holds it"
        )
    else:
        turn.words = (
            f"alarm {worst.alarm} is {worst.beyond:+.4g} beyond its threshold: its step asks for {turn.wish:.0f}"
        )
    return turn


def fleet_of(target: ScalableTarget) -> Fleet:
    """The target as the simulator's fleet."""
    own, guards = target.service, target.guards
    pool = Pool(target.key.label, own.capacity, guards.price_per_hour or Pool("", 1.0).price_per_hour)
    return Fleet((pool,), float(own.tick_s), own.launch_s, least=target.least, most=target.most)


def _plan(turn: _Turn, target: ScalableTarget, seen: Seen) -> _Turn:
    turn.row[KIND] = OBJECTIVE  # it may go both ways
    demand = seen.demand
    if demand is None or demand.missing or not len(demand.values):
        turn.words = demand.missing if demand is not None and demand.missing else "no demand: nothing is planned"
        turn.wish = math.nan
        return turn
    made = plan(demand.values, fleet_of(target), planned(turn.policy), start_with=max(1, target.least))
    wanted = float(made.desired[-1])
    turn.wish = wanted if wanted != seen.standing.desired else math.nan
    turn.words = made.why(len(demand.values) - 1)
    return turn
