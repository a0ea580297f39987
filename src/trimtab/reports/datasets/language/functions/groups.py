"""Aggregates of groups of rows, and functions of a row among others (`…Over`, running totals, ranks).

`sumOver(x, [p])` of a row's value is over the rows of the dataset, after its filters; of an aggregate, over the rows of
the answer: QuickSight's PRE_AGG and POST_AGG_FILTER.
"""

from collections.abc import Callable, Mapping, Sequence

from trimtab.reports.datasets.field import Type
from trimtab.reports.datasets.language.functions.rows import counted
from trimtab.reports.datasets.language.tree import CallOf, Node
from trimtab.reports.datasets.language.typed import SCALE, Stage, Typed, as_money, as_number, divided
from trimtab.reports.datasets.language.writer import Function, Writer, problem

_ALL = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
_SO_FAR = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


_OVER = "\0"  # stands behind every aggregate of the engine: gives way to nothing, or to a window


def _total(of: Typed) -> tuple[str, Type]:
    return f"sum({as_money(of) if of.type is Type.MONEY else of.sql}){_OVER}", of.type


def _mean(of: Typed) -> tuple[str, Type]:
    if of.type is Type.MONEY:
        number = f"toDecimal256(count({of.sql}){_OVER}, {SCALE})"
        return divided(f"sum({as_money(of)}){_OVER}", number), of.type
    return f"avg({as_number(of)}){_OVER}", Type.NUMBER


def _of_kind(name: str) -> "Aggregate":
    return lambda of: (f"{name}({of.sql}){_OVER}", of.type)


def _float(name: str) -> "Aggregate":
    return lambda of: (f"{name}({as_number(of)}){_OVER}", Type.NUMBER)


def _number(name: str) -> "Aggregate":
    return lambda of: (f"toInt64({name}({of.sql}){_OVER})", Type.INTEGER)


Aggregate = Callable[[Typed], tuple[str, Type]]


def _aggregate(how: Aggregate, *, numeric: bool, conditional: bool = False) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        usage = f"{call.name}(value, condition)" if conditional else f"{call.name}(value)"
        given = counted(call, usage, 2 if conditional else 1)
        found = _row(writer, given[0], numeric=numeric)
        if conditional:
            test = writer.truth(given[1])
            if test.stage is not Stage.ROW:
                raise problem(given[1], "an aggregate cannot be of another one")
            found = Typed(f"if({test.sql}, {found.sql}, NULL)", found.type)
        sql, kind = how(found)
        return Typed(sql.replace(_OVER, ""), kind, Stage.AGGREGATE)

    return write


def _row(writer: Writer, node: Node, *, numeric: bool) -> Typed:
    found = writer.numeric(node) if numeric else writer.write(node)
    if found.stage is not Stage.ROW:
        raise problem(node, "an aggregate cannot be of another one")
    if found.type is Type.LABELS:
        raise problem(node, "labels cannot be aggregated; take one with label(field, 'key')")
    return found


def _count(writer: Writer, call: CallOf) -> Typed:
    if not call.arguments:
        return Typed("toInt64(count())", Type.INTEGER, Stage.AGGREGATE)
    return _aggregate(_number("count"), numeric=False)(writer, call)


def _percentile(writer: Writer, call: CallOf) -> Typed:
    given = counted(call, "percentile(value, 95)", 2)
    found, rank = _row(writer, given[0], numeric=True), writer.constant_number(given[1])
    if not 0 <= rank <= 100:
        raise problem(given[1], "expected a percentile from 0 to 100")
    return Typed(f"quantileExactInclusive({rank / 100:f})({as_number(found)})", Type.NUMBER, Stage.AGGREGATE)


def _median(writer: Writer, call: CallOf) -> Typed:
    found = _row(writer, counted(call, "median(value)", 1)[0], numeric=True)
    return Typed(f"quantileExactInclusive(0.5)({as_number(found)})", Type.NUMBER, Stage.AGGREGATE)


def _latest(writer: Writer, call: CallOf) -> Typed:
    given = counted(call, "latest(value, time)", 2)
    found, by = _row(writer, given[0], numeric=False), writer.time(given[1])
    return Typed(f"argMax({found.sql}, {by.sql})", found.type, Stage.AGGREGATE)


