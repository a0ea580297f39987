"""A filter pattern as a predicate over messages, which also says what it found at the names that the pattern has."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.logs.filters.parser import parse
from trimtab.logs.filters.syntax import (
    Absent,
    Compare,
    Condition,
    Constant,
    Every,
    FieldsPattern,
    Is,
    JsonPattern,
    Number,
    Op,
    Pattern,
    Regex,
    Slot,
    Some,
    Terms,
    Wildcard,
)
from trimtab.logs.filters.values import at, bare, document, fields_of, number_of, text_of, text_test

Extracted = Mapping[str, str]
"""What a match found, by `$.a` or `$field`; empty for terms."""
Matcher = Callable[[str], Extracted | None]
"""Answers None for a message that does not match."""

_ORDER: Mapping[Op, Callable[[float, float], bool]] = {
    Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge,
}  # fmt: skip


def matcher(text: str) -> Matcher:
    """The predicate that `text` writes. Raises InvalidInput."""
    return matcher_of(parse(text))


def matcher_of(pattern: Pattern) -> Matcher:
    """The predicate of a parsed pattern."""
    if isinstance(pattern, Terms):
        return _terms(pattern)
    return _json(pattern) if isinstance(pattern, JsonPattern) else _fields(pattern)


def _terms(pattern: Terms) -> Matcher:
    required, optional, excluded = (
        [_contains(term) for term in terms] for terms in (pattern.required, pattern.optional, pattern.excluded)
    )

    def match(message: str) -> Extracted | None:
        fits = (
            all(term(message) for term in required)
            and not any(term(message) for term in excluded)
            and (not optional or any(term(message) for term in optional))
        )
        return {} if fits else None

    return match


def _contains(term: str | Regex) -> Callable[[str], bool]:
    return text_test(term) if isinstance(term, Regex) else lambda message: term in message


def _json(pattern: JsonPattern) -> Matcher:
    holds = _json_condition(pattern.condition)

    def match(message: str) -> Extracted | None:
        found = document(message)
        if found is None or not holds(found):
            return None
        values = ((selector.text, *at(found, selector.path)) for selector in pattern.selectors)
        return {text: text_of(value) for text, there, value in values if there and _is_scalar(value)}

    return match


def _json_condition(condition: Condition) -> Callable[[Any], bool]:
    match condition:
        case Every(parts):
            every = [_json_condition(part) for part in parts]
            return lambda found: all(part(found) for part in every)
        case Some(parts):
            some = [_json_condition(part) for part in parts]
            return lambda found: any(part(found) for part in some)
        case Is():
            path, constant = condition.selector.path, condition.constant
            if constant is Constant.NULL:
                return lambda found: at(found, path) == (True, None)
            wanted = constant is Constant.TRUE
            return lambda found: at(found, path)[1] is wanted
        case Absent():
            path = condition.selector.path
            return lambda found: not at(found, path)[0]
        case Compare():
            path = condition.selector.path if condition.selector else ()
            test = _json_test(condition.op, condition.value)
            return lambda found: _scalar_test(at(found, path)[1], test)


def _scalar_test(value: Any, test: Callable[[Any], bool]) -> bool:
    return _is_scalar(value) and test(value)


def _json_test(op: Op, value: Number | Wildcard | Regex) -> Callable[[Any], bool]:
    if isinstance(value, Number):
        number, text = value.value, value.text
        if op in _ORDER:
            order = _ORDER[op]
            return lambda found: _is_number(found) and order(float(found), number)

        def equal(found: Any) -> bool:
            return float(found) == number if _is_number(found) else text_of(found) == text
    else:
        test = text_test(value)

        def equal(found: Any) -> bool:
            return test(text_of(found))

    return equal if op is Op.EQ else lambda found: not equal(found)


def _fields(pattern: FieldsPattern) -> Matcher:
    tail = pattern.tail or ()
    least = len(pattern.head) + len(tail)
    tests = [
        (place, _field_condition(slot.condition))
        for place, slot in enumerate((*pattern.head, *tail))
        if slot.condition is not None
    ]

    def match(message: str) -> Extracted | None:
        fields = fields_of(message)
        if len(fields) < least:
            return None
        values = _placed(pattern, fields)
        if not all(test(values[place]) for place, test in tests):
            return None
        return _named(pattern, values, len(fields))

    return match


def _placed(pattern: FieldsPattern, fields: Sequence[str]) -> list[str]:
    """The values of the slots, in order."""
    head = len(pattern.head)
    if pattern.tail is not None:
        behind = len(fields) - len(pattern.tail)
        return [bare(field) for field in (*fields[:head], *fields[behind:])]
    rest = fields[head - 1 :]
    return [*(bare(field) for field in fields[: head - 1]), bare(rest[0]) if len(rest) == 1 else " ".join(rest)]


def _named(pattern: FieldsPattern, values: Sequence[str], count: int) -> Extracted:
    tail = pattern.tail or ()
    places = [*range(1, len(pattern.head) + 1), *range(count - len(tail) + 1, count + 1)]
    slots: Sequence[Slot] = (*pattern.head, *tail)
    return {f"${slot.name or place}": value for slot, place, value in zip(slots, places, values, strict=True)}


def _field_condition(condition: Condition | None) -> Callable[[str], bool]:
    match condition:
        case Every(parts):
            every = [_field_condition(part) for part in parts]
            return lambda field: all(part(field) for part in every)
        case Some(parts):
            some = [_field_condition(part) for part in parts]
            return lambda field: any(part(field) for part in some)
        case Compare(_, op, value):
            return _field_test(op, value)
        case _:
            raise AssertionError(f"a field cannot have the condition {condition}")


def _field_test(op: Op, value: Number | Wildcard | Regex) -> Callable[[str], bool]:
    if not isinstance(value, Number):
        test = text_test(value)
        return test if op is Op.EQ else lambda field: not test(field)
    number, text = value.value, value.text
    if op in _ORDER:
        order = _ORDER[op]
        return lambda field: (found := number_of(field)) is not None and order(found, number)

    def equal(field: str) -> bool:
        return field == text or number_of(field) == number

    return equal if op is Op.EQ else lambda field: not equal(field)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)
