"""Writes a SELECT anew over relations that hold their reader's scope: joins, groups, unions, queries within queries."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field
from sqlglot import exp

from trimtab.base.records import replace
from trimtab.reports.datasets.expressions import Environment
from trimtab.reports.datasets.field import Type
from trimtab.reports.datasets.language.lexer import ExpressionProblem
from trimtab.reports.datasets.language.tree import Node
from trimtab.reports.datasets.language.typed import Stage, Typed
from trimtab.reports.datasets.sql.statement import DEEPEST, SqlProblem, only, place_of
from trimtab.reports.datasets.sql.table import Output, Table
from trimtab.reports.datasets.sql.words import node_of

_CLAUSES = frozenset(
    ("expressions", "from_", "where", "group", "having", "order", "limit", "distinct", "joins", "with_", "offset")
)
_SIDES = ("INNER", "LEFT", "RIGHT", "FULL")


Find = Callable[[str], Table]
"""The table of a name, within what the reader may see."""


class _Names(Struct):
    """What the names of one SELECT stand for."""

    fields: dict[str, Typed] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    stars: list[tuple[str, str, Typed]] = field(default_factory=list)  # table, column, what it is

    def add(self, alias: str, relation: str, outputs: Sequence[Output]) -> None:
        for at, one in enumerate(outputs):
            sql = f"{relation}.o{at}"
            typed = Typed(sql, one.type, loose=frozenset((sql,)))
            self.stars.append((alias, one.name, typed))
            if one.name in self.fields:
                self.twice.add(one.name)
            self.fields.setdefault(one.name, typed)
            self.fields[f"{alias}.{one.name}"] = typed


class Planner(Struct):
    """Writes a SELECT; `find` says what tables are."""

    environment: Environment
    find: Find
    relations: int = 0

    def query(self, tree: exp.Expression, ctes: Mapping[str, Table], depth: int = 0) -> Table:
        """A SELECT or UNION. Raises SqlProblem, NotFound."""
        if depth > DEEPEST:
            raise SqlProblem("queries are nested too deeply")
        known = dict(ctes)
        for cte in (tree.args.get("with_") or exp.With(expressions=[])).expressions:
            if tree.args["with_"].args.get("recursive"):
                raise SqlProblem("WITH RECURSIVE is not supported")
            known[cte.alias.lower()] = self.query(cte.this, known, depth + 1)
        if isinstance(tree, exp.Union) and type(tree) is exp.Union:
            return self._union(tree, known, depth)
        if isinstance(tree, exp.Subquery):
            return self.query(tree.this, known, depth + 1)
        if not isinstance(tree, exp.Select):
            raise SqlProblem(f"{type(tree).__name__.upper()} is not supported", *place_of(tree))
        return self._select(tree, known, depth)

    def _union(self, tree: exp.Union, known: Mapping[str, Table], depth: int) -> Table:
        left, right = self.query(tree.this, known, depth + 1), self.query(tree.expression, known, depth + 1)
        if [one.type for one in left.outputs] != [one.type for one in right.outputs]:
            raise SqlProblem("the parts of a UNION must have as many columns, of equal types")
        way = "DISTINCT" if tree.args.get("distinct") else "ALL"
        names = ", ".join(f"o{at}" for at in range(len(left.outputs)))
        own = {one.name: Typed(f"o{at}", one.type, loose=frozenset((f"o{at}",))) for at, one in enumerate(left.outputs)}
        tail = self._tail(tree, own, left.outputs)
        sql = f"SELECT {names} FROM (({left.sql}) UNION {way} ({right.sql})){tail}"  # noqa: S608 - written here
        return Table(sql, left.outputs)

    def _select(self, tree: exp.Select, ctes: Mapping[str, Table], depth: int) -> Table:
        only(tree, _CLAUSES)
        origin = tree.args.get("from_")
        if origin is None:
            raise SqlProblem("a SELECT needs FROM with a dataset or a source")
        names = _Names()
        source = self._relation(origin.this, names, ctes, depth)
        for join in tree.args.get("joins") or ():
            source += self._join(join, names, ctes, depth)
        columns = self._columns(tree, names)
        outputs = [Output(name, typed.type) for name, typed in columns]
        own = {**names.fields}
        for name, typed in columns:
            alone = replace(typed, loose=frozenset((typed.sql,))) if typed.stage is Stage.ROW else typed
            own.setdefault(name, alone)
        parts = [f"SELECT {'DISTINCT ' if tree.args.get('distinct') else ''}{_shown(columns)} FROM {source}"]  # noqa: S608 - written here
        if tree.args.get("where"):
            parts.append(f"WHERE {self._truth(tree.args['where'].this, names.fields, names, Stage.ROW).sql}")
        keys = self._keys(tree, own, columns, names)
        having = tree.args.get("having")
        grouped = bool(keys) or having or any(typed.stage is Stage.AGGREGATE for _, typed in columns)
        if grouped:
            _check_grouped(columns, keys, tree)
        if keys:
            parts.append(f"GROUP BY {', '.join(one.sql for one in keys)}")
        if having:
            parts.append(f"HAVING {self._truth(having.this, own, names, Stage.AGGREGATE).sql}")
        return Table(" ".join(parts) + self._tail(tree, own, outputs), outputs)

    def _columns(self, tree: exp.Select, names: _Names) -> list[tuple[str, Typed]]:
        found: list[tuple[str, Typed]] = []
        for at, one in enumerate(tree.expressions):
            star = one.this if isinstance(one, exp.Column) and isinstance(one.this, exp.Star) else one
            if isinstance(star, exp.Star):
                only(star, set())
                table = one.table if isinstance(one, exp.Column) else ""
                found += [(name, typed) for alias, name, typed in names.stars if not table or alias == table]
                continue
            inner = one.this if isinstance(one, exp.Alias) else one
            found.append((one.alias_or_name or f"_col{at}", self._typed(inner, names.fields, names)))
        if not found or len(found) > 300:
            raise SqlProblem(f"got {len(found)} columns; expected 1 to 300")
        return found

    def _keys(
        self, tree: exp.Select, own: Mapping[str, Typed], columns: Sequence[tuple[str, Typed]], names: _Names
    ) -> list[Typed]:
        group = tree.args.get("group")
        if group is None:
            return []
        only(group, {"expressions"})
        found = [self._key(one, own, columns, names) for one in group.expressions]
        wrong = next((at for at, one in enumerate(found) if one.stage is not Stage.ROW), None)
        if wrong is not None:
            raise SqlProblem("GROUP BY takes values of one row", *place_of(group.expressions[wrong]))
        return found

    def _key(
        self, of: exp.Expression, own: Mapping[str, Typed], columns: Sequence[tuple[str, Typed]], names: _Names | None
    ) -> Typed:
        """A key of GROUP BY: a column's place, or an expression."""
        if isinstance(of, exp.Literal) and not of.is_string:
            place = int(of.this) if of.this.isdecimal() else 0
            if not 1 <= place <= len(columns):
                raise SqlProblem(f"there is no column {of.this}", *place_of(of))
            return columns[place - 1][1]
        return self._typed(of, own, names)

    def _tail(self, tree: exp.Expression, own: Mapping[str, Typed], outputs: Sequence[Output]) -> str:
        parts = []
        if tree.args.get("order"):
            keys = (
                f"{self._sort(one.this, own, outputs)} {'DESC' if one.args.get('desc') else 'ASC'} NULLS LAST"
                for one in tree.args["order"].expressions
            )
            parts.append(f"ORDER BY {', '.join(keys)}")
        words = [word for word in ("limit", "offset") if tree.args.get(word)]
        parts += [f"{word.upper()} {_count(tree.args[word])}" for word in words]
        return "".join(f" {part}" for part in parts)

    def _sort(self, of: exp.Expression, own: Mapping[str, Typed], outputs: Sequence[Output]) -> str:
        """A key of ORDER BY: an output by place or name, or an expression."""
        if isinstance(of, exp.Literal) and not of.is_string:
            if not of.this.isdecimal() or not 1 <= int(of.this) <= len(outputs):
                raise SqlProblem(f"there is no column {of.this}", *place_of(of))
            return f"o{int(of.this) - 1}"
        if isinstance(of, exp.Column) and not of.table:
            at = next((at for at, one in enumerate(outputs) if one.name == of.name), None)
            if at is not None:
                return f"o{at}"
        return self._typed(of, own, None).sql

    def _join(self, join: exp.Join, names: _Names, ctes: Mapping[str, Table], depth: int) -> str:
        side = (join.side or join.kind or "INNER").upper()
        only(join, {"this", "on", "using", "side", "kind"})
        if side not in _SIDES or not (join.args.get("on") or join.args.get("using")):
            raise SqlProblem("a JOIN needs ON or USING, and is INNER, LEFT, RIGHT or FULL", *place_of(join))
        before = dict(names.fields)
        relation = self._relation(join.this, names, ctes, depth)
        if join.args.get("on"):
            return f" {side} JOIN {relation} ON {self._truth(join.args['on'], names.fields, names, Stage.ROW).sql}"
        tests = []
        alias = join.this.alias_or_name
        for one in join.args["using"]:
            left, right = before.get(one.name), names.fields.get(f"{alias}.{one.name}")
            if left is None or right is None or left.type is not right.type:
                raise SqlProblem(f"both sides must have a column {one.name!r} of one type", *place_of(one))
            tests.append(f"{left.sql} = {right.sql}")
            names.twice.discard(one.name)
        return f" {side} JOIN {relation} ON {' AND '.join(tests)}"

    def _relation(self, of: exp.Expression, names: _Names, ctes: Mapping[str, Table], depth: int) -> str:
        relation = f"q{self.relations}"
        self.relations += 1
        if isinstance(of, exp.Subquery):
            only(of, {"this", "alias"})
            table, alias = self.query(of.this, ctes, depth + 1), of.alias
        elif isinstance(of, exp.Table) and isinstance(of.this, exp.Identifier) and not of.args.get("db"):
            only(of, {"this", "alias"})
            table, alias = ctes.get(of.name.lower()) or self.find(of.name), of.alias_or_name
        else:
            raise SqlProblem("FROM takes a dataset, a source, or a query in parentheses", *place_of(of))
        names.add(alias, relation, table.outputs)
        return f"({table.sql}) AS {relation}"

    def _typed(self, of: exp.Expression, fields: Mapping[str, Typed], names: _Names | None) -> Typed:
        return self._written(node_of(of), of, fields, names)

    def _truth(self, of: exp.Expression, fields: Mapping[str, Typed], names: _Names, most: Stage) -> Typed:
        found = self._typed(of, fields, names)
        if found.type is not Type.BOOL or found.stage > most:
            raise SqlProblem(f"{of.sql('trino')[:80]} is no condition that can stand here", *place_of(of))
        return found

    def _written(self, node: Node, of: exp.Expression, fields: Mapping[str, Typed], names: _Names | None) -> Typed:
        for column in of.find_all(exp.Column) if names is not None else ():
            if not column.table and names is not None and column.name in names.twice:
                raise SqlProblem(f"{column.name!r} is a column of several tables: say of which", *place_of(column))
        try:
            return self.environment.writer(fields).write(node)
        except ExpressionProblem as problem:
            raise SqlProblem(problem.why, problem.start, problem.end) from None


def _shown(columns: Sequence[tuple[str, Typed]]) -> str:
    return ", ".join(f"{typed.sql} AS o{at}" for at, (_, typed) in enumerate(columns))


def _check_grouped(columns: Sequence[tuple[str, Typed]], keys: Sequence[Typed], tree: exp.Select) -> None:
    grouped = {one.sql for one in keys}
    for name, typed in columns:
        if typed.sql not in grouped and typed.loose - grouped:
            raise SqlProblem(f"column {name!r} is neither grouped by nor an aggregate", *place_of(tree))


def _count(of: exp.Expression) -> int:
    only(of, {"expression"})
    value = of.expression
    if isinstance(value, exp.Literal) and not value.is_string and value.this.isdecimal():
        return min(int(value.this), 1_000_000)
    raise SqlProblem("LIMIT and OFFSET take a whole number", *place_of(of))
