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
            found = _json(inside, parameters)
            # What an object has inside, no other message has: only of what is not there must it be asked.
            return _guarded(hints, found if _is_of_object(inside) else f"JSONType(message) = 'Object' AND {found}")
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
            checks, arguments = _there(inside.selector, parameters)
            return _all(f"JSONExtractRaw({arguments}) = '{_CONSTANTS[inside.constant]}'", *checks)
        case Absent():
            checks, arguments = _there(inside.selector, parameters)
            return f"NOT {_all(*checks, f'JSONHas({arguments})')}"
        case Compare():
            if inside.selector is None:
                raise AssertionError("a condition on JSON has a selector")
            checks, arguments = _there(inside.selector, parameters)
            return _all(_json_test(arguments, inside.op, inside.value, parameters), *checks)


def _is_of_object(inside: Condition) -> bool:
    """Whether it holds for objects alone, as it is: every test of something that is there does."""
    match inside:
        case Every(parts):
            return any(_is_of_object(part) for part in parts)
        case Some(parts):
            return all(_is_of_object(part) for part in parts)
        case Compare() | Is():
            return True
        case Absent():
            return False


def _all(*conditions: str) -> str:
    return f"({' AND '.join(conditions)})"


def _there(selector: Selector, parameters: Parameters) -> tuple[list[str], str]:
    """What must hold of the way there, and the arguments of the engine's functions that read what is there."""
    arguments, checks = "message", []
    for step in selector.path:
        if isinstance(step, int):  # on an object the engine would count members
            checks.append(f"JSONType({arguments}) = 'Array'")
            arguments += f", {parameters.bind(step + 1, 'Int64')}"
        else:
            arguments += f", {parameters.text(step)}"
    return checks, arguments


def text_at(selector: Selector, parameters: Parameters) -> str:
    """What a JSON message has at a place, as text; NULL where there is no text, number, true or false."""
    checks, arguments = _there(selector, parameters)
    kind = f"JSONType({arguments})"
    text = f"if({kind} = 'String', JSONExtractString({arguments}), JSONExtractRaw({arguments}))"
    return f"if({_all(_BEGINS, *checks, f'{kind} IN {_SCALARS}')}, {text}, NULL)"


def present(selector: Selector, parameters: Parameters) -> str:
    """Whether a JSON message has anything at a place, null included."""
    checks, arguments = _there(selector, parameters)
    return _all(_BEGINS, *checks, f"JSONHas({arguments})")


def _json_test(arguments: str, op: Op, value: Number | Wildcard | Regex, parameters: Parameters) -> str:
    """A test of what is there. Each function of it parses the message: the one that most lines fail comes first."""
    kind = f"JSONType({arguments})"
    if isinstance(value, Number):
        number = f"JSONExtractFloat({arguments}) {'=' if op is Op.NE else op} {parameters.bind(value.value, 'Float64')}"
        held = f"({number} AND {kind} IN {_NUMBERS})"
        if op not in (Op.EQ, Op.NE):
            return held
        spelt = f"(JSONExtractString({arguments}) = {parameters.text(value.text)} AND {kind} = 'String')"
        same = f"({held} OR {spelt})"
        return same if op is Op.EQ else f"(NOT {same} AND {kind} IN {_SCALARS})"
    text = f"if({kind} = 'String', JSONExtractString({arguments}), JSONExtractRaw({arguments}))"
    fits = sql_text_test(text, value, parameters)
    return f"({kind} IN {_SCALARS} AND {fits if op is Op.EQ else f'NOT ({fits})'})"


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


def field_condition(inside: Condition, field: str, parameters: Parameters) -> str:
    """A condition on one field of a line, whose text `field` is as SQL."""
    return _field(inside, field, parameters)


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
