"""From one kind of SQL expression to another. A text counts as the number that it spells."""

from trimtab.logs.fields import Kind, Sql


def number(of: Sql) -> str:
    """As Nullable(Float64): of a text the number it spells (true is 1, false 0), a time's milliseconds."""
    match of.kind:
        case Kind.TEXT:
            spelt = f"toFloat64OrNull({of.text})"
            # nan and inf are words, not numbers.
            return f"multiIf({of.text} = 'true', 1., {of.text} = 'false', 0., isFinite({spelt}), {spelt}, NULL)"
        case _:
            return f"toFloat64({of.text})"


def text(of: Sql) -> str:
    """As Nullable(String), as results show it."""
    match of.kind:
        case Kind.TEXT:
            return of.text
        case Kind.NUMBER:
            return f"if(isFinite({of.text}), toString({of.text}), NULL)"
        case Kind.TIME:
            return f"toString(fromUnixTimestamp64Milli(toInt64({of.text}), 'UTC'))"
        case Kind.FLAG:
            return f"toString(toUInt8({of.text}))"


def time(of: Sql) -> str:
    """As Nullable(Int64), milliseconds since the epoch; a text may spell milliseconds or an ISO time."""
    match of.kind:
        case Kind.TIME:
            return of.text
        case Kind.TEXT:
            iso = f"toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull({of.text}, 3, 'UTC'))"
            return f"coalesce(toInt64OrNull({of.text}), {iso})"
        case _:
            return f"accurateCastOrNull({number(of)}, 'Int64')"


def flag(of: Sql) -> str:
    """As Nullable(UInt8): a number other than 0, a text that spells one, or `true`."""
    return of.text if of.kind is Kind.FLAG else f"({number(of)} != 0)"
