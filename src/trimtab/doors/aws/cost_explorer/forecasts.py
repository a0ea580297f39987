"""GetCostForecast and GetUsageForecast: means with prediction intervals, or the documented refusal."""

from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import Granularity
from trimtab.costs.outlook_model import Expected, Outlook, OutlookQuery
from trimtab.costs.read_sql import DAY_MS
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.intervals import on_wire, read_interval
from trimtab.doors.aws.cost_explorer.metrics import NO_UNIT, read_metrics, text
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.timeseries.forecast.model import TooLittleHistory

_COSTS = ("AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost", "UnblendedCost")
_USES = ("UsageQuantity", "NormalizedUsageAmount")
_MOST_DAYS = {Granularity.DAILY: 93, Granularity.MONTHLY: 18 * 31}
"""Three months by day and eighteen by month, as documented."""
_LEVEL = 80
_LEVELS = range(51, 100)


@operations.add("GetCostForecast", bound=True)
async def get_cost_forecast(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """How much is expected to be spent."""
    found = await _ask(rooms, request, context, _COSTS)
    return _answer(found, found.currency)


@operations.add("GetUsageForecast", bound=True)
async def get_usage_forecast(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """How much is expected to be used; of one unit only."""
    found = await _ask(rooms, request, context, _USES)
    if found.unit == NO_UNIT:
        raise AwsError(
            "UnresolvableUsageUnitException",
            "Unable to resolve usage unit for the given filter: usage of different units is never added. "
            "Filter by USAGE_TYPE or USAGE_TYPE_GROUP.",
        )
    return _answer(found, found.unit)


async def _ask(rooms: CostExplorerRooms, request: Request, context: CallContext, metrics: tuple[str, ...]) -> Outlook:
    granularity = Granularity(request["Granularity"])
    if granularity not in _MOST_DAYS:
        raise invalid("Forecasts are by DAILY or MONTHLY granularity")
    start, end = read_interval(request["TimePeriod"], granularity)
    if start > rooms.clock.now_ms():
        raise invalid("Start date must be equal to or no later than the current date")
    if end - start > _MOST_DAYS[granularity] * DAY_MS:
        raise invalid(f"A {granularity} forecast can be of {_MOST_DAYS[granularity]} days at most")
    level = request.get("PredictionIntervalLevel") or _LEVEL
    if level not in _LEVELS:
        raise invalid(f"PredictionIntervalLevel must be 51 to 99, got {level}")
    [metric] = read_metrics([request["Metric"]], metrics).values()
    query = OutlookQuery(start, end, metric, granularity, read_filter(request.get("Filter")), level / 100)
    try:
        return await rooms.outlooks.ask(bill_scope(context), query)
    except TooLittleHistory as problem:
        message = f"Insufficient amount of historical data to generate forecast: {problem}"
        raise AwsError("DataUnavailableException", message) from None
    except InvalidInput as problem:
        raise invalid(str(problem)) from None


def _answer(found: Outlook, unit: str) -> Answer:
    return {
        "Total": {"Amount": text(found.total.mean), "Unit": unit},
        "ForecastResultsByTime": [_result(one) for one in found.periods],
    }


def _result(one: Expected) -> dict[str, Any]:
    return {
        "TimePeriod": on_wire(one.start_ms, one.end_ms),
        "MeanValue": text(one.mean),
        "PredictionIntervalLowerBound": text(one.lower),
        "PredictionIntervalUpperBound": text(one.upper),
    }
