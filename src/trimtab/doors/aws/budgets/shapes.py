"""The room's objects as the API's structures."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from trimtab.budgets import limits
from trimtab.budgets.filters import cost_types, expression_of
from trimtab.budgets.model import Budget, Notification, Spend, Subscriber


def budget_shape(budget: Budget, *, expression: bool = False) -> dict[str, Any]:
    """A `Budget`; `expression` says whether its FilterExpression is wanted."""
    form, standing = dict(budget.form), budget.standing
    own = form.pop("FilterExpression", None)
    if expression:
        wanted = own or expression_of(form.get("CostFilters") or {})
        if wanted:
            form["FilterExpression"] = wanted
    if not form.get("Metrics"):
        form.setdefault("CostFilters", {})
        if budget.form["BudgetType"] == "COST":
            form["CostTypes"] = cost_types(form)
    form["LastUpdatedTime"] = budget.updated_ms
    form["HealthStatus"] = {"Status": "HEALTHY", "LastUpdatedTime": standing.at_ms if standing else budget.updated_ms}
    if limits.adjusts(budget):
        at = standing.start_ms if standing else budget.created_ms
        form["AutoAdjustData"] = {**form["AutoAdjustData"], "LastAutoAdjustTime": at}
    if standing is not None and standing.limit is not None:
        form["BudgetLimit"] = spend_shape(standing.limit)
    limit = form.get("BudgetLimit") or {"Unit": "USD"}
    nothing = {"Amount": "0.0", "Unit": limit["Unit"]}  # clients count on an amount; REST says that it is not known
    calculated = {"ActualSpend": spend_shape(standing.actual) if standing and standing.actual else nothing}
    if standing is not None and standing.forecast is not None:
        calculated["ForecastedSpend"] = spend_shape(standing.forecast)
    form["CalculatedSpend"] = calculated
    return form


def spend_shape(spend: Spend) -> dict[str, str]:
    """A `Spend`: plain digits without trailing zeros."""
    return {"Amount": plain(spend.amount), "Unit": spend.unit}


def plain(amount: Decimal) -> str:
    """An amount in plain digits; whole amounts as `100.0`, as the API writes them."""
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if "." in text else f"{text}.0"


def notification_shape(one: Notification) -> dict[str, Any]:
    """A `Notification`."""
    return {
        "NotificationType": one.type.value,
        "ComparisonOperator": one.comparison,
        "Threshold": float(one.threshold),
        "ThresholdType": one.threshold_type,
        "NotificationState": one.state.value,
    }


def subscriber_shapes(found: Sequence[Subscriber]) -> list[dict[str, str]]:
    """`Subscribers`."""
    return [{"SubscriptionType": one.type, "Address": one.address} for one in found]
