"""One source as a dataset takes it: which fields it gives, and the SELECT that reads them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.reports.datasets.expressions import Environment, named, tree_of
from trimtab.reports.datasets.field import Field, Part, Type
from trimtab.reports.datasets.language.tree import CallOf, FieldName, Node, ParameterName, fields_in, walk
from trimtab.reports.datasets.language.typed import Stage, Typed
from trimtab.reports.datasets.source import Relation, Source
from trimtab.reports.datasets.spec import Dataset, Use

_CASTS = {
    Type.TEXT: "nullIf(CAST({} AS Nullable(String)), '')",
    Type.NUMBER: "CAST({} AS Nullable(Float64))",
    Type.INTEGER: "CAST({} AS Nullable(Int64))",
    Type.MONEY: "CAST({} AS Nullable(Decimal(38, 12)))",
    Type.TIME: "CAST({} AS Nullable(DateTime64(3, 'UTC')))",
    Type.BOOL: "CAST({} AS Nullable(Bool))",
    Type.LABELS: "CAST({} AS Map(String, String))",
}
_PARAMETER = re.compile(r"\{(\w+):")


class Given(Struct, frozen=True):
    """A field that a source gives to a dataset: its SQL over the columns `x0`, `x1`, … and the fields that it reads."""

    field: Field
    sql: str
    reads: frozenset[str]
    key: bool = False


class UsePlan(Struct, frozen=True):
    """A source in a dataset. `grouped`: one row for each value of the keys."""

    use: Use
    source: Source
    given: tuple[Given, ...]
    where: tuple[str, ...]
    where_reads: frozenset[str]
    grouped: bool

    def wanted(self, names: Iterable[str]) -> frozenset[str]:
        """The fields of the source that must be read to give `names`."""
        chosen = set(names)
        reads = (one.reads for one in self.given if one.key or one.field.name in chosen)
        return frozenset().union(self.where_reads, *reads)

    def select(self, relation: Relation, names: Iterable[str], prefix: str) -> tuple[str, list[str]]:
        """The SELECT that gives `names` as columns `<prefix>0`, …; and their names in that order."""
        chosen = set(names)
        shown = [one for one in self.given if one.field.name in chosen]
        wanted = self.wanted(chosen)
        columns = [
            f"{_CASTS[one.type].format(relation.columns[one.name])} AS x{at}"
            for at, one in enumerate(self.source.fields)
            if one.name in wanted
        ]
        listed = ", ".join(f"{one.sql} AS {prefix}{at}" for at, one in enumerate(shown)) or f"1 AS {prefix}none"
        # Expressions were written from looked-up fields and bound values, the rest is the room's own.
        sql = f"SELECT {listed} FROM (SELECT {', '.join(columns) or '1 AS none'} {relation.origin})"  # noqa: S608 - written here
        if self.where:
            sql += f" WHERE {' AND '.join(self.where)}"
        keys = [one.sql for one in self.given if one.key]
        if self.grouped and keys:
            sql += f" GROUP BY {', '.join(keys)}"
        return sql, [one.field.name for one in shown]


def columns_of(source: Source) -> Mapping[str, Typed]:
    """The fields of a source, as expressions over it read them."""
    return {one.name: Typed(f"x{at}", one.type, loose=frozenset((f"x{at}",))) for at, one in enumerate(source.fields)}


def plan_use(use: Use, source: Source, environment: Environment, place: str) -> UsePlan:
    """The plan of a source. Raises InvalidInput, with the place in the spec."""
    writer = environment.writer(columns_of(source))
    where, reads = [], set[str]()
    for at, text in enumerate(use.where):
        tree = tree_of(text, f"{place}.where[{at}]")
        found = named(f"{place}.where[{at}]", partial(writer.truth, tree))
        if found.stage is not Stage.ROW:
            raise InvalidInput(f"cannot use dataset: {place}.where[{at}]: expected a condition of one row")
        where.append(found.sql)
        reads |= fields_in(tree)
    taken = _taken(use, source, environment, place)
    given = _grouped(use, source, taken, place) if _groups(use, taken) else tuple(one for one, _ in taken)
    return UsePlan(use, source, given, tuple(where), frozenset(reads), _groups(use, taken))


def _groups(use: Use, taken: Sequence[tuple[Given, Typed]]) -> bool:
    return bool(use.by) or any(found.stage is Stage.AGGREGATE for _, found in taken)


def _taken(use: Use, source: Source, environment: Environment, place: str) -> list[tuple[Given, Typed]]:
    """What `take` gives; every field without it."""
    columns = columns_of(source)
    if not use.take and not use.by:
        return [(Given(one, columns[one.name].sql, frozenset((one.name,))), columns[one.name]) for one in source.fields]
    writer = environment.writer(columns)
    found = []
    for name, text in use.take.items():
        where = f"{place}.take.{name}"
        tree = tree_of(text, where)
        typed = named(where, partial(writer.write, tree))
        if typed.stage is Stage.WINDOW:
            raise InvalidInput(f"cannot use dataset: {where}: functions over rows belong into `fields`", field=where)
        found.append((Given(described(name, typed, tree, source), typed.sql, frozenset(fields_in(tree))), typed))
    return found


def _grouped(use: Use, source: Source, taken: Sequence[tuple[Given, Typed]], place: str) -> tuple[Given, ...]:
    columns, own = columns_of(source), {one.field.name: (one, typed) for one, typed in taken}
    keys: list[Given] = []
    for at, name in enumerate(use.by):
        where = f"{place}.by[{at}]"
        if name in own:
            if own[name][1].stage is not Stage.ROW:
                raise InvalidInput(f"cannot use dataset: {where}: {name} is an aggregate", field=where)
            keys.append(replace(own[name][0], key=True))
            continue
        field = source.field(name)
        if field is None or field.type is Type.LABELS:
            raise InvalidInput(
                f"cannot use dataset: {where}: {source.name} has no field {name!r} to group by", field=where
            )
        keys.append(Given(field, columns[name].sql, frozenset((name,)), key=True))
    grouped = {one.sql for one in keys}
    rest = []
    for one, typed in taken:
        if one.field.name in use.by:
            continue
        where = f"{place}.take.{one.field.name}"
        if typed.stage is not Stage.AGGREGATE or typed.loose - grouped:
            raise InvalidInput(
                f"cannot use dataset: {where}: expected an aggregate such as sum(…), or its name in `by`", field=where
            )
        rest.append(one)
    return (*keys, *rest)


def reads_parameters(spec: Dataset, names: Collection[str]) -> bool:
    """Whether the sources of a dataset are read by a parameter of these names."""
    texts = [text for use in spec.sources for text in (*use.take.values(), *use.where)] if names else []
    return any(
        isinstance(node, ParameterName) and node.name in names for text in texts for node in walk(tree_of(text, ""))
    )


def described(name: str, typed: Typed, tree: Node, source: Source) -> Field:
    """A taken field: it has the unit of what it is made of, where that is one field as it is or added up."""
    inner = tree
    if isinstance(tree, CallOf) and tree.name in ("sum", "min", "max", "avg", "sumif", "median", "latest"):
        inner = tree.arguments[0] if tree.arguments else tree
    origin = source.field(inner.name) if isinstance(inner, FieldName) else None
    numeric = typed.type in (Type.NUMBER, Type.INTEGER, Type.MONEY)
    unit = origin.unit if origin is not None and origin.type is typed.type else ""
    part = Part.MEASURE if numeric else Part.DIMENSION
    return Field(name, typed.type, origin.description if origin else "", unit or _money_unit(typed), part)


def _money_unit(typed: Typed) -> str:
    return "USD" if typed.type is Type.MONEY else ""


def renamed(relation: Relation, prefix: str) -> Relation:
    """A relation whose parameters cannot be another's."""

    def sql(text: str) -> str:
        return _PARAMETER.sub(lambda found: f"{{{prefix}{found[1]}:", text)

    columns = {name: sql(text) for name, text in relation.columns.items()}
    params = {prefix + name: value for name, value in relation.params.items()}
    return replace(relation, origin=sql(relation.origin), columns=columns, params=params)
