"""Functions of one row: conditions, texts and numbers. Names are those of QuickSight's calculated fields.

Source: Amazon QuickSight user guide, "Functions by category".
"""

from collections.abc import Callable, Mapping

from trimtab.reports.datasets.field import NUMERIC, Type
from trimtab.reports.datasets.language.functions.operators import alike
from trimtab.reports.datasets.language.tree import CallOf, Node
from trimtab.reports.datasets.language.typed import (
    SCALE,
    Typed,
    as_money,
    as_number,
    converted,
    joined,
    numeric_type,
)
from trimtab.reports.datasets.language.writer import Function, Writer, problem


def counted(call: CallOf, usage: str, least: int, most: int | None = None) -> tuple[Node, ...]:
    """The arguments, at least and at most so many. Raises ExpressionProblem."""
    if not least <= len(call.arguments) <= (least if most is None else most):
        raise problem(call, f"expected {usage}, got {len(call.arguments)} arguments")
    return call.arguments


def _same(writer: Writer, nodes: list[Node]) -> tuple[list[str], list[Typed], Type]:
    """Values that may stand for each other, as SQL of one type."""
    sqls, parts = alike(writer, tuple(nodes))
    known = [one for one in parts if not one.is_null]
    if not known:
        return sqls, parts, Type.TEXT
    return sqls, parts, numeric_type(parts) if known[0].type in NUMERIC else known[0].type


def _if_else(writer: Writer, call: CallOf) -> Typed:
    usage = "ifelse(condition, value, …, otherwise)"
    given = counted(call, usage, 3, 201)
    if len(given) % 2 == 0:
        raise problem(call, f"expected {usage}: the last value is missing")
    tests = [writer.truth(one) for one in given[:-1:2]]
    sqls, values, kind = _same(writer, [*given[1::2], given[-1]])
    pairs = ", ".join(f"{test.sql}, {sql}" for test, sql in zip(tests, sqls, strict=False))
    return joined(f"multiIf({pairs}, {sqls[-1]})", kind, [*tests, *values])


def _switch(writer: Writer, call: CallOf) -> Typed:
    usage = "switch(value, match, result, …, otherwise)"
    given = counted(call, usage, 4, 202)
    if len(given) % 2:
        raise problem(call, f"expected {usage}: the last value is missing")
    matches, tested = alike(writer, (given[0], *given[1:-1:2]))
    sqls, values, kind = _same(writer, [*given[2:-1:2], given[-1]])
    pairs = ", ".join(f"({matches[0]} = {match}), {sql}" for match, sql in zip(matches[1:], sqls, strict=False))
    return joined(f"multiIf({pairs}, {sqls[-1]})", kind, [*tested, *values])


def _coalesce(writer: Writer, call: CallOf) -> Typed:
    sqls, parts, kind = _same(writer, list(counted(call, "coalesce(a, b, …)", 1, 50)))
    return joined(f"coalesce({', '.join(sqls)})", kind, parts)


def _null_if(writer: Writer, call: CallOf) -> Typed:
    sqls, parts, kind = _same(writer, list(counted(call, "nullIf(a, b)", 2)))
    return joined(f"nullIf({sqls[0]}, {sqls[1]})", kind, parts)


def _is_null(sql: str) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        found = writer.write(counted(call, "isNull(a)", 1)[0])
        return joined(sql.format(found.sql), Type.BOOL, (found,))

    return write


def _texts(sql: str, kind: Type, number: int, *, numbers: int = 0) -> Callable[[Writer, CallOf], Typed]:
    """A function of `number` texts and then `numbers` whole numbers."""

    def write(writer: Writer, call: CallOf) -> Typed:
        given = counted(call, f"{call.name} of {number + numbers} values", number + numbers)
        parts = [writer.text(one) for one in given[:number]] + [writer.numeric(one) for one in given[number:]]
        whole = [f"toInt64({one.sql})" for one in parts[number:]]
        return joined(sql.format(*(one.sql for one in parts[:number]), *whole), kind, parts)

    return write


