"""Gives something that nobody owns an owner: one more rule, after all others of the owners' category."""

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.model import And, Dimension, Filter, Where
from trimtab.economics.rules.model import CategoryRule, RuleSet


def give(rules: RuleSet, owner: str, resource: str = "", account: str = "", service: str = "") -> RuleSet:
    """The rules with `owner` for a resource, else for what an account has (of a service), where no rule names another.

    Raises InvalidInput where neither is named.
    """
    category = rules.category(rules.owner)
    named: list[Filter] = []
    if resource:
        named.append(Where(Dimension.RESOURCE_ID, (resource,)))
    elif account:
        named.append(Where(Dimension.LINKED_ACCOUNT, (account,)))
        named += [Where(Dimension.SERVICE, (service,))] if service else []
    if not named or not owner or category is None:
        raise InvalidInput("cannot give an owner: expected an owner, and a resource or an account")
    when = named[0] if len(named) == 1 else And(tuple(named))
    same = next((at for at, rule in enumerate(category.rules) if rule.value == owner and _joins(rule.when, when)), None)
    if same is None:
        changed = (*category.rules, CategoryRule(owner, when))
    else:  # one rule with two resources reads better than two rules
        changed = tuple(
            replace(rule, when=_joined(rule.when, when)) if at == same else rule
            for at, rule in enumerate(category.rules)
        )
    made = replace(category, rules=changed)
    return replace(rules, categories=tuple(made if one.name == category.name else one for one in rules.categories))


def _joins(held: Filter | None, more: Filter) -> bool:
    """Whether two conditions are lists of resources, which can be one list."""
    return (
        isinstance(held, Where)
        and isinstance(more, Where)
        and held.facet == more.facet == Dimension.RESOURCE_ID
        and held.match is more.match
    )


def _joined(held: Filter | None, more: Filter) -> Filter:
    if not isinstance(held, Where) or not isinstance(more, Where):
        raise TypeError("bug: these conditions do not join")
    return replace(held, values=tuple(dict.fromkeys((*held.values, *more.values))))
