"""The numbers of the Costs page: a sheet a currency (or, of usage, a unit), a line a group, a value a period."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric
from trimtab.costs.periods import Period, periods
from trimtab.costs.read import CostReader
from trimtab.costs.room import CostsRoom
from trimtab.web.costs.question import Question, value_name
from trimtab.web.site import Site

ZERO = Decimal(0)
_FRESH_S = 60.0


class Line(Struct, frozen=True):
    """One group: its key, its name, the sum before and now, and by period. `share` is of the sheet's sum."""

    key: str
    name: str
    before: Decimal
    now: Decimal
    values: tuple[Decimal, ...]
    share: float | None

    @property
    def change(self) -> Decimal:
        """Now minus before."""
        return self.now - self.before

    @property
    def ratio(self) -> float | None:
        """The change as a share of before; None where there was nothing."""
        return None if self.before == 0 else float(self.change / abs(self.before))


class Sheet(Struct, frozen=True):
    """All groups in one currency or unit, the most expensive first."""

    unit: str
    lines: tuple[Line, ...]
    total: Line


class Answer(Struct, frozen=True):
    """The sheets, the largest first, the periods that they share, and the names of accounts where they are groups."""

    periods: tuple[Period, ...]
    sheets: tuple[Sheet, ...]
    names: Mapping[str, str]


async def bill_mark(site: Site) -> int:
    """What changes with every import of a bill and with the rules that divide it: a key of what is kept of both."""
    if site.state.costs is None:
        return 0
    version = (await site.state.economics.rules.current()).version if site.state.economics is not None else 0
    return await site.state.costs.generation(version)


async def bill_extent(site: Site, room: CostsRoom) -> Period | None:
    """Where the bill begins and ends; None without one."""
    return await site.cache.get(("bill extent", await bill_mark(site)), _FRESH_S, room.reader.extent)


async def ask(reader: CostReader, scope: Scope, question: Question) -> Answer:
    """Read what a question needs: both spans, and the names of accounts."""
    groups = (question.by,) if question.is_money else (question.by, Dimension.USAGE_UNIT)
    now, before, names = await asyncio.gather(
        reader.costs(
            scope, CostQuery(*question.span, (question.metric,), question.granularity, groups, question.where)
        ),
        reader.costs(scope, CostQuery(*question.before, (question.metric,), Granularity.TOTAL, groups, question.where)),
        _account_names(reader, scope, question),
    )
    if not question.is_money:  # fees and taxes have a count, and no unit
        now, before = ([row for row in rows if row.keys[1]] for rows in (now, before))
    spans = periods(*question.span, question.granularity)
    units = dict.fromkeys(_unit(question, row) for row in (*now, *before))
    sheets = [_sheet(question, unit, spans, now, before, names) for unit in units]
    return Answer(tuple(spans), tuple(sorted(sheets, key=lambda one: (-abs(one.total.now), one.unit))), names)


async def _account_names(reader: CostReader, scope: Scope, question: Question) -> dict[str, str]:
    """The names of accounts, where they are asked for and the bill has them: its lines know them, its sums do not."""
    if question.by is not Dimension.LINKED_ACCOUNT:
        return {}
    by = (Dimension.LINKED_ACCOUNT, Dimension.LINKED_ACCOUNT_NAME)
    rows = await reader.costs(scope, CostQuery(*question.span, (Metric.LINES,), group_by=by))
    return {row.keys[0]: row.keys[1] for row in rows if row.keys[1]}


def _unit(question: Question, row: CostRow) -> str:
    return row.currency if question.is_money else row.keys[1]


def _sheet(
    question: Question,
    unit: str,
    spans: Sequence[Period],
    now: Sequence[CostRow],
    before: Sequence[CostRow],
    names: Mapping[str, str],
) -> Sheet:
    place = {start: at for at, (start, _) in enumerate(spans)}
    values: dict[str, list[Decimal]] = {}
    old: dict[str, Decimal] = {}
    for row in now:
        if _unit(question, row) == unit:
            found = values.setdefault(row.keys[0], [ZERO] * len(spans))
            found[place[row.start_ms]] += row.amounts[0]
    for row in before:
        if _unit(question, row) == unit:
            old[row.keys[0]] = old.get(row.keys[0], ZERO) + row.amounts[0]
    whole = sum((sum(found, ZERO) for found in values.values()), ZERO)
    lines = []
    for key in dict.fromkeys((*values, *old)):
        found = values.get(key, [ZERO] * len(spans))
        total = sum(found, ZERO)
        share = float(total / whole) if whole else None
        lines.append(Line(key, value_name(question.by, key, names), old.get(key, ZERO), total, tuple(found), share))
    lines.sort(key=lambda one: (-abs(one.now), -abs(one.before), one.name))
    by_period = tuple(sum(column, ZERO) for column in zip(*(line.values for line in lines), strict=True))
    return Sheet(unit, tuple(lines), Line("", "Total", sum(old.values(), ZERO), whole, by_period, None))
