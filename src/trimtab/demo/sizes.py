"""Two endpoints of the serving account that have the wrong size: one far too large, one too small.

Two weeks of their use go through the metrics' door under SageMaker's names, what they are through the inventory's, and
what their machines cost as own rates: the catalogue holds no prices of SageMaker.
"""

import math
from collections.abc import Iterator, Mapping

from msgspec import Struct

from trimtab.client import wire
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ResourceRecord, SetRate
from trimtab.client.rightsizing import Rightsizing
from trimtab.demo.company import REGION, SERVING
from trimtab.demo.faults import ORIGIN, alarm

_HOUR_MS, _HOURS = 3_600_000, 14 * 24
_AT_ONCE = 500
_VARIANT = "live"
_ENDPOINTS = "/aws/sagemaker/Endpoints"
RATES = {
    "ml.m5.large": "0.115", "ml.m5.xlarge": "0.23", "ml.m5.2xlarge": "0.461", "ml.m5.4xlarge": "0.922",
    "ml.c5.large": "0.102", "ml.c5.xlarge": "0.204", "ml.c5.2xlarge": "0.408", "ml.c5.4xlarge": "0.816",
}  # fmt: skip
"""USD an hour of what the company hosts on."""


class Missized(Struct, frozen=True):
    """An endpoint: its machines, the share of their processors that is busy by day and night, and of memory."""

    name: str
    team: str
    type: str
    vcpus: int
    count: int
    day: float
    night: float
    memory: float
    says: str


TOO_LARGE = Missized(
    "spam-filter", "assistant", "ml.m5.4xlarge", 16, 2, 0.07, 0.03, 0.06,
    "two ml.m5.4xlarge serve a filter that a quarter of one would carry",
)  # fmt: skip
TOO_SMALL = Missized(
    "translate", "assistant", "ml.c5.xlarge", 4, 2, 1.3, 0.8, 0.4,
    "ml.c5.xlarge are busy to the last core every day",
)  # fmt: skip
MISSIZED = (TOO_LARGE, TOO_SMALL)


def put_sizes(url: str, tokens: Mapping[str, str], client: Client, now_ms: int) -> None:
    """Tell of both, and what they cost."""
    Inventory(client).set_rates([SetRate(name, rate, unit="instance-hour") for name, rate in RATES.items()])
    with Client(url, tokens[SERVING.id]) as mine:
        Inventory(mine).put([record for one in MISSIZED for record in records(one)], ORIGIN)
        for one in MISSIZED:
            for namespace, metrics in measured(one, now_ms):
                for at in range(0, len(metrics), _AT_ONCE):
                    mine.put(namespace, metrics[at : at + _AT_ONCE])


def judge(client: Client) -> None:
    """Size everything now: whoever opens the demo need not wait for the night."""
    Rightsizing(client).recompute()


def records(one: Missized) -> list[ResourceRecord]:
    """The endpoint as the inventory's door takes it, watched by an alarm as it should be."""
    variant = {"VariantName": _VARIANT, "InstanceType": one.type, "CurrentInstanceCount": one.count}
    scaled = [{"VariantName": _VARIANT, "MinCapacity": one.count, "MaxCapacity": 6}]
    attributes = {"EndpointStatus": "InService", "ScalableTargets": scaled, "ProductionVariants": [variant]}
    arn = f"arn:aws:sagemaker:{REGION}:{SERVING.id}:endpoint/{one.name}"
    endpoint = ResourceRecord(
        arn=arn, account=SERVING.id, region=REGION, name=one.name, tags={"team": one.team}, attributes=attributes
    )
    return [endpoint, alarm(one.name)]


def measured(one: Missized, now_ms: int) -> Iterator[tuple[str, list[wire.Datum]]]:
    """Two weeks of its use, an hour a point, by namespace. Percentages of processors add up over cores."""
    dimensions = {"EndpointName": one.name, "VariantName": _VARIANT}
    times = [now_ms // _HOUR_MS * _HOUR_MS - hour * _HOUR_MS for hour in range(_HOURS, 0, -1)]
    busy = [_busy(one, at) for at in times]
    series = (
        (_ENDPOINTS, "CPUUtilization", [100.0 * one.vcpus * share for share in busy], "Percent"),
        (_ENDPOINTS, "MemoryUtilization", [100.0 * (one.memory + 0.02 * share) for share in busy], "Percent"),
        ("AWS/SageMaker", "Invocations", [round(4000 * share) + 1.0 for share in busy], "Count"),
    )
    for namespace, name, values, unit in series:
        yield (
            namespace,
            [
                wire.Datum(name=name, value=round(value, 3), time=at, unit=unit, dimensions=dimensions)
                for at, value in zip(times, values, strict=True)
            ],
        )


def _busy(one: Missized, at_ms: int) -> float:
    """The share of the processors that is busy: a day's rhythm, and never more than all."""
    hour = at_ms // _HOUR_MS % 24
    rhythm = 0.5 - 0.5 * math.cos(2 * math.pi * (hour - 3) / 24)
    wobble = 1.0 + 0.04 * math.sin(at_ms / 7.3e6)
    return min((one.night + (one.day - one.night) * rhythm) * wobble, 1.0)
