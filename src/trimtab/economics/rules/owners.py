"""What an allocation says of owners to whoever asks for the owner of a resource rather than of a line of the bill."""

from trimtab.costs.model import Dimension, Match, Tag, Where
from trimtab.economics.rules.derive import Derivation
from trimtab.economics.rules.model import RuleSet
from trimtab.inventory.owners import OwnerRules


def owner_rules(rules: RuleSet) -> OwnerRules:
    """The tags and the accounts of the owners' category."""
    category = rules.category(rules.owner)
    if category is None:
        return OwnerRules((Tag(rules.owner),), nobody=rules.nobody)
    derivation = Derivation(rules)
    keys: list[Tag] = []
    accounts: dict[str, str] = {}
    for rule in category.rules:
        if isinstance(rule.inherit, Tag) and rule.when is None:
            known = derivation.rule_of(rule.inherit)
            if known is None or known.active:
                keys.append(rule.inherit if known is None else known.tag)
        elif isinstance(rule.when, Where) and rule.value and _names_accounts(rule.when):
            for account in rule.when.values:
                accounts.setdefault(account, rule.value)
    return OwnerRules(tuple(keys), accounts, rules.nobody, explicit=not rules.owner_tag)


def _names_accounts(when: Where) -> bool:
    return when.facet is Dimension.LINKED_ACCOUNT and when.match is Match.EQUALS
