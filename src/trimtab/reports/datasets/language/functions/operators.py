"""Signs and words: arithmetic, comparison, logic."""

from collections.abc import Callable, Mapping

from trimtab.reports.datasets.field import NUMERIC, Type
from trimtab.reports.datasets.language.tree import CallOf, Items, Node, ParameterName
from trimtab.reports.datasets.language.typed import (
    SCALE,
    Typed,
    as_money,
    as_number,
    converted,
    divided,
    joined,
    numeric_type,
)
from trimtab.reports.datasets.language.writer import Function, Writer, problem


def _added(sign: str) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        parts = [writer.numeric(one) for one in call.arguments]
        kind = numeric_type(parts)
        return joined(f"({f' {sign} '.join(converted(one, kind) for one in parts)})", kind, parts)

    return write


def _times(writer: Writer, call: CallOf) -> Typed:
    left, right = (writer.numeric(one) for one in call.arguments)
    if Type.MONEY not in (left.type, right.type):
        kind = numeric_type((left, right))
        return joined(f"({converted(left, kind)} * {converted(right, kind)})", kind, (left, right))
    return joined(f"multiplyDecimal({as_money(left)}, {as_money(right)}, {SCALE})", Type.MONEY, (left, right))


def _divided(writer: Writer, call: CallOf) -> Typed:
    """Money by a number is money, exact; anything else a number; by zero it is null."""
    left, right = (writer.numeric(one) for one in call.arguments)
    if left.type is Type.MONEY and right.type is not Type.MONEY:
        return joined(divided(as_money(left), as_money(right)), Type.MONEY, (left, right))
    return joined(f"({as_number(left)} / nullIf({as_number(right)}, 0))", Type.NUMBER, (left, right))


def _rest(writer: Writer, call: CallOf) -> Typed:
    left, right = (writer.numeric(one) for one in call.arguments)
    return joined(f"({as_number(left)} % nullIf({as_number(right)}, 0))", Type.NUMBER, (left, right))


def _negative(writer: Writer, call: CallOf) -> Typed:
    found = writer.numeric(call.arguments[0])
    return joined(f"(-{found.sql})", found.type, (found,))


def alike(writer: Writer, nodes: tuple[Node, ...]) -> tuple[list[str], list[Typed]]:
    """Values that can be held against each other, as SQL of one type. Raises ExpressionProblem."""
    parts = [writer.write(one) for one in nodes]
    known = [one for one in parts if not one.is_null]
    kinds = {one.type for one in known}
    if kinds == {Type.TEXT, Type.TIME}:
        parts = [writer.time(node) for node in nodes]
    elif kinds <= NUMERIC:
        kind = numeric_type(parts)
        return [converted(one, kind) for one in parts], parts
    elif len(kinds) > 1 or Type.LABELS in kinds:
        first = next(at for at, one in enumerate(parts) if one.type is not known[0].type or one.type is Type.LABELS)
        raise problem(nodes[first], f"cannot compare {known[0].type} with {parts[first].type}")
    return [one.sql for one in parts], parts


def _compared(sign: str) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        sqls, parts = alike(writer, call.arguments)
        return joined(f"({sqls[0]} {sign} {sqls[1]})", Type.BOOL, parts)

    return write


def _within(writer: Writer, call: CallOf) -> Typed:
    one, among = call.arguments if len(call.arguments) == 2 else (call, call)
    if isinstance(among, ParameterName) and among.name in writer.lists:
        found = writer.text(one)
        bound = writer.bindings.bind(sorted(writer.lists[among.name]), "Array(String)")
        return joined(f"has({bound}, ifNull({found.sql}, ''))", Type.BOOL, (found,))
    if not isinstance(among, Items):
        raise problem(among, "expected a list in brackets, such as ['a', 'b'], or a parameter that is one")
    if not among.items:
        return joined("false", Type.BOOL, [writer.write(one)])
    sqls, parts = alike(writer, (one, *among.items))
    return joined(f"({' OR '.join(f'{sqls[0]} = {sql}' for sql in sqls[1:])})", Type.BOOL, parts)


def _logic(word: str) -> Callable[[Writer, CallOf], Typed]:
    def write(writer: Writer, call: CallOf) -> Typed:
        parts = [writer.truth(one) for one in call.arguments]
        return joined(f"({f' {word} '.join(one.sql for one in parts)})", Type.BOOL, parts)

    return write


def _not(writer: Writer, call: CallOf) -> Typed:
    if len(call.arguments) != 1:
        raise problem(call, "expected not(condition)")
    found = writer.truth(call.arguments[0])
    return joined(f"(NOT {found.sql})", Type.BOOL, (found,))


OPERATORS: Mapping[str, Function] = {
    "+": Function("a + b", "Sum.", _added("+"), "operators"),
    "-": Function("a - b", "Difference.", _added("-"), "operators"),
    "*": Function("a * b", "Product; of money it is money, exact.", _times, "operators"),
    "/": Function("a / b", "Quotient; null where b is 0. Money by a number is money.", _divided, "operators"),
    "%": Function("a % b", "What is left of a division; null where b is 0.", _rest, "operators"),
    "negative": Function("-a", "The number with the other sign.", _negative, "operators"),
    **{
        sign: Function(f"a {sign} b", "Comparison; a written-out text is read as a time beside one.",
                       _compared(sign), "operators")
        for sign in ("=", "!=", "<", "<=", ">", ">=")
    },
    "and": Function("a and b", "Both.", _logic("AND"), "operators"),
    "or": Function("a or b", "At least one.", _logic("OR"), "operators"),
    "not": Function("not a", "The opposite.", _not, "operators"),
    "in": Function("a in [b, c]", "Whether a is one of the list.", _within, "operators"),
}  # fmt: skip
"""By their signs; `in(a, [b, c])` is QuickSight's spelling of the same."""
