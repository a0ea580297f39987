"""What a rule of Contributor Insights says, read from its definition.

    {"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": ["/aws/api/*"], "LogFormat": "JSON",
     "Contribution": {"Keys": ["$.ip"], "ValueOf": "$.bytes", "Filters": [{"Match": "$.method", "In": ["PUT"]}]},
     "AggregateOn": "Sum"}

With `LogFormat` CLF the fields of a line are separated by spaces, and `Fields` gives names to their places, counted
from 1. Source: CloudWatch User Guide, "Contributor Insights rule syntax".
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.logs.filters.lexer import steps, tokens
from trimtab.logs.filters.syntax import Compare, Condition, Number, Op, Selector, Some, Wildcard
from trimtab.logs.filters.syntax import Every as All

SCHEMA, VERSION = "CloudWatchLogRule", 1
MOST_KEYS = 4
MOST_FILTERS = 4
MOST_VALUES = 10
"""Keys and filters of a rule, and values of a filter, as documented."""
MOST_PLACE = 1000
MOST_INDEX = 1_000_000
_ARN = re.compile(r"arn:[\w-]+:logs:(?P<region>[\w-]+):(?P<account>\d{12}):log-group:(?P<name>[^:]+)(?::\*)?")
_MEMBERS = frozenset(
    ("Schema", "LogGroupNames", "LogGroupARNs", "LogFormat", "Fields", "Contribution", "AggregateOn")
)  # fmt: skip
_ORDERS = {"GreaterThan": Op.GT, "LessThan": Op.LT, "EqualTo": Op.EQ, "NotEqualTo": Op.NE}
_LISTS = ("In", "NotIn", "StartsWith")
_OPERATORS = (*_LISTS, *_ORDERS, "IsPresent")


Kind = TypeVar("Kind", bound=StrEnum)


class Format(StrEnum):
    """How the events of the groups are written."""

    JSON = "JSON"
    CLF = "CLF"


class Aggregate(StrEnum):
    """What is added up for a contributor."""

    COUNT = "Count"
    SUM = "Sum"


class Groups(Struct, frozen=True):
    """Log groups by name; `wild` takes all that begin with it. No account: those of the rule's own place."""

    name: str
    wild: bool
    account: str = ""
    region: str = ""


class Place(Struct, frozen=True):
    """Where a value stands in an event: in a JSON message, or the field of a line, counted from 1."""

    text: str
    selector: Selector | None = None
    number: int = 0


class Filter(Struct, frozen=True):
    """A condition on one place. `present` where it only says whether there is something, else None."""

    place: Place
    condition: Condition | None
    present: bool | None = None


class Rule(Struct, frozen=True):
    """A rule that was read. `value` is the place of what is summed; None counts events."""

    groups: tuple[Groups, ...]
    format: Format
    keys: tuple[Place, ...]
    filters: tuple[Filter, ...]
    aggregate: Aggregate
    value: Place | None = None


def read_rule(definition: str) -> Rule:
    """The rule of a definition. Raises InvalidInput, naming what is wrong."""
    try:
        body = typed.loads(definition)
    except ValueError:
        raise _wrong("it is not JSON") from None
    if not isinstance(body, dict):
        raise _wrong("expected a JSON object")
    unknown = sorted(set(body) - _MEMBERS)
    if unknown:
        raise _wrong(f"got {unknown[0]!r}; expected {', '.join(sorted(_MEMBERS))}")
    schema = body.get("Schema")
    if not isinstance(schema, dict) or schema.get("Name") != SCHEMA or schema.get("Version") != VERSION:
        raise _wrong(f'expected "Schema": {{"Name": "{SCHEMA}", "Version": {VERSION}}}')
    format_ = _one_of(Format, body.get("LogFormat"), "LogFormat")
    names = _fields(body, format_)
    contribution = body.get("Contribution")
    if not isinstance(contribution, dict):
        raise _wrong("expected Contribution, an object with Keys")
    keys = _texts(contribution.get("Keys"), "Contribution.Keys", MOST_KEYS)
    aggregate = _one_of(Aggregate, body.get("AggregateOn"), "AggregateOn")
    value = contribution.get("ValueOf")
    if (value is not None) != (aggregate is Aggregate.SUM):
        raise _wrong("ValueOf goes with AggregateOn Sum, and only with it")
    filters = contribution.get("Filters") or []
    if not isinstance(filters, list) or len(filters) > MOST_FILTERS:
        raise _wrong(f"expected at most {MOST_FILTERS} Filters")
    return Rule(
        _groups(body),
        format_,
        tuple(_place(one, format_, names) for one in keys),
        tuple(_filter(one, format_, names) for one in filters),
        aggregate,
        None if value is None else _place(value, format_, names),
    )


