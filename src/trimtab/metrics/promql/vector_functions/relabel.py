"""label_replace and label_join. They see a metric's name also where it is going to be dropped."""

import re

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.language.literals import valid_name
from trimtab.metrics.promql.matchers import Match, compiled
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.values import Vector

_REFERENCE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


def replaced(vector: Vector, target: str, template: str, source: str, expression: str) -> Vector:
    """Set `target` to the template where the expression matches all of `source`. Raises ExecutionFailed."""
    try:
        pattern = compiled(expression)
    except ValueError:
        raise ExecutionFailed(f"invalid regular expression in label_replace(): {expression}") from None
    if not valid_name(target):
        raise ExecutionFailed(f"invalid destination label name in label_replace(): {target}")
    found, drop = [], vector.drop.copy()
    for row, labels in enumerate(vector.labels):
        match = pattern.fullmatch(sets.get(labels, source))
        if match is None:
            found.append(labels)
            continue
        found.append(sets.put(labels, target, _filled(template, match, pattern.groups)))
        drop[row] &= target != sets.NAME
    return replace(vector, labels=found, drop=drop)


def _filled(template: str, match: Match, groups: int) -> str:
    """The template with `$1`, `${1}` and `${name}` replaced as Go's Regexp.Expand does: unknown groups are empty."""
    named = match.groupdict()

    def value(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        if name.isdecimal():
            return (match.group(int(name)) or "") if int(name) <= groups else ""
        return named.get(name) or ""

    return _REFERENCE.sub(value, template)


def joined(vector: Vector, target: str, separator: str, sources: list[str]) -> Vector:
    """Set `target` to the values of `sources`, joined. Raises ExecutionFailed."""
    for source in sources:
        if not valid_name(source):
            raise ExecutionFailed(f"invalid source label name in label_join(): {source}")
    if not valid_name(target):
        raise ExecutionFailed(f"invalid destination label name in label_join(): {target}")
    found = []
    for labels in vector.labels:
        values = dict(labels)
        found.append(sets.put(labels, target, separator.join(values.get(source, "") for source in sources)))
    drop = np.zeros(len(found), np.bool_) if target == sets.NAME else vector.drop
    return replace(vector, labels=found, drop=drop)
