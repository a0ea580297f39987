"""Whose a machine is by the bill's own split lines: containers' shares of it (AWS's split cost allocation data).

A split line costs nothing by itself. It says what of its machine's cost its container used (`split_cost`) and what of
the part that no container used falls to it (`split_unused_cost`): together the shares of a machine are all of its cost.
"""

from decimal import Decimal
from fractions import Fraction

from trimtab.access.scope import EVERYTHING
from trimtab.costs.cells import Cell, CellQuery, CellReader
from trimtab.costs.model import Dimension, Granularity, Match, Metric, Not, Where
from trimtab.economics.division import Division, Share
from trimtab.economics.rules.model import SharePolicy

Key = tuple[str, int]
"""A machine as the bill names it, and a day in ms."""
_METRICS = (Metric.SPLIT, Metric.SPLIT_UNUSED)
SPLIT_LINES = Not(Where(Dimension.SPLIT_PARENT, match=Match.ABSENT))


class ContainerShares:
    """The shares of a month's machines, by machine and day."""

    def __init__(self, division: Division, month: int, cells: list[Cell], dimensions: tuple[Dimension, ...]) -> None:
        self._weights: dict[Key, dict[str, tuple[Decimal, Decimal]]] = {}
        for cell in cells:
            held = self._weights.setdefault((cell.dimensions[-1], cell.period_ms), {})
            owner = division.value(dimensions, cell, month)
            used, unused = held.get(owner, (Decimal(0), Decimal(0)))
            held[owner] = (used + max(cell.amounts[0], Decimal(0)), unused + max(cell.amounts[1], Decimal(0)))

    def of(self, key: Key, policy: SharePolicy, name: str, default: str) -> tuple[Share, ...]:
        """The shares of a machine on a day under a rule called `name`; none where no container is known of it.

        Under *used* what no container used is `default`'s, else its container's.
        """
        found = []
        for owner, (used, unused) in sorted(self._weights.get(key, {}).items()):
            holder = default if policy is SharePolicy.USED else owner
            found += [
                Share(owner, Fraction(used), f"{name}: containers, used"),
                Share(holder, Fraction(unused), f"{name}: containers, idle"),
            ]
        return tuple(share for share in found if share.weight)


async def read_container_shares(reader: CellReader, division: Division, month: int) -> ContainerShares:
    """The month's split lines, each given to whom the rules give it."""
    needed = division.needs
    dimensions = (*sorted(needed.dimensions - {Dimension.SPLIT_PARENT}), Dimension.SPLIT_PARENT)
    query = CellQuery(
        _METRICS,
        dimensions,
        needed.tags,
        needed.categories,
        month,
        granularity=Granularity.DAILY,
        where=SPLIT_LINES,
    )
    return ContainerShares(division, month, await reader.cells(EVERYTHING, query), dimensions)
