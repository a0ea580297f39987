"""Expressions of SQL as trees of the expression language: both have the same types, functions and exact money."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlglot import exp

from trimtab.reports.datasets.language.tree import CallOf, FieldName, Items, Literal, Node
from trimtab.reports.datasets.language.vocabulary import FUNCTIONS
from trimtab.reports.datasets.sql.statement import DEEPEST, SqlProblem, only, place_of

_PERIODS = {
    "year": "YYYY", "quarter": "Q", "month": "MM", "week": "WK", "day": "DD", "hour": "HH", "minute": "MI",
    "second": "SS", "millisecond": "MS", "dayofweek": "WD", "dow": "WD", "day_of_week": "WD",
}  # fmt: skip
_DEEPEST_EXPRESSION = 10 * DEEPEST
_PLAIN: Mapping[type[exp.Expression], tuple[str, tuple[str, ...]]] = {
    exp.EQ: ("=", ("this", "expression")), exp.NEQ: ("!=", ("this", "expression")),
    exp.GT: (">", ("this", "expression")), exp.GTE: (">=", ("this", "expression")),
    exp.LT: ("<", ("this", "expression")), exp.LTE: ("<=", ("this", "expression")),
    exp.Add: ("+", ("this", "expression")), exp.Sub: ("-", ("this", "expression")),
    exp.Mul: ("*", ("this", "expression")), exp.Div: ("/", ("this", "expression")),
    exp.Mod: ("%", ("this", "expression")), exp.And: ("and", ("this", "expression")),
    exp.Or: ("or", ("this", "expression")), exp.Not: ("not", ("this",)), exp.Neg: ("negative", ("this",)),
    exp.Lower: ("tolower", ("this",)), exp.Upper: ("toupper", ("this",)), exp.Length: ("strlen", ("this",)),
    exp.Abs: ("abs", ("this",)), exp.Sqrt: ("sqrt", ("this",)), exp.Exp: ("exp", ("this",)), exp.Ln: ("ln", ("this",)),
    exp.Floor: ("floor", ("this",)), exp.Ceil: ("ceil", ("this",)), exp.Round: ("round", ("this", "decimals")),
    exp.Nullif: ("nullif", ("this", "expression")), exp.StrPosition: ("locate", ("this", "substr")),
    exp.StartsWith: ("startswith", ("this", "expression")), exp.Substring: ("substring", ("this", "start", "length")),
    exp.Sum: ("sum", ("this",)), exp.Avg: ("avg", ("this",)), exp.Min: ("min", ("this",)), exp.Max: ("max", ("this",)),
    exp.ApproxDistinct: ("distinct_count", ("this",)), exp.StddevSamp: ("stdev", ("this",)),
    exp.Stddev: ("stdev", ("this",)), exp.Variance: ("var", ("this",)), exp.Median: ("median", ("this",)),
    exp.CurrentTimestamp: ("now", ()), exp.Like: ("like", ("this", "expression")),
    exp.ILike: ("ilike", ("this", "expression")), exp.ArgMax: ("latest", ("this", "expression")),
}  # fmt: skip
_CASTS = {
    "VARCHAR": "tostring", "TEXT": "tostring", "CHAR": "tostring", "DOUBLE": "parsedecimal", "FLOAT": "parsedecimal",
    "BIGINT": "parseint", "INT": "parseint", "TIMESTAMP": "parsedate", "TIMESTAMPTZ": "parsedate", "DATE": "parsedate",
}  # fmt: skip
_OVER = {"sum": "sumover", "avg": "avgover", "min": "minover", "max": "maxover", "count": "countover"}
_RUNNING = {"sum": "runningsum", "avg": "runningavg", "min": "runningmin", "max": "runningmax"}


def node_of(of: Any, depth: int = 0) -> Node:
    """A piece of SQL as a tree. Raises SqlProblem for what has no rule."""
    if depth > _DEEPEST_EXPRESSION:
        raise SqlProblem("it is nested too deeply")
    rule = _RULES.get(type(of))
    if rule is not None:
        return rule(of, depth)
    plain = _PLAIN.get(type(of))
    if plain is None:
        raise SqlProblem(f"{of.sql('trino')[:80]} is not supported ({type(of).__name__})", *place_of(of))
    name, members = plain
    only(of, {*members, "null", "safe", "typed", "dialect"})
    return _call(name, [node_of(of.args[one], depth + 1) for one in members if of.args.get(one) is not None], of)


def _call(name: str, arguments: list[Node], of: exp.Expression) -> CallOf:
    start, end = place_of(of)
    return CallOf(name, tuple(arguments), start or 0, end or 1)


def _column(of: Any, _: int) -> Node:
    start, end = place_of(of)
    if isinstance(of.this, exp.Star) or of.args.get("db"):
        raise SqlProblem(f"{of.sql('trino')[:80]} is not supported", start, end)
    return FieldName(f"{of.table}.{of.name}" if of.table else of.name, start or 0, end or 1)


def _literal(of: Any, _: int) -> Node:
    if of.is_string:
        return Literal(of.this, *_span(of))
    try:
        return Literal(Decimal(of.this), *_span(of))
    except InvalidOperation:  # the parser takes 1e308.0000001 for one
        raise SqlProblem(f"{of.this[:40]} is no number", *place_of(of)) from None


def _span(of: exp.Expression) -> tuple[int, int]:
    start, end = place_of(of)
    return start or 0, end or 1


def _in(of: Any, depth: int) -> Node:
    only(of, {"this", "expressions"})
    items = tuple(node_of(one, depth + 1) for one in of.expressions)
    return _call("in", [node_of(of.this, depth + 1), Items(items, *_span(of))], of)


def _between(of: Any, depth: int) -> Node:
    inner, low, high = (node_of(of.args[one], depth + 1) for one in ("this", "low", "high"))
    return _call("and", [_call(">=", [inner, low], of), _call("<=", [inner, high], of)], of)


def _is(of: Any, depth: int) -> Node:
    if isinstance(of.expression, exp.Null):
        return _call("isnull", [node_of(of.this, depth + 1)], of)
    if isinstance(of.expression, exp.Boolean):
        return _call("=", [node_of(of.this, depth + 1), node_of(of.expression, depth + 1)], of)
    raise SqlProblem(f"{of.sql('trino')[:80]}: expected IS NULL", *place_of(of))


def _case(of: Any, depth: int) -> Node:
    only(of, {"this", "ifs", "default"})
    parts: list[Node] = []
    for one in of.args["ifs"]:
        test = node_of(one.this, depth + 1)
        parts.append(_call("=", [node_of(of.this, depth + 1), test], of) if of.args.get("this") else test)
        parts.append(node_of(one.args["true"], depth + 1))
    default = of.args.get("default")
    parts.append(node_of(default, depth + 1) if default is not None else Literal(None, *_span(of)))
    return _call("ifelse", parts, of)


def _if(of: Any, depth: int) -> Node:
    other = of.args.get("false")
    parts = [node_of(of.this, depth + 1), node_of(of.args["true"], depth + 1)]
    return _call("ifelse", [*parts, node_of(other, depth + 1) if other else Literal(None, *_span(of))], of)


def _many(name: str, first: bool) -> Callable[[Any, int], Node]:
    def rule(of: Any, depth: int) -> Node:
        items = [of.this, *of.expressions] if first else of.expressions or [of.this, of.expression]
        return _call(name, [node_of(one, depth + 1) for one in items], of)

    return rule


def _trim(of: Any, depth: int) -> Node:
    only(of, {"this", "position"})
    where = str(of.args.get("position") or "").upper()
    return _call({"LEADING": "ltrim", "TRAILING": "rtrim"}.get(where, "trim"), [node_of(of.this, depth + 1)], of)


def _cast(of: Any, depth: int) -> Node:
    kind, inner = of.args["to"].this.value, of.this
    if kind in ("TIMESTAMP", "TIMESTAMPTZ", "DATE") and isinstance(inner, exp.Literal) and inner.is_string:
        return _call("parsedate", [node_of(inner, depth + 1)], of)
    if kind not in _CASTS:
        raise SqlProblem(f"a cast to {kind} is not supported", *place_of(of))
    return _call(_CASTS[kind], [node_of(inner, depth + 1)], of)


def _truncate(of: Any, depth: int) -> Node:
    return _call("truncdate", [_period(of.args["unit"], of), node_of(of.this, depth + 1)], of)


def _extract(of: Any, depth: int) -> Node:
    return _call("extract", [_period(of.this, of), node_of(of.expression, depth + 1)], of)


def _period(unit: Any, of: exp.Expression) -> Node:
    name = str(unit.name).lower()
    if name not in _PERIODS:
        raise SqlProblem(f"{name!r} is no period; expected {', '.join(sorted(_PERIODS))}", *place_of(of))
    return Literal(_PERIODS[name], *_span(of))


def _count(of: Any, depth: int) -> Node:
    inner = of.this
    if inner is None or isinstance(inner, exp.Star):
        return _call("count", [], of)
    if isinstance(inner, exp.Distinct):
        if len(inner.expressions) != 1:
            raise SqlProblem("COUNT(DISTINCT …) takes one value", *place_of(of))
        return _call("distinct_count", [node_of(inner.expressions[0], depth + 1)], of)
    return _call("count", [node_of(inner, depth + 1)], of)


def _filtered(of: Any, depth: int) -> Node:
    """sum(x) FILTER (WHERE …)."""
    found = node_of(of.this, depth + 1)
    test = node_of(of.expression.this, depth + 1)
    if isinstance(found, CallOf) and f"{found.name}if" in FUNCTIONS:
        given = list(found.arguments) or [Literal(Decimal(1), *_span(of))]
        return _call(f"{found.name}if", [*given, test], of)
    raise SqlProblem(f"{of.sql('trino')[:80]} is not supported", *place_of(of))


def _count_if(of: Any, depth: int) -> Node:
    return _call("countif", [Literal(Decimal(1), *_span(of)), node_of(of.this, depth + 1)], of)


def _window(of: Any, depth: int) -> Node:
    """f(x) OVER (PARTITION BY … ORDER BY …)."""
    only(of, {"this", "partition_by", "order", "over"})
    inner = of.this
    parts = Items(tuple(node_of(one, depth + 1) for one in of.args.get("partition_by") or ()), *_span(of))
    order = of.args.get("order")
    keys = Items(tuple(_sorted(one, depth) for one in order.expressions), *_span(of)) if order else None
    if isinstance(inner, exp.RowNumber | exp.Anonymous | exp.Rank | exp.DenseRank) and keys is not None:
        name = {"rank": "rank", "dense_rank": "denserank"}.get(inner.sql("trino").split("(")[0].lower())
        if name:
            return _call(name, [keys, parts], of)
    found = node_of(inner, depth + 1)
    name = found.name if isinstance(found, CallOf) else ""
    chosen = (_RUNNING if keys else _OVER).get(name)
    if not isinstance(found, CallOf) or chosen is None:
        raise SqlProblem(f"{of.sql('trino')[:80]} is not supported", *place_of(of))
    value = list(found.arguments) or [Literal(Decimal(1), *_span(of))]
    return _call(chosen, [*value, keys, parts] if keys else [*value, parts], of)


def _sorted(of: Any, depth: int) -> Node:
    return _call("desc" if of.args.get("desc") else "asc", [node_of(of.this, depth + 1)], of)


def _named(of: Any, depth: int) -> Node:
    """A function by its own name: those of the expression language, in any case."""
    name = str(of.this).lower()
    if name not in FUNCTIONS or not name[0].isalpha():
        raise SqlProblem(f"there is no function {str(of.this)[:60]!r}", *place_of(of))
    return _call(name, [node_of(one, depth + 1) for one in of.expressions], of)


def _array(of: Any, depth: int) -> Node:
    return Items(tuple(node_of(one, depth + 1) for one in of.expressions), *_span(of))


_RULES: Mapping[type[exp.Expression], Callable[[Any, int], Node]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: lambda of, _: Literal(bool(of.this), *_span(of)),
    exp.Null: lambda of, _: Literal(None, *_span(of)),
    exp.Paren: lambda of, depth: node_of(of.this, depth + 1),
    exp.In: _in,
    exp.Between: _between,
    exp.Is: _is,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _many("coalesce", first=True),
    exp.Concat: _many("concat", first=False),
    exp.DPipe: _many("concat", first=False),
    exp.Trim: _trim,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.DateTrunc: _truncate,
    exp.TimestampTrunc: _truncate,
    exp.Extract: _extract,
    exp.Count: _count,
    exp.CountIf: _count_if,
    exp.Filter: _filtered,
    exp.Window: _window,
    exp.Anonymous: _named,
    exp.Array: _array,
}
