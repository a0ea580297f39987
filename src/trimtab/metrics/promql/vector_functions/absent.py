"""absent and absent_over_time: 1 where there is nothing, with the labels that the selector asks for by value."""

import numpy as np

from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.labels import NAME, Labels
from trimtab.metrics.promql.language.syntax import Expression, MatchOp, Range, Selector
from trimtab.metrics.promql.values import Flags, Vector


def absent(argument: Expression, present: Flags) -> Vector:
    """`present` is by step whether there is anything."""
    values = np.ones((1, len(present)))
    return Vector([_labels(argument)], values, ~present[None, :], np.zeros(1, np.bool_)).occupied()


def _labels(argument: Expression) -> Labels:
    selector = argument.selector if isinstance(argument, Range) else argument
    if not isinstance(selector, Selector):
        return ()
    found: dict[str, str] = {}
    seen = set()
    for matcher in selector.matchers:
        if matcher.name == NAME:
            continue
        if matcher.op is MatchOp.EQUAL and matcher.name not in seen:
            found[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            found.pop(matcher.name, None)
    return sets.make(found)
