"""What a line is under a rule set: its tags in one form, its cost categories, from what the bill says of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trimtab.costs.model import CostCategory, Dimension, Facet, Tag
from trimtab.economics.rules.conditions import meets, needs
from trimtab.economics.rules.model import Category, CategoryRule, RuleSet, TagRule


@dataclass(frozen=True, slots=True)
class Said:
    """What the bill says of a line: dimensions, tags and its own cost categories, and the billing month YYYYMM."""

    dimensions: Mapping[Dimension, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    month: int = 0


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be read of the bill: dimensions, keys of tags in lower case, names of its own cost categories."""

    dimensions: frozenset[Dimension]
    tags: frozenset[str]
    categories: frozenset[str]


class Derivation:
    """A rule set, ready to be asked about lines."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._tags = {one.key: one for one in rules.tags}
        self._by_fold = {one.key: _folded(one) for one in rules.tags}
        self._categories = {one.name: one for one in rules.categories}

    def derives(self, facet: Facet) -> bool:
        """Whether the rules say what `facet` is, rather than the bill alone."""
        match facet:
            case Tag(key):
                return key in self._tags
            case CostCategory(name):
                return name in self._categories
            case Dimension():
                return False

    def needs(self, facets: Iterable[Facet]) -> "Needs":
        """What of the bill `facets` come down to."""
        seen: set[Facet] = set()
        left = list(facets)
        while left:
            facet = left.pop()
            if facet not in seen:
                seen.add(facet)
                left += self._depends(facet)
        tags = {name.lower() for one in seen if isinstance(one, Tag) for name in self._names(one.key)}
        categories = {one.name for one in seen if isinstance(one, CostCategory) and not self.derives(one)}
        dimensions = {one for one in seen if isinstance(one, Dimension)}
        return Needs(frozenset(dimensions), frozenset(tags), frozenset(categories))

    def value(self, facet: Facet, said: Said) -> str:
        """What a line has of `facet`: of a category before its splits; "" where nothing."""
        match facet:
            case Dimension():
                return said.dimensions.get(facet, "")
            case Tag(key):
                rule = self._tags.get(key)
                return said.tags.get(key, "") if rule is None else self._tag(rule, said)
            case CostCategory(name):
                category = self._categories.get(name)
                return said.categories.get(name, "") if category is None else self._category(category, said)

    def _names(self, key: str) -> tuple[str, ...]:
        rule = self._tags.get(key)
        return (key,) if rule is None else (rule.key, *rule.aliases)

    def _tag(self, rule: TagRule, said: Said) -> str:
        if not rule.active:
            return ""
        written = self._written(rule, said.tags)
        if not written:
            met = (one for one in rule.virtual if meets(one.when, lambda facet: self.value(facet, said)))
            return next((one.value for one in met), "")
        meant = next((to for text, to in rule.values.items() if text.lower() == written.lower()), None)
        if meant is not None:
            return meant
        return written.lower() if rule.lower else written

    def _written(self, rule: TagRule, tags: Mapping[str, str]) -> str:
        for name in (rule.key, *rule.aliases):
            if value := tags.get(name, "").strip():
                return value
        folds = self._by_fold[rule.key]
        found = sorted((folds[name.lower()], name) for name in tags if name.lower() in folds and tags[name].strip())
        return tags[found[0][1]].strip() if found else ""

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
        return category.default

    def _depends(self, facet: Facet) -> list[Facet]:
        match facet:
            case Tag(key):
                rule = self._tags.get(key)
                return [] if rule is None else [need for one in rule.virtual for need in needs(one.when)]
            case CostCategory(name):
                category = self._categories.get(name)
                return [] if category is None else [need for rule in category.rules for need in rule_needs(rule)]
            case Dimension():
                return []


def rule_needs(rule: CategoryRule) -> list[Facet]:
    """What a rule of a category looks at."""
    return [*needs(rule.when), *([] if rule.inherit is None else [rule.inherit])]


def _folded(rule: TagRule) -> dict[str, int]:
    """The keys that count as this one, in lower case, with their rank."""
    return {name.lower(): at for at, name in reversed(list(enumerate((rule.key, *rule.aliases))))}
