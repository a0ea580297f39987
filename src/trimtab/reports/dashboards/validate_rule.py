"""One value against one rule of the schema, in the words of CloudWatch's schema checker."""

import math
import re
from collections.abc import Iterator
from typing import Any

from trimtab.reports.dashboards.model import Message
from trimtab.reports.dashboards.schema import Rule

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def check_rule(value: Any, rule: Rule, path: str) -> Iterator[Message]:
    """What is wrong with `value` at `path`."""
    if not _is_type(value, rule.type):
        yield Message(path, f"Should be {rule.type}")
        return
    if rule.choices and value not in rule.choices:
        listed = ", ".join(map(str, rule.choices))
        yield Message(path, f"Should be equal to one of the allowed values: {listed}")
    if rule.low is not None and value < rule.low:
        yield Message(path, f"Should be >= {rule.low:g}")
    if rule.high is not None and value > rule.high:
        yield Message(path, f"Should be <= {rule.high:g}")
    if rule.pattern and not re.search(rule.pattern, value):
        yield Message(path, f'Should match pattern "{rule.pattern}"')
    if rule.type == "array":
        yield from _items(value, rule, path)
    if rule.type == "object" and rule.members is not None:
        yield from _members(value, rule, path)


def _items(value: list[Any], rule: Rule, path: str) -> Iterator[Message]:
    if rule.longest is not None and len(value) > rule.longest:
        yield Message(path, f"Should NOT have more than {rule.longest} items")
    if rule.shortest is not None and len(value) < rule.shortest:
        yield Message(path, f"Should NOT have fewer than {rule.shortest} items")
    if rule.item is not None:
        for at, item in enumerate(value):
            yield from check_rule(item, rule.item, f"{path}/{at}")


def _members(value: dict[str, Any], rule: Rule, path: str) -> Iterator[Message]:
    known = rule.members or {}
    for name in rule.required:
        if name not in value:
            yield Message(path, f"Should have required property '{name}'")
    for name, found in value.items():
        member = known.get(name)
        if member is not None:
            yield from check_rule(found, member, f"{path}/{name}")
        elif not rule.open:
            escaped = name.replace("~", "~0").replace("/", "~1")
            text = f'The "{name}" property is not expected to be part of a widget definition, will be ignored'
            yield Message(f"{path}/{escaped}", text, error=False)


def _is_type(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, float):
        whole = value.is_integer()
        return math.isfinite(value) and (name == "number" or (name == "integer" and whole))
    return isinstance(value, _TYPES[name])
