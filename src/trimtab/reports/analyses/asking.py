"""A visual as questions to its dataset: what it groups by, what of it is kept, and each question in turn."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.reports.analyses.amounts import Amount, amount_of, divided
from trimtab.reports.analyses.choice import kind_of, top_of
from trimtab.reports.analyses.grouping import NONE, OTHER, Dimension, quoted, split_grain, usual_grain
from trimtab.reports.analyses.model import Key
from trimtab.reports.analyses.periods import between
from trimtab.reports.analyses.spec import Visual
from trimtab.reports.datasets.compiled import Compiled
from trimtab.reports.datasets.field import NUMERIC, Field, Type
from trimtab.reports.datasets.query import Query

CURRENCY = "currency"
"""The field that says what money is in, where a dataset has one."""
MOST_ROWS = 20_000
_LIMITS = {"table": 1000, "pivot": 5000, "scatter": 2000}


class Plan(Struct, frozen=True):
    """A visual that was looked through. `kept` are, for each dimension, the groups that are shown one by one."""

    visual: Visual
    kind: str
    dimensions: tuple[Dimension, ...]
    amounts: tuple[Amount, ...]
    tops: tuple[int, ...]
    where: tuple[str, ...]
    parameters: Mapping[str, Any]
    start_ms: int
    end_ms: int
    currency: bool

    def ranking(self, at: int) -> Query:
        """The largest groups of a dimension, and one more."""
        columns = ("d", self.dimensions[at].expression), ("m", self.amounts[0].expression)
        return self._query(columns, order=(("m", True), ("d", False)), limit=self.tops[at] + 1)

    def groups(self, kept: Sequence[Sequence[Key] | None]) -> Query:
        """The groups with their amounts."""
        columns = [(f"d{at}", self._expression(at, kept[at])) for at in range(len(self.dimensions))]
        where = [
            _among(one, keys)
            for one, keys in zip(self.dimensions, kept, strict=True)
            if keys is not None and not self.visual.others
        ]
        order = tuple((name, False) for (name, _), one in zip(columns, self.dimensions, strict=True) if _ordered(one))
        if not order and self.amounts:
            order = (("m0", True),)
        all_of_them = all(one is None for one in kept)
        limit = MOST_ROWS if all_of_them else self.limit
        return self._query((*columns, *self._measures()), where=where, order=order, limit=limit)

    @property
    def limit(self) -> int:
        """How many groups are shown."""
        return _LIMITS.get(self.kind, MOST_ROWS)

    def whole(self) -> Query:
        """All groups together."""
        return self._query(tuple(self._measures()))

    def history(self, start_ms: int) -> Query:
        """The first amount over time, from further back."""
        columns = ("d0", self.dimensions[0].expression), ("m0", self.amounts[0].expression)
        query = self._query(columns, order=(("d0", False),), limit=MOST_ROWS)
        return replace(query, start_ms=start_ms)

    def _measures(self) -> list[tuple[str, str]]:
        found = [(f"m{at}", one.expression) for at, one in enumerate(self.amounts)]
        if self.currency and any(one.money for one in self.amounts):
            found += [("c0", f"min({CURRENCY})"), ("c1", f"max({CURRENCY})")]
        return found

    def _expression(self, at: int, kept: Sequence[Key] | None) -> str:
        one = self.dimensions[at]
        if kept is None or not self.visual.others:
            return one.expression
        if not kept:
            return quoted(OTHER)
        return f"ifelse({_among(one, kept)}, {one.expression}, {quoted(OTHER)})"

    def _query(
        self,
        columns: Sequence[tuple[str, str]],
        *,
        where: Sequence[str] = (),
        order: tuple[tuple[str, bool], ...] = (),
        limit: int = 1,
    ) -> Query:
        return Query(
            columns=tuple(columns),
            where=(*self.where, *where),
            order=order,
            limit=limit,
            parameters=self.parameters,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
        )


def plan(
    visual: Visual, compiled: Compiled, where: Sequence[str], parameters: Mapping[str, Any], span: tuple[int, int]
) -> Plan:
    """Look a visual through. Raises InvalidInput, with what is wrong with a field or measure."""
    fields = {one.name: one for one in compiled.fields}
    dimensions = tuple(_dimension(written, compiled, span) for written in visual.by)
    amounts = tuple(
        amount_of(one, visual.per, _type(compiled, divided(one.value, visual.per), "measures").type, fields)
        for one in visual.shown
    )
    wrong = next((one.label for one in amounts if one.type not in NUMERIC), None)
    if wrong is not None:
        raise InvalidInput(f"cannot show {wrong}: expected a number, such as sum({wrong})", field="measures")
    timely = next((one for one in dimensions if one.timely), None)
    periods = len(between(*span, timely.grain)) if timely else 0
    kind = kind_of(dimensions, amounts, periods) if visual.kind == "auto" else _checked(visual.kind, dimensions)
    if kind == "kpi":
        dimensions = ()
    tops = tuple(top_of(kind, at, dimensions, visual.top) for at in range(len(dimensions)))
    return Plan(visual, kind, dimensions, amounts, tops, tuple(where), parameters, *span, CURRENCY in fields)


_NEEDS = {
    "line": (1, 2), "columns": (1, 2), "bars": (1, 2), "scatter": (1, 2), "pivot": (2, 6), "heat": (2, 2),
    "sankey": (2, 6), "fleet": (1, 3),
}  # fmt: skip


def _checked(kind: str, dimensions: Sequence[Dimension]) -> str:
    least, most = _NEEDS.get(kind, (0, 6))
    if not least <= len(dimensions) <= most:
        raise InvalidInput(
            f"cannot draw {kind} of {len(dimensions)} groupings; expected {least} to {most} in `by`", field="by"
        )
    if kind == "line" and not (dimensions[0].timely or dimensions[0].cyclic):
        raise InvalidInput(f"cannot draw a line over {dimensions[0].label}: expected a time first in `by`", field="by")
    return kind


def _dimension(written: str, compiled: Compiled, span: tuple[int, int]) -> Dimension:
    field, grain = split_grain(written)
    found = _type(compiled, field, "by")
    if found.type is Type.LABELS:
        raise InvalidInput(f"cannot group by {field[:100]}: take one label with label({field[:60]}, 'key')", field="by")
    if grain and found.type is not Type.TIME:
        raise InvalidInput(f"cannot cut {field[:100]} to {grain}: it is {found.type} and no time", field="by")
    if found.type is Type.TIME and not grain:
        grain = usual_grain(field, span[1] - span[0])
    return Dimension(written, field, found.type, grain)


def _type(compiled: Compiled, expression: str, place: str) -> Field:
    try:
        return compiled.ask(Query(columns=(("x", expression),))).columns[0][0]
    except InvalidInput as problem:
        text = str(problem).replace("columns.x", place)
        raise InvalidInput(text, field=place) from None


def _among(one: Dimension, keys: Sequence[Key]) -> str:
    listed = ", ".join(quoted(NONE if key is None else str(key)) for key in keys)
    return f"{one.expression} in [{listed}]"


def _ordered(one: Dimension) -> bool:
    return one.timely or one.cyclic
