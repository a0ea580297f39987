"""A filter pattern as a condition over `log_events`: exact, with everything that a user wrote in bound parameters."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.logs.fields import Parameters
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
    Selector,
    Some,
    Terms,
    Wildcard,
)
from trimtab.logs.filters.values import like, sql_bare, sql_fields, sql_number, sql_text_test

_NUMBERS = "('Int64', 'UInt64', 'Double')"
_SCALARS = "('String', 'Bool', 'Int64', 'UInt64', 'Double')"
_BEGINS = r"substring(message, 1, 1) IN ('{', ' ', '\t', '\n', '\r')"
_IN_FIELD = re.compile(r"\S+")
_IN_JSON = re.compile(r"[^\s\"\\/\x00-\x1f]*[A-Za-df-z][^\s\"\\/\x00-\x1f]*")  # no number, which has other spellings
_CONSTANTS = {Constant.NULL: "null", Constant.TRUE: "true", Constant.FALSE: "false"}


def condition(text: str) -> tuple[str, Mapping[str, Any]]:
    """The condition that `text` writes and its parameters, named `q0`…; it is never empty. Raises InvalidInput."""
    parameters = Parameters()
    return condition_of(parse(text), parameters), parameters.values


def condition_of(pattern: Pattern, parameters: Parameters) -> str:
    """The condition of a parsed pattern."""
    match pattern:
        case Terms():
            return _terms(pattern, parameters)
        case JsonPattern(inside, _):
            hints = [_BEGINS, *_hints(inside, _IN_JSON, parameters, escaped=True)]
            return _guarded(hints, f"JSONType(message) = 'Object' AND {_json(inside, parameters)}")
        case FieldsPattern():
            return _fields(pattern, parameters)


def _terms(pattern: Terms, parameters: Parameters) -> str:
    def contains(term: str | Regex) -> str:
        if isinstance(term, Regex):
            return sql_text_test("message", term, parameters)
        # LIKE and not position(): the index of parts of words serves it.
        return f"message LIKE {parameters.text(f'%{like(term)}%')}"

    parts = [contains(term) for term in pattern.required]
    parts += [f"NOT {contains(term)}" for term in pattern.excluded]
    if pattern.optional:
        parts.append("(" + " OR ".join(contains(term) for term in pattern.optional) + ")")
    return f"({' AND '.join(parts) or 'true'})"


def _hints(inside: Condition, word: re.Pattern[str], parameters: Parameters, *, escaped: bool) -> list[str]:
    """Words that the message must have for `inside` to hold: cheap to look for, and the index knows some of them.

    In JSON a character may be escaped: where there is an escape by number, a word may be there and not be seen.
    """
    match inside:
        case Every(parts):
            return [hint for part in parts for hint in _hints(part, word, parameters, escaped=escaped)]
        case Compare(_, Op.EQ, Wildcard(texts)):
            words = [found for text in texts for found in word.findall(text)]
            if not words:
                return []
            has = f"message LIKE {parameters.text(f'%{like(max(words, key=len))}%')}"
            return [f"({has} OR position(message, '\\\\u') > 0)" if escaped else has]
        case _:
            return []


def _json(inside: Condition, parameters: Parameters) -> str:
    match inside:
        case Every(parts):
            return "(" + " AND ".join(_json(part, parameters) for part in parts) + ")"
        case Some(parts):
            return "(" + " OR ".join(_json(part, parameters) for part in parts) + ")"
        case Is():
            there, arguments = _there(inside.selector, parameters)
            return f"({there} AND JSONExtractRaw({arguments}) = '{_CONSTANTS[inside.constant]}')"
        case Absent():
            return f"NOT ({_there(inside.selector, parameters)[0]})"
        case Compare():
            if inside.selector is None:
                raise AssertionError("a condition on JSON has a selector")
            there, arguments = _there(inside.selector, parameters)
            return f"({there} AND {_json_test(arguments, inside.op, inside.value, parameters)})"


def _there(selector: Selector, parameters: Parameters) -> tuple[str, str]:
    """Whether the message has something there, and the arguments of the engine's functions that read it."""
    arguments, checks = "message", []
    for step in selector.path:
        if isinstance(step, int):  # on an object the engine would count members
            checks.append(f"JSONType({arguments}) = 'Array'")
            arguments += f", {parameters.bind(step + 1, 'Int64')}"
        else:
            arguments += f", {parameters.text(step)}"
    return " AND ".join([*checks, f"JSONHas({arguments})"]), arguments


def _json_test(arguments: str, op: Op, value: Number | Wildcard | Regex, parameters: Parameters) -> str:
    kind = f"JSONType({arguments})"
    text = f"if({kind} = 'String', JSONExtractString({arguments}), JSONExtractRaw({arguments}))"
    if isinstance(value, Number):
        number = f"JSONExtractFloat({arguments}) {op} {parameters.bind(value.value, 'Float64')}"
        if op not in (Op.EQ, Op.NE):
            return f"{kind} IN {_NUMBERS} AND {number}"
        same = f"if({kind} IN {_NUMBERS}, {number}, {text} {op} {parameters.text(value.text)})"
        return f"{kind} IN {_SCALARS} AND {same}"
    fits = sql_text_test(text, value, parameters)
    return f"{kind} IN {_SCALARS} AND {fits if op is Op.EQ else f'NOT ({fits})'}"


def _fields(pattern: FieldsPattern, parameters: Parameters) -> str:
    found = sql_fields("message", parameters)
    tail = pattern.tail or ()
    parts, hints = [f"length({found}) >= {len(pattern.head) + len(tail)}"], []
    places = [*enumerate(pattern.head, 1), *((-place, slot) for place, slot in enumerate(reversed(tail), 1))]
    for place, slot in places:
        if slot.condition is None:
            continue
        hints += _hints(slot.condition, _IN_FIELD, parameters, escaped=False)
        field = sql_bare(f"{found}[{place}]")
        if pattern.tail is None and place == len(pattern.head):
            field = f"if(length({found}) = {place}, {field}, arrayStringConcat(arraySlice({found}, {place}), ' '))"
        parts.append(_field(slot.condition, field, parameters))
    return _guarded(hints, " AND ".join(parts))


def _guarded(hints: list[str], condition: str) -> str:
    """`condition` where all hints hold. They stand outside too, for the index; inside `if` they spare the rest work."""
    if not hints:
        return f"({condition})"
    all_hints = " AND ".join(hints)
    return f"({all_hints} AND if({all_hints}, {condition}, false))"


def _field(inside: Condition, field: str, parameters: Parameters) -> str:
    match inside:
        case Every(parts):
            return "(" + " AND ".join(_field(part, field, parameters) for part in parts) + ")"
        case Some(parts):
            return "(" + " OR ".join(_field(part, field, parameters) for part in parts) + ")"
        case Compare():
            return _field_test(inside.op, inside.value, field, parameters)
        case _:
            raise AssertionError(f"a field cannot have the condition {inside}")


def _field_test(op: Op, value: Number | Wildcard | Regex, field: str, parameters: Parameters) -> str:
    if not isinstance(value, Number):
        fits = sql_text_test(field, value, parameters)
        return f"({fits})" if op is Op.EQ else f"NOT ({fits})"
    number, bound = sql_number(field, parameters), parameters.bind(value.value, "Float64")
    if op not in (Op.EQ, Op.NE):
        return f"ifNull({number} {op} {bound}, false)"
    same = f"({field} = {parameters.text(value.text)} OR ifNull({number} = {bound}, false))"
    return same if op is Op.EQ else f"NOT {same}"
