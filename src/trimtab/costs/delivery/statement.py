"""The SQL of an export: `SELECT columns FROM table [WHERE …] [LIMIT n]`, parsed and written anew.

Columns may be renamed (`AS`) and a key taken of a map (`resource_tags.user_team`). Names are looked up and texts bound:
nothing of the statement reaches the engine. Source: "Data query SQL" in the AWS Data Exports user guide.
"""

import re
from collections.abc import Callable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from trimtab.base.errors import InvalidInput
from trimtab.costs.conditions import Conditions
from trimtab.costs.delivery.cur_columns import Type
from trimtab.costs.delivery.rows import Output, Statement
from trimtab.costs.delivery.tables import Chosen, chosen

_COMPARED = {exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_PLAIN = frozenset(("expressions", "from", "from_", "where", "limit", "kind"))
_DEEPEST = 40


def compiled(query: str, configurations: Mapping[str, Mapping[str, str]] | None = None) -> Statement:
    """The statement of a query, with the properties of its table. Raises InvalidInput with what is wrong."""
    tree = _parsed(query)
    name = _table_of(tree)
    configured = {key.upper(): value for key, value in (configurations or {}).items()}
    others = [key for key in configured if key != name.upper()]
    if others:
        raise InvalidInput(f"cannot configure table {others[0][:100]!r}: the query selects from {name}")
    writer = _Writer(chosen(name, configured.get(name.upper())))
    outputs = tuple(one for item in tree.expressions for one in writer.output(item))
    repeated = [one.name for n, one in enumerate(outputs) if one.name in {other.name for other in outputs[:n]}]
    if repeated:
        raise InvalidInput(f"cannot select {repeated[0]!r} twice: give one of them another name")
    where = tree.args.get("where")
    condition = writer.condition(where.this) if where is not None else "1"
    return Statement(
        writer.table, tuple(writer.inner), outputs, condition, writer.conditions, _limit(tree.args.get("limit"))
    )


def _parsed(query: str) -> exp.Select:
    try:
        trees = [tree for tree in sqlglot.parse(query, read="trino") if tree is not None]
    except SqlglotError as problem:
        first = re.sub(chr(27) + r"\[\d+m", "", str(problem).splitlines()[0])
        raise InvalidInput(f"the query cannot be read: {first}") from None
    except RecursionError:
        raise InvalidInput("the query is too deep") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise InvalidInput("expected one SELECT statement")
    extra = [key for key, value in trees[0].args.items() if value and key not in _PLAIN]
    if extra:
        raise InvalidInput(f"{extra[0].upper()} is not supported: only columns of one table, WHERE and LIMIT are")
    return trees[0]


def _table_of(tree: exp.Select) -> str:
    source = tree.args.get("from_") or tree.args.get("from")
    if source is None or not isinstance(source.this, exp.Table) or source.this.args.get("db"):
        raise InvalidInput("expected FROM and the name of one table")
    return str(source.this.name)


def _limit(of: exp.Expression | None) -> int | None:
    if of is None:
        return None
    number = of.expression
    if not isinstance(number, exp.Literal) or number.is_string or not str(number.this).isdecimal():
        raise InvalidInput("expected a number after LIMIT")
    return min(int(number.this), 1 << 40)


class _Writer:
    """Writes what is in a SELECT; `inner` gathers the columns that it needs."""

    def __init__(self, table: Chosen) -> None:
        self.table = table
        self.inner: list[str] = []
        self.conditions = Conditions()

    def output(self, item: exp.Expression) -> list[Output]:
        """A column of the SELECT list, or all of them for a star."""
        if isinstance(item, exp.Star):
            return [Output(name, one.type, self._column(name)[0]) for name, one in self.table.columns.items()]
        inside = item.this if isinstance(item, exp.Alias) else item
        sql, type_ = self._value(inside)
        name = item.alias if isinstance(item, exp.Alias) else str(inside.name)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", name):
            raise InvalidInput(f"cannot name a column {name[:100]!r}: expected letters, digits and `_`")
        return [Output(name, type_, sql)]

    def condition(self, of: exp.Expression, depth: int = 0) -> str:
        """A condition of WHERE."""
        if depth > _DEEPEST:
            raise InvalidInput("the WHERE of the query is too deep")
        match of:
            case exp.Paren():
                return f"({self.condition(of.this, depth + 1)})"
            case exp.Not():
                return f"NOT ({self.condition(of.this, depth + 1)})"
            case exp.And() | exp.Or():
                word = "AND" if isinstance(of, exp.And) else "OR"
                return f"({self.condition(of.this, depth + 1)} {word} {self.condition(of.expression, depth + 1)})"
            case exp.In() if of.expressions:
                sql, type_ = self._value(of.this)
                return f"ifNull({sql} IN ({', '.join(self._bound(one, type_) for one in of.expressions)}), 0)"
            case exp.Between():
                sql, type_ = self._value(of.this)
                low, high = self._bound(of.args["low"], type_), self._bound(of.args["high"], type_)
                return f"ifNull({sql} BETWEEN {low} AND {high}, 0)"
            case exp.Like():
                sql, type_ = self._value(of.this)
                return f"ifNull(toString({sql}) LIKE {self._bound(of.expression, Type.TEXT)}, 0)"
            case exp.Is():
                return f"{self._value(of.this)[0]} IS NULL"
        sign = next((sign for kind, sign in _COMPARED.items() if isinstance(of, kind)), None)
        if sign is None:
            raise InvalidInput(f"cannot use {of.sql()[:100]!r} in WHERE")
        sql, type_ = self._value(of.this)
        return f"ifNull({sql} {sign} {self._bound(of.expression, type_)}, 0)"

    def _value(self, of: exp.Expression) -> tuple[str, Type]:
        if not isinstance(of, exp.Column | exp.Dot):
            raise InvalidInput(f"cannot select {of.sql()[:100]!r}: expected a column of {self.table.table.name}")
        parts = [part.name for part in of.parts]
        if len(parts) > 1 and parts[0].upper() == self.table.table.name:
            parts = parts[1:]
        sql, type_ = self._column(parts[0])
        if len(parts) == 1:
            return sql, type_
        if type_ is not Type.PAIRS or len(parts) > 2:
            raise InvalidInput(f"cannot select {'.'.join(parts)[:100]!r}: {parts[0]} has no keys")
        return f"nullIf({sql}[{self.conditions.bind(parts[1], 'String')}], '')", Type.TEXT

    def _column(self, name: str) -> tuple[str, Type]:
        known = {one.lower(): one for one in self.table.columns}
        found = known.get(name.lower())
        if found is None:
            raise InvalidInput(f"{self.table.table.name} has no column {name[:100]!r}; GetTable lists them")
        if found not in self.inner:
            self.inner.append(found)
        return f"i{self.inner.index(found)}", self.table.columns[found].type

    def _bound(self, of: exp.Expression, type_: Type) -> str:
        negative = isinstance(of, exp.Neg)
        inside = of.this if negative else of
        if isinstance(inside, exp.Cast):
            inside = inside.this
        if not isinstance(inside, exp.Literal) or (negative and inside.is_string):
            raise InvalidInput(f"cannot compare with {of.sql()[:100]!r}: expected a text or a number")
        return _BOUND[type_](self.conditions, f"-{inside.this}" if negative else str(inside.this))


def _amount(conditions: Conditions, text: str) -> str:
    if not re.fullmatch(r"-?\d{1,20}(\.\d{1,12})?", text):
        raise InvalidInput(f"cannot compare an amount with {text[:100]!r}: expected a number")
    return f"toDecimal128({conditions.bind(text, 'String')}, 12)"


def _time(conditions: Conditions, text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?(\.0+)?Z?)?", text):
        raise InvalidInput(f"cannot compare a time with {text[:100]!r}: expected YYYY-MM-DD or YYYY-MM-DD hh:mm:ss")
    return f"parseDateTimeBestEffort({conditions.bind(text, 'String')}, 'UTC')"


def _text(conditions: Conditions, text: str) -> str:
    return conditions.bind(text, "String")


_BOUND: Mapping[Type, Callable[[Conditions, str], str]] = {
    Type.AMOUNT: _amount, Type.TIME: _time, Type.TEXT: _text, Type.PAIRS: _text,
}  # fmt: skip
