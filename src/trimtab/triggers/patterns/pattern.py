"""A pattern, compiled: alternatives of which one must hold, each a condition or more for some places of an event."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.triggers.patterns import operators
from trimtab.triggers.patterns.complexity import too_complex
from trimtab.triggers.patterns.conditions import (
    Absent,
    Addresses,
    Condition,
    Exactly,
    SameNumeral,
    Word,
    address_of,
    is_number,
)
from trimtab.triggers.patterns.leaves import Leaf, leaves_of, together
from trimtab.triggers.patterns.numerals import decode, identity
from trimtab.triggers.patterns.operators import RESERVED_IN_OR, PatternProblem, within
from trimtab.triggers.patterns.whereabouts import whereabouts

Alternative = Mapping[str, tuple[Condition, ...]]
"""By place, the conditions of which one must hold there."""
MOST_ALTERNATIVES = 1000
"""Combinations that the `$or`s of a pattern may make. Source: EventBridge user guide, "Matching with $or"."""
_NOT_VALID = "Event pattern is not valid. Reason:"


class InvalidPattern(InvalidInput):
    """The event pattern is not valid."""


class Pattern(Struct, frozen=True):
    """An event pattern."""

    alternatives: tuple[Alternative, ...]

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether the pattern matches an event that `numerals.decode` read."""
        leaves = leaves_of(event)
        return any(holds(alternative, leaves) for alternative in self.alternatives)


def compile_pattern(text: str | bytes) -> Pattern:
    """The pattern that `text` (JSON) says. Raises InvalidPattern."""
    try:
        return _read_pattern(decode(text))
    except InvalidInput as problem:
        raise InvalidPattern(f"{_NOT_VALID} {problem}", field="EventPattern") from None
    except PatternProblem as problem:
        source = text.decode() if isinstance(text, bytes) else text
        where = whereabouts(source, problem.path, whole=problem.whole)
        raise InvalidPattern(f"{_NOT_VALID} {problem}\n{where}", field="EventPattern") from None
    except RecursionError:
        raise InvalidPattern(f"{_NOT_VALID} it is nested too deeply") from None


def checked_pattern(text: str | bytes) -> Pattern:
    """The pattern that `text` says, as one may be put: its wildcards are not too complex. Raises InvalidPattern."""
    pattern = compile_pattern(text)
    for conditions in {conditions for one in pattern.alternatives for conditions in one.values()}:
        if too_complex(conditions):
            raise InvalidPattern(
                f"{_NOT_VALID} Rule is too complex - try using fewer wildcard characters or fewer repeating "
                "character sequences after a wildcard character",
                field="EventPattern",
            )
    return pattern


def _read_pattern(document: Any) -> Pattern:
    if not isinstance(document, dict):
        raise PatternProblem("Filter is not an object")
    alternatives: list[dict[str, tuple[Condition, ...]]] = []
    _read_object(alternatives, "", document, inside_or=False)
    return Pattern(tuple(alternatives))


def holds(alternative: Alternative, leaves: Mapping[str, list[Leaf]]) -> bool:
    """Whether an alternative holds: at each place a value that satisfies, all in the same elements of arrays."""
    fitting: list[list[Leaf]] = []
    for place, conditions in alternative.items():
        here = leaves.get(place)
        if not here:
            if any(isinstance(one, Absent) for one in conditions):
                continue
            return False
        found = [leaf for leaf in here if any(one.holds(leaf.value) for one in conditions)]
        if not found:
            return False
        fitting.append(found)
    return _consistent(fitting, 0, {})


def _consistent(fitting: list[list[Leaf]], at: int, chosen: dict[int, int]) -> bool:
    if at == len(fitting):
        return True
    tried: set[tuple[tuple[int, int], ...]] = set()
    for leaf in fitting[at]:
        if leaf.within in tried:
            continue
        tried.add(leaf.within)
        more = together(chosen, leaf.within)
        if more is not None and _consistent(fitting, at + 1, more):
            return True
    return False


def _read_object(
    alternatives: list[dict[str, tuple[Condition, ...]]], path: str, document: dict[str, Any], *, inside_or: bool
) -> None:
    if not document:
        raise PatternProblem("Empty objects are not allowed", whole=True)
    for key, value in document.items():
        with within(key):
            _read_member(alternatives, path, key, value, inside_or=inside_or)


def _read_member(
    alternatives: list[dict[str, tuple[Condition, ...]]], path: str, key: str, value: Any, *, inside_or: bool
) -> None:
    if key == "$or":
        _read_or(alternatives, path, value)
        return
    if inside_or and key in RESERVED_IN_OR:
        raise PatternProblem(f"{key} is Ruler reserved fieldName which cannot be used inside $or.")
    place = f"{path}.{key}" if path else key
    if isinstance(value, dict):
        _read_object(alternatives, place, value, inside_or=inside_or)
    elif isinstance(value, list):
        conditions = _conditions(value)
        if not alternatives:
            alternatives.append({})
        for alternative in alternatives:
            alternative[place] = conditions
    else:
        raise PatternProblem(f'"{key}" must be an object or an array')


def _read_or(alternatives: list[dict[str, tuple[Condition, ...]]], path: str, value: Any) -> None:
    if not isinstance(value, list):
        raise PatternProblem("It must be an Array followed with $or.")
    before = alternatives.copy() or [{}]
    alternatives.clear()
    for at, one in enumerate(value):
        if not isinstance(one, dict):
            raise PatternProblem("Only JSON object is allowed in array of $or relationship.", at)
        branch = [dict(alternative) for alternative in before]
        with within(at):
            _read_object(branch, path, one, inside_or=True)
        alternatives.extend(branch)
        if len(alternatives) > MOST_ALTERNATIVES:
            raise PatternProblem(f"Rule is too complex - $or makes more than {MOST_ALTERNATIVES} combinations")
    if len(value) < 2:
        raise PatternProblem("There must have at least 2 Objects in $or relationship.", whole=True)


def _conditions(values: list[Any]) -> tuple[Condition, ...]:
    if not values:
        raise PatternProblem("Empty arrays are not allowed", whole=True)
    return tuple(_condition(at, value) for at, value in enumerate(values))


def _condition(at: int, value: Any) -> Condition:
    if isinstance(value, str):
        address = address_of(value)  # which is the same however it is written
        return Exactly(value) if address is None else Addresses(address[0], address[1], address[1])
    if value is None or isinstance(value, bool):
        return Word(value)
    if is_number(value):
        return SameNumeral(identity(value))
    if isinstance(value, dict):
        with within(at):
            return operators.read(value)
    raise PatternProblem("Match value must be String, number, true, false, or null", at)
