"""A dataset made ready to be read: its fields, and the statement of a question within what its reader may see.

From the inside out: each source within the reader's scope, joined; the rows that the dataset's rules show this reader;
filters and calculated fields; the question. So nothing that is written further out reaches a row that was left out.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.reports.datasets.calculated import CalculatedField, calculate
from trimtab.reports.datasets.expressions import Environment, named, tree_of
from trimtab.reports.datasets.field import Field
from trimtab.reports.datasets.joins import Joined, join_uses
from trimtab.reports.datasets.language.tree import fields_in
from trimtab.reports.datasets.language.typed import Bindings, Stage, Typed
from trimtab.reports.datasets.outside import ReadOutside, source_of
from trimtab.reports.datasets.query import Asked, Query, ask
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.source import Relation, Source
from trimtab.reports.datasets.spec import Dataset
from trimtab.reports.datasets.uses import plan_use

_NOWHERE = Scope(frozenset(), frozenset())


class Compiled(Struct, frozen=True):
    """A dataset whose expressions are written. `base` are the joined fields as columns `f0`, `f1`, …"""

    spec: Dataset
    joined: Joined
    base: Mapping[str, tuple[Field, Typed]]
    calculated: Mapping[str, CalculatedField]
    environment: Environment

    @property
    def fields(self) -> list[Field]:
        """Every field of the dataset."""
        return [one for one, _ in self.base.values()] + [one.field for one in self.calculated.values()]

    def ask(self, query: Query) -> Asked:
        """A question as SQL over `f0`, `f1`, … Raises InvalidInput."""
        return ask(query, self.base, self.calculated, tuple(self.spec.filters), self.environment)

    def rules(self, reader: Reader) -> tuple[str, frozenset[str]]:
        """The condition of the rows that a reader sees, and what it reads. Raises InvalidInput for a wrong rule."""
        if self.spec.rows is None:
            return "", frozenset()
        writer = self.environment.writer({name: one for name, (_, one) in self.base.items()}, personal=True)
        parts, reads = [], set[str]()
        for at, rule in enumerate(self.spec.rows):
            place = f"rows[{at}].where"
            tree = tree_of(rule.where, place)
            found = named(place, partial(writer.truth, tree))
            if found.stage is not Stage.ROW:
                raise InvalidInput(f"cannot use dataset: {place}: expected a condition of one row", field=place)
            if reader.meant(rule):
                parts.append(f"ifNull({found.sql}, false)")
                reads |= fields_in(tree)
        return f"({' OR '.join(parts) or 'false'})", frozenset(reads)

    def rows(self, relations: Sequence[Relation], names: frozenset[str], prefix: str = "") -> str:
        """The SELECT of the joined rows with the columns of `names`, read from the sources."""
        sql, known = self.joined.select(relations, names, prefix)
        return self.shown(sql, known, names)

    def shown(self, sql: str, known: Mapping[str, str], names: frozenset[str]) -> str:
        """Rows whose columns are `known`, with the columns that expressions are written over."""
        columns = [f"{known[name]} AS {typed.sql}" for name, (_, typed) in self.base.items() if name in names]
        return f"SELECT {', '.join(columns) or '1 AS none'} FROM ({sql})"  # noqa: S608 - all written here

    def statement(self, rows: str, asked: Asked, condition: str) -> str:
        """The whole statement over the joined rows."""
        return f"{asked.select(seen(rows, condition))} SETTINGS join_use_nulls = 1"


def seen(rows: str, condition: str) -> str:
    """The rows that a condition leaves, before anything else looks at them."""
    return f"SELECT * FROM ({rows}) WHERE {condition}" if condition else rows  # noqa: S608 - written by the callers


def compile_spec(
    spec: Dataset,
    sources: Mapping[str, Source],
    now_ms: int,
    reader: Reader | None = None,
    given: Mapping[str, Any] | None = None,
    bindings: Bindings | None = None,
    outside: ReadOutside | None = None,
) -> Compiled:
    """A dataset made ready; every expression in it is checked. Raises InvalidInput, with the place in the spec.

    `outside` reads the tables of it that lie elsewhere.
    """
    own = {"reader": reader.name} if reader else {"reader": ""}
    lists = {
        "teams": reader.teams if reader else frozenset[str](),
        "accounts": (reader.scope.accounts or frozenset[str]()) if reader else frozenset[str](),
    }
    environment = Environment(now_ms, spec.parameters, given or {}, own, lists, bindings or Bindings())
    plans = []
    for at, use in enumerate(spec.sources):
        source = source_of(use, outside, f"sources[{at}]") or sources.get(use.use)
        if source is None:
            raise InvalidInput(
                f"cannot use dataset: sources[{at}].use: there is no source {use.use!r}; expected one of "
                f"{', '.join(sources)}",
                field=f"sources[{at}].use",
            )
        plans.append(plan_use(use, source, environment, f"sources[{at}]"))
    joined = join_uses(plans)
    base = {
        column.field.name: (column.field, Typed(f"f{at}", column.field.type, loose=frozenset((f"f{at}",))))
        for at, column in enumerate(joined.columns)
    }
    units = {name: one.unit for name, (one, _) in base.items()}
    calculated = calculate(spec.fields, {name: typed for name, (_, typed) in base.items()}, units, environment)
    compiled = Compiled(spec, joined, base, calculated, environment)
    compiled.rules(reader or Reader("", Role.READ, _NOWHERE))
    compiled.ask(Query(columns=(("rows", "count()"),)))
    return compiled
