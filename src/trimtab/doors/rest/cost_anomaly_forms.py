"""Cost anomalies between REST's structs and the room's forms."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.client import cost_anomalies_wire as wire
from trimtab.costs.anomalies.around import Happening
from trimtab.costs.anomalies.incidents import wider_of
from trimtab.costs.anomalies.judging import DayOf
from trimtab.costs.anomalies.model import Anomaly, Impact, Monitor, Subscription
from trimtab.doors.rest.cost_filters import check_shape

_ROOTS = {"TAG": "Tags", "COST_CATEGORY": "CostCategories"}
_ABSOLUTE, _PERCENTAGE = "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "ANOMALY_TOTAL_IMPACT_PERCENTAGE"


def monitor_form(asked: wire.PutMonitor) -> dict[str, Any]:
    """Cost Explorer's form of a monitor. Raises InvalidInput where it says two things at once."""
    if bool(asked.dimension) == (asked.filter is not None):
        raise InvalidInput("cannot watch: expected a dimension, or a filter, not both", field="dimension")
    form: dict[str, Any] = {"MonitorName": asked.name, "MonitorType": "DIMENSIONAL" if asked.dimension else "CUSTOM"}
    if not asked.dimension:
        check_shape(asked.filter)
        return {**form, "MonitorSpecification": asked.filter}
    root = _ROOTS.get(asked.dimension)
    if bool(root) != bool(asked.key):
        raise InvalidInput("cannot watch: a key is for TAG and COST_CATEGORY, and they need one", field="key")
    form["MonitorDimension"] = asked.dimension
    return {**form, "MonitorSpecification": {root: {"Key": asked.key}}} if root else form


def subscription_form(asked: wire.PutSubscription, monitors: Sequence[str]) -> dict[str, Any]:
    """Cost Explorer's form of a subscription to `monitors`, by their ARNs."""
    parts = [
        {"Dimensions": {"Key": key, "Values": [value], "MatchOptions": ["GREATER_THAN_OR_EQUAL"]}}
        for key, value in ((_ABSOLUTE, asked.absolute), (_PERCENTAGE, asked.percentage))
        if value is not None
    ]
    form: dict[str, Any] = {
        "SubscriptionName": asked.name,
        "MonitorArnList": list(monitors),
        "Frequency": asked.frequency,
        "Subscribers": [{"Type": "EMAIL", "Address": one} for one in asked.emails]
        + ([{"Type": "SNS", "Address": asked.topic}] if asked.topic else []),
    }
    if not parts:
        return {**form, "Threshold": 0.0}
    whole = parts[0] if len(parts) == 1 else {"Or" if asked.any else "And": parts}
    return {**form, "ThresholdExpression": whole}


def id_of(arn: str) -> str:
    """The last part of an ARN: what paths name."""
    return arn.rpartition("/")[2]


def monitor_answer(one: Monitor) -> wire.CostMonitor:
    """A monitor as REST answers it."""
    return wire.CostMonitor(
        id_of(one.arn),
        one.arn,
        one.account,
        one.name,
        one.form["MonitorType"],
        one.form.get("MonitorDimension") or "",
        dict(one.form),
        one.value_count,
        one.judged_ms or None,
        one.problem,
    )


def subscription_answer(one: Subscription) -> wire.CostSubscription:
    """A subscription as REST answers it."""
    threshold = one.form.get("ThresholdExpression") or {"Threshold": one.form.get("Threshold")}
    return wire.CostSubscription(
        id_of(one.arn),
        one.arn,
        one.account,
        one.name,
        [id_of(arn) for arn in one.monitors],
        one.frequency.value,
        [who.address for who in one.subscribers if who.type == "EMAIL"],
        next((who.address for who in one.subscribers if who.type == "SNS"), ""),
        dict(threshold),
    )


def anomaly_answer(one: Anomaly, names: Mapping[str, str]) -> wire.CostAnomaly:
    """An anomaly as REST answers it; `names` are those of monitors, by ARN."""
    found = one.finding
    impact = found.impact
    return wire.CostAnomaly(
        id=one.id,
        monitor=id_of(one.monitor),
        monitor_name=names.get(one.monitor, ""),
        value=found.value,
        currency=found.currency,
        start_ms=found.start_ms,
        end_ms=found.end_ms,
        open=found.open,
        kind=found.kind.value,
        score=found.max_score,
        current_score=found.current_score,
        impact=f"{impact.total:f}",
        largest_day=f"{impact.most:f}",
        actual=f"{impact.actual:f}",
        expected=f"{impact.expected:f}",
        percentage=_percentage(impact),
        causes=[
            wire.RootCause(
                cause.service,
                cause.account,
                cause.account_name,
                cause.region,
                cause.usage_type,
                f"{cause.contribution:f}",
            )
            for cause in found.causes
        ],
        found_ms=one.found_ms,
        changed_ms=one.changed_ms,
        feedback=one.feedback,
        feedback_by=one.feedback_by,
        place=wire.AnomalyPlace(*found.origin.parts),
        wider=[
            wire.WiderPart(part.name, f"{part.impact.total:f}", f"{part.impact.expected:f}", _percentage(part.impact))
            for part in wider_of(one)
        ],
        also=[other.id for other in one.others],
    )


def _percentage(impact: Impact) -> str | None:
    return None if impact.percentage is None else f"{impact.percentage:f}"


def day_answer(one: DayOf) -> wire.AnomalyDay:
    """A day as REST answers it."""
    return wire.AnomalyDay(one.start_ms, one.actual, one.expected, one.limit, one.flagged)


def happening_answer(one: Happening) -> wire.Happening:
    """What happened as REST answers it."""
    return wire.Happening(one.sort.value, one.at_ms, one.title, one.who, one.account, list(one.about), one.link)
