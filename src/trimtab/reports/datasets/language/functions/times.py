"""Functions of times, in UTC. Periods are QuickSight's: YYYY, Q, MM, WK (from Sunday on), DD, HH, MI, SS."""

from collections.abc import Mapping

from trimtab.reports.datasets.field import Type
from trimtab.reports.datasets.language.functions.rows import counted
from trimtab.reports.datasets.language.tree import CallOf
from trimtab.reports.datasets.language.typed import Typed, joined
from trimtab.reports.datasets.language.writer import Function, Writer, moment_of

_TRUNCATED = {
    "YYYY": "toStartOfYear({})", "Q": "toStartOfQuarter({})", "MM": "toStartOfMonth({})", "WK": "toStartOfWeek({}, 0)",
    "DD": "toStartOfDay({})", "HH": "toStartOfHour({})", "MI": "toStartOfMinute({})", "SS": "toStartOfSecond({})",
}  # fmt: skip
_UNITS = {
    "YYYY": "year", "Q": "quarter", "MM": "month", "WK": "week", "DD": "day", "HH": "hour", "MI": "minute",
    "SS": "second", "MS": "millisecond",
}  # fmt: skip
_PARTS = {
    "YYYY": "toYear({})", "Q": "toQuarter({})", "MM": "toMonth({})", "DD": "toDayOfMonth({})",
    "WD": "(toDayOfWeek({}) % 7 + 1)", "HH": "toHour({})", "MI": "toMinute({})", "SS": "toSecond({})",
}  # fmt: skip


def truncated(period: str, sql: str) -> str:
    """A time cut to a period."""
    return f"toDateTime64({_TRUNCATED[period].format(sql)}, 3, 'UTC')"


def _trunc_date(writer: Writer, call: CallOf) -> Typed:
    period, when = counted(call, "truncDate('DD', time)", 2)
    found = writer.time(when)
    return joined(truncated(writer.constant_text(period, tuple(_TRUNCATED)), found.sql), Type.TIME, (found,))


def _date_diff(writer: Writer, call: CallOf) -> Typed:
    given = counted(call, "dateDiff(from, to[, 'DD'])", 2, 3)
    first, last = writer.time(given[0]), writer.time(given[1])
    unit = _UNITS[writer.constant_text(given[2], tuple(_UNITS))] if len(given) == 3 else "day"
    sql = f"toInt64(dateDiff('{unit}', {first.sql}, {last.sql}, 'UTC'))"
    return joined(sql, Type.INTEGER, (first, last))


def _add_time(writer: Writer, call: CallOf) -> Typed:
    number, period, when = counted(call, "addDateTime(number, 'DD', time)", 3)
    amount, found = writer.numeric(number), writer.time(when)
    unit = _UNITS[writer.constant_text(period, tuple(_UNITS))]
    name = f"add{unit.capitalize()}s"
    return joined(f"toDateTime64({name}({found.sql}, toInt32({amount.sql})), 3, 'UTC')", Type.TIME, (amount, found))


def _extract(writer: Writer, call: CallOf) -> Typed:
    part, when = counted(call, "extract('HH', time)", 2)
    found = writer.time(when)
    sql = _PARTS[writer.constant_text(part, tuple(_PARTS))].format(found.sql)
    return joined(f"toInt64({sql})", Type.INTEGER, (found,))


def _now(writer: Writer, call: CallOf) -> Typed:
    counted(call, "now()", 0)
    return moment_of(writer.now_ms, writer.bindings)


def _epoch(writer: Writer, call: CallOf) -> Typed:
    found = writer.numeric(counted(call, "epochDate(seconds)", 1)[0])
    return joined(f"fromUnixTimestamp64Milli(toInt64({found.sql}) * 1000, 'UTC')", Type.TIME, (found,))


def _parse(writer: Writer, call: CallOf) -> Typed:
    found = writer.text(counted(call, "parseDate(text)", 1)[0])
    return joined(f"parseDateTime64BestEffortOrNull({found.sql}, 3, 'UTC')", Type.TIME, (found,))


def _format(writer: Writer, call: CallOf) -> Typed:
    when, pattern = counted(call, "formatDate(time, 'yyyy-MM-dd')", 2)
    found = writer.time(when)
    given = writer.bindings.bind(writer.constant_text(pattern))
    return joined(f"formatDateTimeInJodaSyntax({found.sql}, {given}, 'UTC')", Type.TEXT, (found,))


_G = "times"
TIME_FUNCTIONS: Mapping[str, Function] = {
    "truncdate": Function("truncDate('DD', time)", "The beginning of the period.", _trunc_date, _G),
    "datediff": Function("dateDiff(from, to[, 'DD'])", "How many periods between; days by default.", _date_diff, _G),
    "adddatetime": Function("addDateTime(number, 'DD', time)", "So many periods later.", _add_time, _G),
    "extract": Function("extract('HH', time)", "A part of it, as a number; WD is 1 on Sunday.", _extract, _G),
    "now": Function("now()", "When the dataset is read.", _now, _G),
    "epochdate": Function("epochDate(seconds)", "The time so many seconds after 1970.", _epoch, _G),
    "parsedate": Function("parseDate(text)", "The time in a text; null where it is none.", _parse, _G),
    "formatdate": Function("formatDate(time, 'yyyy-MM-dd')", "As a text, by a Joda pattern.", _format, _G),
}
