"""Replays composite alarms: the rule, over the replayed states of its children, at every moment that one changes. Pure.

What a suppressor withholds are actions, not states: it does not count here.
"""

from collections.abc import Mapping

import numpy as np

from trimtab.alarms import composite
from trimtab.alarms.model import CompositeAlarm, StateValue
from trimtab.alarms.reasons import spoken
from trimtab.alarms.replay.model import Moved, Replay, Trace
from trimtab.alarms.rows import name_of

_POINTS_MS = 60_000


def replay_composite(
    alarm: CompositeAlarm, children: Mapping[str, Replay], start_ms: int, end_ms: int
) -> tuple[StateValue, list[Moved], Trace]:
    """The state that the range begins in, the transitions, and how many children were in ALARM.

    `children` are the replays of the alarms in the rule, by name; a name without one is in no state.
    """
    rule = composite.rule_of(alarm.rule)
    key = alarm.key
    words = {word: name_of(word, key.account, key.region) for word in composite.children(rule)}
    states = {name: replay.began for name, replay in children.items()}
    began = value = composite.outcome(rule, _by_word(words, states))
    changes = sorted((one.at_ms, name, one) for name, replay in children.items() for one in replay.transitions)
    moved: list[Moved] = []
    times, counts = [start_ms], [_firing(states)]
    for number, (at_ms, name, change) in enumerate(changes):
        states[name] = change.new
        if number + 1 < len(changes) and changes[number + 1][0] == at_ms:
            continue  # all that happens at one moment is one change
        times.append(at_ms)
        counts.append(_firing(states))
        new = composite.outcome(rule, _by_word(words, states))
        if new is not value:
            arn = children[name].key.arn
            reason = f"{arn} transitioned to {change.new.value} at {spoken(at_ms)}"
            moved.append(Moved(at_ms, value, new, reason))
            value = new
    grid = np.arange(start_ms // _POINTS_MS * _POINTS_MS, end_ms, _POINTS_MS, dtype=np.int64)
    place = np.maximum(np.searchsorted(np.array(times), grid, side="right") - 1, 0)
    values = np.array(counts, dtype=np.float64)[place]
    return began, moved, Trace("children in ALARM", _POINTS_MS // 1000, grid, values)


def _by_word(words: Mapping[str, str], states: Mapping[str, StateValue]) -> dict[str, StateValue]:
    return {word: states[name] for word, name in words.items() if name in states}


def _firing(states: Mapping[str, StateValue]) -> int:
    return sum(state is StateValue.ALARM for state in states.values())
