"""Mute rules: when the actions of some alarms are silent. The alarms go on being evaluated.

    cron(Minutes Hours Day-of-month Month Day-of-week)   a window begins at every match, in the rule's time zone
    at(yyyy-MM-ddThh:mm)                                 one window

Fields take `*`, numbers, names (JAN, SUN), ranges and lists; Sunday is 0 or 7. As in every cron, where both days are
given one of them is enough. Source: API reference, "Schedule" of PutAlarmMuteRule.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Any

from msgspec import Struct

from trimtab.alarms.limits import read_zone
from trimtab.base.clock import to_datetime, to_ms
from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import partition_of

MAX_TARGETS = 100
_MIN = timedelta(minutes=1)
_MAX = timedelta(days=15)
_CRON = re.compile(r"cron\(([^()]*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)\)")
_DURATION = re.compile(r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?")
_MONTHS = {name: at for at, name in enumerate("JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC".split(","), 1)}  # noqa: SIM905 - the list of them fills twelve lines
_DAYS = {name: at for at, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}


class MuteStatus(StrEnum):
    """Whether a rule mutes now, may later, or never will again."""

    SCHEDULED = "SCHEDULED"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"


class Cron(Struct, frozen=True):
    """The matching values of each field; `both` where day of month and day of week are both restricted."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def on(self, day: date) -> bool:
        """Whether a window may begin on `day`."""
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either else of_month and of_week


class MuteRule(Struct, frozen=True):
    """A rule: windows of `duration` that begin as `schedule` says (a local time once, or a cron), for some alarms."""

    account: str
    region: str
    name: str
    schedule: Cron | datetime
    duration: timedelta
    zone: tzinfo
    alarms: frozenset[str]
    start_ms: int | None = None
    expire_ms: int | None = None

    @property
    def arn(self) -> str:
        """The rule's ARN."""
        return f"arn:{partition_of(self.region)}:cloudwatch:{self.region}:{self.account}:alarm-mute-rule:{self.name}"

    @property
    def recurring(self) -> bool:
        """Whether it is a cron."""
        return isinstance(self.schedule, Cron)

    def active(self, at_ms: int) -> bool:
        """Whether the rule mutes at a time."""
        if at_ms < (self.start_ms or 0) or (self.expire_ms is not None and at_ms >= self.expire_ms):
            return False
        begun = self._begun(to_datetime(at_ms))
        return begun is not None and at_ms < to_ms(begun) + self.duration // timedelta(milliseconds=1)

    def status(self, at_ms: int) -> MuteStatus:
        """The rule's status at a time."""
        if self.active(at_ms):
            return MuteStatus.ACTIVE
        over = self.expire_ms is not None and at_ms >= self.expire_ms
        if not over and isinstance(self.schedule, datetime):
            over = at_ms >= to_ms(self.schedule + self.duration)
        return MuteStatus.EXPIRED if over else MuteStatus.SCHEDULED

    def _begun(self, now: datetime) -> datetime | None:
        """When the newest window began that could still last at `now`."""
        if isinstance(self.schedule, datetime):
            return self.schedule if self.schedule <= now else None
        day = now.astimezone(self.zone).date()
        for _ in range(self.duration.days + 2):
            if self.schedule.on(day):
                found = self._last_on(self.schedule, day, now)
                if found is not None:
                    return found
            day -= timedelta(days=1)
        return None

    def _last_on(self, cron: Cron, day: date, now: datetime) -> datetime | None:
        for hour in reversed(cron.hours):
            for minute in reversed(cron.minutes):
                begins = datetime.combine(day, time(hour, minute), self.zone).astimezone(UTC)
                if begins <= now:
                    return begins
        return None


def read_mute_rule(account: str, region: str, form: Mapping[str, Any]) -> MuteRule:
    """The rule in a PutAlarmMuteRule-shaped form; its times are in milliseconds. Raises InvalidInput."""
    schedule = form["Rule"]["Schedule"]
    zone = read_zone(schedule.get("Timezone", "UTC"))
    targets = form.get("MuteTargets", {}).get("AlarmNames", ())
    start_ms, expire_ms = form.get("StartDate"), form.get("ExpireDate")
    if start_ms is not None and expire_ms is not None and start_ms >= expire_ms:
        raise InvalidInput("The parameter StartDate must be less than the parameter ExpireDate.")
    if len(targets) > MAX_TARGETS:
        raise InvalidInput(f"The collection MuteTargets.AlarmNames must not have a size greater than {MAX_TARGETS}.")
    return MuteRule(
        account,
        region,
        form["Name"],
        _schedule(schedule["Expression"], zone),
        read_duration(schedule["Duration"]),
        zone,
        frozenset(targets),
        start_ms,
        expire_ms,
    )


def read_duration(text: str) -> timedelta:
    """An ISO 8601 duration from PT1M to P15D. Raises InvalidInput."""
    match = _DURATION.fullmatch(text)
    if match and len(text) > 2 and not text.endswith("T"):
        duration = timedelta(**{unit: int(number[:9]) for unit, number in match.groupdict("0").items()})
        if _MIN <= duration <= _MAX:
            return duration
    raise InvalidInput(
        f"The value {text} for parameter Rule.Schedule.Duration is invalid: expected PT1M to P15D.", field="Duration"
    )


def _schedule(text: str, zone: tzinfo) -> Cron | datetime:
    if match := _AT.fullmatch(text):
        try:
            return datetime.fromisoformat(match[1]).replace(tzinfo=zone).astimezone(UTC)
        except ValueError:
            pass
    elif match := _CRON.fullmatch(text):
        return read_cron(match[1])
    raise _wrong(text)


@lru_cache(maxsize=1024)  # rules are read again at every evaluation
def read_cron(text: str) -> Cron:
    """The five fields of a cron. Raises InvalidInput."""
    fields = text.upper().split()
    if len(fields) != 5:
        raise _wrong(f"cron({text})")
    minutes = _field(fields[0], 0, 59, {})
    hours = _field(fields[1], 0, 23, {})
    days = _field(fields[2], 1, 31, {})
    months = _field(fields[3], 1, 12, _MONTHS)
    weekdays = frozenset(day % 7 for day in _field(fields[4], 0, 7, _DAYS))
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    return Cron(tuple(sorted(minutes)), tuple(sorted(hours)), days, months, weekdays, either)


def _field(text: str, low: int, high: int, names: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin, end = (low, high) if part == "*" else (_number(first, names), _number(last if dash else first, names))
        if begin is None or end is None or not low <= begin <= end <= high:
            raise _wrong(text)
        found.update(range(begin, end + 1))
    return frozenset(found)


def _number(text: str, names: Mapping[str, int]) -> int | None:
    if text in names:
        return names[text]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else None


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(
        f"The value {text} for parameter Rule.Schedule.Expression is invalid: expected cron(Minutes Hours Day-of-month "
        "Month Day-of-week) or at(yyyy-MM-ddThh:mm).",
        field="Expression",
    )
