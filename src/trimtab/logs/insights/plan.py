"""From a parsed query to one statement for the engine. What a user wrote is in bound parameters only."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.logs.fields import Kind, Parameters, Sql
from trimtab.logs.insights import aggregates, captures, casts
from trimtab.logs.insights.environment import Environment, Extracted
from trimtab.logs.insights.layers import Layers
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.lookups import rows_of
from trimtab.logs.insights.parser import MAX_ROWS
from trimtab.logs.insights.scalars import scalar
from trimtab.logs.insights.syntax import (
    Binary,
    Call,
    Command,
    Dedup,
    Expression,
    Field,
    Fields,
    Filter,
    Join,
    Limit,
    Lookup,
    Named,
    Number,
    Parse,
    Place,
    Query,
    Sort,
    Stats,
    Unary,
    Unmask,
    Unnest,
)

DEFAULT_ROWS = 10_000
"""Rows that a query gives without `limit`, as documented."""
MAX_SQL = 200_000  # characters; the engine takes 262,144
MAX_BOUND = 48_000  # bytes of bound values: they travel in a line of 64 KiB
MAX_LAYERS = 80  # the engine takes 100 statements inside each other
MATCHED = "matched"
"""The column that says how many events passed the filters, where rows are groups of them."""
SETTINGS = " SETTINGS query_plan_split_filter = 0"
"""The engine's planner (26.9) splits and merges some of these filters without an end, until it gives up."""

Where = Callable[[Query], str]
"""The condition on `log_events` under which a query, or one inside it, reads."""


class Statement(Struct, frozen=True):
    """What the engine is asked. The columns r0, r1, … of a row are the fields `names`, as texts.

    `matched` is the statement that counts the events that passed the query's filters, None where all did. It need not
    be asked where there are fewer rows than `whole`, for these are all of them, nor where rows have the count as a
    column MATCHED.
    """

    sql: str
    parameters: Mapping[str, Any]
    names: tuple[str, ...]
    matched: str | None
    whole: int = 0


def plan(query: Query, where: Where, parameters: Parameters, now_ms: int, limit: int = DEFAULT_ROWS) -> Statement:
    """The statement of a query. Raises QueryProblem for what has no meaning."""
    planner = Planner(query, where, parameters, now_ms)
    planner.run()
    names, sql = planner.final(limit, with_pointer=True)
    check_size(query, sql, parameters)
    return Statement(sql + SETTINGS, parameters.values, names, planner.matched(), planner.whole(limit))


def check_size(query: Query, sql: str, parameters: Parameters) -> None:
    """Raise QueryProblem for a statement that the engine would not take."""
    bound = sum(len(quote(str(value))) for value in parameters.values.values())
    if len(sql) > MAX_SQL or bound > MAX_BOUND:
        raise QueryProblem("the query is too long for the engine once it is compiled", 0, len(query.text))