def _contains(negate: str) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        given = counted(call, f"{call.name}(text, part[, CASE_INSENSITIVE])", 2, 3)
        parts = [writer.text(one) for one in given[:2]]
        insensitive = len(given) == 3
        name = "positionCaseInsensitiveUTF8" if insensitive else "positionUTF8"
        return joined(f"({name}({parts[0].sql}, {parts[1].sql}) {negate} 0)", Type.BOOL, parts)

    return write


def _concat(writer: Writer, call: CallOf) -> Typed:
    parts = [writer.write(one) for one in counted(call, "concat(a, b, …)", 1, 50)]
    return joined(f"concat({', '.join(f'toString({one.sql})' for one in parts)}, '')", Type.TEXT, parts)


def _to_string(writer: Writer, call: CallOf) -> Typed:
    found = writer.write(counted(call, "toString(a)", 1)[0])
    return joined(f"toString({found.sql})", Type.TEXT, (found,))


def _parsed(sql: str, kind: Type) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        found = writer.write(counted(call, f"{call.name}(a)", 1)[0])
        return joined(sql.format(f"toString({found.sql})"), kind, (found,))

    return write


def _whole(writer: Writer, call: CallOf) -> Typed:
    found = writer.numeric(counted(call, "decimalToInt(a)", 1)[0])
    return joined(f"toInt64({found.sql})", Type.INTEGER, (found,))


def _kept(name: str) -> Callable[[Writer, CallOf], Typed]:
    """A function whose result is of its argument's type."""

    def write(writer: Writer, call: CallOf) -> Typed:
        found = writer.numeric(counted(call, f"{name}(a)", 1)[0])
        return joined(f"{name}({found.sql})", found.type, (found,))

    return write


def _rounded(writer: Writer, call: CallOf) -> Typed:
    given = counted(call, "round(a[, digits])", 1, 2)
    found = writer.numeric(given[0])
    digits = int(writer.constant_number(given[1])) if len(given) == 2 else 0
    if not -10 <= digits <= SCALE:
        raise problem(given[1], f"expected -10 to {SCALE} digits")
    if found.type is Type.MONEY:  # half to even, as the bill rounds
        return joined(f"toDecimal256(roundBankers({as_money(found)}, {digits}), {SCALE})", Type.MONEY, (found,))
    return joined(f"round({converted(found, found.type)}, {digits})", found.type, (found,))


def _float(sql: str) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        found = writer.numeric(counted(call, f"{call.name}(a)", 1)[0])
        return joined(sql.format(as_number(found)), Type.NUMBER, (found,))

    return write


def _label(writer: Writer, call: CallOf) -> Typed:
    given = counted(call, "label(field, 'key')", 2)
    found = writer.write(given[0])
    if found.type is not Type.LABELS:
        raise problem(given[0], f"expected a field of labels, got {found.type}")
    key = writer.bindings.bind(writer.constant_text(given[1]))
    return joined(f"nullIf({found.sql}[{key}], '')", Type.TEXT, (found,))


