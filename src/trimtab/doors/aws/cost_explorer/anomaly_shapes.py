"""Monitors, subscriptions and anomalies as the API's structures; their errors and pages."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from trimtab.access.scope import Scope
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import hash64
from trimtab.base.paging import decode_token, encode_token
from trimtab.costs.anomalies.model import (
    Anomaly,
    Cause,
    Frequency,
    Impact,
    Monitor,
    Subscription,
    UnknownMonitor,
    UnknownSubscription,
)
from trimtab.costs.anomalies.room import CostAnomalies
from trimtab.costs.read_sql import DAY_MS
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Request

T = TypeVar("T")
MOST_OF_A_PAGE = 100
_CENT = Decimal("0.01")


def room_of(rooms: CostExplorerRooms) -> CostAnomalies:
    """The room. Raises AwsError where this server has none."""
    if rooms.anomalies is None:
        raise AwsError("ServiceUnavailable", "This server looks for no cost anomalies")
    return rooms.anomalies


@contextmanager
def worded() -> Iterator[None]:
    """The room's errors under the API's codes."""
    try:
        yield
    except UnknownMonitor as problem:
        raise AwsError("UnknownMonitorException", str(problem)) from None
    except UnknownSubscription as problem:
        raise AwsError("UnknownSubscriptionException", str(problem)) from None
    except NotFound as problem:
        raise AwsError("ResourceNotFoundException", str(problem), members={"ResourceName": ""}) from None
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None
    except InvalidInput as problem:
        raise AwsError("ValidationError", str(problem)) from None


def page(
    found: Sequence[T], request: Request, context: CallContext, key: Callable[[T], str]
) -> tuple[Sequence[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError for a token not ours."""
    asked = {name: value for name, value in request.items() if name not in ("NextPageToken", "MaxResults")}
    mark = hash64(repr((sorted((name, repr(value)) for name, value in asked.items()), str(bill_scope(context))))) >> 16
    start = 0
    if request.get("NextPageToken"):
        start = _start(request["NextPageToken"], mark, [key(one) for one in found])
    size = request.get("MaxResults")
    if size is not None and size < 1:
        raise AwsError("ValidationError", f"MaxResults must be 1 or more, got {size}")
    end = start + min(size or MOST_OF_A_PAGE, MOST_OF_A_PAGE)
    shown = found[start:end]
    return shown, {"NextPageToken": encode_token([mark, key(shown[-1])])} if end < len(found) else {}


def _start(token: str, mark: int, keys: list[str]) -> int:
    try:
        known, last = decode_token(token)
        if known == mark:
            return keys.index(last) + 1
    except (InvalidInput, TypeError, ValueError):
        pass
    raise AwsError(
        "InvalidNextTokenException", "The pagination token is invalid. Try again without a pagination token."
    )


def monitor_shape(one: Monitor) -> dict[str, Any]:
    """An `AnomalyMonitor`."""
    shape = {
        "MonitorArn": one.arn,
        **one.form,
        "CreationDate": _time(one.created_ms),
        "LastUpdatedDate": _time(one.updated_ms),
        "DimensionalValueCount": one.value_count if one.facet is not None else 0,
    }
    if one.judged_ms:
        shape["LastEvaluatedDate"] = _time(one.judged_ms)
    return shape


def subscription_shape(one: Subscription) -> dict[str, Any]:
    """An `AnomalySubscription`. `Threshold` is there where the threshold is in dollars alone, as older clients ask."""
    shape: dict[str, Any] = {"SubscriptionArn": one.arn, "AccountId": one.account, **one.form}
    shape["Frequency"] = Frequency(one.form["Frequency"]).value
    expression = one.form.get("ThresholdExpression")
    if expression is None:
        shape["ThresholdExpression"] = {
            "Dimensions": {
                "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "Values": [f"{Decimal(str(one.form['Threshold'])).normalize():f}"],
                "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
            }
        }
    elif (expression.get("Dimensions") or {}).get("Key") == "ANOMALY_TOTAL_IMPACT_ABSOLUTE":
        shape["Threshold"] = float(expression["Dimensions"]["Values"][0])
    return shape


def anomaly_shape(one: Anomaly) -> dict[str, Any]:
    """An `Anomaly`. Its end is its last day, as the API has it."""
    found = one.finding
    shape: dict[str, Any] = {
        "AnomalyId": one.id,
        "AnomalyStartDate": iso(found.start_ms),
        "AnomalyEndDate": iso(found.end_ms - DAY_MS),
        "DimensionValue": found.value,
        "RootCauses": [_cause(cause) for cause in found.causes],
        "AnomalyScore": {"MaxScore": found.max_score, "CurrentScore": found.current_score},
        "Impact": _impact(found.impact),
        "MonitorArn": one.monitor,
    }
    if one.feedback:
        shape["Feedback"] = one.feedback
    return shape


def _impact(impact: Impact) -> dict[str, float]:
    shape = {
        "MaxImpact": _money(impact.most),
        "TotalImpact": _money(impact.total),
        "TotalActualSpend": _money(max(impact.actual, Decimal(0))),
        "TotalExpectedSpend": _money(max(impact.expected, Decimal(0))),
    }
    if impact.percentage is not None:
        shape["TotalImpactPercentage"] = float(max(impact.percentage, Decimal(0)))
    return shape


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "Service": cause.service,
        "Region": cause.region,
        "LinkedAccount": cause.account,
        "LinkedAccountName": cause.account_name,
        "UsageType": cause.usage_type,
        "Impact": {"Contribution": _money(cause.contribution)},
    }


def _money(amount: Decimal) -> float:
    return float(amount.quantize(_CENT))


def _time(ms: int) -> str:
    return iso(ms // 1000 * 1000)


def whose(context: CallContext) -> tuple[Scope, str]:
    """What of the bill a caller sees, and the account that it makes things for."""
    return bill_scope(context), context.account
