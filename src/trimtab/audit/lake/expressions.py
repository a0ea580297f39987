"""Expressions of Lake SQL, each kind written anew: columns looked up, texts bound, functions from a table."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from trimtab.audit.lake.columns import Type, Typed, element, member
from trimtab.audit.lake.names import Names
from trimtab.audit.lake.problem import QueryProblem

_NUMBER = re.compile(r"\d{1,18}(\.\d{1,12})?")
_UNITS = frozenset(("second", "minute", "hour", "day", "week", "month", "quarter", "year"))
_COMPARE: Mapping[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_ARITHMETIC: Mapping[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_CASTS: Mapping[str, tuple[str, Type]] = {
    "VARCHAR": ("toString({})", "text"), "TEXT": ("toString({})", "text"), "CHAR": ("toString({})", "text"),
    "BIGINT": ("toInt64OrNull(toString({}))", "number"), "INT": ("toInt64OrNull(toString({}))", "number"),
    "DOUBLE": ("toFloat64OrNull(toString({}))", "number"), "FLOAT": ("toFloat64OrNull(toString({}))", "number"),
    "TIMESTAMP": ("parseDateTime64BestEffortOrNull(toString({}), 3, 'UTC')", "time"),
    "DATE": ("toStartOfDay(parseDateTime64BestEffortOrNull(toString({}), 3, 'UTC'))", "time"),
    "BOOLEAN": ("(lower(toString({})) IN ('true', '1'))", "bool"),
}  # fmt: skip
_CALLS: Mapping[type[exp.Expression], tuple[str, Type]] = {
    exp.Lower: ("lower({})", "text"), exp.Upper: ("upper({})", "text"), exp.Trim: ("trimBoth({})", "text"),
    exp.Length: ("lengthUTF8({})", "number"), exp.Abs: ("abs({})", "number"), exp.Round: ("round({})", "number"),
    exp.Floor: ("floor({})", "number"), exp.Ceil: ("ceil({})", "number"),
    exp.Sum: ("sum({})", "number"), exp.Avg: ("avg({})", "number"), exp.ApproxDistinct: ("uniq({})", "number"),
    exp.StartsWith: ("startsWith({}, {})", "bool"), exp.StrPosition: ("positionUTF8({}, {})", "number"),
    exp.RegexpLike: ("match({}, {})", "bool"), exp.Reverse: ("reverseUTF8({})", "text"),
    exp.Year: ("toYear({})", "number"), exp.Month: ("toMonth({})", "number"), exp.Day: ("toDayOfMonth({})", "number"),
    exp.Date: ("toStartOfDay({})", "time"), exp.TsOrDsToDate: ("toStartOfDay({})", "time"),
}  # fmt: skip
"""Functions whose arguments go in as they are, in the order in which the parser keeps them."""


class Writer:
    """Writes expressions; `given` are the values of question marks, in order."""

    def __init__(self, given: Sequence[str]) -> None:
        self._given = list(given)
        self.params: dict[str, Any] = {}

    @property
    def left(self) -> int:
        """How many values no question mark took."""
        return len(self._given)

    def bind(self, text: str) -> str:
        """The parameter that stands for a text."""
        name = f"p{len(self.params)}"
        self.params[name] = text
        return f"{{{name}:String}}"

    def truth(self, of: exp.Expression, names: Names) -> str:
        """A condition. Raises QueryProblem for what is none."""
        found = self.value(of, names)
        if found.type != "bool":
            raise QueryProblem(f"{of.sql('trino')} is no condition")
        return found.sql

    def value(self, of: exp.Expression, names: Names) -> Typed:
        """An expression. Raises QueryProblem for what has no rule."""
        rule = _RULES.get(type(of))
        if rule is not None:
            return rule(self, of, names)
        call = _CALLS.get(type(of))
        if call is not None:
            given = [item for item in of.args.values() if isinstance(item, exp.Expression)]
            inner = [self._argument(item, names) for item in given]
            if call[0].count("{}") != len(inner):
                raise QueryProblem(f"{of.sql('trino')}: expected {call[0].count('{}')} arguments")
            return Typed(call[0].format(*inner), call[1])
        raise QueryProblem(f"{of.sql('trino')[:80]} is not supported ({type(of).__name__})")

    def _argument(self, of: exp.Expression, names: Names) -> str:
        found = self.value(of, names)
        summed = isinstance(of.parent, exp.Sum | exp.Avg) and found.type in ("json", "text")
        return f"toFloat64OrNull({found.sql})" if summed else found.sql

    def take_parameter(self) -> str:
        """The parameter that stands for the next question mark's value. Raises QueryProblem."""
        if not self._given:
            raise QueryProblem("there are more question marks than query parameters")
        return self.bind(self._given.pop(0))

    def compared(self, left: exp.Expression, right: exp.Expression, names: Names) -> tuple[str, str]:
        """Two sides that can be compared: a text beside a time is read as one, beside a number as one."""
        a, b = self.value(left, names), self.value(right, names)
        return _like(a, b), _like(b, a)


