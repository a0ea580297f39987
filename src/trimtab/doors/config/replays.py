"""What a changed alarm did and would have done, in a sentence each."""

from collections.abc import Mapping
from typing import Protocol

from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import Alarm, AlarmKey, AlarmKind
from trimtab.alarms.replay.model import Replay, Span
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, QueryAborted, Unavailable
from trimtab.doors.config.model import Change, Form, Owner

DAY_MS = 86_400_000
_MINUTE_MS = 60_000
KINDS: Mapping[str, AlarmKind] = {
    "metric_alarms": AlarmKind.METRIC,
    "burn_rate_alarms": AlarmKind.BURN_RATE,
    "composite_alarms": AlarmKind.COMPOSITE,
}
"""The sections whose documents are alarms that can be replayed."""


class Replayer(Protocol):
    """`alarms.replay.replayer.Replayer`."""

    async def replay(self, alarm: Alarm, span: Span) -> Replay:
        """The replay of an alarm."""
        ...


class ChangeReplays:
    """Replays both sides of a change."""

    def __init__(self, replayer: Replayer, clock: Clock) -> None:
        self._replayer = replayer
        self._clock = clock

    async def words(self, owner: Owner, change: Change, days: int) -> tuple[str, str] | None:
        """What the alarm did in the last `days` as it was, and would have done as it will be; None for no alarm."""
        if change.section not in KINDS:
            return None
        now_ms = self._clock.now_ms()
        span = Span(now_ms - days * DAY_MS, now_ms, now_ms)
        return await self._side(owner, change, change.before, span), await self._side(owner, change, change.after, span)

    async def _side(self, owner: Owner, change: Change, form: Form | None, span: Span) -> str:
        if form is None:
            return "not there"
        kind = AlarmKind.PROMQL if "EvaluationCriteria" in form else KINDS[change.section]
        alarm = read_alarm(kind, AlarmKey(owner.account, owner.region, change.name), form)
        try:
            return sentence(await self._replayer.replay(alarm, span))
        except (InvalidInput, QueryAborted, Unavailable) as problem:
            return str(problem)


def sentence(found: Replay) -> str:
    """`fires 12 times, 3 h 20 min in ALARM, at most 40 min at a stretch`."""
    if not found.firing_ms:
        return "never fires"
    times = {0: "fires all the time", 1: "fires once", 2: "fires twice"}.get(
        found.fired, f"fires {found.fired:,} times"
    )
    return f"{times}, {_span(found.firing_ms)} in ALARM, at most {_span(found.longest_ms)} at a stretch"


def _span(ms: int) -> str:
    minutes = round(ms / _MINUTE_MS)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (rest, "min")) if number]
    return " ".join(parts[:2]) or "less than a minute"
