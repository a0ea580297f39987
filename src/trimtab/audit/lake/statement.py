"""Lake SQL: parsed by a SQL parser, written anew piece by piece. What has no rule here is refused by name.

Never does a user's text reach the engine: names are looked up, texts are bound, and every SELECT over a store has the
condition of the caller's scope and of the store in it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import sqlglot
from msgspec import Struct
from sqlglot import exp
from sqlglot.errors import SqlglotError

from trimtab.audit.lake.columns import COLUMNS, Typed, column
from trimtab.audit.lake.expressions import Writer
from trimtab.audit.lake.names import Names
from trimtab.audit.lake.problem import QueryProblem

MAX_ROWS = 10_000
"""Rows of an answer: they wait in memory for GetQueryResults."""
_BARE_ID = re.compile(
    r"""'(?:[^']|'')*'|"[^"]*"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b""", re.IGNORECASE
)
_DEEPEST = 8
_RAW = (
    "account, region, time, event_id, event_name, event_source, event_type, category, read_only, source_ip, user_agent,"
    " error_code, error_message, request_id, record"
)

Condition = Callable[[str], tuple[str, Mapping[str, Any]]]
"""The condition over `audit_events` of a store by its id, with parameters. Raises NotFound."""


class Statement(Struct, frozen=True):
    """What runs: one SELECT whose columns are texts, named `c0`, `c1`, …; `names` are the user's."""

    sql: str
    params: Mapping[str, Any]
    names: tuple[str, ...]
    stores: tuple[str, ...]


def stores_in(text: str) -> list[str]:
    """The ids of the stores that a statement reads. Raises QueryProblem."""
    tree = _parsed(text)
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    return sorted({table.name for table in tree.find_all(exp.Table) if table.name.lower() not in named})


def compiled(text: str, given: list[str], condition: Condition, limit: int = MAX_ROWS) -> Statement:
    """The statement of a query; `given` are the values of its question marks. Raises QueryProblem, NotFound."""
    writer = Writer(given)
    planner = _Planner(writer, condition)
    sql, outputs = planner.query(_parsed(text), {}, 0)
    if writer.left:
        raise QueryProblem(f"{len(given)} query parameters are given and {len(given) - writer.left} are used")
    shown = ", ".join(f"{_shown(Typed(f'q.o{n}', one.type))} AS c{n}" for n, (_, one) in enumerate(outputs))
    # Every name in it was looked up or numbered here, and every text is bound.
    final = f"SELECT {shown} FROM ({sql}) AS q LIMIT {limit}"  # noqa: S608 - all parts are written anew
    return Statement(final, planner.params | writer.params, tuple(name for name, _ in outputs), tuple(planner.stores))


def _parsed(text: str) -> exp.Expression:
    quoted = _BARE_ID.sub(lambda found: found[0] if found[0][0] in "'\"" else f'"{found[0]}"', text)
    try:
        trees = [tree for tree in sqlglot.parse(quoted, read="trino") if tree is not None]
    except SqlglotError as problem:
        first = str(problem).splitlines()[0]
        raise QueryProblem(f"the statement cannot be read: {re.sub(chr(27) + r'.*', '', first)}") from None
    except RecursionError:
        raise QueryProblem("the statement is too deep") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.Union):
        raise QueryProblem("only one SELECT statement is allowed")
    return trees[0]


def _shown(of: Typed) -> str:
    """A column as the text that an answer has."""
    if of.type == "bool":
        return f"if({of.sql}, 'true', 'false')"
    if of.type == "time":
        return f"formatDateTime({of.sql}, '%Y-%m-%d %H:%i:%S.%f')"
    return f"toString({of.sql})"


Outputs = list[tuple[str, Typed]]
"""The columns of a query: names, and types (their SQL is `o0`, `o1`, … of whatever holds the query)."""


