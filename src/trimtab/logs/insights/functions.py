"""The functions of Logs Insights over single values, each as SQL.

Source: CloudWatch Logs user guide, "Supported operations and functions in your query".
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from trimtab.logs.fields import Kind, Sql
from trimtab.logs.insights import casts, times
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.syntax import Call, Duration, Text

Write = Callable[[Sequence[Sql]], Sql]


class Function(Struct, frozen=True):
    """How many arguments a function takes (`most` None: any number), and its SQL."""

    least: int
    most: int | None
    write: Write


def call(function: Call, arguments: Sequence[Sql], now_ms: int) -> Sql:
    """The SQL of a call. Raises QueryProblem for an unknown function or a wrong number of arguments."""
    if function.name == "now":
        return Sql(f"toFloat64({now_ms // 1000})", Kind.NUMBER)
    known = FUNCTIONS.get(function.name)
    place = function.place
    if known is None:
        names = ", ".join(sorted([*FUNCTIONS, *PERIODS, "now"]))
        raise QueryProblem(f"there is no function {function.name}; expected one of {names}", place.start, place.end)
    check_count(function, known.least, known.most)
    if function.name in _TRIMS and not all(isinstance(one, Text) for one in function.arguments[1:]):
        raise QueryProblem(f"{function.name} takes the characters as a text in quotes", place.start, place.end)
    return known.write(arguments)


def check_count(function: Call, least: int, most: int | None) -> None:
    """Raise QueryProblem unless the call has so many arguments."""
    got = len(function.arguments)
    if got < least or (most is not None and got > most):
        wanted = str(least) if least == most else f"{least} or more" if most is None else f"{least} to {most}"
        place = function.place
        raise QueryProblem(f"{function.name} takes {wanted} arguments, got {got}", place.start, place.end)


def of_period(function: Call, period: Duration, time: Sql) -> Sql:
    """bin, datefloor, dateceil: `time` rounded to `period`."""
    return Sql(PERIODS[function.name](casts.time(time), period), Kind.TIME)


def _number(template: str) -> Write:
    """A function of numbers; `{}` in the template are its arguments."""
    return lambda got: Sql(template.format(*(casts.number(one) for one in got)), Kind.NUMBER)


def _finite(template: str) -> Write:
    """The same, where it may be no number: of 0 and below."""
    return _number(f"if(isFinite({template}), {template}, NULL)")


def _text(template: str, kind: Kind = Kind.TEXT) -> Write:
    return lambda got: Sql(template.format(*(casts.text(one) for one in got)), kind)


def _each(function: str, kind: Kind = Kind.NUMBER) -> Write:
    cast = casts.number if kind is Kind.NUMBER else casts.text

    def write(got: Sequence[Sql]) -> Sql:
        return Sql(f"{function}({', '.join(cast(one) for one in got)})", kind)

    return write


def _coalesce(got: Sequence[Sql]) -> Sql:
    kinds = {one.kind for one in got}
    if len(kinds) == 1 and Kind.FLAG not in kinds:
        return Sql(f"coalesce({', '.join(one.text for one in got)})", got[0].kind)
    return _each("coalesce", Kind.TEXT)(got)


def _concat(got: Sequence[Sql]) -> Sql:
    return Sql("concat(" + ", ".join(f"ifNull({casts.text(one)}, '')" for one in [*got, _EMPTY]) + ")", Kind.TEXT)


_EMPTY = Sql("''", Kind.TEXT)


def _trim(side: str) -> Write:
    def write(got: Sequence[Sql]) -> Sql:
        text = casts.text(got[0])
        if len(got) == 1:
            return Sql(f"trim{side}({text})", Kind.TEXT)
        return Sql(f"trim{side}({text}, ifNull({casts.text(got[1])}, ''))", Kind.TEXT)

    return write


def _substr(got: Sequence[Sql]) -> Sql:
    """Counts from 0, as documented; the engine from 1."""
    start = f"toInt64(greatest(0, ifNull({casts.number(got[1])}, 0))) + 1"
    if len(got) == 2:
        return Sql(f"substringUTF8({casts.text(got[0])}, {start})", Kind.TEXT)
    length = f"toInt64(greatest(0, ifNull({casts.number(got[2])}, 0)))"
    return Sql(f"substringUTF8({casts.text(got[0])}, {start}, {length})", Kind.TEXT)


def _replace(got: Sequence[Sql]) -> Sql:
    text, old, new = (casts.text(one) for one in got)
    return Sql(f"if(empty({old}), {text}, replaceAll({text}, {old}, {new}))", Kind.TEXT)


def _in_subnet(check: str) -> Write:
    """Whether an address is in a subnet (CIDR); a text that is no subnet has no addresses."""

    def write(got: Sequence[Sql]) -> Sql:
        address, subnet = (f"ifNull({casts.text(one)}, '')" for one in got)
        base, bits = f"splitByChar('/', {subnet})[1]", f"toUInt8OrNull(splitByChar('/', {subnet})[2])"
        most = f"if(isIPv4String({base}), 32, 128)"
        valid = f"({check.format(address)}) AND ({check.format(base)}) AND isNotNull({bits}) AND {bits} <= {most}"
        safe = f"if({valid}, {subnet}, '::/128')"
        inside = f"isIPAddressInRange(if({valid}, {address}, '::1'), {safe})"
        return Sql(f"(({valid}) AND ({inside}))", Kind.FLAG)

    return write


def _no_text(template: str) -> Write:
    """A function that says something of NULL too."""
    return lambda got: Sql(template.format(f"ifNull({casts.text(got[0])}, '')"), Kind.FLAG)


def _from_millis(got: Sequence[Sql]) -> Sql:
    return Sql(casts.time(got[0]), Kind.TIME)


def _to_millis(got: Sequence[Sql]) -> Sql:
    return Sql(f"toFloat64({casts.time(got[0])})", Kind.NUMBER)


_TRIMS = ("trim", "ltrim", "rtrim")
_V4, _V6, _ANY = "isIPv4String({0})", "isIPv6String({0})", "isIPv4String({0}) OR isIPv6String({0})"

FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(1, 1, _number("abs({0})")),
    "ceil": Function(1, 1, _number("ceil({0})")),
    "floor": Function(1, 1, _number("floor({0})")),
    "greatest": Function(1, None, _each("greatest")),
    "least": Function(1, None, _each("least")),
    "log": Function(1, 1, _finite("log({0})")),
    "sqrt": Function(1, 1, _finite("sqrt({0})")),
    "ispresent": Function(1, 1, lambda got: Sql(f"isNotNull({got[0].text})", Kind.FLAG)),
    "coalesce": Function(1, None, _coalesce),
    "isempty": Function(1, 1, _no_text("empty({0})")),
    "isblank": Function(1, 1, _no_text("match({0}, '^\\\\s*$')")),
    "concat": Function(1, None, _concat),
    "ltrim": Function(1, 2, _trim("Left")),
    "rtrim": Function(1, 2, _trim("Right")),
    "trim": Function(1, 2, _trim("Both")),
    "strlen": Function(1, 1, _text("toFloat64(lengthUTF8({0}))", Kind.NUMBER)),
    "toupper": Function(1, 1, _text("upperUTF8({0})")),
    "tolower": Function(1, 1, _text("lowerUTF8({0})")),
    "substr": Function(2, 3, _substr),
    "replace": Function(3, 3, _replace),
    "strcontains": Function(2, 2, _text("(position({0}, {1}) > 0)", Kind.FLAG)),
    "frommillis": Function(1, 1, _from_millis),
    "tomillis": Function(1, 1, _to_millis),
    "isvalidip": Function(1, 1, _no_text(f"({_ANY})")),
    "isvalidipv4": Function(1, 1, _no_text(_V4)),
    "isvalidipv6": Function(1, 1, _no_text(_V6)),
    "isipinsubnet": Function(2, 2, _in_subnet(_ANY)),
    "isipv4insubnet": Function(2, 2, _in_subnet(_V4)),
    "isipv6insubnet": Function(2, 2, _in_subnet(_V6)),
    "jsonparse": Function(1, 1, lambda got: Sql(casts.text(got[0]), Kind.TEXT)),
    "jsonstringify": Function(1, 1, lambda got: Sql(casts.text(got[0]), Kind.TEXT)),
}
PERIODS: Mapping[str, Callable[[str, Duration], str]] = {
    "bin": times.floor,
    "datefloor": times.floor,
    "dateceil": times.ceil,
}
