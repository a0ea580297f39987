"""When something is due that a user scheduled: the three expressions of EventBridge.

    rate(5 minutes)               every so often, counted from an anchor (when the schedule was made)
    cron(0 9 ? * MON-FRI *)       at the minutes of a time zone that match
    at(2026-12-24T18:00:00)       once, in a time zone

Where a zone's clock goes forward, times that it skips do not happen; where it goes back, a time that it shows twice
happens the first time only. Source: EventBridge Scheduler user guide, "Schedule types" and "Daylight savings time".
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from trimtab.base.clock import to_datetime, to_ms
from trimtab.base.errors import InvalidInput
from trimtab.jobs.cron import Cron, read_cron

_EXPRESSION = re.compile(r"(rate|cron|at)\(([^()]*)\)")
_RATE = re.compile(r"([1-9]\d{0,8}) (minute|hour|day)(s?)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_UNIT_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_MAX_SKIPPED = 2_000
"""Matches that a look ahead passes over before it gives up: a whole day of minutes that a zone shows twice or never."""


class Schedule(Protocol):
    """A parsed expression. Times are milliseconds since the epoch, UTC."""

    def next_after(self, ms: int) -> int | None:
        """The first time after `ms` (never `ms` itself) at which it is due, or None where there is none any more."""
        ...


class Rate(Struct, frozen=True):
    """Every `period_ms`, counted from `anchor_ms`; the anchor itself counts where it lies ahead."""

    period_ms: int
    anchor_ms: int

    def next_after(self, ms: int) -> int | None:
        """The next multiple of the period after `ms`."""
        if ms < self.anchor_ms:
            return self.anchor_ms
        return ms + self.period_ms - (ms - self.anchor_ms) % self.period_ms


class At(Struct, frozen=True):
    """Once, at `at_ms`."""

    at_ms: int

    def next_after(self, ms: int) -> int | None:
        """Its one time, while that lies ahead."""
        return self.at_ms if self.at_ms > ms else None


class CronSchedule(Struct, frozen=True):
    """The minutes that `cron` matches on the clocks of `zone`."""

    cron: Cron
    zone: tzinfo

    def next_after(self, ms: int) -> int | None:
        """The next match after `ms` that this zone's clock shows."""
        local = to_datetime(ms).astimezone(self.zone).replace(tzinfo=None)
        for tried, moment in enumerate(self.cron.from_(local)):
            found = _shown(moment, self.zone)
            if found is not None and found > ms:
                return found
            if tried > _MAX_SKIPPED:
                return None
        return None


def parse(expression: str, zone: tzinfo | str = UTC, *, anchor_ms: int = 0) -> Schedule:
    """The schedule that an expression means; `zone` is a tzinfo or an IANA name, rates count from `anchor_ms`.

    Raises InvalidInput, whose message says what was wrong.
    """
    found = _EXPRESSION.fullmatch(expression)
    if found is None:
        raise InvalidInput(
            f"cannot read the schedule {expression[:200]!r}; expected rate(5 minutes), cron(0 12 * * ? *) or "
            "at(2026-12-24T18:00:00)"
        )
    kind, inner = found.groups()
    where = named_zone(zone) if isinstance(zone, str) else zone
    if kind == "rate":
        return _rate(inner, anchor_ms)
    if kind == "cron":
        return CronSchedule(read_cron(inner), where)
    return At(_once(inner, where))


def named_zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as Europe/Berlin. Raises InvalidInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:  # an absolute path, a folder's name
        raise InvalidInput(
            f"cannot find the time zone {name!r}; expected a name of the IANA database such as UTC or Europe/Berlin"
        ) from unknown


def _rate(inner: str, anchor_ms: int) -> Rate:
    found = _RATE.fullmatch(inner)
    if found is None or (found[1] == "1") == bool(found[3]):
        raise InvalidInput(
            f"cannot read rate({inner[:200]}); expected a positive number and minutes, hours or days "
            "(1 minute, 5 minutes)"
        )
    return Rate(int(found[1]) * _UNIT_MS[found[2]], anchor_ms)


def _once(inner: str, zone: tzinfo) -> int:
    try:
        if not _AT.fullmatch(inner):
            raise ValueError(inner)
        return to_ms(datetime.fromisoformat(inner).replace(tzinfo=zone))
    except ValueError as wrong:
        raise InvalidInput(f"cannot read at({inner[:200]}); expected yyyy-mm-ddThh:mm:ss without a zone") from wrong


def _shown(moment: datetime, zone: tzinfo) -> int | None:
    """When the zone's clock first shows a local time, or None where it skips it."""
    when = moment.replace(tzinfo=zone).astimezone(UTC)
    return to_ms(when) if when.astimezone(zone).replace(tzinfo=None) == moment else None
