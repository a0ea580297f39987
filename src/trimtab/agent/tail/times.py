"""The time that a line of a log names, in epoch milliseconds."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from trimtab.agent.tail.config import LOCAL
from trimtab.base.clock import to_datetime, to_ms

AUTO, NONE = "auto", "none"
_LOOKED_AT = 160  # characters: a time stands at the head of a line, behind a host and a level at most
_COMMON = re.compile(
    r"(?P<iso>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d)\b)?)"
    r"|(?P<web>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})"
    r"|(?P<syslog>(?:^|(?<=>))[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)"
    r"|^\[?(?P<epoch>1\d{9}(?:\.\d{1,9}|\d{3})?)\b"
)
_FRACTION = re.compile(r"[.,](\d+)")
_DAY = timedelta(days=1)


class Times:
    """Finds times, written as `form` says: auto, none, or a format of strptime. `zone`: of those that name none."""

    def __init__(self, form: str = AUTO, zone: str = LOCAL) -> None:
        self._form = form
        self._zone: tzinfo | None = None if zone == LOCAL else ZoneInfo(zone)
        # A line has more than its time: what the format matches is cut out first.
        self._own = None if form in (AUTO, NONE) else re.compile(_as_regex(form))

    def of_text(self, text: str, now_ms: int) -> int | None:
        """The time in a line; None where there is none. `now_ms` tells the year of one that names none."""
        if self._form == NONE:
            return None
        head = text[:_LOOKED_AT]
        try:
            if self._own is not None:
                found = self._own.search(head)
                return self._in_zone(_strptime(found.group(), self._form)) if found else None
            found = _COMMON.search(head)
            return None if found is None else self._common(found, now_ms)
        except (ValueError, OverflowError):
            return None

    def of_value(self, value: Any, now_ms: int) -> int | None:
        """The time that a member of a JSON line has: a number of seconds or of a part of them, or a text."""
        if isinstance(value, str):
            return self.of_text(value, now_ms)
        if isinstance(value, bool) or not isinstance(value, int | float) or self._form == NONE:
            return None
        for above, parts in ((1e17, 1e6), (1e14, 1e3), (1e11, 1.0), (1e8, 1e-3)):  # ns, µs, ms, s of this century
            if above <= value < above * 1e3:
                return round(value / parts)
        return None

    def _common(self, found: re.Match[str], now_ms: int) -> int:
        text = found.group()
        match found.lastgroup:
            case "iso":
                whole = _FRACTION.sub(lambda part: "." + part[1][:6].ljust(6, "0"), text.replace("/", "-"), count=1)
                return self._in_zone(datetime.fromisoformat(_tight(whole)))
            case "web":
                return to_ms(datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z"))
            case "syslog":
                return self._of_this_year(text, now_ms)
            case _:
                number = found["epoch"]
                return int(number) if len(number) == 13 and "." not in number else round(float(number) * 1000)

    def _of_this_year(self, text: str, now_ms: int) -> int:
        """The latest year in which it is not more than a day ahead."""
        latest = to_datetime(now_ms) + _DAY
        for year in range(latest.year, latest.year - 5, -1):  # February 29 comes every fourth
            try:
                at_ms = self._in_zone(_strptime(f"{year} {text}", "%Y %b %d %H:%M:%S"))
            except ValueError:
                continue
            if at_ms <= to_ms(latest):
                return at_ms
        raise ValueError(text)

    def _in_zone(self, when: datetime) -> int:
        if when.tzinfo is None:
            when = when.replace(tzinfo=self._zone) if self._zone is not None else when.astimezone(UTC)
        return to_ms(when)


def _strptime(text: str, form: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 - the caller gives it the zone of the file


def _tight(text: str) -> str:
    """Without the blank before an offset, which some write."""
    return text[:11] + text[11:].replace(" ", "")


_PARTS = {
    "Y": r"\d{4}", "m": r"\d\d?", "d": r" ?\d\d?", "H": r"\d\d?", "M": r"\d\d", "S": r"\d\d", "f": r"\d{1,6}",
    "y": r"\d\d", "b": r"\w{3,4}", "B": r"\w+", "a": r"\w{2,4}", "A": r"\w+", "I": r"\d\d?", "p": r"[AaPp][Mm]",
    "j": r"\d{3}", "z": r"(?:Z|[+-]\d\d:?\d\d)", "Z": r"[A-Z]{1,5}", "e": r" ?\d\d?", "%": "%",
}  # fmt: skip


def _as_regex(form: str) -> str:
    parts = re.split(r"%(.)", form)
    return "".join(re.escape(part) if at % 2 == 0 else _PARTS.get(part, r"\S+") for at, part in enumerate(parts))
