"""A question to a dataset, and the one statement that answers it.

    Query(columns=(("day", "day"), ("cost", "sum(cost)")), order=(("day", False),), limit=1000)

Columns are expressions over the dataset's fields. Where one of them is an aggregate, the row-wise ones are what is
grouped by. Without columns the answer has every field that is no aggregate, row by row.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.reports.datasets.calculated import CalculatedField
from trimtab.reports.datasets.expressions import Environment, named, tree_of
from trimtab.reports.datasets.field import NUMERIC, Field, Part, Type
from trimtab.reports.datasets.language.tree import FieldName, fields_in
from trimtab.reports.datasets.language.typed import Stage, Typed

MOST_ANSWERED = 1_000_000
"""Rows of an answer."""
MOST_COLUMNS = 300
_CASTS = {
    Type.TEXT: "CAST({} AS Nullable(String))",
    Type.NUMBER: "CAST({} AS Nullable(Float64))",
    Type.INTEGER: "CAST({} AS Nullable(Int64))",
    Type.MONEY: "CAST({} AS Nullable(Decimal(38, 12)))",
    Type.TIME: "CAST({} AS Nullable(DateTime64(3, 'UTC')))",
    Type.BOOL: "CAST({} AS Nullable(Bool))",
    Type.LABELS: "{}",
}


class Query(Struct, frozen=True):
    """What is asked: (name, expression) columns, conditions, (column, descending) order, values of parameters.

    `start_ms` and `end_ms` read another range than the dataset's own. `distinct` answers each row once.
    """

    columns: tuple[tuple[str, str], ...] = ()
    where: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    limit: int = 10_000
    parameters: Mapping[str, Any] = field(default_factory=dict)
    start_ms: int | None = None
    end_ms: int | None = None
    distinct: bool = False


class Asked(Struct, frozen=True):
    """A question whose expressions are written: output columns, conditions, and the joined fields that it reads."""

    columns: tuple[tuple[Field, Typed], ...]
    where: tuple[str, ...]
    having: tuple[str, ...]
    order: tuple[tuple[int, bool], ...]
    limit: int
    grouped: bool
    distinct: bool
    reads: frozenset[str]

    def select(self, base: str) -> str:
        """The statement over the rows `base`."""
        shown = ", ".join(
            f"{_CASTS[one.type].format(typed.sql)} AS o{at}" for at, (one, typed) in enumerate(self.columns)
        )
        parts = [f"SELECT {'DISTINCT ' if self.distinct else ''}{shown} FROM ({base})"]  # noqa: S608 - written by us
        if self.where:
            parts.append(f"WHERE {' AND '.join(self.where)}")
        keys = [typed.sql for _, typed in self.columns if typed.stage is Stage.ROW and not typed.is_constant]
        if self.grouped and keys:
            parts.append(f"GROUP BY {', '.join(keys)}")
        if self.having:
            parts.append(f"HAVING {' AND '.join(self.having)}")
        if self.order:
            ways = (f"o{at} {'DESC' if down else 'ASC'} NULLS LAST" for at, down in self.order)
            parts.append(f"ORDER BY {', '.join(ways)}")
        return " ".join([*parts, f"LIMIT {self.limit}"] if self.limit else parts)


def ask(
    query: Query,
    base: Mapping[str, tuple[Field, Typed]],
    calculated: Mapping[str, CalculatedField],
    filters: tuple[str, ...],
    environment: Environment,
) -> Asked:
    """A question over joined and calculated fields. Raises InvalidInput, with the place at fault."""
    typed = {name: one for name, (_, one) in base.items()} | {name: one.typed for name, one in calculated.items()}
    fields = {name: one for name, (one, _) in base.items()} | {name: one.field for name, one in calculated.items()}
    wanted = query.columns or tuple((name, "") for name, one in typed.items() if one.stage is not Stage.AGGREGATE)
    if not wanted or len(wanted) > MOST_COLUMNS:
        raise InvalidInput(f"cannot query dataset: got {len(wanted)} columns; expected 1 to {MOST_COLUMNS}")
    columns, reads = [], set[str]()
    outputs: dict[str, Typed] = {}
    for name, text in wanted:
        tree = tree_of(text, f"columns.{name}") if text else FieldName(name, 0, 0)
        writer = environment.writer(typed, outputs=outputs)
        found = named(f"columns.{name}", partial(writer.write, tree))
        origin = fields.get(tree.name) if isinstance(tree, FieldName) else None
        columns.append((_output(name, found, origin), found))
        reads |= {one for one in fields_in(tree) if one in typed}
        if found.stage is Stage.ROW:
            outputs[name] = replace(found, loose=frozenset((found.sql,)))
        elif found.stage is Stage.AGGREGATE:
            outputs[name] = found
    where, having, more = _conditions(query, filters, typed, environment)
    grouped = any(one.stage is Stage.AGGREGATE for _, one in columns) or bool(having)
    asked = Asked(
        tuple(columns), tuple(where), tuple(having), _order(query, [one.name for one, _ in columns]),
        _limit(query), grouped, query.distinct, _in_the_end(reads | more, calculated, base),
    )  # fmt: skip
    if grouped:
        _check_grouped(asked)
    return asked


def _conditions(
    query: Query, filters: tuple[str, ...], known: Mapping[str, Typed], environment: Environment
) -> tuple[list[str], list[str], set[str]]:
    where, having, reads = list[str](), list[str](), set[str]()
    writer = environment.writer(known)
    texts = [*((f"filters[{at}]", text) for at, text in enumerate(filters)),
             *((f"where[{at}]", text) for at, text in enumerate(query.where))]  # fmt: skip
    for place, text in texts:
        tree = tree_of(text, place)
        found = named(place, partial(writer.truth, tree))
        if found.stage is Stage.WINDOW:
            raise InvalidInput(
                f"cannot query dataset: {place}: rows cannot be kept by a function over rows", field=place
            )
        if found.stage is Stage.AGGREGATE and place.startswith("filters"):
            raise InvalidInput(f"cannot use dataset: {place}: expected a condition of one row", field=place)
        (having if found.stage is Stage.AGGREGATE else where).append(found.sql)
        reads |= fields_in(tree)
    return where, having, reads


def _check_grouped(asked: Asked) -> None:
    keys = {typed.sql for _, typed in asked.columns if typed.stage is Stage.ROW}
    for one, typed in asked.columns:
        if typed.stage is not Stage.ROW and typed.loose - keys:
            raise InvalidInput(
                f"cannot query dataset: columns.{one.name}: it reads a field that is neither added up nor a column of "
                "its own",
                field=f"columns.{one.name}",
            )


def _output(name: str, typed: Typed, origin: Field | None) -> Field:
    part = Part.MEASURE if typed.type in NUMERIC else Part.DIMENSION
    if origin is not None:
        return Field(name, typed.type, origin.description, origin.unit, origin.part)
    return Field(name, typed.type, "", "", part)


def _order(query: Query, names: list[str]) -> tuple[tuple[int, bool], ...]:
    unknown = [name for name, _ in query.order if name not in names]
    if unknown:
        raise InvalidInput(
            f"cannot sort by {unknown[0][:100]!r}: the columns are {', '.join(names)[:500]}", field="order"
        )
    return tuple((names.index(name), down) for name, down in query.order)


def _limit(query: Query) -> int:
    if not 1 <= query.limit <= MOST_ANSWERED:
        raise InvalidInput(
            f"cannot query dataset: got limit {query.limit}; expected 1 to {MOST_ANSWERED}", field="limit"
        )
    return query.limit


def _in_the_end(
    names: set[str], calculated: Mapping[str, CalculatedField], base: Mapping[str, object]
) -> frozenset[str]:
    """The joined fields that `names` read in the end."""
    return frozenset().union(
        *(calculated[name].reads if name in calculated else {name} & base.keys() for name in names)
    )