_C, _T, _N = "conditions", "texts", "numbers"
ROW_FUNCTIONS: Mapping[str, Function] = {
    "ifelse": Function("ifelse(condition, value, …, otherwise)", "The value of the first condition that holds.",
                       _if_else, _C),
    "switch": Function("switch(value, match, result, …, otherwise)", "The result beside the first equal value.",
                       _switch, _C),
    "coalesce": Function("coalesce(a, b, …)", "The first that is not null.", _coalesce, _C),
    "nullif": Function("nullIf(a, b)", "Null where a is b, else a.", _null_if, _C),
    "isnull": Function("isNull(a)", "Whether there is no value.", _is_null("isNull({})"), _C),
    "isnotnull": Function("isNotNull(a)", "Whether there is a value.", _is_null("isNotNull({})"), _C),
    "concat": Function("concat(a, b, …)", "Texts one after the other.", _concat, _T),
    "contains": Function("contains(text, part)", "Whether the part is in it.", _contains(">"), _T),
    "notcontains": Function("notContains(text, part)", "Whether the part is not in it.", _contains("="), _T),
    "startswith": Function("startsWith(text, part)", "Whether it begins so.",
                           _texts("startsWith(ifNull({}, ''), {})", Type.BOOL, 2), _T),
    "endswith": Function("endsWith(text, part)", "Whether it ends so.",
                         _texts("endsWith(ifNull({}, ''), {})", Type.BOOL, 2), _T),
    "like": Function("like(text, pattern)", "Whether it is so written; % any characters, _ one.",
                     _texts("like(ifNull({}, ''), {})", Type.BOOL, 2), _T),
    "ilike": Function("ilike(text, pattern)", "The same in any case.",
                      _texts("ilike(ifNull({}, ''), {})", Type.BOOL, 2), _T),
    "left": Function("left(text, n)", "The first n characters.",
                     _texts("leftUTF8({}, {})", Type.TEXT, 1, numbers=1), _T),
    "right": Function("right(text, n)", "The last n characters.",
                      _texts("rightUTF8({}, {})", Type.TEXT, 1, numbers=1), _T),
    "substring": Function("substring(text, start, length)", "Characters from a place on, from 1.",
                          _texts("substringUTF8({}, {}, {})", Type.TEXT, 1, numbers=2), _T),
    "locate": Function("locate(text, part)", "Where the part begins, from 1; 0 where it is not.",
                       _texts("toInt64(positionUTF8({}, {}))", Type.INTEGER, 2), _T),
    "replace": Function("replace(text, part, by)", "Every such part replaced.",
                        _texts("replaceAll({}, {}, {})", Type.TEXT, 3), _T),
    "split": Function("split(text, separator, n)", "The n-th part between separators, from 1.",
                      _texts("nullIf(splitByString(ifNull({1}, ''), ifNull({0}, ''))[{2}], '')", Type.TEXT, 2,
                             numbers=1), _T),
    "strlen": Function("strlen(text)", "How many characters.", _texts("toInt64(lengthUTF8({}))", Type.INTEGER, 1), _T),
    "tolower": Function("toLower(text)", "In small letters.", _texts("lowerUTF8({})", Type.TEXT, 1), _T),
    "toupper": Function("toUpper(text)", "In capitals.", _texts("upperUTF8({})", Type.TEXT, 1), _T),
    "trim": Function("trim(text)", "Without spaces around it.", _texts("trimBoth({})", Type.TEXT, 1), _T),
    "ltrim": Function("ltrim(text)", "Without spaces before it.", _texts("trimLeft({})", Type.TEXT, 1), _T),
    "rtrim": Function("rtrim(text)", "Without spaces after it.", _texts("trimRight({})", Type.TEXT, 1), _T),
    "tostring": Function("toString(a)", "As a text.", _to_string, _T),
    "label": Function("label(field, 'key')", "The value of a tag, dimension or attribute; null where it has none.",
                      _label, _T),
    "parsedecimal": Function("parseDecimal(text)", "The number in a text; null where it is none.",
                             _parsed("toFloat64OrNull({})", Type.NUMBER), _N),
    "parseint": Function("parseInt(text)", "The whole number in a text; null where it is none.",
                         _parsed("toInt64OrNull({})", Type.INTEGER), _N),
    "decimaltoint": Function("decimalToInt(a)", "Without what is behind the point.", _whole, _N),
    "inttodecimal": Function("intToDecimal(a)", "As a number with a point.", _float("{}"), _N),
    "abs": Function("abs(a)", "Without its sign.", _kept("abs"), _N),
    "ceil": Function("ceil(a)", "The next whole number up.", _kept("ceil"), _N),
    "floor": Function("floor(a)", "The next whole number down.", _kept("floor"), _N),
    "round": Function("round(a[, digits])", "Rounded; money half to even.", _rounded, _N),
    "sqrt": Function("sqrt(a)", "Square root.", _float("sqrt({})"), _N),
    "exp": Function("exp(a)", "e to the power of a.", _float("exp({})"), _N),
    "ln": Function("ln(a)", "Natural logarithm.", _float("log({})"), _N),
    "log": Function("log(a)", "Logarithm to base 10.", _float("log10({})"), _N),
}  # fmt: skip
