"""Budgets between REST's structs and the room's forms."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from trimtab.budgets.actions import ACTUATOR, Happened
from trimtab.budgets.form import read_notification, read_subscribers
from trimtab.budgets.model import Action, Budget, Notification, Spend, Subscriber
from trimtab.client import budgets_wire as wire
from trimtab.doors.rest.cost_filters import check_shape

Told = Sequence[tuple[Notification, list[Subscriber]]]
NOBODY = "arn:aws:iam::000000000000:role/trimtab"
"""The execution role of actions of our own: the API wants one, and nothing here assumes it."""


def form_of(asked: wire.PutBudget) -> dict[str, Any]:
    """The Budgets API's form of what is asked. Raises InvalidInput for a filter that is no Expression."""
    form: dict[str, Any] = {"BudgetName": asked.name, "BudgetType": asked.type, "TimeUnit": asked.time_unit}
    if asked.limit is not None:
        form["BudgetLimit"] = {"Amount": asked.limit, "Unit": asked.unit}
    if asked.planned:
        form["PlannedBudgetLimits"] = {
            key: {"Amount": amount, "Unit": asked.unit} for key, amount in asked.planned.items()
        }
    if asked.adjust:
        form["AutoAdjustData"] = {"AutoAdjustType": asked.adjust}
        if asked.adjust == "HISTORICAL":
            form["AutoAdjustData"]["HistoricalOptions"] = {"BudgetAdjustmentPeriod": asked.adjust_periods}
    if asked.filter:
        check_shape(asked.filter)
    parts = [asked.filter] if asked.filter else []
    parts += [{"Tags": {"Key": key, "Values": values}} for key, values in sorted(asked.tags.items())]
    if parts:
        form["FilterExpression"] = parts[0] if len(parts) == 1 else {"And": parts}
    if asked.metric:
        form["Metrics"] = [asked.metric]
    form["TimePeriod"] = {"Start": asked.start_ms, "End": asked.end_ms}
    return form


def told_of(asked: Sequence[wire.BudgetNotification]) -> list[tuple[Notification, list[Subscriber]]]:
    """Notifications with their subscribers. Raises InvalidInput."""
    return [
        (
            read_notification(
                {
                    "NotificationType": one.type,
                    "ComparisonOperator": one.comparison,
                    "Threshold": one.threshold,
                    "ThresholdType": one.threshold_type,
                }
            ),
            people(one.emails, one.topic),
        )
        for one in asked
    ]


def people(emails: Sequence[str], topic: str) -> list[Subscriber]:
    """Subscribers. Raises InvalidInput."""
    forms = [{"SubscriptionType": "EMAIL", "Address": address} for address in emails]
    return read_subscribers(forms + ([{"SubscriptionType": "SNS", "Address": topic}] if topic else []))


def action_form(asked: wire.PutAction) -> dict[str, Any]:
    """The form of an action of our own."""
    definition: dict[str, Any] = {"Actuator": asked.actuator, "Target": asked.target, "Wish": asked.wish}
    if asked.reverse_wish is not None:
        definition["Reverse"] = {"Wish": asked.reverse_wish}
    return {
        "NotificationType": asked.type,
        "ActionType": ACTUATOR,
        "ActionThreshold": {
            "ActionThresholdValue": float(asked.threshold),
            "ActionThresholdType": asked.threshold_type,
        },
        "Definition": {"ActuatorDefinition": definition},
        "ExecutionRoleArn": NOBODY,
        "ApprovalModel": asked.approval,
    }


def budget_answer(budget: Budget, told: Told) -> wire.Budget:
    """A budget as REST answers it."""
    standing = budget.standing
    limit = standing.limit if standing else None
    alarm = any(notification.state == "ALARM" for notification, _ in told)
    spends = [one for one in (limit, standing.actual if standing else None) if one is not None]
    return wire.Budget(
        account=budget.account,
        name=budget.name,
        arn=budget.arn,
        type=budget.type.value,
        time_unit=budget.time_unit.value,
        state="ALARM" if alarm else "OK" if standing and standing.actual else "UNKNOWN",
        unit=spends[0].unit if spends else "",
        limit=_amount(limit),
        actual=_amount(standing.actual if standing else None),
        forecast=_amount(standing.forecast if standing else None),
        forecast_lower=_text(standing.forecast_lower if standing else None),
        forecast_upper=_text(standing.forecast_upper if standing else None),
        period_start_ms=standing.start_ms if standing else None,
        period_end_ms=standing.end_ms if standing else None,
        judged_ms=standing.at_ms if standing else None,
        problem=standing.problem if standing else "not judged yet: it is within seconds",
        definition=dict(budget.form),
        notifications=[_notification(one, whom) for one, whom in told],
        estimated=_text(standing.estimated if standing else None),
        actual_lower=_text(standing.actual_lower if standing else None),
        estimate_error=standing.estimate_error if standing else None,
        estimated_from_ms=standing.estimated_from_ms or None if standing else None,
        presented=f"{standing.presented.amount:f}" if standing and standing.presented else None,
        presented_unit=standing.presented.unit if standing and standing.presented else "",
    )


def action_answer(action: Action, happened: Sequence[Happened]) -> wire.BudgetAction:
    """An action as REST answers it."""
    crossing = action.notification
    return wire.BudgetAction(
        id=action.id,
        budget=action.budget,
        type=action.form["ActionType"],
        status=action.status.value,
        approval=action.form["ApprovalModel"],
        notification_type=crossing.type.value,
        threshold=f"{crossing.threshold:f}",
        threshold_type=crossing.threshold_type,
        definition=dict(action.form["Definition"]),
        history=[wire.ActionEvent(one.at_ms, one.status, one.event_type, one.message) for one in happened],
    )


def _notification(one: Notification, whom: Sequence[Subscriber]) -> wire.BudgetNotification:
    return wire.BudgetNotification(
        threshold=f"{one.threshold:f}",
        type=one.type.value,
        comparison=one.comparison,  # type: ignore[arg-type]  # the API's own words, checked when it was put
        threshold_type=one.threshold_type,  # type: ignore[arg-type]  # likewise
        emails=[person.address for person in whom if person.type == "EMAIL"],
        topic=next((person.address for person in whom if person.type == "SNS"), ""),
        state=one.state.value,
    )


def _amount(spend: Spend | None) -> str | None:
    return None if spend is None else _text(spend.amount)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
