"""A reader's answer: every column of `cost_lines` as SQL over one file, and what is said of the file.

The statement has three storeys, so that each value is computed once: the columns of the file; typed values, where one
that could not be read is NULL; and the line, where a row with such a value is set aside with its reason (month 0, which
is never published).
"""

from collections.abc import Mapping

from msgspec import Struct, field

from trimtab.costs.readers.coerce import MISSING_TIME, NO_PAIRS, PAIRS, ZERO, quoted
from trimtab.store.telemetry.schema_costs import COST_LINES, MONEY

SET_ASIDE = 0
"""The month of rows that were not taken."""
UNREAD_TAGS = "unread_tags"
"""The property of a line with tags that are of no known form, as they were written."""

_AMOUNTS = tuple(name for name, type_, _ in COST_LINES.columns if type_ == MONEY)
_TIMES = ("charge_period_start", "charge_period_end", "billing_period_start", "billing_period_end")
_MAPS = ("tags", "cost_categories", "properties")
_COMPUTED = ("month", "source", "day", "file", "tag_set", "category_set")


class LineMap(Struct, frozen=True):
    """How a file becomes lines.

    `typed` gives columns of `cost_lines` as SQL over the file: text, Nullable(Decimal), Nullable(DateTime) or Map.
    `derived` is SQL over the finished names. `raw` is what amounts were before they were read, for messages. `keep` is
    the condition under which a row is a line at all (over the file's columns), `unread` the text of tags that are of no
    known form ("" where there are none): it stays with the line, and the receipt counts such lines. `by_day`: machine
    time over several days, as invoices of weeks and months have it, becomes a line on each of them.
    """

    format: str
    typed: Mapping[str, str]
    derived: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, str] = field(default_factory=dict)
    beyond: str = "toInt64(0)"
    line: str = "toUInt64(0)"
    keep: str = "1"
    unread: str = ""
    by_day: bool = False
    notes: tuple[str, ...] = ()


def select_lines(mapping: LineMap, inner: str, source: int, file: str) -> str:
    """The SELECT that answers all columns of `cost_lines`, in order, from `inner`, a SELECT over the file."""
    typed = dict(mapping.typed)
    middle = [f"{sql} AS _{name}" for name, sql in typed.items()]
    middle += [f"{mapping.beyond} AS _beyond", f"{mapping.line} AS _line"]
    middle += [f"{sql} AS _raw_{name}" for name, sql in mapping.raw.items()]
    outer = [f"{sql} AS {name}" for name, sql in _line(mapping, typed, source, file).items()]
    if mapping.unread:
        middle.append(f"toString({mapping.unread}) AS _unread_tags")
    where = f" WHERE {mapping.keep}" if mapping.keep != "1" else ""
    return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(middle)} FROM ({inner}){where})"  # noqa: S608 - built from our own expressions and the file's quoted names


def day_of(start: str) -> str:
    """The day of a charge as SQL: that of its start, within its billing period."""
    return f"toDate(greatest(least({start}, billing_period_end - 1), billing_period_start), 'UTC')"


def _line(mapping: LineMap, typed: Mapping[str, str], source: int, file: str) -> dict[str, str]:
    columns = {"unreadable": _unreadable(typed)}
    times = _times(typed)
    for name, _, _ in COST_LINES.columns:
        if name in times:
            columns[name] = times[name]
        elif name in mapping.derived:
            columns[name] = mapping.derived[name]
        elif name in _COMPUTED or name in ("line", "beyond"):
            columns[name] = _computed(name, source, file)
        elif name in _AMOUNTS:
            columns[name] = f"ifNull(_{name}, {ZERO})" if name in typed else ZERO
        elif name == "properties":
            columns[name] = _properties(mapping)
        elif name in _MAPS:
            columns[name] = f"_{name}" if name in typed else NO_PAIRS
        else:
            columns[name] = f"_{name}" if name in typed else "''"
    return columns


def _times(typed: Mapping[str, str]) -> dict[str, str]:
    """Times with their stand-ins: a period without one is the month of the charge, a charge without one its period."""
    start, end, period, period_end = (f"_{name}" if name in typed else MISSING_TIME for name in _TIMES)
    period_ = f"ifNull(coalesce({period}, toDateTime(toStartOfMonth({start}), 'UTC')), toDateTime(0, 'UTC'))"
    return {
        "billing_period_start": period_,
        "billing_period_end": f"coalesce({period_end}, toDateTime(addMonths(toStartOfMonth(billing_period_start), 1), "
        "'UTC'))",
        "charge_period_start": f"coalesce({start}, billing_period_start)",
        "charge_period_end": f"coalesce({end}, charge_period_start)",
    }


def _computed(name: str, source: int, file: str) -> str:
    return {
        "month": f"if(unreadable, {SET_ASIDE}, toYYYYMM(billing_period_start))",
        "source": f"toUInt32({source})",
        "day": day_of("charge_period_start"),
        "file": quoted(file),
        "tag_set": "cityHash64(tags)",
        "category_set": "cityHash64(cost_categories)",
        "line": "_line",
        "beyond": "_beyond",
    }[name]


def _unreadable(typed: Mapping[str, str]) -> str:
    """Whether a row is set aside: an amount cannot be read, or there is no date at all."""
    return " OR ".join((*_unread(typed).values(), _dateless(typed)))


def _unread(typed: Mapping[str, str]) -> dict[str, str]:
    """Amounts, each with the condition that it cannot be read."""
    return {name: f"isNull(_{name})" for name in _AMOUNTS if name in typed}


def _dateless(typed: Mapping[str, str]) -> str:
    dates = [f"isNull(_{name})" for name in ("charge_period_start", "billing_period_start") if name in typed]
    return f"({' AND '.join(dates) or '1'})"


def _properties(mapping: LineMap) -> str:
    """The line's own, or of a row that is set aside why, and its amounts as they were written."""
    own = "_properties" if "properties" in mapping.typed else NO_PAIRS
    if mapping.unread:
        own = f"if(_unread_tags = '', {own}, mapConcat({own}, CAST(map('{UNREAD_TAGS}', _unread_tags) AS {PAIRS})))"
    tests = [f"{test}, 'cannot read {name}: no number, or too large'" for name, test in _unread(mapping.typed).items()]
    why = ", ".join((*tests, "'cannot read a date: neither charge nor billing period has a start'"))
    raw = ", ', ', ".join(f"'{name} ', ifNull(toString(_raw_{name}), 'NULL')" for name in mapping.raw)
    values = f"concat({raw}, '')" if raw else "''"
    aside = f"map('aside', {f'multiIf({why})' if tests else why}, 'values', {values})"
    return f"if(unreadable, CAST({aside} AS {PAIRS}), {own})"
