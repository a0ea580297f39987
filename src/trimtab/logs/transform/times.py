"""Times as transformers write their patterns, in Java's letters (`yyyy-MM-dd'T'HH:mm:ss.SSSXXX`), or `epoch`.

Months and days have English names.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trimtab.base.errors import InvalidInput

TARGET = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"
"""How times are written where nothing is said."""
_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMES = "|".join(sorted({*_MONTHS, *(one[:3] for one in _MONTHS)}, key=len, reverse=True))
_READ = {
    "y": r"(?P<year>\d{4}|\d{2})", "d": r"(?P<day>\d{1,2})", "H": r"(?P<hour>\d{1,2})", "k": r"(?P<hour>\d{1,2})",
    "h": r"(?P<half>\d{1,2})", "m": r"(?P<minute>\d{1,2})", "s": r"(?P<second>\d{1,2})", "S": r"(?P<part>\d{1,9})",
    "a": r"(?P<noon>[AaPp][Mm])", "E": r"[A-Za-z]{3,9}", "Z": r"(?P<zone>Z|[+-]\d{2}:?\d{2})",
    "X": r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)", "z": r"(?P<name>[A-Za-z_/+-]+)",
}  # fmt: skip
_WRITE: dict[str, Callable[[datetime, int], str]] = {
    "y": lambda at, width: f"{at.year % 100:02d}" if width == 2 else f"{at.year:04d}",
    "M": lambda at, width: _MONTHS[at.month - 1][: 3 if width == 3 else None] if width > 2 else f"{at.month:0{width}d}",
    "d": lambda at, width: f"{at.day:0{width}d}",
    "E": lambda at, width: _DAYS[at.weekday()][: None if width > 3 else 3],
    "H": lambda at, width: f"{at.hour:0{width}d}",
    "h": lambda at, width: f"{at.hour % 12 or 12:0{width}d}",
    "m": lambda at, width: f"{at.minute:0{width}d}",
    "s": lambda at, width: f"{at.second:0{width}d}",
    "S": lambda at, width: f"{at.microsecond:06d}".ljust(width, "0")[:width],
    "a": lambda at, _: "AM" if at.hour < 12 else "PM",
    "Z": lambda at, _: at.strftime("%z"),
    "X": lambda at, _: (at.strftime("%z")[:3] + ":" + at.strftime("%z")[3:]) if at.utcoffset() else "Z",
    "z": lambda at, _: at.tzname() or "UTC",
}
_EPOCH_MS = 100_000_000_000
"""Numbers above are milliseconds since the epoch, others seconds: of the years 1973 and 5138."""


def zone_of(name: str) -> tzinfo:
    """A time zone by its name, or an offset such as +01:00. Raises InvalidInput."""
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})", name)
    if offset is not None:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-away if offset[1] == "-" else away)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f"cannot use the time zone {name[:100]!r}") from None


def reader(pattern: str, zone: tzinfo) -> Callable[[str], datetime | None]:
    """Reads times that a pattern writes; those without a zone are of `zone`. Raises InvalidInput."""
    if pattern == "epoch":
        return _epoch
    try:
        expression = re.compile("".join(map(_expression, _parts(pattern))))
    except re.error:
        raise InvalidInput(f"cannot read times by {pattern[:64]!r}: it has a part twice") from None

    def read(text: str) -> datetime | None:
        match = expression.fullmatch(text.strip())
        return None if match is None else _time(match.groupdict(), zone)

    return read


def writer(pattern: str, zone: tzinfo) -> Callable[[datetime], str]:
    """Writes times by a pattern. Raises InvalidInput."""
    parts = _parts(pattern)
    for literal, letter, _ in parts:
        if literal is None and letter not in _WRITE:
            raise InvalidInput(f"cannot write times by {pattern[:64]!r}: the letter {letter} is not supported")
    return lambda at: "".join(
        _WRITE[letter](at.astimezone(zone), width) if literal is None else literal for literal, letter, width in parts
    )


def _parts(pattern: str) -> list[tuple[str | None, str, int]]:
    """(text, "", 0) for what stands for itself, (None, letter, how often) for the rest."""
    found: list[tuple[str | None, str, int]] = []
    at = 0
    for match in _PART.finditer(pattern):
        if match.start() != at:
            break
        at = match.end()
        whole = match[0]
        if match[1] is not None:
            found.append((match[1].replace("''", "'") or "'", "", 0))
        else:
            found.append((None, whole[0], len(whole)) if match[2] else (whole, "", 0))
    if at != len(pattern):
        raise InvalidInput(f"cannot read the pattern of a time {pattern[:64]!r}")
    return found


def _expression(part: tuple[str | None, str, int]) -> str:
    literal, letter, width = part
    if literal is not None:
        return re.escape(literal)
    if letter == "M":
        return rf"(?P<named>{_NAMES})" if width > 2 else r"(?P<month>\d{1,2})"
    if letter not in _READ:
        raise InvalidInput(f"cannot read times by the letter {letter}")
    return _READ[letter]


def _time(said: dict[str, str | None], zone: tzinfo) -> datetime | None:
    year = int(said.get("year") or 1970)
    month = int(said.get("month") or 1)
    if name := said.get("named"):
        month = 1 + next(number for number, one in enumerate(_MONTHS) if one.startswith(name[:3]))
    hour = int(said.get("hour") or 0)
    if half := said.get("half"):
        hour = int(half) % 12 + (12 if (said.get("noon") or "").lower() == "pm" else 0)
    part = int((said.get("part") or "0").ljust(6, "0")[:6])
    if (text := said.get("zone")) is not None:
        zone = UTC if text == "Z" else zone_of(text if len(text) > 3 else f"{text}00")
    try:
        if (named := said.get("name")) is not None:
            zone = zone_of(named)
        whole = year + 2000 if year < 100 else year
        return datetime(whole, month, int(said.get("day") or 1), hour, int(said.get("minute") or 0),
                        int(said.get("second") or 0), part, zone)  # fmt: skip
    except (ValueError, InvalidInput):
        return None


def _epoch(text: str) -> datetime | None:
    try:
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if abs(number) >= _EPOCH_MS else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None
