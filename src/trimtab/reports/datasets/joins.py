"""Sources joined on what is equal: which fields the dataset has of them, by which names, and the one SELECT of all.

A field keeps its name. One that a source above has already is told apart as `<source>.<field>`; fields that a join is
on are one field.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.reports.datasets.field import Field
from trimtab.reports.datasets.source import Relation
from trimtab.reports.datasets.uses import UsePlan, renamed


class Column(Struct, frozen=True):
    """A field of the joined rows: from which source, by its name there; `merged` are (source, name) joined with it."""

    field: Field
    use: int
    inner: str
    merged: tuple[tuple[int, str], ...] = ()


class Joined(Struct, frozen=True):
    """The sources of a dataset and the fields of their joined rows. `notes` say where rows may repeat."""

    uses: tuple[UsePlan, ...]
    columns: tuple[Column, ...]
    on: tuple[tuple[tuple[str, str], ...], ...]  # of each source: pairs (field so far, field of it)
    notes: tuple[str, ...]

    def needed(self, names: Iterable[str]) -> list[set[str]]:
        """Of each source, the fields that must be given so that the joined rows have `names`."""
        chosen, needed = set(names), [set[str]() for _ in self.uses]
        for pairs in self.on:
            chosen |= {left for left, _ in pairs}
        for column in self.columns:
            if column.field.name in chosen:
                for use, inner in ((column.use, column.inner), *column.merged):
                    needed[use].add(inner)
        for use, pairs in enumerate(self.on):
            needed[use] |= {right for _, right in pairs}
        return needed

    def select(
        self, relations: Sequence[Relation], names: Iterable[str], prefix: str = ""
    ) -> tuple[str, dict[str, str]]:
        """The SELECT of the joined rows, and the column of each of `names` and of the join's fields.

        `prefix` begins the names of the sources' parameters.
        """
        needed = self.needed(names)
        sql, known = "", dict[str, str]()
        for at, plan in enumerate(self.uses):
            inner, given = plan.select(renamed(relations[at], f"{prefix}s{at}_"), needed[at], f"j{at}_")
            own = {name: f"j{at}_{n}" for n, name in enumerate(given)}
            if at == 0:
                sql, known = inner, {column.field.name: own[column.inner] for column in self._of(0, own)}
                continue
            sql, known = self._join(at, sql, known, inner, own)
        return sql, known

    def _of(self, use: int, own: Mapping[str, str]) -> list[Column]:
        return [column for column in self.columns if column.use == use and column.inner in own]

    def _join(
        self, at: int, sql: str, known: Mapping[str, str], inner: str, own: Mapping[str, str]
    ) -> tuple[str, dict[str, str]]:
        use, pairs = self.uses[at].use, self.on[at]
        merged = {left: own[right] for left, right in pairs}
        shown, names = [], dict[str, str]()
        for n, (name, column) in enumerate(known.items()):
            names[name] = f"k{at}_{n}"
            other = merged.get(name)
            value = f"coalesce(a.{column}, b.{other})" if other and use.join == "full" else f"a.{column}"
            shown.append(f"{value} AS {names[name]}")
        for one in self._of(at, own):
            names[one.field.name] = f"k{at}_{len(names)}"
            shown.append(f"b.{own[one.inner]} AS {names[one.field.name]}")
        test = " AND ".join(f"a.{known[left]} = b.{own[right]}" for left, right in pairs)
        way = use.join.upper()
        joined = f"SELECT {', '.join(shown)} FROM ({sql}) AS a {way} JOIN ({inner}) AS b ON {test}"  # noqa: S608 - ours
        return joined, names


def join_uses(uses: Sequence[UsePlan]) -> Joined:
    """The joined rows of sources. Raises InvalidInput, with the place in the spec."""
    columns: list[Column] = []
    on: list[tuple[tuple[str, str], ...]] = []
    notes: list[str] = []
    for at, plan in enumerate(uses):
        pairs = _pairs(at, plan, columns)
        on.append(pairs)
        if at and not _unique(plan, pairs):
            rows = ", ".join(right for _, right in pairs)
            notes.append(
                f"sources[{at}] ({plan.use.alias}) may have several rows for one {rows}: what is joined with them "
                "repeats; give it `by` these fields to add it up first"
            )
        merged = {right: left for left, right in pairs}
        columns = [_merged(column, at, pairs) for column in columns]
        taken = {column.field.name for column in columns}
        for given in plan.given:
            if given.field.name in merged:
                continue
            field = given.field
            if field.name in taken:
                name = f"{plan.use.alias}.{field.name}"
                if name in taken:
                    raise InvalidInput(f"cannot use dataset: sources[{at}]: two fields are called {name!r}")
                field = Field(name, field.type, field.description, field.unit, field.part)
            columns.append(Column(field, at, given.field.name))
            taken.add(field.name)
    return Joined(tuple(uses), tuple(columns), tuple(on), tuple(notes))


def _pairs(at: int, plan: UsePlan, columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    """The pairs of fields that a join is on, of equal types."""
    place = f"sources[{at}].on"
    if at == 0:
        if plan.use.on:
            raise InvalidInput(f"cannot use dataset: {place}: the first source is joined with none", field=place)
        return ()
    if not plan.use.on:
        raise InvalidInput(
            f"cannot use dataset: {place}: expected the fields that {plan.use.alias} is joined on", field=place
        )
    known = {column.field.name: column.field for column in columns}
    own = {given.field.name: given.field for given in plan.given}
    found = []
    for text in plan.use.on:
        left, _, right = (part.strip() for part in text.partition("="))
        right = right or left
        for name, among, whose in ((left, known, "the sources above have"), (right, own, f"{plan.use.alias} has")):
            if name not in among:
                raise InvalidInput(f"cannot use dataset: {place}: {whose} no field {name!r}", field=place)
        if known[left].type is not own[right].type:
            raise InvalidInput(
                f"cannot use dataset: {place}: {left} is {known[left].type} and {right} is {own[right].type}",
                field=place,
            )
        found.append((left, right))
    return tuple(found)


def _unique(plan: UsePlan, pairs: Sequence[tuple[str, str]]) -> bool:
    keys = {given.field.name for given in plan.given if given.key}
    return plan.grouped and keys <= {right for _, right in pairs}


def _merged(column: Column, at: int, pairs: Sequence[tuple[str, str]]) -> Column:
    other = [(at, right) for left, right in pairs if left == column.field.name]
    return Column(column.field, column.use, column.inner, (*column.merged, *other)) if other else column
