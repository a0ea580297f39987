"""Time of machines over several days, as invoices of weeks and months have it, becomes a line on each day (UTC).

A machine that is billed by the month is then there, and costs, on each day of it. Amounts are divided by seconds and
cut at 12 digits so that the parts add up to the whole; what rounding cut off the whole stays with the first part, and
unit prices are the same for each. All else stays where it begins.
"""

from trimtab.costs.readers.lines import day_of
from trimtab.store.telemetry.schema_costs import COST_LINES, MONEY

_DAY_S = 86_400
_LONGEST_S = 366 * _DAY_S
"""What is said to last longer is no period of use."""
_BEGUN, _ENDED = "toUnixTimestamp(charge_period_start)", "toUnixTimestamp(charge_period_end)"
_LENGTH = f"(toInt64({_ENDED}) - toInt64({_BEGUN}))"
LONG = (
    f"(month != 0 AND charge_category = 'Usage' AND resource_id != '' "
    f"AND {_LENGTH} BETWEEN {_DAY_S + 1} AND {_LONGEST_S})"
)
"""The usage of a resource that lasts longer than a day."""
_RATES = ("list_unit_price", "contracted_unit_price", "split_usage_ratio")
_AMOUNTS = tuple(name for name, type_, _ in COST_LINES.columns if type_ == MONEY and name not in _RATES)


def divided(table: str, where: str) -> str:
    """The SELECT of the parts of the lines of a staged table that are `where`, in the order of `COST_LINES`."""
    days = f"range(toUInt64(intDiv({_BEGUN}, {_DAY_S})), toUInt64(intDiv({_ENDED} - 1, {_DAY_S}) + 1))"
    start, end = f"greatest({_BEGUN}, part * {_DAY_S})", f"least({_ENDED}, (part + 1) * {_DAY_S})"
    starts, ends = (f"toDateTime({at}, 'UTC')" for at in (start, end))
    columns = {name: name for name in COST_LINES.column_names}
    for name in _AMOUNTS:
        until, since = (
            f"toDecimal128(toDecimal256({name}, 12) * (toInt64({at}) - {_BEGUN}) / {_LENGTH}, 12)"
            for at in (end, start)
        )
        columns[name] = f"{until} - {since}"
    columns |= {
        "charge_period_start": starts,
        "charge_period_end": ends,
        "day": day_of(starts),
        "line": "sipHash64(line, part)",
        "beyond": f"if({start} > {_BEGUN}, 0, beyond)",
    }
    # Aliases of their own: an expression that is called as a column would stand for it in the others.
    told = ", ".join(f"{sql} AS {name}_" for name, sql in columns.items())
    return f"SELECT {told} FROM {table} ARRAY JOIN {days} AS part WHERE {where}"  # noqa: S608 - our own expressions
