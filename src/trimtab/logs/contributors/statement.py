"""A rule as conditions and expressions over `log_events`; everything that a user wrote travels in bound parameters."""

from typing import Any

from msgspec import Struct

from trimtab.logs.contributors.rule import Filter, Format, Place, Rule
from trimtab.logs.fields import Parameters
from trimtab.logs.filters.condition import condition_of, field_condition, present, text_at
from trimtab.logs.filters.syntax import JsonPattern
from trimtab.logs.filters.values import sql_bare, sql_fields, sql_number


class Matched(Struct, frozen=True):
    """What `matched` of `queries.sql` needs: conditions, an array of texts (NULL: none there), and a number."""

    where: str
    keys: str
    value: str
    params: dict[str, Any]


def matched(rule: Rule) -> Matched:
    """The parts of a rule's statement."""
    parameters = Parameters()
    where = " AND ".join(_filter(one, rule.format, parameters) for one in rule.filters) or "true"
    keys = "[" + ", ".join(_text(one, rule.format, parameters) for one in rule.keys) + "]"
    value = "toNullable(1.0)"
    if rule.value is not None:
        text = f"ifNull({_text(rule.value, rule.format, parameters)}, '')"
        value = sql_number(text, parameters)
    return Matched(where, keys, value, parameters.values)


def _text(place: Place, format_: Format, parameters: Parameters) -> str:
    """What stands at a place as text; NULL where there is nothing."""
    if format_ is Format.JSON:
        assert place.selector is not None  # noqa: S101 - places of JSON have one: `rule`
        return text_at(place.selector, parameters)
    fields, at = sql_fields("message", parameters), parameters.bind(place.number, "UInt32")
    return f"if(length({fields}) >= {at}, {sql_bare(f'{fields}[{at}]')}, NULL)"


def _filter(one: Filter, format_: Format, parameters: Parameters) -> str:
    if format_ is Format.JSON:
        if one.condition is not None:
            return condition_of(JsonPattern(one.condition, ()), parameters)
        assert one.place.selector is not None  # noqa: S101 - as above
        there = present(one.place.selector, parameters)
        return there if one.present else f"NOT {there}"
    fields, at = sql_fields("message", parameters), parameters.bind(one.place.number, "UInt32")
    there = f"length({fields}) >= {at}"
    if one.condition is None:
        return f"({there})" if one.present else f"NOT ({there})"
    return f"({there} AND {field_condition(one.condition, sql_bare(f'{fields}[{at}]'), parameters)})"
