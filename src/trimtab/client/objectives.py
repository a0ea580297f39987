"""An objective on the requests of a service, as CreateServiceLevelObjective takes it."""

from typing import Any

BURNS = (60, 360)
"""Minutes over which the rate is watched at which an error budget is spent."""


def of_requests(
    service: str, goal: float, days: int, *, operation: str = "", within_ms: float | None = None
) -> dict[str, Any]:
    """That `goal` percent of the requests of the last `days` days do not fail, or are answered within `within_ms`."""
    metric = {
        "KeyAttributes": {"Type": "Service", "Name": service},
        "MetricType": "AVAILABILITY" if within_ms is None else "LATENCY",
        **({"OperationName": operation} if operation else {}),
    }
    late = {} if within_ms is None else {"MetricThreshold": within_ms, "ComparisonOperator": "LessThanOrEqualTo"}
    return {
        "RequestBasedSliConfig": {"RequestBasedSliMetricConfig": metric, **late},
        "Goal": {
            "Interval": {"RollingInterval": {"DurationUnit": "DAY", "Duration": days}},
            "AttainmentGoal": goal,
        },
        "BurnRateConfigurations": [{"LookBackWindowMinutes": minutes} for minutes in BURNS],
    }
