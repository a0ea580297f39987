"""What of a question about a bill the engine reads by itself, and what only the allocation's rules can say."""

from collections.abc import Iterable

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.costs.conditions import facets_of
from trimtab.costs.model import And, CostCategory, Dimension, Facet, Filter, Tag
from trimtab.costs.tag_keys import mapped
from trimtab.economics.rules.derive import Derivation, Needs
from trimtab.inventory.tag_keys import folded


class Derived(Struct, frozen=True):
    """What of a question the engine cannot read by itself: categories of the rules, and tags that are more than a
    line says of itself. `owner_tag` is the key of the tag that is the owner, where machines are shared.
    """

    derivation: Derivation
    applied: bool
    owner_tag: str = ""

    def __call__(self, facet: Facet) -> bool:
        """Whether `facet` is of that kind."""
        match facet:
            case CostCategory(_, owners):
                return (self.applied or owners) and self.derivation.derives(facet)
            case Tag():
                rule = self.derivation.rule_of(facet)
                return self.is_owner(facet) or (rule is not None and (bool(rule.virtual) or not rule.active))
            case Dimension():
                return False

    def is_owner(self, facet: Facet) -> bool:
        """Whether a tag is the owner."""
        if not self.owner_tag or not isinstance(facet, Tag) or facet.exact:
            return False
        return self._named(facet) == self._named(Tag(self.owner_tag))

    def _named(self, tag: Tag) -> str:
        rule = self.derivation.rule_of(tag)
        return folded(tag.key if rule is None else rule.key)

    def categories(self, facets: Iterable[Facet]) -> tuple[str, ...]:
        """The categories by which cells are divided."""
        owner = self.derivation.rules.owner
        asked = {one.name for one in facets if isinstance(one, CostCategory) and self(one)}
        return tuple(sorted(asked | ({owner} if any(self.is_owner(one) for one in facets) else set())))


def as_ruled(facet: Facet, derivation: Derivation, *, applied: bool) -> Facet:
    """A tag with what the rules say of it, so that the engine can read it; of an exact key only where they name it."""
    if not isinstance(facet, Tag):
        return facet
    rule = derivation.rule_of(replace(facet, exact=False))
    if rule is None or (facet.exact and not (applied and rule.key == facet.key)):
        return facet
    return rule.tag


def where_as_ruled(where: Filter | None, derivation: Derivation, *, applied: bool) -> Filter | None:
    """A filter with the tags that `as_ruled` gives."""

    def change(tag: Tag) -> Tag:
        found = as_ruled(tag, derivation, applied=applied)
        return found if isinstance(found, Tag) else tag

    return None if where is None else mapped(where, change)


def needed_of(derived: Derived, asked: Iterable[Facet], categories: Iterable[str]) -> Needs:
    """What of the bill a question comes down to."""
    return derived.derivation.needs((*asked, *(CostCategory(name) for name in categories)))


def parts_of(where: Filter | None, derived: Derived) -> tuple[Filter | None, Filter | None]:
    """The part of a filter that the bill alone can judge, and the part that rules have a say in."""
    if where is None:
        return None, None
    parts = where.parts if isinstance(where, And) else (where,)
    raw = tuple(one for one in parts if not any(derived(facet) for facet in facets_of(one)))
    left = tuple(one for one in parts if one not in raw)
    return (And(raw) if raw else None), (And(left) if left else None)
