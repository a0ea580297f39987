"""The functions of `stats`, each as SQL over the rows of a group."""

from collections.abc import Callable, Mapping

from trimtab.logs.fields import Kind, Sql
from trimtab.logs.insights import casts
from trimtab.logs.insights.environment import Environment
from trimtab.logs.insights.functions import check_count
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.syntax import Call, Expression, Number, Star

AGGREGATES: Mapping[str, tuple[int, int]] = {
    "avg": (1, 1), "count": (0, 1), "count_distinct": (1, 1), "max": (1, 1), "min": (1, 1), "pct": (2, 2),
    "percentile": (2, 2), "median": (1, 1), "stddev": (1, 1), "sum": (1, 1), "earliest": (1, 1), "latest": (1, 1),
    "sortsfirst": (1, 1), "sortslast": (1, 1),
}  # fmt: skip
"""How many arguments each takes."""
Read = Callable[[Expression], Sql]


def aggregate(call: Call, within: Environment, read: Read) -> Sql:
    """The SQL of one aggregate; `read` gives that of its argument. Raises QueryProblem."""
    check_count(call, *AGGREGATES[call.name])
    if call.name == "count" and (not call.arguments or isinstance(call.arguments[0], Star)):
        return Sql("toFloat64(count())", Kind.NUMBER)
    of = read(call.arguments[0])
    match call.name:
        case "count":
            return Sql(f"toFloat64(count({of.text}))", Kind.NUMBER)
        case "count_distinct":
            return Sql(f"toFloat64(uniqExact({casts.text(of)}))", Kind.NUMBER)
        case "min" | "max" if of.kind is Kind.TIME:
            return Sql(f"{call.name}OrNull({of.text})", Kind.TIME)
        case "avg" | "sum" | "min" | "max":
            return Sql(f"{call.name}OrNull({casts.number(of)})", Kind.NUMBER)
        case "stddev":
            return _finite(f"stddevSampOrNull({casts.number(of)})")
        case "pct" | "percentile":
            return _finite(f"quantileExactInclusiveOrNull({_level(call.arguments[1]):.12g})({casts.number(of)})")
        case "median":
            return _finite(f"quantileExactInclusiveOrNull(0.5)({casts.number(of)})")
        case "sortsfirst" | "sortslast":
            name = "minOrNull" if call.name == "sortsfirst" else "maxOrNull"
            return Sql(f"{name}({casts.text(of)})", Kind.TEXT)
        case _:
            return _at_end(call, of, within)


def _at_end(call: Call, of: Sql, within: Environment) -> Sql:
    """earliest, latest: the value of the event that has one and comes first or last."""
    if not within.events and "@timestamp" not in within.names:
        why = f"{call.name} needs @timestamp, which the stats before does not keep"
        raise QueryProblem(why, call.place.start, call.place.end)
    time = casts.time(within.field("@timestamp"))
    order = f"({time}, id)" if within.events else time
    name = "argMin" if call.name == "earliest" else "argMax"
    return Sql(f"{name}OrNullIf({of.text}, {order}, isNotNull({of.text}))", of.kind)


def _finite(text: str) -> Sql:
    return Sql(f"if(isFinite({text}), {text}, NULL)", Kind.NUMBER)


def _level(argument: Expression) -> float:
    if isinstance(argument, Number) and 0 <= argument.value <= 100:
        return argument.value / 100
    raise QueryProblem("a percentile takes a number from 0 to 100", argument.place.start, argument.place.end)
