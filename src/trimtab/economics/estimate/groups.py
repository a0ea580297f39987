"""Whose lines are: the owner of each by the allocation in force, splits and shared machines included."""

import numpy as np
from msgspec import Struct

from trimtab.costs.cells import Cell
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.division import Division
from trimtab.economics.estimate.model import DIMENSIONS, SERVICE, Floats, LineKey, Past

UNOWNED = "unowned"


class Ownership(Struct, frozen=True):
    """Owners (columns of `weights`) of lines (rows): the weights of a row add up to 1. `group` is the place of each
    line's service and largest owner, by which corrections are learnt.
    """

    owners: tuple[str, ...]
    weights: Floats
    group: tuple[int, ...]

    def of(self, owner: str) -> Floats:
        """The weight of one owner in each line."""
        if owner not in self.owners:
            return np.zeros(len(self.weights))
        return np.asarray(self.weights[:, self.owners.index(owner)], np.float64)


def ownership(past: Past, division: Division, month: int) -> Ownership:
    """The owners of a past's lines, as the division of a month has them."""
    found = [owners_of(key, division, month, _last_day(past, row)) for row, key in enumerate(past.keys)]
    owners = sorted({name for one in found for name in one})
    weights = np.zeros((len(found), len(owners)))
    at = {name: place for place, name in enumerate(owners)}
    groups: dict[tuple[str, str], int] = {}
    group = []
    for row, (key, shares) in enumerate(zip(past.keys, found, strict=True)):
        for name, share in shares.items():
            weights[row, at[name]] = share
        largest = max(shares, key=lambda name: (shares[name], name))
        group.append(groups.setdefault((key.dimensions[SERVICE], largest), len(groups)))
    return Ownership(tuple(owners), weights, tuple(group))


def owners_of(key: LineKey, division: Division, month: int, day_ms: int) -> dict[str, float]:
    """The owners of one line, by the share of it that is theirs."""
    cell = Cell(day_ms, key.dimensions, dict(key.tags), dict(key.categories), key.currency, frozenset(), 0, ())
    shares = division.shares(DIMENSIONS, cell, month, key.resource)
    whole = sum(one.weight for one in shares)
    if not whole:
        return {UNOWNED: 1.0}
    found: dict[str, float] = {}
    for one in shares:
        name = one.value or UNOWNED
        found[name] = found.get(name, 0.0) + float(one.weight / whole)
    return found


def _last_day(past: Past, row: int) -> int:
    """The last day on which a line was billed: the day whose shares of a machine count."""
    days = np.flatnonzero(past.effective[row])
    return past.start_ms + int(days[-1] if len(days) else 0) * DAY_MS
