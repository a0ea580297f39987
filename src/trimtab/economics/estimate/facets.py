"""What a line that is not billed yet has of a facet: what the reader of bills will say of it when it is.

A line may be several owners' (a shared machine, a split charge): then a part of it is asked about, not the line.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from trimtab.costs.conditions import facets_of
from trimtab.costs.model import CostCategory, Facet, Filter, Metric, Tag
from trimtab.economics.derived import Derived, as_ruled, where_as_ruled
from trimtab.economics.division import Division
from trimtab.economics.estimate.groups import UNOWNED, owners_of
from trimtab.economics.estimate.model import DIMENSIONS, LineKey
from trimtab.economics.rules.conditions import meets
from trimtab.economics.rules.derive import Said
from trimtab.economics.rules.model import UNUSED

Part = tuple[float, Callable[[Facet], str]]
"""A share of a line, and what that share has of a facet."""


class LineFacets(Struct, frozen=True):
    """The allocation in force over lines of one month; `applied`: somebody applied it, it is not the built-in one."""

    division: Division
    month: int
    day_ms: int
    applied: bool = False

    def owners(self, key: LineKey, metric: Metric = Metric.EFFECTIVE) -> Mapping[str, float]:
        """Whose a line is, by share. What nothing used of a commitment is told apart where it is amortised only."""
        found = owners_of(key, self.division, self.month, self.day_ms)
        if metric is Metric.EFFECTIVE or UNUSED not in found:
            return found
        rest = {name: share for name, share in found.items() if name != UNUSED}
        rest[self.default] = rest.get(self.default, 0.0) + found[UNUSED]
        return rest

    def share(self, key: LineKey, where: Filter | None) -> float:
        """How much of a line meets a filter, 0 to 1."""
        if where is None:
            return 1.0
        asked = where_as_ruled(where, self.division.derivation, applied=self.applied)
        return sum(share for share, value_of in self._parts(key, facets_of(asked)) if meets(asked, value_of))

    def groups(self, key: LineKey, by: Facet) -> dict[str, float]:
        """What a line has of a facet, by share."""
        facet = as_ruled(by, self.division.derivation, applied=self.applied)
        found: dict[str, float] = {}
        for share, value_of in self._parts(key, (facet,)):
            found[value_of(facet)] = found.get(value_of(facet), 0.0) + share
        return found

    @property
    def default(self) -> str:
        """What nobody owns is called."""
        category = self.division.derivation.rules.category(self.division.category)
        return (category.default if category else "") or UNOWNED

    def _parts(self, key: LineKey, facets: Iterable[Facet]) -> list[Part]:
        derivation, owner = self.division.derivation, self.division.category
        derived = Derived(derivation, self.applied, derivation.rules.owner_tag if self.division.machines else "")
        said = Said(
            dict(zip(DIMENSIONS, key.dimensions, strict=True)), dict(key.tags), dict(key.categories), self.month
        )

        def part(name: str) -> Callable[[Facet], str]:
            def value_of(facet: Facet) -> str:
                if derived.is_owner(facet):
                    return "" if name in derivation.rules.nobody else name
                if isinstance(facet, CostCategory):
                    if not derived(facet):
                        return said.categories.get(facet.name, "")
                    return name if facet.name == owner else derivation.value(facet, said)
                return derivation.value(facet, said) if isinstance(facet, Tag) else key.value(facet)

            return value_of

        if owner not in derived.categories(facets):
            return [(1.0, part(""))]
        return [(share, part(name)) for name, share in self.owners(key).items()]
