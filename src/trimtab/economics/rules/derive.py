"""What a line is under a rule set: its tags in one form, its cost categories, from what the bill says of it."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from trimtab.costs.model import CostCategory, Dimension, Facet, Tag
from trimtab.economics.rules.conditions import meets, needs
from trimtab.economics.rules.model import UNUSED, Category, CategoryRule, RuleSet, TagRule
from trimtab.economics.statements import kinds
from trimtab.inventory.tag_keys import folded, names_of, value_of


class Said(Struct, frozen=True):
    """What the bill says of a line: dimensions, tags and its own cost categories, and the billing month YYYYMM."""

    dimensions: Mapping[Dimension, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    month: int = 0


class Needs(Struct, frozen=True):
    """What must be read of the bill: dimensions, keys of tags in lower case, names of its own cost categories."""

    dimensions: frozenset[Dimension]
    tags: frozenset[str]
    categories: frozenset[str]


class Derivation:
    """A rule set, ready to be asked about lines."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._tags = {folded(name): one for one in rules.tags for name in (one.key, *one.aliases)}
        self._categories = {one.name: one for one in rules.categories}

    def derives(self, facet: Facet) -> bool:
        """Whether the rules say what `facet` is, rather than the bill alone."""
        match facet:
            case Tag():
                return self.rule_of(facet) is not None
            case CostCategory(name):
                return name in self._categories
            case Dimension():
                return False

    def rule_of(self, tag: Tag) -> TagRule | None:
        """The rule that a tag falls under, by its key or an alias in any case; none of an exact key."""
        return None if tag.exact else self._tags.get(folded(tag.key))

    def needs(self, facets: Iterable[Facet]) -> "Needs":
        """What of the bill `facets` come down to."""
        seen: set[Facet] = set()
        left = list(facets)
        while left:
            facet = left.pop()
            if facet not in seen:
                seen.add(facet)
                left += self._depends(facet)
        tags = {folded(name) for one in seen if isinstance(one, Tag) for name in self._names(one)}
        categories = {one.name for one in seen if isinstance(one, CostCategory) and not self.derives(one)}
        dimensions = {one for one in seen if isinstance(one, Dimension)}
        return Needs(frozenset(dimensions), frozenset(tags), frozenset(categories))

    def value(self, facet: Facet, said: Said) -> str:
        """What a line has of `facet`: of a category before its splits; "" where nothing."""
        match facet:
            case Dimension():
                return said.dimensions.get(facet, "")
            case Tag():
                rule = self.rule_of(facet)
                return value_of(facet, said.tags) if rule is None else self._tag(rule, said)
            case CostCategory(name):
                category = self._categories.get(name)
                return said.categories.get(name, "") if category is None else self._category(category, said)

    def _names(self, tag: Tag) -> tuple[str, ...]:
        rule = self.rule_of(tag)
        return names_of(rule.tag if rule is not None else tag)

    def _tag(self, rule: TagRule, said: Said) -> str:
        if not rule.active:
            return ""
        written = value_of(rule.tag, said.tags)
        if written:
            return written

        def value_of_other(facet: Facet) -> str:  # under any of its names the tag itself is missing here
            same = isinstance(facet, Tag) and self.rule_of(facet) is rule
            return "" if same else self.value(facet, said)

        return next((one.value for one in rule.virtual if meets(one.when, value_of_other)), "")

    def _category(self, category: Category, said: Said) -> str:
        if said.month and said.month < category.since:
            return ""
        for rule in category.rules:
            if not meets(rule.when, lambda facet: self.value(facet, said)):
                continue
            if rule.inherit is None:
                return rule.value
            if inherited := self.value(rule.inherit, said):
                return inherited
        return UNUSED if self._amortizes(category) and kinds.is_unused(said.dimensions) else category.default

    def _amortizes(self, category: Category) -> bool:
        """Whether what commitments cost and nothing used is told apart in a category: in the owners', amortised."""
        return category.name == self.rules.owner and self.rules.basis.amortizes

    def _depends(self, facet: Facet) -> list[Facet]:
        match facet:
            case Tag():
                rule = self.rule_of(facet)
                return [] if rule is None else [need for one in rule.virtual for need in needs(one.when)]
            case CostCategory(name):
                category = self._categories.get(name)
                if category is None:
                    return []
                asked = [need for rule in category.rules for need in rule_needs(rule)]
                return [*asked, *kinds.UNUSED_DIMENSIONS] if self._amortizes(category) else asked
            case Dimension():
                return []


def rule_needs(rule: CategoryRule) -> list[Facet]:
    """What a rule of a category looks at."""
    return [*needs(rule.when), *([] if rule.inherit is None else [rule.inherit])]
