"""How one cost category divides a bill: rules give a line its value, machines and splits share it out.

    line ─ is its machine known? ─ yes ─ whoever held the GPUs                     (via "gpu-nodes: idle")
                                └ no ─ the category's value ─ is it split? ─ yes ─ the targets   (via "split of shared")
                                                                          └ no ─ that value

A source of a split cannot be a target, so one step is all there is. Shares are weights; amounts are divided by
`apportion`, so that every line's parts add up to the line.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec import Struct, field

from trimtab.costs.cells import Cell
from trimtab.costs.model import CostCategory, Dimension
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.rules.derive import Derivation, Needs, Said


class Share(Struct, frozen=True):
    """A part of a line: the value that it goes to, by weight, and by what way ("" : directly).

    `own`: it goes where the line would go by itself, whatever `value` says.
    """

    value: str
    weight: Fraction = Fraction(1)
    via: str = ""
    own: bool = False


Splits = Mapping[tuple[int, str, str], tuple[Share, ...]]
"""The shares of a split value, by (month, currency, value)."""
MachineShares = Mapping[tuple[str, int], tuple[Share, ...]]
"""The shares of a machine, by (resource, day in ms)."""


class Division(Struct, frozen=True):
    """One category over some months, ready to divide their cells."""

    derivation: Derivation
    category: str
    splits: Splits = field(default_factory=dict)
    machines: MachineShares = field(default_factory=dict)
    _known: dict[tuple[object, ...], str] = field(default_factory=dict)

    @property
    def needs(self) -> Needs:
        """What cells must know of the bill."""
        return self.derivation.needs([CostCategory(self.category)])

    def value(self, dimensions: Sequence[Dimension], cell: Cell, month: int) -> str:
        """The category's value of a cell, before splits."""
        key = (month, cell.dimensions, *cell.tags.items(), "", *cell.categories.items())
        value = self._known.get(key)
        if value is None:
            said = Said(dict(zip(dimensions, cell.dimensions, strict=False)), cell.tags, cell.categories, month)
            value = self.derivation.value(CostCategory(self.category), said)
            self._known[key] = value
        return value

    def shares(self, dimensions: Sequence[Dimension], cell: Cell, month: int, resource: str = "") -> tuple[Share, ...]:
        """Whose a cell is: one share, or several by weight. `resource` names the machine of a cell of a day."""
        value = self.value(dimensions, cell, month)
        direct = self.splits.get((month, cell.currency, value)) or (Share(value),)
        held = self.machines.get((resource, cell.period_ms // DAY_MS * DAY_MS)) if resource else None
        if not held:
            return direct
        return tuple(part for share in held for part in (_within(share, direct) if share.own else (share,)))

    @property
    def resources(self) -> frozenset[str]:
        """The machines that are shared, as the bill names them."""
        return frozenset(name for name, _ in self.machines)


def _within(share: Share, direct: Sequence[Share]) -> list[Share]:
    """A share of a machine that goes where the line would go by itself."""
    whole = sum((one.weight for one in direct), Fraction(0))
    vias = ((one, "; ".join(part for part in (share.via, one.via) if part)) for one in direct)
    return [Share(one.value, share.weight * one.weight / whole, via) for one, via in vias]
