"""Composite alarms among others: in which order they are evaluated, what they become, and why. Pure.

A composite alarm may refer to others. Those in a cycle, and those that depend on one, are not evaluated: CloudWatch
stops there too.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from trimtab.alarms.model import AlarmKey, State, StateValue, Transition
from trimtab.alarms.reasons import MAX_DATA, compact, spoken, stamp
from trimtab.alarms.rule import Rule, children, holds, parse

rule_of = lru_cache(maxsize=4096)(parse)
"""A rule by its text: the same few are read again at every change."""


def order(composites: Mapping[str, Iterable[str]]) -> list[str]:
    """The composite alarms (name → the names that its rule refers to), each after those that it refers to.

    Those in a cycle or behind one are left out.
    """
    graph = {name: {child for child in refers if child in composites} for name, refers in composites.items()}
    while True:
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as problem:
            stuck = set(problem.args[1])
            while behind := {name for name, refers in graph.items() if name not in stuck and refers & stuck}:
                stuck |= behind
            graph = {name: refers for name, refers in graph.items() if name not in stuck}


def in_cycle(name: str, composites: Mapping[str, Iterable[str]]) -> bool:
    """Whether `name` is in a cycle or depends on one."""
    return name in composites and name not in order(composites)


def outcome(rule: Rule, states: Mapping[str, StateValue]) -> StateValue:
    """What a composite alarm is: ALARM where its rule holds, else OK."""
    return StateValue.ALARM if holds(rule, states) else StateValue.OK


def transition(
    key: AlarmKey, state: State, value: StateValue, triggers: Sequence[tuple[AlarmKey, State]], at_ms: int, verb: str
) -> Transition | None:
    """The transition of a composite alarm to `value`, by children that just changed, or by its own `verb`."""
    if value is state.value:
        return None
    if not triggers:
        reason = f"{key.arn} was {verb} and its alarm rule evaluates to {value.value}"
        return Transition(state.value, State(value, reason, None, at_ms, at_ms))
    child, found = triggers[-1]
    reason = f"{child.arn} transitioned to {found.value.value} at {spoken(found.transitioned_ms)}"
    return Transition(state.value, State(value, reason, _data(triggers), at_ms, at_ms))


def _data(triggers: Sequence[tuple[AlarmKey, State]]) -> str:
    told = [
        {"arn": key.arn, "state": {"value": state.value.value, "timestamp": stamp(state.transitioned_ms)}}
        for key, state in triggers
    ]
    while len(compact({"triggeringAlarms": told})) > MAX_DATA:
        told = told[1:]
    return compact({"triggeringAlarms": told})


__all__ = ["children", "in_cycle", "order", "outcome", "rule_of", "transition"]