def _partition(writer: Writer, nodes: Sequence[Node]) -> tuple[str, list[Typed]]:
    parts = [writer.key(one) for one in nodes]
    for node, one in zip(nodes, parts, strict=True):
        if one.stage is Stage.WINDOW or one.type is Type.LABELS:
            raise problem(node, "expected a field to divide by")
    return (f"PARTITION BY {', '.join(one.sql for one in parts)} " if parts else ""), parts


def _ordering(writer: Writer, node: Node) -> tuple[str, list[Typed]]:
    keys, parts = [], []
    for one in writer.items(node):
        way = one.name if isinstance(one, CallOf) and one.name in ("asc", "desc") else "asc"
        inner = one.arguments[0] if isinstance(one, CallOf) and one.name in ("asc", "desc") else one
        found = writer.key(inner)
        if found.stage is Stage.WINDOW or found.type is Type.LABELS:
            raise problem(inner, "expected a field to sort by")
        parts.append(found)
        keys.append(f"{found.sql} {way.upper()}")
    if not keys:
        raise problem(node, "expected a field to sort by, such as [day ASC]")
    return f"ORDER BY {', '.join(keys)} ", parts


def _over(how: Aggregate, *, numeric: bool) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        given = counted(call, f"{call.name}(value, [field, …])", 1, 2)
        found = _inner(writer, given[0], numeric=numeric)
        partition, parts = _partition(writer, writer.items(given[1]) if len(given) == 2 else ())
        sql, kind = how(found)
        return _windowed(sql, f"{partition}{_ALL}", kind, [found, *parts])

    return write


def _inner(writer: Writer, node: Node, *, numeric: bool = True) -> Typed:
    found = writer.numeric(node) if numeric else writer.write(node)
    if found.stage is Stage.WINDOW:
        raise problem(node, "a function over rows cannot be of another one")
    return found


def _windowed(sql: str, frame: str, kind: Type, parts: Sequence[Typed]) -> Typed:
    """An aggregate as a function over rows."""
    loose = frozenset().union(*(one.loose for one in parts))
    return Typed(sql.replace(_OVER, f" OVER ({frame})"), kind, Stage.WINDOW, loose=loose)


def _share(writer: Writer, call: CallOf) -> Typed:
    given = counted(call, "percentOfTotal(value[, [field, …]])", 1, 2)
    found = _inner(writer, given[0])
    partition, parts = _partition(writer, writer.items(given[1]) if len(given) == 2 else ())
    number = as_number(found)
    sql = f"(100 * {number} / nullIf(sum({number}) OVER ({partition}{_ALL}), 0))"
    return Typed(sql, Type.NUMBER, Stage.WINDOW, loose=frozenset().union(*(one.loose for one in (found, *parts))))


def _running(how: Aggregate) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        given = counted(call, f"{call.name}(value, [sort ASC][, [field, …]])", 2, 3)
        found = _inner(writer, given[0])
        order, sorted_by = _ordering(writer, given[1])
        partition, parts = _partition(writer, writer.items(given[2]) if len(given) == 3 else ())
        sql, kind = how(found)
        return _windowed(sql, f"{partition}{order}{_SO_FAR}", kind, [found, *sorted_by, *parts])

    return write


def _ranked(name: str) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        given = counted(call, f"{call.name}([sort DESC][, [field, …]])", 1, 2)
        order, sorted_by = _ordering(writer, given[0])
        partition, parts = _partition(writer, writer.items(given[1]) if len(given) == 2 else ())
        loose = frozenset().union(*(one.loose for one in (*sorted_by, *parts)))
        return Typed(f"toInt64({name}() OVER ({partition}{order.strip()}))", Type.INTEGER, Stage.WINDOW, loose=loose)

    return write


