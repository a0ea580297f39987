"""The alarms of the company, put through REST as its people would: one of them fires for every busy minute.

Somebody set it up on a quiet day: one period of five minutes above 60 % of a model server's KV cache is enough. Its
replay shows it flap; what is suggested instead fires for what lasts.
"""

from typing import Any

from trimtab.base.errors import NotFound
from trimtab.client.alarms import Alarms
from trimtab.client.api import Client
from trimtab.client.wire import Series
from trimtab.demo.company import SERVING
from trimtab.demo.endpoints import DEGRADED

NOISY = f"{DEGRADED} KV cache"
METRIC, POD = "vllm:kv_cache_usage_perc", f"{DEGRADED}-0"
THRESHOLD = 0.6


def noisy_form(namespace: str, dimensions: dict[str, str]) -> dict[str, Any]:
    """The noisy alarm on a series, in the form of PutMetricAlarm."""
    return {
        "AlarmDescription": f"The KV cache of {POD} fills up: requests will wait",
        "Namespace": namespace,
        "MetricName": METRIC,
        "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())],
        "Statistic": "Average",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": THRESHOLD,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


def put_alarms(url: str, tokens: dict[str, str]) -> None:
    """Put the alarms that are not there yet; those that somebody changed stay as they are."""
    with Client(url, tokens[SERVING.id]) as client:
        alarms = Alarms(client)
        series = _series(client)
        if series is None or _there(alarms, NOISY):
            return
        alarms.put(NOISY, noisy_form(series.namespace, series.dimensions), {"team": "assistant"})


def _series(client: Client) -> Series | None:
    """The series to watch, as the door named it; None while it has not arrived."""
    found = client.metrics(name=METRIC, dimensions={"pod": POD}, limit=1).series
    return found[0] if found else None


def _there(alarms: Alarms, name: str) -> bool:
    try:
        alarms.get(name)
    except NotFound:
        return False
    return True