class _Planner:
    """Writes a SELECT; `writer` writes what is in them."""

    def __init__(self, writer: Writer, condition: Condition) -> None:
        self.writer = writer
        self.condition = condition
        self.params: dict[str, Any] = {}
        self.stores: list[str] = []
        self._relations = 0

    def query(self, tree: exp.Expression, ctes: Mapping[str, tuple[str, Outputs]], depth: int) -> tuple[str, Outputs]:
        """The SQL of a SELECT or a UNION, its columns named `o0`, `o1`, …"""
        if depth > _DEEPEST:
            raise QueryProblem("the statement is too deep")
        known = dict(ctes)
        for cte in (tree.args.get("with_") or exp.With(expressions=[])).expressions:
            known[cte.alias.lower()] = self.query(cte.this, known, depth + 1)
        if isinstance(tree, exp.Union) and type(tree) is exp.Union:
            left, outputs = self.query(tree.this, known, depth + 1)
            right, others = self.query(tree.expression, known, depth + 1)
            if len(outputs) != len(others):
                raise QueryProblem("the parts of a UNION must have as many columns")
            way = "DISTINCT" if tree.args.get("distinct") else "ALL"
            both = f"(({left}) UNION {way} ({right}))"
            return f"SELECT * FROM {both}{self._tail(tree, outputs)}", outputs  # noqa: S608 - as above
        if isinstance(tree, exp.Subquery):
            return self.query(tree.this, known, depth + 1)
        if not isinstance(tree, exp.Select):
            raise QueryProblem(f"{type(tree).__name__.upper()} is not supported")
        return self._select(tree, known, depth)

    def _select(self, tree: exp.Select, ctes: Mapping[str, tuple[str, Outputs]], depth: int) -> tuple[str, Outputs]:
        _only(
            tree,
            {
                "expressions",
                "from_",
                "where",
                "group",
                "having",
                "order",
                "limit",
                "distinct",
                "joins",
                "with_",
                "kind",
                "offset",
            },
        )
        names = Names()
        origin = tree.args.get("from_")
        source = self._relation(origin.this, names, ctes, depth) if origin else "system.one"
        for join in tree.args.get("joins") or ():
            source += self._join(join, names, ctes, depth)
        outputs = self._outputs(tree, names)
        names.aliases = {name.lower(): f"o{n}" for n, (name, _) in enumerate(outputs)}
        names.types = {f"o{n}": one.type for n, (_, one) in enumerate(outputs)}
        shown = ", ".join(f"{one.sql} AS o{n}" for n, (_, one) in enumerate(outputs))
        distinct = "DISTINCT " if tree.args.get("distinct") else ""
        parts = [f"SELECT {distinct}{shown} FROM {source}"]  # noqa: S608 - made of looked-up names and bound texts
        if tree.args.get("where"):
            parts.append(f"WHERE {self.writer.truth(tree.args['where'].this, names)}")
        if tree.args.get("group"):
            _only(tree.args["group"], {"expressions"})
            keys = (self._key(key, names, outputs) for key in tree.args["group"].expressions)
            parts.append(f"GROUP BY {', '.join(keys)}")
        if tree.args.get("having"):
            parts.append(f"HAVING {self.writer.truth(tree.args['having'].this, names)}")
        return " ".join(parts) + self._tail(tree, outputs, names), outputs

    def _outputs(self, tree: exp.Select, names: Names) -> Outputs:
        outputs: Outputs = []
        for number, one in enumerate(tree.expressions):
            if isinstance(one, exp.Star):
                outputs += names.everything()
                continue
            inner = one.this if isinstance(one, exp.Alias) else one
            outputs.append((one.alias_or_name or f"_col{number}", self.writer.value(inner, names)))
        if not outputs:
            raise QueryProblem("expected columns after SELECT")
        return outputs

    def _key(self, key: exp.Expression, names: Names, outputs: Outputs) -> str:
        """A key of GROUP BY or ORDER BY: a column's place, or an expression."""
        if isinstance(key, exp.Literal) and not key.is_string:
            place = int(key.this) if key.this.isdecimal() else 0
            if not 1 <= place <= len(outputs):
                raise QueryProblem(f"there is no column {key.this}")
            return f"o{place - 1}"
        return self.writer.value(key, names).sql

    def _tail(self, tree: exp.Expression, outputs: Outputs, names: Names | None = None) -> str:
        parts = []
        if names is None:
            names = Names()
            names.aliases = {name.lower(): f"o{n}" for n, (name, _) in enumerate(outputs)}
            names.types = {f"o{n}": one.type for n, (_, one) in enumerate(outputs)}
        if tree.args.get("order"):
            keys = [
                self._key(one.this, names, outputs) + (" DESC" if one.args.get("desc") else " ASC")
                for one in tree.args["order"].expressions
            ]
            parts.append(f"ORDER BY {', '.join(keys)}")
        words = [word for word in ("limit", "offset") if tree.args.get(word)]
        parts += [f"{word.upper()} {_count(tree.args[word].expression)}" for word in words]
        return "".join(f" {part}" for part in parts)

    def _join(self, join: exp.Join, names: Names, ctes: Mapping[str, tuple[str, Outputs]], depth: int) -> str:
        side = (join.side or "INNER").upper()
        if side not in ("INNER", "LEFT", "RIGHT", "FULL") or not join.args.get("on"):
            raise QueryProblem("a JOIN needs ON, and is INNER, LEFT, RIGHT or FULL")
        relation = self._relation(join.this, names, ctes, depth)
        return f" {side} JOIN {relation} ON {self.writer.truth(join.args['on'], names)}"

    def _relation(self, of: exp.Expression, names: Names, ctes: Mapping[str, tuple[str, Outputs]], depth: int) -> str:
        alias = f"r{self._relations}"
        self._relations += 1
        if isinstance(of, exp.Subquery):
            sql, outputs = self.query(of.this, ctes, depth + 1)
            names.derived(of.alias, alias, outputs)
            return f"({sql}) AS {alias}"
        if not isinstance(of, exp.Table) or of.args.get("db"):
            raise QueryProblem("FROM takes the id of an event data store, or a query in parentheses")
        if of.name.lower() in ctes:
            sql, outputs = ctes[of.name.lower()]
            names.derived(of.alias_or_name, alias, outputs)
            return f"({sql}) AS {alias}"
        where, params = self.condition(of.name)
        self.params.update(params)
        self.stores.append(of.name)
        names.store(of.alias_or_name, alias, [(name, found) for name in COLUMNS if (found := column(name, alias))])
        return f"(SELECT {_RAW} FROM audit_events FINAL WHERE {where}) AS {alias}"  # noqa: S608 - the room's own


def _only(tree: exp.Expression, known: set[str]) -> None:
    """Refuse a clause that has no rule here."""
    other = [name for name, value in tree.args.items() if value and name not in known]
    if other:
        raise QueryProblem(f"{other[0].strip('_').upper()} is not supported")


def _count(of: exp.Expression) -> int:
    if isinstance(of, exp.Literal) and not of.is_string and of.this.isdecimal():
        return min(int(of.this), MAX_ROWS)
    raise QueryProblem("LIMIT and OFFSET take a whole number")
