"""AWS's cron: six fields, minutes hours day-of-month month day-of-week year, read to the moments that they match.

    *        every value                  a-b      a range                  a,b      a list
    a/n      every n-th from a            ?        any day (in one of the two day fields, exactly one)
    L        last day of the month; in day-of-week the week's last, Saturday     5L       the month's last Thursday
    15W      the weekday nearest the 15th, in its month      LW    the month's last weekday      3#2   second Tuesday

Days of the week are 1 (SUN) to 7 (SAT), years 1970 to 2199. Source: EventBridge user guide, "Cron expressions".
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from msgspec import Struct

from trimtab.base.errors import InvalidInput

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_STEP = re.compile(r"([^/]+)/(\d{1,4})")
_SATURDAY, _SUNDAY = 7, 1


class _Field(Struct, frozen=True):
    """What a field may hold; `names` stand for the numbers from `low` on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_MINUTES = _Field("minutes", 0, 59)
_HOURS = _Field("hours", 0, 23)
_DAY_OF_MONTH = _Field("day-of-month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_DAY_OF_WEEK = _Field("day-of-week", 1, 7, _DAYS)
_YEAR = _Field("year", _FIRST_YEAR, _LAST_YEAR)


class Cron(Struct, frozen=True):
    """The values of each field, ascending. One of the two day fields is `?`, which holds None."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: tuple[str, ...] | None
    months: tuple[int, ...]
    week_days: tuple[str, ...] | None
    years: tuple[int, ...]

    def from_(self, start: datetime) -> Iterator[datetime]:
        """The naive local times that match, ascending, from the minute of `start` on."""
        for year in self.years:
            for month in self.months:
                if (year, month) >= (start.year, start.month):
                    yield from self._in_month(year, month, start)

    def _in_month(self, year: int, month: int, start: datetime) -> Iterator[datetime]:
        for day in self._days(year, month):
            if day < start.date():
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    moment = datetime.combine(day, time(hour, minute))
                    if moment >= start.replace(second=0, microsecond=0):
                        yield moment

    def _days(self, year: int, month: int) -> list[date]:
        """The days of a month that match, ascending."""
        last = monthrange(year, month)[1]
        days: set[int] = set()
        for item in self.month_days or ():
            days |= _month_days(item, year, month, last)
        for item in self.week_days or ():
            days |= _week_days(item, year, month, last)
        return [date(year, month, day) for day in sorted(days)]


def read_cron(text: str) -> Cron:
    """The six fields in `text`. Raises InvalidInput."""
    fields = text.upper().split()
    if len(fields) != 6:
        raise InvalidInput(
            f"cannot read cron({text}): got {len(fields)} fields; expected 6: minutes hours day-of-month month "
            "day-of-week year; try cron(0 12 * * ? *), noon of every day"
        )
    minutes, hours, month_days, months, week_days, years = fields
    if (month_days == "?") == (week_days == "?"):
        raise InvalidInput(
            f"cannot read cron({text}): got {month_days} and {week_days} for the days of the month and of the week; "
            "expected ? for exactly one of the two"
        )
    return Cron(
        _numbers(_MINUTES, minutes),
        _numbers(_HOURS, hours),
        None if month_days == "?" else _items(_DAY_OF_MONTH, month_days),
        _numbers(_MONTH, months),
        None if week_days == "?" else _items(_DAY_OF_WEEK, week_days),
        _numbers(_YEAR, years),
    )


def _items(field: _Field, text: str) -> tuple[str, ...]:
    """The items of a day field, each checked: a number, or what depends on the month (L, 5L, 15W, LW, 3#2)."""
    found: list[str] = []
    for item in text.split(","):
        if _depends(field, item):
            found.append(_numbered(field, item))
        else:
            found += map(str, _numbers(field, item))
    return tuple(found)


def _depends(field: _Field, item: str) -> bool:
    if field is _DAY_OF_MONTH:
        return item in ("L", "LW") or (re.fullmatch(r"\d{1,2}W", item) is not None and 1 <= int(item[:-1]) <= 31)
    if item == "L":
        return True
    match = re.fullmatch(r"([A-Z]{3}|\d)(?:L|#([1-5]))", item)
    return match is not None and _value(field, match[1]) is not None


def _numbered(field: _Field, item: str) -> str:
    """An item with the number of its day in place of its name."""
    return f"{_value(field, item[:3])}{item[3:]}" if item[:3] in field.names else item


def _numbers(field: _Field, text: str) -> tuple[int, ...]:
    values: set[int] = set()
    for item in text.split(","):
        values |= set(_range(field, item))
    return tuple(sorted(values))


def _range(field: _Field, item: str) -> range:
    step = _STEP.fullmatch(item)
    span, width = (step[1], int(step[2])) if step else (item, 1)
    if span == "*":
        first, last = field.low, field.high
    elif "-" in span:
        low, _, high = span.partition("-")
        first, last = _known(field, low, item), _known(field, high, item)
    else:
        first = _known(field, span, item)
        last = field.high if step else first
    if width < 1 or last < first:
        raise _wrong(field, item)
    return range(first, last + 1, width)


def _known(field: _Field, text: str, item: str) -> int:
    value = _value(field, text)
    if value is None:
        raise _wrong(field, item)
    return value


def _value(field: _Field, text: str) -> int | None:
    if text in field.names:
        return field.low + field.names.index(text)
    if not (text.isascii() and text.isdigit()) or len(text) > 4:
        return None
    return int(text) if field.low <= int(text) <= field.high else None


def _wrong(field: _Field, item: str) -> InvalidInput:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return InvalidInput(
        f"cannot read the {field.name} of a cron expression: got {item!r}; expected {field.low} to {field.high}{names}"
        ", *, a range a-b, a list a,b or steps a/n"
    )


def _month_days(item: str, year: int, month: int, last: int) -> set[int]:
    """The days of the month that an item of day-of-month means."""
    if item == "L":
        return {last}
    if item == "LW":
        return {_nearest_weekday(date(year, month, last), last)}
    day = int(item.removesuffix("W"))
    if day > last:
        return set()
    return {_nearest_weekday(date(year, month, day), last)} if item.endswith("W") else {day}


def _week_days(item: str, year: int, month: int, last: int) -> set[int]:
    """The days of the month that an item of day-of-week means."""
    wanted = _SATURDAY if item == "L" else int(item[0])
    matching = [day for day in range(1, last + 1) if _week_day(date(year, month, day)) == wanted]
    if item.endswith("L") and item != "L":
        return {matching[-1]}
    if "#" in item:
        nth = int(item[-1])
        return set(matching[nth - 1 : nth])
    return set(matching)


def _week_day(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _nearest_weekday(day: date, last: int) -> int:
    """The Monday-to-Friday day nearest to `day`, never in another month."""
    if _week_day(day) == _SATURDAY:
        return day.day - 1 if day.day > 1 else 3
    if _week_day(day) == _SUNDAY:
        return day.day + 1 if day.day < last else (day - timedelta(days=2)).day
    return day.day
