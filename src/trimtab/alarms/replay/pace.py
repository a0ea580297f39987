"""How often a replay evaluates, and from when on: what is kept of the past decides both. Pure.

Alarms are evaluated every minute (every 10 seconds where a period is shorter), over periods that slide with the time of
evaluation. A replay does the same, unless

- minutes are no longer kept so far back: then every 5 minutes or every hour, where the period allows it, else the range
  begins where minutes do;
- a period slides through more positions than are worth reading (`MOST_PHASES`; percentiles cannot be put together from
  shorter periods, so each position is a query of its own: `MOST_QUERIES`).

What it does differently, it says.
"""

from msgspec import Struct

from trimtab.alarms.replay.model import Span
from trimtab.metrics.rollups.tiers import ONE_MINUTE, TIERS, Retention

MOST_PHASES = 60
"""Positions of a period of sums and extremes: an hour is evaluated every minute."""
MOST_QUERIES = 6
"""Positions of a period of percentiles: five minutes are evaluated every minute."""
_FAST_S = 10
_ZONE_S = 900
"""Time zones are whole quarters of an hour apart: nothing changes between two of them."""


class Pace(Struct, frozen=True):
    """Evaluations every `step_s` seconds over `span`; `notes` tell what differs from the live evaluation."""

    span: Span
    step_s: int
    delay_ms: int
    notes: tuple[str, ...] = ()


def pace(span: Span, period_s: int, delay_ms: int, kept: Retention, *, whole: bool, zone: bool = False) -> Pace:
    """The pace for an alarm of `period_s`. `whole` says that its periods cannot be put together from shorter ones."""
    finest, start_ms, notes = _kept(span, period_s, kept)
    step_s = finest
    if zone:
        step_s = max(min(period_s, _ZONE_S), finest)
    elif period_s > finest:
        most = MOST_QUERIES if whole else MOST_PHASES
        steps = [step for step in range(finest, period_s + 1, finest) if period_s % step == 0]
        step_s = next((step for step in steps if period_s // step <= most), period_s)
        if step_s > finest:
            notes.append(f"Evaluated every {_spoken(step_s)} instead of every {_spoken(finest)}: its period is long.")
    return Pace(Span(start_ms, span.end_ms, span.now_ms), step_s, delay_ms, tuple(notes))


def coarser(given: Pace, most: int, why: str) -> Pace:
    """The pace with at most `most` evaluations, and a note that says why."""
    length_s = (given.span.end_ms - given.span.start_ms) // 1000
    if length_s // given.step_s <= most:
        return given
    wanted = -(-length_s // most)
    step_s = -(-wanted // given.step_s) * given.step_s
    note = f"Evaluated every {_spoken(step_s)} instead of every {_spoken(given.step_s)}: {why}."
    return Pace(given.span, step_s, given.delay_ms, (*given.notes, note))


def _kept(span: Span, period_s: int, kept: Retention) -> tuple[int, int, list[str]]:
    """The finest step that the past has, and where the range begins."""
    if period_s < 60:
        oldest = kept.raw_from(span.now_ms)
        return _FAST_S, *_cut(span, oldest, "shorter than a minute", kept.raw_days)
    for tier, days in zip(TIERS, kept.tier_days, strict=True):
        step_s = tier.period_ms // 1000
        if period_s % step_s:
            break
        if span.start_ms >= kept.tier_from(tier, span.now_ms):
            finest = [] if tier is ONE_MINUTE else [_coarse(step_s, kept.tier_days[0])]
            return step_s, span.start_ms, finest
        last = (step_s, tier, days)
    step_s, tier, days = last
    start_ms, notes = _cut(
        span,
        kept.tier_from(tier, span.now_ms),
        f"of {'a ' if step_s == 60 else 'an ' if step_s == 3600 else ''}{_spoken(step_s)}",
        days,
    )
    return step_s, start_ms, notes


def _cut(span: Span, oldest_ms: int, what: str, days: int) -> tuple[int, list[str]]:
    if span.start_ms >= oldest_ms:
        return span.start_ms, []
    return min(oldest_ms, span.end_ms - 1), [f"Begins later than asked: points {what} are kept for {days} days."]


def _coarse(step_s: int, days: int) -> str:
    return f"Evaluated every {_spoken(step_s)} instead of every minute: points of a minute are kept for {days} days."


def _spoken(seconds: int) -> str:
    if seconds % 3600 == 0:
        return "hour" if seconds == 3600 else f"{seconds // 3600} hours"
    if seconds % 60 == 0:
        return "minute" if seconds == 60 else f"{seconds // 60} minutes"
    return f"{seconds} seconds"
