"""From verdicts to what they add up to: transitions, times in each state, episodes. Pure."""

from collections.abc import Callable, Sequence

from trimtab.alarms.evaluate import VALUES, Codes, Integers, Verdict, transitions
from trimtab.alarms.model import AlarmKey, StateValue
from trimtab.alarms.mute import MuteRule
from trimtab.alarms.replay.model import Episode, Moved, Replay, Span, Trace

Why = Callable[[int, StateValue, StateValue], str]
"""The reason of a change: number of the evaluation, old state, new state."""

MOST_REASONS = 2000
"""Transitions whose reason is worded: an alarm that flaps more often is read by its numbers."""


def began_in(codes: Codes) -> StateValue:
    """The state in which a range begins: that of the first verdict that tells one, INSUFFICIENT_DATA without any."""
    told = codes[codes != Verdict.KEEP]
    return VALUES[Verdict(int(told[0]))] if len(told) else StateValue.INSUFFICIENT_DATA


def moves(times: Integers, codes: Codes, why: Why, delay_ms: int) -> tuple[StateValue, list[Moved]]:
    """The state that the range begins in, and the transitions of successive verdicts at `times` (ms).

    A transition counts `delay_ms` after the time that was evaluated, as the evaluator's own do.
    """
    began = began_in(codes)
    found: list[Moved] = []
    for number, old, new in transitions(codes, began):
        reason = why(number, old, new) if len(found) < MOST_REASONS else ""
        found.append(Moved(int(times[number]) + delay_ms, old, new, reason))
    return began, found


def silence(moved: Sequence[Moved], name: str, rules: Sequence[MuteRule]) -> list[Moved]:
    """The transitions, with those marked that a mute rule would have kept silent."""
    mine = [rule for rule in rules if name in rule.alarms]
    if not mine:
        return list(moved)
    return [
        Moved(one.at_ms, one.old, one.new, one.reason, any(rule.active(one.at_ms) for rule in mine)) for one in moved
    ]


def add_up(
    key: AlarmKey,
    span: Span,
    began: StateValue,
    moved: Sequence[Moved],
    trace: Trace,
    *,
    step_s: int,
    evaluations: int,
    notes: Sequence[str] = (),
) -> Replay:
    """The replay that transitions make."""
    spent = dict.fromkeys(StateValue, 0)
    episodes: list[Episode] = []
    state, since = began, span.start_ms
    for at_ms, new in [*((one.at_ms, one.new) for one in moved), (span.end_ms, None)]:
        at_ms = min(max(at_ms, since), span.end_ms)
        spent[state] += at_ms - since
        if state is StateValue.ALARM:
            first = not episodes and since == span.start_ms and began is StateValue.ALARM
            episodes.append(Episode(since, at_ms, first, new is None))
        if new is not None:
            state, since = new, at_ms
    return Replay(
        key,
        span.start_ms,
        span.end_ms,
        step_s,
        began,
        tuple(moved),
        spent,
        tuple(episodes),
        trace,
        evaluations,
        tuple(notes),
    )
