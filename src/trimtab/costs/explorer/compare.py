"""Two periods side by side: what each group cost before and after. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.costs.model import CostRow

ZERO = Decimal(0)


class Compared(Struct, frozen=True):
    """One group in one currency; `unit` is that of its usage, "N/A" where it differs."""

    keys: tuple[str, ...]
    currency: str
    unit: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """After minus before."""
        return self.after - self.before

    @property
    def ratio(self) -> float | None:
        """The change as a share of before; None where there was nothing before."""
        return None if self.before == 0 else float(self.change / abs(self.before))


def compare(before: Sequence[CostRow], after: Sequence[CostRow], column: int = 0) -> list[Compared]:
    """Every group of either side, the largest change first."""
    sums: dict[tuple[tuple[str, ...], str], list[Decimal]] = {}
    units: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for side, rows in enumerate((before, after)):
        for row in rows:
            key = (row.keys, row.currency)
            sums.setdefault(key, [ZERO, ZERO])[side] += row.amounts[column]
            units.setdefault(key, set()).add(row.unit)
    found = [
        Compared(keys, currency, _one(units[keys, currency]), old, new) for (keys, currency), (old, new) in sums.items()
    ]
    return sorted(found, key=lambda one: (-abs(one.change), one.keys, one.currency))


def _one(units: set[str]) -> str:
    known = units - {""}
    return next(iter(known)) if len(known) == 1 else "N/A"
