"""What the company promised, put through REST as its people would: objectives, and what teams may hold.

Chat is to answer within a minute in 95 of 100 cases, which it does, and to fail in one of a hundred at most, which it
does not since the new version of a model was rolled out. On the SLURM cluster each team has its GPUs, and may hold more
while others leave theirs.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import NotFound
from trimtab.client import objectives_wire
from trimtab.client.api import Client
from trimtab.client.queue_quotas_wire import KeepQuotas, TeamQuota
from trimtab.client.runs import Runs
from trimtab.demo.company import SERVING, TRAINING
from trimtab.demo.traces import WEB

SLOW_MS = 60_000
OBJECTIVES = {"chat-in-a-minute": (95.0, SLOW_MS), "chat-answers": (99.0, None)}
"""By name the percentage that is promised, and within how many milliseconds; None: that it does not fail."""
CLUSTER = "atlas"
QUOTAS = {"foundation": 80, "vision": 64, "search": 48, "assistant": 16}
"""GPUs of the cluster's 208 that each team may hold at once."""


def put_promises(url: str, tokens: Mapping[str, str]) -> None:
    """Put what is not there yet; what somebody changed stays as it is."""
    with Client(url, tokens[SERVING.id]) as client:
        for name, (goal, within_ms) in OBJECTIVES.items():
            path = f"/rest/v1/objectives/{name}"
            if not _there(client, path, objectives_wire.Objective):
                body = objectives_wire.PutObjective(_definition(goal, within_ms))
                client.call("PUT", path, objectives_wire.Objective, body=body)
    with Client(url, tokens[TRAINING.id]) as client:
        runs = Runs(client)
        try:
            runs.kept_quotas(cluster=CLUSTER)
        except NotFound:
            quotas = [TeamQuota(team, gpus=gpus, cohort=CLUSTER) for team, gpus in QUOTAS.items()]
            runs.keep_quotas(KeepQuotas(quotas, CLUSTER, "-14d"))


def _definition(goal: float, within_ms: int | None) -> dict[str, Any]:
    """An objective on the requests of the chat page over four weeks, as CreateServiceLevelObjective takes it."""
    metric = {"KeyAttributes": {"Type": "Service", "Name": WEB}, "OperationName": "POST /chat"}
    metric |= {"MetricType": "AVAILABILITY" if within_ms is None else "LATENCY"}
    judged = {"MetricThreshold": float(within_ms), "ComparisonOperator": "LessThanOrEqualTo"} if within_ms else {}
    rolling = {"RollingInterval": {"DurationUnit": "DAY", "Duration": 28}}
    return {
        "RequestBasedSliConfig": {"RequestBasedSliMetricConfig": metric, **judged},
        "Goal": {"Interval": rolling, "AttainmentGoal": goal},
        "BurnRateConfigurations": [{"LookBackWindowMinutes": minutes} for minutes in (60, 360)],
    }


def _there(client: Client, path: str, form: Any) -> bool:
    try:
        client.call("GET", path, form)
    except NotFound:
        return False
    return True
