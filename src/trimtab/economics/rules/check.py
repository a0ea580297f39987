"""What must hold of a whole rule set: names used once, no circles, splits that add up and feed nobody twice."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import CostCategory, Dimension, Facet, Tag
from trimtab.economics.rules.conditions import needs, write_facet
from trimtab.economics.rules.derive import Derivation, rule_needs
from trimtab.economics.rules.model import OTHERS, Category, RuleSet, Split, SplitMethod

_MOST_SPLITS = 50


def check(rules: RuleSet) -> None:
    """Raise InvalidInput for the first thing that cannot be."""
    _once((one.key for one in rules.tags), "tag")
    _once((one.name for one in rules.categories), "category")
    _once((one.name for one in rules.shared), "shared machines")
    if rules.category(rules.owner) is None:
        raise InvalidInput(
            f"cannot use allocation: owner is {rules.owner!r}, which is no category of it; expected one of "
            f"{', '.join(one.name for one in rules.categories) or 'team'}",
            field="owner",
        )
    for shared in rules.shared:
        odd = next((one for one in needs(shared.when) if not isinstance(one, Dimension)), None)
        if odd is not None:
            raise InvalidInput(
                f"cannot use shared machines {shared.name!r}: got {write_facet(odd)}; expected dimensions of the bill "
                "only, such as usage-type or instance-type",
                field="shared",
            )
    claimed: dict[str, str] = {}
    for tag in rules.tags:
        for name in (tag.key, *tag.aliases):
            holder = claimed.setdefault(name.lower(), tag.key)
            if holder != tag.key:
                raise InvalidInput(f"cannot use tag {tag.key!r}: {name!r} counts as {holder!r} already", field="tags")
    for category in rules.categories:
        _check_splits(category)
    _check_circles(rules)


def _check_splits(category: Category) -> None:
    where = f"category {category.name!r}"
    sources = [split.source for split in category.splits]
    _once(sources, f"source in the splits of {where}")
    if len(sources) > _MOST_SPLITS:
        raise InvalidInput(f"cannot use {where}: it has {len(sources)} splits; expected at most {_MOST_SPLITS}")
    for split in category.splits:
        _once(split.targets, f"target of {split.source!r} in {where}")
        both = next((one for one in split.targets if one in sources), None)
        if both is not None:
            raise InvalidInput(
                f"cannot split {split.source!r} of {where}: {both!r} is a source, and a source cannot be a target",
                field="splits",
            )
        _check_method(split, where)


def _check_method(split: Split, where: str) -> None:
    fixed = split.method is SplitMethod.FIXED
    if not split.targets or (OTHERS in split.targets and (len(split.targets) > 1 or fixed)):
        raise InvalidInput(
            f"cannot split {split.source!r} of {where}: expected targets by name, or '*' alone for all others",
            field="splits",
        )
    if fixed:
        total = sum(split.shares.values(), Decimal(0))
        if set(split.shares) != set(split.targets) or total != 100:
            raise InvalidInput(
                f"cannot split {split.source!r} of {where}: got shares of {total} % for {sorted(split.shares)}; "
                "expected a percentage for every target, together 100",
                field="splits",
            )
    elif split.shares:
        raise InvalidInput(f"cannot split {split.source!r} of {where}: only method fixed has shares", field="splits")
    if bool(split.metric) != (split.method is SplitMethod.METRIC):
        raise InvalidInput(
            f"cannot split {split.source!r} of {where}: method metric names its metric, and no other does",
            field="splits",
        )


def _check_circles(rules: RuleSet) -> None:
    named = Derivation(rules)

    def meant(facet: Facet) -> Facet:  # the same tag however it is spelled
        rule = named.rule_of(facet) if isinstance(facet, Tag) else None
        return facet if rule is None else Tag(rule.key)

    edges: dict[Facet, list[Facet]] = {}
    for tag in rules.tags:
        asked = [need for one in tag.virtual for need in needs(one.when)]
        aliases = {Tag(name) for name in tag.aliases}  # of a line without the tag they are missing too
        edges[Tag(tag.key)] = [meant(need) for need in asked if need not in aliases]
    for category in rules.categories:
        edges[CostCategory(category.name)] = [meant(need) for rule in category.rules for need in rule_needs(rule)]
    done: set[Facet] = set()
    for start in edges:
        _visit(start, edges, done, ())


def _visit(facet: Facet, edges: dict[Facet, list[Facet]], done: set[Facet], path: tuple[Facet, ...]) -> None:
    if facet in path:
        circle = " → ".join(write_facet(one) for one in (*path[path.index(facet) :], facet))
        raise InvalidInput(f"cannot use allocation: {circle} go in a circle")
    if facet in done:
        return
    for need in edges.get(facet, []):
        _visit(need, edges, done, (*path, facet))
    done.add(facet)


def _once(names: Iterable[str], what: str) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InvalidInput(f"cannot use allocation: {what} {twice[0]!r} is there twice; expected it once")
