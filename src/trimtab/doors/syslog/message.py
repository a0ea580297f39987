"""One syslog message, as RFC 5424 or the older RFC 3164 writes it.

What is neither is a message all the same (RFC 3164, 4.3.3): its text is kept, with the default priority.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct, field

from trimtab.base.clock import to_datetime, to_ms

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", *(f"local{number}" for number in range(8)),
)  # fmt: skip
"""By number; RFC 5424, table 1, with the names of Linux's syslog.h."""
SEVERITIES = ("FATAL", "FATAL", "FATAL", "ERROR", "WARN", "INFO", "INFO", "DEBUG")
"""By number (emergency, alert, critical, error, warning, notice, informational, debug), in OpenTelemetry's words."""
_DEFAULT_PRIORITY = 13  # user.notice
_MOST_PRIORITY = 8 * len(FACILITIES) - 1
_PRIORITY = re.compile(r"<(\d{1,3})>")
_NEW = re.compile(r"1 (\S+) (\S+) (\S+) (\S+) (\S+) (?=[-\[])")
_OLD_TIME = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ")
_ISO_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ")
"""In the place of the older form's: rsyslog's RSYSLOG_ForwardFormat."""
_OLD_HOST = re.compile(r"([\w.:-]+) (?=[^\s:\[]{1,48}(?:\[[^\]]{1,32}\])?:)")
_TAG = re.compile(r"([^\s:\[]{1,48})(?:\[([^\]]{1,32})\])?: ?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ELEMENT = re.compile(r'\[([^\s=\]"]{1,32})((?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\.)*")*)\]')
_PARAMETER = re.compile(r' ([^\s=\]"]{1,32})="((?:[^"\\\]]|\\.)*)"')
_NIL = "-"
_MONTH_MS = 31 * 86_400_000


class SyslogMessage(Struct, frozen=True):
    """A message. `time_ms` None where it names no time that can be; `host` "" where none is named."""

    facility: str
    severity: str
    text: str
    time_ms: int | None = None
    host: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def read_message(line: str, now_ms: int) -> SyslogMessage:
    """Read a message; the older form has neither a year nor a zone: it is taken as UTC, and the nearest year."""
    priority, rest = _DEFAULT_PRIORITY, line
    match = _PRIORITY.match(line)
    if match and int(match[1]) <= _MOST_PRIORITY:
        priority, rest = int(match[1]), line[match.end() :]
    facility, severity = FACILITIES[priority >> 3], SEVERITIES[priority & 7]
    if match and (new := _NEW.match(rest)):
        return _read_new(new, rest, facility, severity)
    return _read_old(rest, facility, severity, now_ms)


def _read_new(head: re.Match[str], rest: str, facility: str, severity: str) -> SyslogMessage:
    time, host, app, process, kind = (None if part == _NIL else part for part in head.groups())
    given = {"appname": app, "procid": process, "msgid": kind}
    fields = {name: value for name, value in given.items() if value}
    at = head.end()
    if rest[at] == _NIL:
        at += 1
    else:
        while element := _ELEMENT.match(rest, at):
            for name, value in _PARAMETER.findall(element[2]):
                fields[f"{element[1]}.{name}"] = re.sub(r'\\(["\\\]])', r"\1", value)
            at = element.end()
    # rsyslog's RSYSLOG_SyslogProtocol23Format keeps the space that followed the tag of a message in the older form.
    text = rest[at:].removeprefix(" ").removeprefix("\ufeff").removeprefix(" ")
    return SyslogMessage(facility, severity, text, _iso_ms(time), host or "", fields)


def _read_old(rest: str, facility: str, severity: str, now_ms: int) -> SyslogMessage:
    time_ms, host, fields, at = None, "", {}, 0
    if stamp := _OLD_TIME.match(rest) or _ISO_TIME.match(rest):
        time_ms = _near_ms(stamp, now_ms) if stamp.re is _OLD_TIME else _iso_ms(stamp[1])
        at = stamp.end()
        if named := _OLD_HOST.match(rest, at):
            host, at = named[1], named.end()
    if tag := _TAG.match(rest, at):
        fields = {"appname": tag[1], **({"procid": tag[2]} if tag[2] else {})}
        at = tag.end()
    return SyslogMessage(facility, severity, rest[at:], time_ms, host, fields)


def _iso_ms(text: str | None) -> int | None:
    try:
        return to_ms(datetime.fromisoformat(text)) if text else None
    except (ValueError, OverflowError):
        return None


def _near_ms(stamp: re.Match[str], now_ms: int) -> int | None:
    if stamp[1] not in _MONTHS:
        return None
    year = to_datetime(now_ms).year
    day, hour, minute, second = (int(part) for part in stamp.groups()[1:])
    found: list[int] = []
    for candidate in (year - 1, year, year + 1):
        try:
            found.append(to_ms(datetime(candidate, _MONTHS.index(stamp[1]) + 1, day, hour, minute, second, tzinfo=UTC)))
        except ValueError:  # a 29th of February, or no date at all
            continue
    nearest = min(found, key=lambda at: abs(at - now_ms), default=None)
    return nearest if nearest is not None and abs(nearest - now_ms) < 6 * _MONTH_MS else None
