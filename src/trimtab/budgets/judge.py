"""Whether thresholds are crossed. Pure: the same standing always gives the same states."""

from decimal import Decimal

from trimtab.budgets.model import Notification, NotificationState, NotificationType, Standing

_HUNDRED = Decimal(100)


def value_of(standing: Standing, type_: NotificationType) -> Decimal | None:
    """The value that a notification of `type_` looks at; None where it is not known."""
    spend = standing.actual if type_ is NotificationType.ACTUAL else standing.forecast
    return None if spend is None else spend.amount


def threshold_of(standing: Standing, notification: Notification) -> Decimal | None:
    """The threshold as an amount; None for a percentage of a limit that is not known."""
    if notification.threshold_type == "ABSOLUTE_VALUE":
        return notification.threshold
    return None if standing.limit is None else standing.limit.amount * notification.threshold / _HUNDRED


def judge(standing: Standing, notification: Notification) -> NotificationState | None:
    """The state of a notification; None where its value or its limit is not known, which changes no state.

    GREATER_THAN and LESS_THAN are strict, as the API documents; EQUAL_TO compares to the cent.
    """
    value, threshold = value_of(standing, notification.type), threshold_of(standing, notification)
    if value is None or threshold is None:
        return None
    match notification.comparison:
        case "GREATER_THAN":
            crossed = value > threshold
        case "LESS_THAN":
            crossed = value < threshold
        case _:
            crossed = round(value, 2) == round(threshold, 2)
    return NotificationState.ALARM if crossed else NotificationState.OK


def surely(standing: Standing, notification: Notification) -> bool:
    """Whether a crossing holds at the estimate's lower bound too, so that something may be done unasked.

    What was billed is certain. Days that are estimated, and forecasts, are judged by the lower end of their interval.
    """
    if judge(standing, notification) is not NotificationState.ALARM:
        return False
    threshold = threshold_of(standing, notification)
    if notification.type is NotificationType.ACTUAL:
        lower = standing.actual_lower
        return lower is None or (threshold is not None and lower > threshold)
    return threshold is not None and standing.forecast_lower is not None and standing.forecast_lower > threshold
