"""What a definition must say, checked and completed. Source: Budgets API reference, CreateBudget and its types.

Every function raises InvalidInput.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.budgets import calendar, limits
from trimtab.budgets.filters import ReadFilter, cost_types, where_of
from trimtab.budgets.model import BudgetType, Notification, NotificationState, NotificationType, Subscriber, TimeUnit
from trimtab.costs.periods import month_start

MOST_BUDGETS = 20_000
MOST_NOTIFICATIONS = 10
MOST_MAILS, MOST_TOPICS = 10, 1
MOST_ADJUSTMENT_PERIODS = {TimeUnit.DAILY: 60, TimeUnit.MONTHLY: 12, TimeUnit.QUARTERLY: 4, TimeUnit.ANNUALLY: 1}
"""Periods that a HISTORICAL budget can look back."""
_SHARE_LIMIT = {"Amount": "100", "Unit": "PERCENTAGE"}
_NAME = re.compile(r"[^:\\\x00-\x1f]{1,100}")
_MAIL = re.compile(r"[^\s@,<>\"]+@[^\s@,<>\"]+")
_TOPIC = re.compile(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+")
_READ_ONLY = ("CalculatedSpend", "LastUpdatedTime", "HealthStatus")


def complete(form: Mapping[str, Any], read: ReadFilter, now_ms: int) -> dict[str, Any]:
    """The definition as it is kept: times filled in, what only answers carry left out."""
    made = {name: value for name, value in form.items() if value is not None and name not in _READ_ONLY}
    _check_name(str(made["BudgetName"]))
    kind, unit = BudgetType(made["BudgetType"]), TimeUnit(made["TimeUnit"])
    made["TimePeriod"] = _time_period(made.get("TimePeriod") or {}, unit, now_ms)
    _check_words(made, kind)
    _limit(made, kind, unit)
    where_of(made, read)
    return made


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or "/action/" in name or "<script>" in name.lower():
        raise InvalidInput(
            f"BudgetName {name!r} is invalid: expected 1 to 100 characters without ':', '\\' and '/action/'.",
            field="BudgetName",
        )


def read_notification(form: Mapping[str, Any]) -> Notification:
    """A Notification of the API."""
    notification = Notification(
        NotificationType(form["NotificationType"]),
        form["ComparisonOperator"],
        Decimal(str(form["Threshold"])),
        form.get("ThresholdType") or "PERCENTAGE",
        NotificationState(form.get("NotificationState") or "OK"),
    )
    if not notification.threshold.is_finite():
        raise InvalidInput("Threshold must be a number.", field="Threshold")
    return notification


def check_notification(budget: Mapping[str, Any], notification: Notification) -> None:
    """Whether a budget can have a notification."""
    forecast = notification.type is NotificationType.FORECASTED
    if forecast and BudgetType(budget["BudgetType"]).is_share:
        raise InvalidInput(f"Forecasted notifications are not supported for {budget['BudgetType']} budgets.")
    if forecast and budget["TimeUnit"] == TimeUnit.DAILY:
        raise InvalidInput("Forecasted notifications are not supported for daily budgets.")


def read_subscribers(forms: Sequence[Mapping[str, Any]]) -> list[Subscriber]:
    """Subscribers of the API, each once."""
    found = [read_subscriber(form) for form in forms]
    if len(set(found)) < len(found):
        raise InvalidInput("Duplicate subscribers are not allowed.", field="Subscribers")
    check_count(found)
    return found


def read_subscriber(form: Mapping[str, Any]) -> Subscriber:
    """A Subscriber of the API."""
    one = Subscriber(form["SubscriptionType"], str(form["Address"]).strip())
    if one.type == "SNS" and not _TOPIC.fullmatch(one.address):
        raise InvalidInput(f"Invalid SNS topic ARN: {one.address}", field="Address")
    if one.type == "EMAIL" and not (_MAIL.fullmatch(one.address) and one.address.isprintable()):
        raise InvalidInput(f"Invalid email address: {one.address}", field="Address")
    return one


def check_count(found: Sequence[Subscriber]) -> None:
    """Whether a notification can have so many subscribers. Raises LimitExceeded."""
    topics = sum(one.type == "SNS" for one in found)
    mails = len(found) - topics
    if topics > MOST_TOPICS or mails > MOST_MAILS:
        raise LimitExceeded(
            f"Subscriber limit exceeded: got {topics} SNS and {mails} email subscribers; "
            f"expected {MOST_TOPICS} and {MOST_MAILS} at most."
        )


def _time_period(given: Mapping[str, Any], unit: TimeUnit, now_ms: int) -> dict[str, int]:
    if unit is TimeUnit.CUSTOM and (given.get("Start") is None or given.get("End") is None):
        raise InvalidInput("TimePeriod must have a Start and an End for budgets with a CUSTOM time unit.")
    start, end = given.get("Start"), given.get("End")
    start = calendar.first_start(unit, now_ms) if start is None else int(start)
    end = calendar.FOREVER_MS if end is None else int(end)
    if start >= end:
        raise InvalidInput("Start time should not be after end time.", field="TimePeriod")
    return {"Start": start, "End": min(end, calendar.FOREVER_MS)}


def _check_words(form: Mapping[str, Any], kind: BudgetType) -> None:
    old = [name for name in ("CostFilters", "CostTypes") if form.get(name)]
    young = [name for name in ("FilterExpression", "Metrics") if form.get(name)]
    if old and young:
        raise InvalidInput(f"{old[0]} and {young[0]} cannot be used together: use FilterExpression with Metrics.")
    types = cost_types(form)
    if types["UseBlended"] and types["UseAmortized"]:
        raise InvalidInput("UseBlended and UseAmortized cannot both be true.", field="CostTypes")
    for metric in form.get("Metrics") or ():
        is_usage = metric in ("UsageQuantity", "NormalizedUsageAmount", "Hours")
        if kind.is_share or is_usage != (kind is BudgetType.USAGE):
            raise InvalidInput(f"Metric {metric} is not supported for {kind} budgets.", field="Metrics")


def _limit(form: dict[str, Any], kind: BudgetType, unit: TimeUnit) -> None:
    """Exactly one way to say the limit, and that one is right."""
    planned, adjust = form.get("PlannedBudgetLimits"), form.get("AutoAdjustData")
    if kind.is_share:
        if planned or adjust:
            raise InvalidInput(f"{kind} budgets have a fixed BudgetLimit of 100 PERCENTAGE.")
        limit = form.setdefault("BudgetLimit", dict(_SHARE_LIMIT))
        if _amount(limit) != 100:
            raise InvalidInput(f"BudgetLimit of {kind} budgets must be 100.", field="BudgetLimit")
        form["BudgetLimit"] = dict(_SHARE_LIMIT)
        return
    if planned and (adjust or form.get("BudgetLimit")):
        raise InvalidInput(
            "PlannedBudgetLimits cannot be used with BudgetLimit or AutoAdjustData: only one is allowed."
        )
    if planned:
        _planned(planned, unit)
    elif adjust:
        _adjust(adjust, unit)
    elif not form.get("BudgetLimit"):
        raise InvalidInput("BudgetLimit, PlannedBudgetLimits or AutoAdjustData is required.", field="BudgetLimit")
    else:
        _amount(form["BudgetLimit"])


def _amount(spend: Mapping[str, str]) -> Decimal:
    try:
        amount = Decimal(spend["Amount"])
    except InvalidOperation:
        raise InvalidInput(f"Amount must be a number, got {spend['Amount']!r}.", field="Amount") from None
    if not amount.is_finite() or not 0 <= amount < 10**18:
        raise InvalidInput(f"Amount must be 0 or more, got {spend['Amount']!r}.", field="Amount")
    return amount


def _planned(planned: Mapping[str, Mapping[str, str]], unit: TimeUnit) -> None:
    count = limits.PLANNED.get(unit)
    if count is None:
        raise InvalidInput("PlannedBudgetLimits are supported for MONTHLY and QUARTERLY budgets only.")
    if len(planned) != count:
        raise InvalidInput(f"A {unit} budget needs {count} PlannedBudgetLimits, got {len(planned)}.")
    if not all(key.isdecimal() and len(key) < 12 for key in planned):
        raise InvalidInput("Keys of PlannedBudgetLimits must be epoch seconds.", field="PlannedBudgetLimits")
    starts = sorted(int(key) * 1000 for key in planned)
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        if month_start(start) != start or calendar.first_start(unit, start) != start:
            raise InvalidInput(f"PlannedBudgetLimits key {start // 1000} must be the start of a {_NOUN[unit]}, UTC.")
        if following is not None and calendar.after(unit, start) != following:
            raise InvalidInput(f"PlannedBudgetLimits must be of consecutive {_NOUN[unit]}s.")
    if len({one["Unit"] for one in planned.values()}) > 1:
        raise InvalidInput("PlannedBudgetLimits must all have one Unit.", field="PlannedBudgetLimits")
    for one in planned.values():
        _amount(one)


_NOUN = {TimeUnit.MONTHLY: "month", TimeUnit.QUARTERLY: "quarter"}


def _adjust(adjust: Mapping[str, Any], unit: TimeUnit) -> None:
    most = MOST_ADJUSTMENT_PERIODS.get(unit)
    if most is None:
        raise InvalidInput("AutoAdjustData is not supported for CUSTOM budgets.", field="AutoAdjustData")
    options = adjust.get("HistoricalOptions")
    if adjust["AutoAdjustType"] == "FORECAST":
        if options:
            raise InvalidInput("HistoricalOptions are not supported for AutoAdjustType FORECAST.")
        if unit is TimeUnit.DAILY:
            raise InvalidInput("AutoAdjustType FORECAST is not supported for daily budgets.", field="AutoAdjustData")
        return
    if not options:
        raise InvalidInput("HistoricalOptions are required for AutoAdjustType HISTORICAL.", field="AutoAdjustData")
    if options["BudgetAdjustmentPeriod"] > most:
        raise InvalidInput(f"BudgetAdjustmentPeriod of {unit} budgets must be {most} or less.")
