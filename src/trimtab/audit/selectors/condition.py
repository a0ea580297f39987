"""Selectors as a condition over the columns of `audit_events`, every value bound.

One meaning in one place: deliveries and Lake queries both ask the engine. Positive operators of a field are
alternatives, negative ones must all hold, fields must all hold, and selectors are alternatives.
"""

from collections.abc import Mapping, Sequence
from typing import Any

_COLUMNS = {
    "readOnly": "if(read_only = 1, 'true', 'false')",
    "eventSource": "event_source",
    "eventName": "event_name",
    "eventCategory": "category",
    "eventType": "event_type",
    "sessionCredentialFromConsole": "JSONExtractString(record, 'sessionCredentialFromConsole')",
    "userIdentity.arn": "user_arn",
    "errorCode": "error_code",
    "vpcEndpointId": "JSONExtractString(record, 'vpcEndpointId')",
}
_LISTS = {"resources.type": "resource_types", "resources.ARN": "resource_names"}
_POSITIVE = {
    "Equals": "value = wanted",
    "StartsWith": "startsWith(value, wanted)",
    "EndsWith": "endsWith(value, wanted)",
}
_NEGATIVE = {f"Not{name}": test for name, test in _POSITIVE.items()}


class Bound:
    """Parameters of a statement: `bind` names a list of texts."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.values: dict[str, Any] = {}

    def bind(self, texts: Sequence[str]) -> str:
        """The parameter that stands for `texts`."""
        name = f"{self._prefix}{len(self.values)}"
        self.values[name] = list(texts)
        return f"{{{name}:Array(String)}}"


def of_basic(selectors: Sequence[Mapping[str, Any]], bound: Bound) -> str:
    """The condition of basic event selectors."""
    return _any([_basic(one, bound) for one in selectors])


def of_advanced(selectors: Sequence[Mapping[str, Any]], bound: Bound) -> str:
    """The condition of advanced event selectors."""
    return _any([_all([_field(each, bound) for each in one["FieldSelectors"]]) for one in selectors])


def of_insights(selectors: Sequence[Mapping[str, Any]], bound: Bound) -> str:
    """The condition of insight selectors: Insight events of their types."""
    kinds = bound.bind([one["InsightType"] for one in selectors])
    return f"(category = 'Insight' AND JSONExtractString(record, 'insightDetails', 'insightType') IN {kinds})"


def _basic(selector: Mapping[str, Any], bound: Bound) -> str:
    way = {"ReadOnly": "read_only = 1", "WriteOnly": "read_only = 0"}.get(selector.get("ReadWriteType") or "All", "1")
    wanted: list[str] = []
    if selector.get("IncludeManagementEvents", True):
        left_out = bound.bind(selector.get("ExcludeManagementEventSources") or ())
        wanted.append(f"(category = 'Management' AND event_source NOT IN {left_out})")
    for resource in selector.get("DataResources") or ():
        kind, arns = bound.bind([resource["Type"]]), bound.bind(resource["Values"])
        wanted.append(
            f"(category = 'Data' AND hasAny(resource_types, {kind})"
            f" AND arrayExists(value -> arrayExists(wanted -> startsWith(value, wanted), {arns}), resource_names))"
        )
    return f"({way} AND {_any(wanted)})"


def _field(selector: Mapping[str, Any], bound: Bound) -> str:
    field = selector["Field"]
    positive = [
        _tested(field, test, bound.bind(selector[name])) for name, test in _POSITIVE.items() if selector.get(name)
    ]
    negative = [
        _tested(field, test, bound.bind(selector[name])) for name, test in _NEGATIVE.items() if selector.get(name)
    ]
    parts = [_any(positive)] if positive else []
    return _all([*parts, *(f"NOT {one}" for one in negative)])


def _tested(field: str, test: str, wanted: str) -> str:
    """Whether the field's value (or one of a list's) passes `test` with one of the wanted texts."""
    inner = f"arrayExists(wanted -> {test}, {wanted})"
    if field in _LISTS:
        return f"arrayExists(value -> {inner}, {_LISTS[field]})"
    return f"arrayExists(value -> {inner}, [toString({_COLUMNS[field]})])"


def _any(parts: Sequence[str]) -> str:
    return f"({' OR '.join(parts)})" if parts else "0"


def _all(parts: Sequence[str]) -> str:
    return f"({' AND '.join(parts)})" if parts else "1"
