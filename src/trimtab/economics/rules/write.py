"""A rule set as the document that `read_rules` reads; what has its default is left out."""

from typing import Any

import msgspec

from trimtab.economics.months import named
from trimtab.economics.rules.conditions import write_condition, write_facet
from trimtab.economics.rules.model import (
    UNOWNED,
    Category,
    CategoryRule,
    FreePolicy,
    RuleSet,
    Split,
    SplitMethod,
    TagPolicy,
    TagRule,
)


def write_rules(rules: RuleSet) -> str:
    """YAML."""
    return msgspec.yaml.encode(document_of(rules)).decode()


def document_of(rules: RuleSet) -> dict[str, Any]:
    """The document before it is YAML."""
    parts: dict[str, Any] = {"basis": rules.basis.value, "owner": rules.owner}
    parts["tags"] = [_tag(one) for one in rules.tags]
    parts["policies"] = [_policy(one) for one in rules.policies]
    parts["categories"] = [_category(one) for one in rules.categories]
    parts["shared"] = [
        {"name": one.name, "when": write_condition(one.when), "charge": one.policy.value}
        | ({} if one.free is FreePolicy.DEFAULT else {"free": one.free.value})
        for one in rules.shared
    ]
    return {key: value for key, value in parts.items() if value}


def _tag(tag: TagRule) -> dict[str, Any]:
    found: dict[str, Any] = {"key": tag.key}
    if tag.aliases:
        found["aliases"] = list(tag.aliases)
    if not tag.active:
        found["active"] = False
    if not tag.lower:
        found["lower"] = False
    if tag.values:
        found["values"] = dict(tag.values)
    if tag.virtual:
        found["virtual"] = [{"value": one.value, "when": write_condition(one.when)} for one in tag.virtual]
    return found


def _policy(policy: TagPolicy) -> dict[str, Any]:
    found: dict[str, Any] = {"key": policy.key}
    if policy.allowed:
        found["allowed"] = list(policy.allowed)
    if policy.pattern:
        found["pattern"] = policy.pattern
    if policy.where is not None:
        found["where"] = write_condition(policy.where)
    return found


def _category(category: Category) -> dict[str, Any]:
    found: dict[str, Any] = {"name": category.name}
    if category.since:
        found["since"] = named(category.since)
    if category.default != UNOWNED:
        found["default"] = category.default
    found["rules"] = [_rule(one) for one in category.rules]
    if category.splits:
        found["splits"] = [_split(one) for one in category.splits]
    return found


def _rule(rule: CategoryRule) -> dict[str, Any]:
    found: dict[str, Any] = {} if rule.inherit is None else {"inherit": write_facet(rule.inherit)}
    if rule.inherit is None:
        found["value"] = rule.value
    return found if rule.when is None else found | {"when": write_condition(rule.when)}


def _split(split: Split) -> dict[str, Any]:
    found: dict[str, Any] = {"source": split.source, "targets": list(split.targets), "method": split.method.value}
    if split.method is SplitMethod.FIXED:
        found["shares"] = {name: f"{percent:f}" for name, percent in split.shares.items()}
    return found | ({"metric": split.metric} if split.metric else {})