def _beside(name: str, sql: str) -> Callable[[Writer, CallOf], Typed]:
    """The value of another row, `n` before or after; `sql` combines it with this row's."""

    def write(writer: Writer, call: CallOf) -> Typed:
        given = counted(call, f"{call.name}(value, [sort ASC], 1[, [field, …]])", 3, 4)
        found = _inner(writer, given[0], numeric="{here}" in sql)
        order, sorted_by = _ordering(writer, given[1])
        distance = abs(int(writer.constant_number(given[2])))
        partition, parts = _partition(writer, writer.items(given[3]) if len(given) == 4 else ())
        ratio = "nullIf" in sql
        here = as_number(found) if ratio else found.sql
        other = f"{name}(toNullable({here}), {distance}) OVER ({partition}{order}{_ALL})"
        kind = Type.NUMBER if ratio else found.type
        loose = frozenset().union(*(one.loose for one in (found, *sorted_by, *parts)))
        return Typed(sql.format(here=here, other=other), kind, Stage.WINDOW, loose=loose)

    return write


_AGGREGATES: Mapping[str, tuple[str, Aggregate, bool, str]] = {
    "sum": ("sum", _total, True, "All together; exact for money."),
    "avg": ("avg", _mean, True, "The mean."),
    "min": ("min", _of_kind("min"), False, "The least."),
    "max": ("max", _of_kind("max"), False, "The greatest."),
    "count": ("count", _number("count"), False, "How many values; `count()` counts rows."),
    "distinct_count": ("distinct_count", _number("uniqExact"), False, "How many different values."),
    "stdev": ("stdev", _float("stddevSamp"), True, "The sample's standard deviation."),
    "var": ("var", _float("varSamp"), True, "The sample's variance."),
}
_A, _W = "aggregates", "over rows"
GROUP_FUNCTIONS: Mapping[str, Function] = {
    **{
        name: Function(f"{shown}(value)", says, _aggregate(how, numeric=numeric), _A)
        for name, (shown, how, numeric, says) in _AGGREGATES.items()
    },
    **{
        f"{name}if": Function(f"{shown}If(value, condition)", f"{says[:-1]}, of rows for which the condition holds.",
                              _aggregate(how, numeric=numeric, conditional=True), _A)
        for name, (shown, how, numeric, says) in _AGGREGATES.items()
    },
    "count": Function("count([value])", "How many values; without one, rows.", _count, _A),
    "median": Function("median(value)", "The middle one.", _median, _A),
    "percentile": Function("percentile(value, 95)", "Exact, between neighbours by interpolation.", _percentile, _A),
    "latest": Function("latest(value, time)", "The value at the greatest time.", _latest, _A),
    **{
        f"{name}over": Function(f"{name}Over(value, [field, …])", f"{says[:-1]}, of all rows with equal fields.",
                                _over(how, numeric=numeric), _W)
        for name, (_, how, numeric, says) in _AGGREGATES.items()
        if name in ("sum", "avg", "min", "max", "count")
    },
    "percentoftotal": Function("percentOfTotal(value[, [field, …]])", "Of 100, the share of this row.", _share, _W),
    "runningsum": Function("runningSum(value, [sort ASC][, [field, …]])", "All up to this row.", _running(_total), _W),
    "runningavg": Function("runningAvg(value, [sort ASC][, [field, …]])", "The mean up to this row.",
                           _running(_mean), _W),
    "runningmax": Function("runningMax(value, [sort ASC][, [field, …]])", "The greatest up to this row.",
                           _running(_of_kind("max")), _W),
    "runningmin": Function("runningMin(value, [sort ASC][, [field, …]])", "The least up to this row.",
                           _running(_of_kind("min")), _W),
    "rank": Function("rank([sort DESC][, [field, …]])", "The place; equal rows share one.", _ranked("rank"), _W),
    "denserank": Function("denseRank([sort DESC][, [field, …]])", "The place, without gaps.",
                          _ranked("dense_rank"), _W),
    "lag": Function("lag(value, [sort ASC], 1[, [field, …]])", "The value so many rows before.",
                    _beside("lagInFrame", "{other}"), _W),
    "lead": Function("lead(value, [sort ASC], 1[, [field, …]])", "The value so many rows after.",
                     _beside("leadInFrame", "{other}"), _W),
    "difference": Function("difference(value, [sort ASC], -1[, [field, …]])", "Against so many rows before.",
                           _beside("lagInFrame", "({here} - {other})"), _W),
    "percentdifference": Function("percentDifference(value, [sort ASC], -1[, [field, …]])",
                                  "Against so many rows before, of 1.",
                                  _beside("lagInFrame", "({here} / nullIf({other}, 0) - 1)"), _W),
}  # fmt: skip
