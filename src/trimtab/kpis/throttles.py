"""Requests that serverless platforms turned away, by function: CloudWatch's `Throttles` of the namespace AWS/Lambda."""

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import Reader
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

NAMESPACE, METRIC, FUNCTION = "AWS/Lambda", "Throttles", "FunctionName"
_PERIOD_S = 300
_SUM = parse_statistic("Sum")

Key = tuple[str, str, str]
"""Account, region and function."""


async def read(reader: Reader, registry: Registry, scope: Scope, start_ms: int, end_ms: int) -> dict[Key, int]:
    """How many were turned away in `[start_ms, end_ms)`, to five minutes; only functions whose metric is known.

    Raises QueryAborted, Unavailable.
    """
    # A function has the metric also by alias and version; that by its name alone counts each request once.
    series = [
        one
        for one in registry.find(scope, SeriesQuery(NAMESPACE, METRIC))
        if [key for key, _ in one.identity.dimensions] == [FUNCTION]
    ]
    if not series:
        return {}
    start_ms = start_ms // (_PERIOD_S * 1000) * _PERIOD_S * 1000
    found = await reader.statistics(
        scope, [StatRequest((one.id,), _SUM, _PERIOD_S) for one in series], start_ms, end_ms
    )
    return {
        (one.identity.account, one.identity.region, one.dimensions[FUNCTION]): round(float(answer.values.sum()))
        for one, answer in zip(series, found, strict=True)
    }
