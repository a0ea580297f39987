"""What people and rules are told: of a crossing, and of an action that waits, was done or failed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from trimtab.base.clock import Clock, iso
from trimtab.base.coins import coins
from trimtab.budgets.actions import shown
from trimtab.budgets.judge import threshold_of, value_of
from trimtab.budgets.model import (
    ACTION_CHANGED,
    Action,
    ActionStatus,
    Budget,
    Notification,
    NotificationState,
    NotificationType,
    Spend,
    Standing,
    Subscriber,
)
from trimtab.events.outbox import emit

Mail = Callable[[str, str], Awaitable[str]]
"""The channel, as an action's ARN, that mails to an address of an account; it is made where there is none."""

_OPERATORS = {"GREATER_THAN": "above", "LESS_THAN": "below", "EQUAL_TO": "at"}
_FAILED = (ActionStatus.EXECUTION_FAILURE, ActionStatus.REVERSE_FAILURE, ActionStatus.RESET_FAILURE)


def addressed(whom: Sequence[Subscriber], channels: Mapping[str, str]) -> list[str]:
    """The ARNs that `notify` sends to."""
    return [one.address if one.type == "SNS" else channels[one.address] for one in whom if _reaches(one, channels)]


def _reaches(one: Subscriber, channels: Mapping[str, str]) -> bool:
    return one.type == "SNS" or one.address in channels


def crossing(
    budget: Budget, standing: Standing, notification: Notification, state: NotificationState
) -> dict[str, Any]:
    """The event of a notification that changed its state, without who is told."""
    value, threshold = value_of(standing, notification.type), threshold_of(standing, notification)
    unit = standing.limit.unit if standing.limit else (standing.actual or Spend(Decimal(0), "")).unit
    what = "Actual" if notification.type is NotificationType.ACTUAL else "Forecasted"
    alarm = state is NotificationState.ALARM
    where = _OPERATORS[notification.comparison]
    sentence = (
        f"{what} {_plain(value, unit)} {unit} is {'' if alarm else 'not '}{where} {_plain(threshold, unit)} {unit}"
    )
    return {
        **_about(budget),
        "title": f"{'ALARM' if alarm else 'OK'}: budget {budget.name}: {sentence}",
        "text": "\n".join(
            (
                f"{sentence}.",
                f"Limit: {_plain(standing.limit.amount, unit)} {unit}" if standing.limit else "Limit: not known",
                f"Period: {iso(standing.start_ms)} to {iso(standing.end_ms)}",
            )
        ),
        "severity": "error" if alarm else "ok",
        "firing": alarm,
        "BudgetType": budget.type.value,
        "TimeUnit": budget.time_unit.value,
        "NotificationType": notification.type.value,
        "ComparisonOperator": notification.comparison,
        "Threshold": _plain(notification.threshold, ""),
        "ThresholdType": notification.threshold_type,
        "ThresholdAmount": _plain(threshold, unit),
        "NotificationState": state.value,
        "Value": _plain(value, unit),
        "Unit": unit,
        "PeriodStart": iso(standing.start_ms),
        "PeriodEnd": iso(standing.end_ms),
    }


def action_event(
    connection: Connection, clock: Clock, budget: Budget, action: Action, message: str, whom: Sequence[str]
) -> None:
    """Tell of an action, in the caller's transaction."""
    status = action.status.value.lower().replace("_", " ")
    failed = action.status in _FAILED
    body = {
        **_about(budget),
        "title": f"Budget {budget.name}: action {status}",
        "text": message,
        "severity": "error" if failed else "warning" if action.status is ActionStatus.PENDING else "info",
        "actions": list(whom),
        "Action": shown(action),
        "Message": message,
    }
    emit(connection, clock, ACTION_CHANGED, action.arn, body)


def _about(budget: Budget) -> dict[str, Any]:
    return {
        "account": budget.account,
        "BudgetName": budget.name,
        "BudgetArn": budget.arn,
        "link": f"/budgets?budget={quote(budget.name, safe='')}&account={budget.account}",
    }


def _plain(amount: Decimal | None, unit: str) -> str:
    return "unknown" if amount is None else coins(amount, unit).removesuffix(".00")
