"""What the policies of a group decide together: out if any wants to, in only if all that may agree.

Of several wishes the largest counts. A policy that cannot scale in (steps for a high alarm, target tracking with it
disabled) has no say against it. An idle service goes to 0 whatever the others say.
"""

import numpy as np

from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.jit import compiled
from trimtab.scaling.policies import objective, step, target_tracking, to_zero
from trimtab.scaling.policies.rule import KIND, OBJECTIVE, STEP_IN, STEP_OUT, TICK, TO_ZERO, TOTAL, TRACKING, WAITING
from trimtab.scaling.policies.target_tracking import NO_IN

_tracking, _step, _objective, _to_zero = target_tracking.wish, step.wish, objective.wish, to_zero.wish
_followed = target_tracking.followed


def told(seen: Array, tick_s: float) -> Array:
    """What a rule was shown, as its words have it: what waits as requests, not as a second's load times ticks."""
    found = seen.copy()
    found[WAITING] *= tick_s
    return found


@compiled
def wishes(rules: Array, memory: Array, seen: Array, asked: Array) -> None:
    """Ask every rule; writes its wish (NaN: none) to `asked`."""
    for at in range(len(rules)):
        kind = rules[at, KIND]
        if kind == TRACKING:
            asked[at] = _tracking(rules, at, memory, seen)
        elif kind == STEP_OUT or kind == STEP_IN:  # noqa: SIM109 - compiled: a tuple would be built
            asked[at] = _step(rules, at, memory, seen)
        elif kind == OBJECTIVE:
            asked[at] = _objective(rules, at, memory, seen)
        elif kind == TO_ZERO:
            asked[at] = _to_zero(rules, at, memory, seen)
        else:
            asked[at] = np.nan


@compiled
def combine(
    rules: Array, memory: Array, asked: Array, total: float, tick: float, starting: float, block: float
) -> float:
    """The desired number from the wishes: what `decide` and the engine that acts both end with."""
    highest, lowest, able, agreed = -1.0, -1.0, 0, 0
    for at in range(len(rules)):
        wish, kind = asked[at], rules[at, KIND]
        if wish > total:  # NaN: not
            highest = max(highest, wish)
        if kind == TO_ZERO and wish == 0.0:
            return 0.0
        tracks = kind == TRACKING and rules[at, NO_IN] == 0.0
        if tracks or kind == STEP_IN or kind == OBJECTIVE:  # noqa: SIM109 - as above
            able += 1
            if wish < total:
                agreed += 1
                lowest = max(lowest, wish)
    if highest > total:
        return highest
    if able == 0 or agreed < able or (block > 0.0 and starting > 0.0):
        return float(total)
    for at in range(len(rules)):
        if rules[at, KIND] == TRACKING:
            _followed(memory, at, tick)
    return lowest


@compiled
def decide(rules: Array, memory: Array, seen: Array, asked: Array, starting: float, block: float) -> float:
    """The desired number. `starting` are replicas on their way: while there are any, `block` 1 keeps a group from
    scaling in (EC2 does)."""
    wishes(rules, memory, seen, asked)
    return combine(rules, memory, asked, seen[TOTAL], seen[TICK], starting, block)