class Planner:
    """Compiles one query; queries inside it have planners of their own and share the parameters."""

    def __init__(self, query: Query, where: Where, parameters: Parameters, now_ms: int, prefix: str = "") -> None:
        self._query = query
        self._where = where
        self._prefix = prefix
        self._inner = 0
        events = Extracted(parameters, f"{prefix}f")
        self.layers = Layers(where(query), events, f"{prefix}c")
        self.within = Environment(parameters, now_ms, events)
        self.shown: dict[str, Sql] = {}
        self._parsed: dict[str, Sql] = {}
        self._most: int | None = None  # of the rows that `limit` lets pass
        self.filtered = False
        self._counted: int | None = None
        self._grouped = False  # rows are fewer than events by more than filters and `limit`
        self._carried = ""  # the column of the count of events, behind `stats`

    def run(self) -> None:
        """Take every command in turn."""
        for command in self._query.commands:
            self._take(command)
            if self.layers.depth > MAX_LAYERS:
                raise QueryProblem("the query has more steps than the engine takes", *_edges(command.place))

    def final(self, limit: int, *, with_pointer: bool) -> tuple[tuple[str, ...], str]:
        """Names of what is shown, and the statement with its order and limit."""
        shown = dict(self.shown) or {**self._defaults(), **self._parsed}
        if with_pointer and self.within.events is not None:
            shown["@ptr"] = self.within.field("@ptr")
        columns = ", ".join(
            f"toValidUTF8({casts.text(sql)}) AS {self._prefix}r{i}" for i, sql in enumerate(shown.values())
        )
        if with_pointer and self._carried:
            columns += f", {self._carried} AS {MATCHED}"
        most = limit if self._most is None else MAX_ROWS
        self.layers.add(columns, f"{self.layers.ordered} LIMIT {most}")
        return tuple(shown), self.layers.sql()

    def matched(self) -> str | None:
        """The statement that counts what passed the filters before the first command that makes rows fewer."""
        if not self.filtered:
            return None
        counted = self.layers.sql(self.layers.depth - 1 if self._counted is None else self._counted)
        return f"SELECT count() AS matched FROM ({counted}){SETTINGS}"  # noqa: S608 - values are bound

    def whole(self, limit: int) -> int:
        """How many rows there may be at most; 0 where they are not the events that passed the filters."""
        return 0 if self._grouped else limit if self._most is None else self._most

    def _defaults(self) -> dict[str, Sql]:
        return {name: self.within.field(name) for name in ("@timestamp", "@message")}

    def _take(self, command: Command) -> None:
        match command:
            case Fields(items, only, _):
                self._show(items, only=only)
            case Unmask(items, _):
                self._show(items, only=False)
                for item in items:
                    if isinstance(item.expression, Field):
                        self.shown[item.name] = self.within.unmasked(item.expression.name)
            case Filter(condition, _):
                self._filter(condition)
            case Stats():
                self._stats(command)
            case Sort(keys, _):
                self.layers.order = [
                    term for key in keys for term in self.layers.key(self._scalar(key.expression), key.descending)
                ]
            case Limit(count, _):
                self.reduces()
                self.layers.add("*", f"{self.layers.ordered} LIMIT {count}")
                self._most = min(count, self._most or count)
            case Parse():
                self._parse(command)
            case Dedup():
                self._dedup(command)
            case Unnest():
                self._unnest(command)
            case Join():
                self._join(command)
            case Lookup():
                self._lookup(command)
            case other:
                raise QueryProblem(f"{type(other).__name__.lower()} has no meaning here", *_edges(other.place))

    def value(self, expression: Expression) -> Sql:
        """The SQL of an expression behind the last command."""
        return self._scalar(expression)

    def _scalar(self, expression: Expression) -> Sql:
        found = scalar(expression, self.within, self._subquery)
        if len(found.text) > MAX_SQL // 4:
            raise QueryProblem("the expression is too deep", *_edges(expression.place))
        return found

    def _subquery(self, query: Query) -> str:
        """What a query inside `in (…)` gives: its first field."""
        inner = self._planner(query)
        _, sql = inner.final(DEFAULT_ROWS, with_pointer=False)
        return f"SELECT assumeNotNull({inner._prefix}r0) FROM ({sql}) WHERE isNotNull({inner._prefix}r0)"  # noqa: S608 - bound

    def _planner(self, query: Query) -> "Planner":
        self._inner += 1
        inner = Planner(query, self._where, self.within.parameters, self.within.now_ms, f"{self._prefix}i{self._inner}")
        inner.run()
        return inner

    def reduces(self) -> None:
        """Note that the next layer makes rows fewer by something else than a filter."""
        if self._counted is None:
            self._counted = self.layers.depth

    def _show(self, items: tuple[Named, ...], *, only: bool) -> None:
        shown = {} if only else dict(self.shown)
        for item in items:
            column = self._named(item)
            shown.pop(item.name, None)
            shown[item.name] = column
        self.shown = shown

    def _named(self, item: Named) -> Sql:
        made = self._scalar(item.expression)
        if not isinstance(item.expression, Field):
            made = self.layers.column(made)
        if not isinstance(item.expression, Field) or item.name != item.expression.name:
            self.within = self.within.having(item.name, made)
        return made

    def _filter(self, condition: Expression) -> None:
        parts = [casts.flag(self._scalar(part)) for part in _conjuncts(condition)]
        self.layers.add("*", f"WHERE {' AND '.join(parts)}")
        if self._counted is None:
            self.filtered = True
        else:
            self._grouped = True

    def _stats(self, stats: Stats) -> None:
        keys = [(key.name, self.layers.fresh(), self._scalar(key.expression)) for key in stats.by]
        found = [(one.name, self.layers.fresh(), self._aggregated(one.expression)) for one in stats.aggregates]
        columns = ", ".join(f"{sql.text} AS {name}" for _, name, sql in [*keys, *found])
        self._carried = ""
        if self.filtered and self._counted is None:
            self._carried = self.layers.fresh()
            columns += f", sum(count()) OVER () AS {self._carried}"
        self.reduces()
        self._grouped = True
        # Without keys there is one row also of nothing, which CloudWatch does not answer.
        tail = f"GROUP BY {', '.join(name for _, name, _ in keys)}" if keys else "HAVING count() > 0"
        self.layers.add(columns, tail)
        made = {name: Sql(column, sql.kind) for name, column, sql in [*keys, *found]}
        self.within = replace(self.within, events=None, names=made)
        self.shown, self._parsed = made, {}
        self.layers.order = [f"{column} ASC NULLS LAST" for _, column, _ in keys]

    def _aggregated(self, expression: Expression) -> Sql:
        """An aggregate, or arithmetic and functions over aggregates."""
        match expression:
            case Call(name) if name in aggregates.AGGREGATES:
                return aggregates.aggregate(expression, self.within, self._scalar)
            case Call() | Binary() | Unary():
                return self._of_parts(expression)
            case Number():
                return self._scalar(expression)
            case other:
                why = "stats takes functions over rows: count(*), avg(x) …; what groups rows stands behind `by`"
                raise QueryProblem(why, *_edges(other.place))

    def _of_parts(self, expression: Call | Binary | Unary) -> Sql:
        """The same expression with its aggregates as names of an environment of their own."""
        made: dict[str, Sql] = {}
        parts = Environment(self.within.parameters, self.within.now_ms, None, made)
        return scalar(self._lifted(expression, made), parts, self._subquery)

    def _lifted(self, expression: Expression, made: dict[str, Sql]) -> Expression:
        match expression:
            case Call(name, _, _, place) if name in aggregates.AGGREGATES:
                own = f"aggregate {len(made)}"
                made[own] = aggregates.aggregate(expression, self.within, self._scalar)
                return Field(own, place)
            case Call(_, arguments):
                return replace(expression, arguments=tuple(self._lifted(one, made) for one in arguments))
            case Binary(_, left, right):
                return replace(expression, left=self._lifted(left, made), right=self._lifted(right, made))
            case Unary(_, operand):
                return replace(expression, operand=self._lifted(operand, made))
            case Field(_, place):
                raise QueryProblem(
                    "a field of stats stands inside a function over rows, or behind `by`", *_edges(place)
                )
            case other:
                return other

    def _parse(self, parse: Parse) -> None:
        text = casts.text(self._scalar(parse.operand))
        fresh, parameters = self.layers.fresh, self.within.parameters
        if parse.parts:
            columns, found = captures.of_glob(parse.parts, text, parameters, fresh)
        else:
            columns, found = captures.of_regex(parse.pattern, len(parse.names), text, parameters, fresh)
        for name, captured in zip(parse.names, found, strict=True):
            if name is not None:
                made = Sql(fresh(), Kind.TEXT)
                columns.append(f"{captured} AS {made.text}")
                self.within = self.within.having(name, made)
                self._parsed[name] = made
                if self.shown:
                    self.shown[name] = made
        self.layers.add(f"*, {', '.join(columns)}")

    def _dedup(self, dedup: Dedup) -> None:
        keys = [self.layers.column(self._scalar(key)).text for key in dedup.keys]
        missing = " OR ".join(f"isNull({key})" for key in keys)
        own = "id" if self.within.events is not None else "rowNumberInAllBlocks()"
        self.reduces()
        self._grouped = True
        # Rows without a value are not repeats of each other.
        by = ", ".join([*keys, f"if({missing}, {own}, 0)"])
        self.layers.add("*", f"{self.layers.ordered} LIMIT 1 BY {by}")

    def _unnest(self, unnest: Unnest) -> None:
        array = f"JSONExtractArrayRaw(ifNull({casts.text(self._scalar(unnest.operand))}, ''))"
        element = "if(startsWith(e, '\"'), JSONExtractString(e), e)"
        made = self.layers.column(Sql(f"arrayJoin(arrayMap(e -> {element}, {array}))", Kind.TEXT))
        self._grouped = True
        self.within = self.within.having(unnest.into, Sql(f"nullIf({made.text}, 'null')", Kind.TEXT))
        self._parsed[unnest.into] = self.within.names[unnest.into]

    def _join(self, join: Join) -> None:
        inner = self._planner(join.right)
        names, right = inner.final(MAX_ROWS, with_pointer=False)
        places = {name: f"{inner._prefix}r{place}" for place, name in enumerate(names)}
        conditions = []
        for here, there in join.on:
            if there not in places:
                known = ", ".join(names)
                raise QueryProblem(f"the query that is joined gives no {there}; it gives {known}", *_edges(join.place))
            key = self.layers.column(Sql(casts.text(self._scalar(Field(here, join.place))), Kind.TEXT))
            conditions.append(f"{key.text} = {places[there]}")
        self.reduces()
        self._grouped = True
        how = "LEFT" if join.kept else "INNER"
        self.layers.add(
            "*", f"AS {inner._prefix}l {how} JOIN ({right}) AS {inner._prefix}j ON {' AND '.join(conditions)}"
        )
        keys = {here for here, _ in join.on}
        for name, column in places.items():
            # A name of both is that of the rows here; the other is reached by its alias.
            for known in {name, f"{join.alias}.{name}" if join.alias else name}:
                if known not in keys and known not in self.within.names:
                    self.within = self.within.having(known, Sql(column, Kind.TEXT))
                    self._parsed[known] = self.within.names[known]

    def _lookup(self, lookup: Lookup) -> None:
        self._inner += 1
        own = f"{self._prefix}t{self._inner}"
        rows = rows_of(lookup, own, self.within.parameters)
        conditions = []
        for place, (_, here) in enumerate(lookup.on):
            key = self.layers.column(Sql(casts.text(self._scalar(Field(here, lookup.place))), Kind.TEXT))
            conditions.append(f"{key.text} = {own}k{place}")
        self.layers.add("*", f"AS {own}l LEFT JOIN ({rows}) AS {own}j ON {' AND '.join(conditions)}")
        for place, (_, name) in enumerate(lookup.output):
            made = Sql(f"{own}o{place}", Kind.TEXT)
            self.within = self.within.having(name, made)
            self._parsed[name] = made
            if self.shown:
                self.shown[name] = made


def _conjuncts(condition: Expression) -> list[Expression]:
    """The parts of `a and b and c`, so that the engine can hold each as early as it may."""
    if isinstance(condition, Binary) and condition.operator == "and":
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]


def _edges(place: Place) -> tuple[int, int]:
    return place.start, place.end