def _wrong(what: str) -> InvalidInput:
    return InvalidInput(f"The value for parameter RuleDefinition is invalid: {what}.", field="RuleDefinition")


def _one_of(kind: type[Kind], given: Any, name: str) -> Kind:
    for one in kind:
        if isinstance(given, str) and given.upper() == one.upper():
            return one
    raise _wrong(f"got {name} {given!r}; expected {' or '.join(kind)}")


def _texts(given: Any, name: str, most: int) -> list[str]:
    if not isinstance(given, list) or not 1 <= len(given) <= most:
        raise _wrong(f"expected {name}, a list of 1 to {most}")
    if not all(isinstance(one, str) and one for one in given):
        raise _wrong(f"expected {name} to be texts")
    return given


def _groups(body: Mapping[str, Any]) -> tuple[Groups, ...]:
    given = [name for name in ("LogGroupNames", "LogGroupARNs") if name in body]
    if len(given) != 1:
        raise _wrong("expected one of LogGroupNames and LogGroupARNs")
    texts = _texts(body[given[0]], given[0], 100)
    if given[0] == "LogGroupNames":
        return tuple(_named(text, text) for text in texts)
    found = []
    for text in texts:
        parts = _ARN.fullmatch(text)
        if parts is None:
            raise _wrong(f"got {text!r} in LogGroupARNs; expected ARNs of log groups")
        found.append(_named(parts["name"], text, parts["account"], parts["region"]))
    return tuple(found)


def _named(name: str, text: str, account: str = "", region: str = "") -> Groups:
    if "*" in name[:-1]:
        raise _wrong(f"got {text!r}; expected an asterisk at the end of a name only")
    return Groups(name.removesuffix("*"), name.endswith("*"), account, region)


def _fields(body: Mapping[str, Any], format_: Format) -> dict[str, int]:
    """Names of the places of a line."""
    given = body.get("Fields")
    if given is None:
        return {}
    if format_ is not Format.CLF or not isinstance(given, dict):
        raise _wrong("Fields is an object, and goes with LogFormat CLF")
    names: dict[str, int] = {}
    for place, name in given.items():
        if not (place.isascii() and place.isdigit() and 1 <= int(place[:5]) <= MOST_PLACE) or not isinstance(name, str):
            raise _wrong(f"got {place!r} in Fields; expected places from 1 to {MOST_PLACE} with a name each")
        names[name] = int(place)
    return names


def _place(given: Any, format_: Format, names: Mapping[str, int]) -> Place:
    if not isinstance(given, str):
        raise _wrong(f"got the field {given!r}; expected a text")
    if format_ is Format.JSON:
        selector = _selector(given)
        if selector is None:
            raise _wrong(f"got the field {given!r}; expected a place as in $.request.ip")
        return Place(given, selector)
    number = names.get(given, int(given[:5]) if given.isascii() and given.isdigit() else 0)
    if not 1 <= number <= MOST_PLACE:
        raise _wrong(f"got the field {given!r}; expected a name that Fields gives, or a place from 1")
    return Place(given, None, number)


def _selector(text: str) -> Selector | None:
    try:
        found = tokens(text, 0, len(text))
    except InvalidInput:
        return None
    if len(found) != 2 or found[0].kind != "selector" or found[0].text != text:  # it and the end
        return None
    path = steps(text)
    return Selector(path, text) if all(isinstance(one, str) or one < MOST_INDEX for one in path) else None


def _filter(given: Any, format_: Format, names: Mapping[str, int]) -> Filter:
    operators = [name for name in given if name != "Match"] if isinstance(given, dict) else []
    if len(operators) != 1 or operators[0] not in _OPERATORS:
        raise _wrong(f"expected a filter to have Match and one of {', '.join(_OPERATORS)}")
    place, [name] = _place(given.get("Match"), format_, names), operators
    value = given[name]
    if name == "IsPresent":
        if not isinstance(value, bool):
            raise _wrong("expected IsPresent to be true or false")
        return Filter(place, None, value)
    if name in _ORDERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(f"expected {name} to be a number")
        return Filter(place, Compare(place.selector, _ORDERS[name], Number(float(value), _written(value))))
    return Filter(place, _listed(place, name, _texts(value, name, MOST_VALUES)))


def _written(value: int | float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else str(value)


def _listed(place: Place, name: str, values: Sequence[str]) -> Condition:
    if name == "NotIn":
        return All(tuple(Compare(place.selector, Op.NE, Wildcard((value,))) for value in values))
    ends = ("",) if name == "StartsWith" else ()
    return Some(tuple(Compare(place.selector, Op.EQ, Wildcard((value, *ends))) for value in values))
