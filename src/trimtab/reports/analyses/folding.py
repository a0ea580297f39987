"""Groups folded into the largest and the others: exact where amounts add up, so that nothing is asked twice."""

from collections.abc import Sequence

from trimtab.reports.analyses.asking import Plan
from trimtab.reports.analyses.grouping import OTHER
from trimtab.reports.analyses.model import Key, Row, Value, number_of
from trimtab.reports.analyses.values import added

Kept = Sequence[Sequence[Key] | None]
"""For each dimension the groups that are shown one by one; None: all there are."""


def largest(rows: Sequence[Row], made: Plan) -> Kept:
    """The largest groups of each dimension by the first amount, as the ranking questions find them."""
    found: list[Sequence[Key] | None] = []
    for at, top in enumerate(made.tops):
        sums: dict[Key, float] = {}
        for row in rows:
            sums[row.keys[at]] = sums.get(row.keys[at], 0.0) + (number_of(row.values[0]) or 0.0)
        order = sorted(sums, key=lambda key: (-sums[key], str(key)))
        found.append(order[:top] if top and len(order) > top else None)
    return found


def folded(rows: Sequence[Row], made: Plan, kept: Kept) -> list[Row]:
    """The rows with everything else in Other, or without it."""
    chosen = [None if one is None else frozenset(one) for one in kept]
    groups: dict[tuple[Key, ...], list[Row]] = {}
    for row in rows:
        keys = tuple(key if one is None or key in one else OTHER for key, one in zip(row.keys, chosen, strict=True))
        if made.visual.others or keys == row.keys:
            groups.setdefault(keys, []).append(row)
    return [
        some[0] if len(some) == 1 and some[0].keys == keys else Row(keys, together(some, len(made.amounts)))
        for keys, some in groups.items()
    ]


def together(rows: Sequence[Row], number: int) -> tuple[Value, ...]:
    """The amounts of rows added up."""
    return tuple(added([row.values[at] for row in rows]) for at in range(number))
