"""What monitors and subscriptions must say, checked and completed. Source: Cost Explorer API reference, AnomalyMonitor
and AnomalySubscription. Every function raises InvalidInput, and what reads an Expression also its reader's error.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.costs.anomalies.model import CHARGES, HUNDRED, Impact, Monitor
from trimtab.costs.model import And, Filter
from trimtab.costs.tag_keys import loose

MOST_MONITORS = 500
MOST_SUBSCRIPTIONS = 500
MOST_MAILS, MOST_TOPICS = 10, 1
ReadFilter = Callable[[Mapping[str, Any] | None], Filter | None]
"""Reads Cost Explorer's Expression; `rooms.py` gives the one of the Cost Explorer door. Raises TrimtabError."""

_ABSOLUTE, _PERCENTAGE = "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "ANOMALY_TOTAL_IMPACT_PERCENTAGE"
_KEYED = {"TAG": "Tags", "COST_CATEGORY": "CostCategories"}
_MAIL = re.compile(r"[^\s@,<>\"]+@[^\s@,<>\"]+")
_TOPIC = re.compile(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+")
_LONGEST_NAME = 1024
_OURS = ("MonitorArn", "CreationDate", "LastUpdatedDate", "LastEvaluatedDate", "DimensionalValueCount")
_OF_SUBSCRIPTIONS = ("SubscriptionArn", "AccountId")
_AT_LEAST = ["GREATER_THAN_OR_EQUAL"]


def monitor_form(given: Mapping[str, Any], read: ReadFilter) -> dict[str, Any]:
    """A monitor's form as it is kept, without what only answers carry."""
    form = {name: value for name, value in given.items() if value is not None and name not in _OURS}
    form["MonitorName"] = name_of(form.get("MonitorName"), "MonitorName")
    dimension, specification = form.get("MonitorDimension"), form.get("MonitorSpecification")
    if form["MonitorType"] == "CUSTOM":
        if dimension:
            raise InvalidInput("MonitorDimension is not allowed for CUSTOM monitors", field="MonitorDimension")
        if not specification:
            raise InvalidInput("MonitorSpecification is required for CUSTOM monitors", field="MonitorSpecification")
        read(specification)
        return form
    if not dimension:
        raise InvalidInput("MonitorDimension is required for DIMENSIONAL monitors", field="MonitorDimension")
    root = _KEYED.get(dimension)
    if root is None and specification:
        raise InvalidInput(
            f"MonitorSpecification is not allowed for {dimension} monitors", field="MonitorSpecification"
        )
    if root is not None:
        key = ((specification or {}).get(root) or {}).get("Key")
        if not key or len(specification or {}) != 1:
            raise InvalidInput(
                f"{dimension} monitors need a MonitorSpecification that names their key: "
                f'{{"{root}": {{"Key": "team"}}}}',
                field="MonitorSpecification",
            )
        where_of(Monitor("", "", form, 0, 0), read)
    return form


def where_of(monitor: Monitor, read: ReadFilter) -> Filter:
    """The lines that a monitor watches."""
    specification = monitor.form.get("MonitorSpecification")
    only: Filter | None = None
    if monitor.facet is None or _has_values(specification):
        only = loose(read(specification))
    return CHARGES if only is None else And((CHARGES, only))


def _has_values(specification: Mapping[str, Any] | None) -> bool:
    """Whether a dimensional monitor watches certain values of its key only."""
    return any(one.get("Values") or one.get("MatchOptions") for one in (specification or {}).values())


def subscription_form(given: Mapping[str, Any]) -> dict[str, Any]:
    """A subscription's form as it is kept. A threshold in dollars becomes an expression."""
    form = {name: value for name, value in given.items() if value is not None and name not in _OF_SUBSCRIPTIONS}
    form["SubscriptionName"] = name_of(form.get("SubscriptionName"), "SubscriptionName")
    threshold, expression = form.get("Threshold"), form.get("ThresholdExpression")
    if threshold is not None and expression is not None:
        raise InvalidInput("Threshold and ThresholdExpression cannot be used together: give one of them")
    if threshold is None and expression is None:
        raise InvalidInput("Threshold or ThresholdExpression is required", field="ThresholdExpression")
    if expression is not None:
        meets(expression, Impact(Decimal(0), Decimal(0), Decimal(0)))
    if not form["MonitorArnList"]:
        raise InvalidInput("MonitorArnList must name one monitor at least", field="MonitorArnList")
    form["MonitorArnList"] = list(dict.fromkeys(form["MonitorArnList"]))
    form["Subscribers"] = _subscribers(form["Subscribers"])
    return form


def passes(form: Mapping[str, Any], impact: Impact) -> bool:
    """Whether an anomaly is large enough for a subscription."""
    expression = form.get("ThresholdExpression")
    if expression is not None:
        return meets(expression, impact)
    return impact.total >= Decimal(str(form["Threshold"]))


def meets(expression: Mapping[str, Any], impact: Impact) -> bool:
    """Whether an impact meets a ThresholdExpression. Of what was not expected at all the percentage has no bound."""
    roots = [name for name, value in expression.items() if value is not None]
    if len(roots) != 1 or roots[0] not in ("And", "Or", "Dimensions"):
        raise _threshold(f"got {', '.join(roots) or 'nothing'}")
    [root] = roots
    if root == "Dimensions":
        return _compared(expression["Dimensions"], impact)
    parts = expression[root]
    if len(parts) < 2:
        raise _threshold(f"{root} with {len(parts)} operands")
    if any(one.get("Dimensions") is None for one in parts):
        raise _threshold(f"{root} of something else than Dimensions")
    found = [meets(one, impact) for one in parts]
    return all(found) if root == "And" else any(found)


def _compared(part: Mapping[str, Any], impact: Impact) -> bool:
    key = part.get("Key")
    values: list[str] = list(part.get("Values") or ())
    if key not in (_ABSOLUTE, _PERCENTAGE):
        raise _threshold(f"got the key {key}")
    if list(part.get("MatchOptions") or ()) != _AT_LEAST or len(values) != 1:
        raise _threshold(f"{key} needs MatchOptions GREATER_THAN_OR_EQUAL and one value")
    try:
        limit = Decimal(values[0])
    except InvalidOperation:
        raise _threshold(f"got the value {values[0]!r}") from None
    if not limit.is_finite() or limit < 0:
        raise _threshold(f"got the value {values[0]!r}")
    if key == _ABSOLUTE:
        return impact.total >= limit
    return impact.total * HUNDRED >= limit * impact.expected and impact.total > 0


def _threshold(got: str) -> InvalidInput:
    return InvalidInput(
        f"ThresholdExpression is invalid: {got}; expected Dimensions {_ABSOLUTE} or {_PERCENTAGE} with "
        "GREATER_THAN_OR_EQUAL and a number of 0 or more, or an And or Or of such",
        field="ThresholdExpression",
    )


def name_of(given: Any, field: str) -> str:
    """A name without blanks around it."""
    name = str(given or "").strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"{field} must have 1 to {_LONGEST_NAME} printable characters", field=field)
    return name


def _subscribers(given: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    found = []
    for one in given:
        type_, address = one.get("Type"), str(one.get("Address") or "").strip()
        if type_ not in ("SNS", "EMAIL"):
            raise InvalidInput("A subscriber needs a Type, EMAIL or SNS", field="Subscribers")
        right = _TOPIC.fullmatch(address) if type_ == "SNS" else _MAIL.fullmatch(address)
        if right is None or not address.isprintable():
            what = "SNS topic ARN" if type_ == "SNS" else "email address"
            raise InvalidInput(f"Invalid {what}: {address}", field="Subscribers")
        found.append({"Type": type_, "Address": address, "Status": "CONFIRMED"})
    topics = sum(one["Type"] == "SNS" for one in found)
    if not found:
        raise InvalidInput("Subscribers must name one at least", field="Subscribers")
    if topics > MOST_TOPICS or len(found) - topics > MOST_MAILS:
        raise LimitExceeded(f"A subscription has {MOST_TOPICS} topic and {MOST_MAILS} email subscribers at most")
    return found