def _like(one: Typed, other: Typed) -> str:
    if other.type == "time" and one.type != "time":
        return f"parseDateTime64BestEffort({one.sql}, 3, 'UTC')"
    if other.type == "number" and one.type in ("text", "json"):
        return f"toFloat64OrNull({one.sql})"
    if other.type == "bool" and one.type != "bool":
        return f"(lower({one.sql}) = 'true')"
    return one.sql


def _column(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    found, rest = names.find([part.name for part in of.parts] if isinstance(of, exp.Column) else [of.name])
    for name in rest:
        if found.type != "json" or not found.path:
            raise QueryProblem(f"{of.sql('trino')}: there is no member {name}")
        found = member(found, name, writer.bind)
    return found


def _dot(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    outer = writer.value(of.this, names)
    if outer.type != "json" or not outer.path:
        raise QueryProblem(f"{of.sql('trino')}: it has no members")
    name = of.expression.name
    return member(outer, "ARN" if outer.path[1] == "'resources'" and name.lower() == "arn" else name, writer.bind)


def _bracket(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    outer = writer.value(of.this, names)
    (key,) = of.expressions
    if outer.type != "json" or not outer.path:
        raise QueryProblem(f"{of.sql('trino')}: it has no elements")
    if isinstance(key, exp.Literal) and key.is_string:
        return element(outer, writer.bind(key.this))
    if isinstance(key, exp.Literal) and key.this.isdecimal():
        first = 0 if of.args.get("offset") == 1 else 1  # the parser counts from 0 where the dialect counts from 1
        return element(outer, str(int(key.this) + first))
    raise QueryProblem(f"{of.sql('trino')}: expected a text or a number in the brackets")


def _literal(writer: Writer, of: exp.Expression, _: Names) -> Typed:
    if of.is_string:
        return Typed(writer.bind(of.this), "text")
    if not _NUMBER.fullmatch(of.this):
        raise QueryProblem(f"{of.this[:40]} is no number")
    return Typed(of.this, "number")


def _parameter(writer: Writer, _of: exp.Expression, _names: Names) -> Typed:
    return Typed(writer.take_parameter(), "text")


def _binary(signs: Mapping[type[exp.Expression], str], type_: Type) -> Callable[[Writer, Any, Names], Typed]:
    def write(writer: Writer, of: Any, names: Names) -> Typed:
        left, right = writer.compared(of.this, of.expression, names)
        return Typed(f"({left} {signs[type(of)]} {right})", type_)

    return write


def _logic(word: str) -> Callable[[Writer, Any, Names], Typed]:
    return lambda writer, of, names: Typed(
        f"({writer.truth(of.this, names)} {word} {writer.truth(of.expression, names)})", "bool"
    )


def _is(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    if isinstance(of.expression, exp.Null):
        return Typed(f"isNull({writer.value(of.this, names).sql})", "bool")
    raise QueryProblem(f"{of.sql('trino')}: expected IS NULL")


def _in(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    if not of.expressions:
        raise QueryProblem("IN takes a list of values")
    pairs = [writer.compared(of.this, one, names) for one in of.expressions]
    return Typed(f"({' OR '.join(f'{left} = {right}' for left, right in pairs)})", "bool")


def _between(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    low_left, low = writer.compared(of.this, of.args["low"], names)
    high_left, high = writer.compared(of.this, of.args["high"], names)
    return Typed(f"({low_left} >= {low} AND {high_left} <= {high})", "bool")


def _matches(name: str) -> Callable[[Writer, Any, Names], Typed]:
    return lambda writer, of, names: Typed(
        f"{name}(ifNull(toString({writer.value(of.this, names).sql}), ''), {writer.value(of.expression, names).sql})",
        "bool",
    )


def _count(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    inner = of.this
    if isinstance(inner, exp.Star):
        return Typed("count()", "number")
    if isinstance(inner, exp.Distinct):
        return Typed(f"uniqExact({', '.join(writer.value(one, names).sql for one in inner.expressions)})", "number")
    return Typed(f"count({writer.value(inner, names).sql})", "number")


def _extreme(name: str) -> Callable[[Writer, Any, Names], Typed]:
    def write(writer: Writer, of: Any, names: Names) -> Typed:
        found = writer.value(of.this, names)
        return Typed(f"{name}({found.sql})", "text" if found.type == "json" else found.type)

    return write


def _count_if(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    return Typed(f"countIf({writer.truth(of.this, names)})", "number")


def _cast(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    kind = of.args["to"].this.value
    if kind not in _CASTS:
        raise QueryProblem(f"a cast to {kind} is not supported")
    form, type_ = _CASTS[kind]
    return Typed(form.format(writer.value(of.this, names).sql), type_)


def _case(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    if of.args.get("this"):
        raise QueryProblem("CASE takes WHEN with conditions")
    parts: list[str] = []
    type_: Type = "text"
    for one in of.args["ifs"]:
        found = writer.value(one.args["true"], names)
        type_ = found.type
        parts += [writer.truth(one.this, names), found.sql]
    other = writer.value(of.args["default"], names).sql if of.args.get("default") else "NULL"
    return Typed(f"multiIf({', '.join([*parts, other])})", _plain(type_))


def _if(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    found = writer.value(of.args["true"], names)
    other = writer.value(of.args["false"], names).sql if of.args.get("false") else "NULL"
    return Typed(f"if({writer.truth(of.this, names)}, {found.sql}, {other})", _plain(found.type))


def _coalesce(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    parts = [writer.value(one, names) for one in (of.this, *of.expressions)]
    return Typed(f"coalesce({', '.join(one.sql for one in parts)})", _plain(parts[0].type))


def _concat(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    parts = of.expressions if isinstance(of, exp.Concat) else (of.this, of.expression)
    return Typed(f"concat({', '.join(f'toString({writer.value(one, names).sql})' for one in parts)})", "text")


def _substring(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    parts = [of.this, of.args.get("start"), of.args.get("length")]
    return Typed(f"substringUTF8({', '.join(writer.value(one, names).sql for one in parts if one)})", "text")


def _truncate(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    unit = of.args["unit"].name.lower()
    if unit not in _UNITS:
        raise QueryProblem(f"date_trunc takes {', '.join(sorted(_UNITS))}")
    found = writer.value(of.this, names)
    time = found.sql if found.type == "time" else f"parseDateTime64BestEffort({found.sql}, 3, 'UTC')"
    return Typed(f"toDateTime64(date_trunc('{unit}', {time}, 'UTC'), 3, 'UTC')", "time")


def _now(_writer: Writer, _of: exp.Expression, _names: Names) -> Typed:
    return Typed("now64(3, 'UTC')", "time")


def _shift(sign: str) -> Callable[[Writer, Any, Names], Typed]:
    """A time plus or minus an interval, however the parser keeps it."""

    def write(writer: Writer, of: Any, names: Names) -> Typed:
        unit = of.args.get("unit")
        name = unit.name.lower().rstrip("s") if unit is not None else ""
        if name not in _UNITS:
            raise QueryProblem(f"an interval takes {', '.join(sorted(_UNITS))}")
        amount = of.expression
        number = amount.this if isinstance(amount, exp.Literal) else ""
        if not str(number).lstrip("-").isdecimal():
            raise QueryProblem("an interval takes a whole number")
        return Typed(f"({writer.value(of.this, names).sql} {sign} INTERVAL {int(number)} {name.upper()})", "time")

    return write


def _interval_arithmetic(sign: str) -> Callable[[Writer, Any, Names], Typed]:
    plain = _binary({exp.Add: "+", exp.Sub: "-"}, "number")

    def write(writer: Writer, of: Any, names: Names) -> Typed:
        right = of.expression
        if not isinstance(right, exp.Interval):
            return plain(writer, of, names)
        unit, number = str(right.args.get("unit") or "").lower().rstrip("s"), right.this.name
        if unit not in _UNITS or not number.isdecimal():
            raise QueryProblem(f"an interval takes a whole number of {', '.join(sorted(_UNITS))}")
        return Typed(f"({writer.value(of.this, names).sql} {sign} INTERVAL {int(number)} {unit.upper()})", "time")

    return write


def _json_member(writer: Writer, of: exp.Expression, names: Names) -> Typed:
    """json_extract_scalar(x, '$.a.b'): members of a structure's JSON."""
    found = writer.value(of.this, names)
    steps = list(of.expression.find_all(exp.JSONPathKey)) if of.expression else []
    if not found.path or not steps:
        raise QueryProblem(f"{of.sql('trino')}: expected a structure and a path such as '$.name'")
    for step in steps:
        found = element(found, writer.bind(str(step.this)))
    return found


def _plain(type_: Type) -> Type:
    return "text" if type_ in ("json", "list") else type_


def _boolean(_writer: Writer, of: exp.Expression, _names: Names) -> Typed:
    return Typed("true" if of.this else "false", "bool")


_RULES: Mapping[type[exp.Expression], Callable[[Writer, Any, Names], Typed]] = {
    exp.Column: _column,
    exp.Dot: _dot,
    exp.Bracket: _bracket,
    exp.Literal: _literal,
    exp.Placeholder: _parameter,
    exp.Parameter: _parameter,
    exp.Boolean: _boolean,
    exp.Null: lambda _writer, _of, _names: Typed("NULL", "text"),
    exp.Paren: lambda writer, of, names: Typed(
        f"({(found := writer.value(of.this, names)).sql})", found.type, found.path
    ),
    exp.Not: lambda writer, of, names: Typed(f"(NOT {writer.truth(of.this, names)})", "bool"),
    exp.Neg: lambda writer, of, names: Typed(f"(-{writer.value(of.this, names).sql})", "number"),
    exp.And: _logic("AND"),
    exp.Or: _logic("OR"),
    **dict.fromkeys(_COMPARE, _binary(_COMPARE, "bool")),
    **dict.fromkeys((exp.Mul, exp.Div, exp.Mod), _binary(_ARITHMETIC, "number")),
    exp.Add: _interval_arithmetic("+"),
    exp.Sub: _interval_arithmetic("-"),
    exp.DateAdd: _shift("+"),
    exp.DateSub: _shift("-"),
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _matches("like"),
    exp.ILike: _matches("ilike"),
    exp.Count: _count,
    exp.CountIf: _count_if,
    exp.Min: _extreme("min"),
    exp.Max: _extreme("max"),
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
    exp.Concat: _concat,
    exp.DPipe: _concat,
    exp.Substring: _substring,
    exp.TimestampTrunc: _truncate,
    exp.DateTrunc: _truncate,
    exp.CurrentTimestamp: _now,
    exp.JSONExtractScalar: _json_member,
    exp.JSONExtract: _json_member,
}
