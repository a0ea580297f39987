"""What a suggestion is, in words. Pure."""

import math

from trimtab.alarms.model import Operator
from trimtab.alarms.suggest.incidents import OFTEN, SHARE, window
from trimtab.alarms.suggest.model import Candidate, Incident, Score

_BEYOND = {
    Operator.GREATER: "above",
    Operator.GREATER_OR_EQUAL: "at or above",
    Operator.LESS: "below",
    Operator.LESS_OR_EQUAL: "at or below",
}


def title(candidate: Candidate, operator: Operator) -> str:
    """`5 of 5 periods of 1 min above 80`."""
    count = f"{candidate.m} of {candidate.n} periods of {spoken(candidate.period_s * 1000)}"
    if candidate.n == 1:
        count = f"one period of {spoken(candidate.period_s * 1000)}"
    where = "outside the band" if candidate.threshold is None else f"{beyond(operator)} {number(candidate.threshold)}"
    return f"{count} {where}"


def beyond(operator: Operator) -> str:
    """`above`, `at or below` …"""
    return _BEYOND.get(operator, "outside the band of")


def definition(
    incidents: tuple[Incident, ...], operator: Operator, at: float | None, moved: bool, period_ms: int
) -> str:
    """What counted as an incident."""
    if incidents and incidents[0].marked:
        return "Incidents are the windows that you marked."
    where = "outside the band" if at is None else f"{beyond(operator)} {number(at)}"
    text = (
        f"An incident is a time of {spoken(window(period_ms))} or more in which at least {SHARE:.0%} of the periods "
        f"are {where}."
    )
    if moved:
        text += f" (The alarm's own threshold is breached in more than {OFTEN:.0%} of all periods: it tells of none.)"
    return text


def reason(candidate: Candidate, score: Score, now: Score, incidents: int) -> str:
    """What a proposal changes against how the alarm judges today."""
    fires = f"Fires {times(score.fired)}" + ("" if score is now else f" instead of {times(now.fired)}")
    if not incidents:
        quiet = "; nothing in the range was an incident" if score.fired < now.fired else ""
        return f"{fires}{quiet}. It tells {spoken(candidate.least_ms)} after something begins, at the soonest."
    told = "every incident" if not score.missed else f"{score.detected} of {incidents} incidents"
    if incidents == 1:
        told = "the one incident" if not score.missed else "not the one incident"
    after = "" if score.delay_ms is None else f", {spoken(score.delay_ms)} after it began{_before(score, now)}"
    return f"{fires}, {noisy(score)}. It tells of {told}{after}."


def verdict(quiet: tuple[Candidate, Score] | None, now: Score, incidents: int, operator: Operator) -> str:
    """What the suggestions come to."""
    had = f"As it is, it fires {times(now.fired)}, {noisy(now)}" if now.noise else ""
    if quiet is None:
        return "Nothing that was tried is better than the alarm as it is."
    candidate, score = quiet
    if not now.noise and not now.missed:
        return f"Keep it as it is: it fires {times(now.fired)}, {noisy(now)}, and misses no incident."
    what = title(candidate, operator)
    if not had:
        had = f"As it is, it misses {now.missed} of {incidents} incidents"
    later_ms = (score.delay_ms or 0) - (now.delay_ms or 0)
    cost = f", {spoken(later_ms)} later" if now.detected and score.detected and later_ms > 0 else ""
    miss = "misses none" if not score.missed else f"misses {score.missed}"
    end = f", and {miss}{cost}." if incidents else "; nothing in the range was an incident."
    fires = "would not have fired" if not score.fired else f"fires {times(score.fired)}, {noisy(score)}"
    return f"{had}. Quiet is {what}: it {fires}{end}"


def noisy(score: Score) -> str:
    """`none of them noise`, `38 of them noise (12 explained by no incident, …)`."""
    if not score.noise:
        return "none of them noise" if score.fired > 1 else "no noise"
    parts = [f"{score.false} explained by no incident"] if score.false else []
    parts += [f"{score.flaps} within half an hour of the one before"] if score.flaps else []
    whole = "it is noise" if score.fired == 1 else f"{score.noise} of them noise"
    return f"{whole} ({', '.join(parts)})"


def _before(score: Score, now: Score) -> str:
    if now.delay_ms is None or now.delay_ms == score.delay_ms:
        return ""
    return f" instead of {spoken(now.delay_ms)}"


def times(count: int) -> str:
    """`not at all`, `once`, `twice`, `3 times`."""
    few = ("not at all", "once", "twice")
    return few[count] if count < len(few) else f"{count} times"


def spoken(ms: float) -> str:
    """A length of time: `30 s`, `5 min`, `2.5 h`, `3 d`."""
    seconds = ms / 1000
    for size, unit, most in ((1, "s", 60), (60, "min", 120), (3600, "h", 48)):
        if seconds < most * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 86_400:.3g} d"


def number(value: float) -> str:
    """At most six significant digits."""
    return f"{value:.6g}" if math.isfinite(value) else str(value)
