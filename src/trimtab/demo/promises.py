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
from trimtab.client.objectives import of_requests
from trimtab.client.queue_quotas_wire import KeepQuotas, TeamQuota
from trimtab.client.runs import Runs
from trimtab.demo.company import SERVING, TRAINING
from trimtab.demo.traces import WEB

DAYS, SLOW_MS = 28, 60_000.0
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
                body = objectives_wire.PutObjective(
                    of_requests(WEB, goal, DAYS, operation="POST /chat", within_ms=within_ms)
                )
                client.call("PUT", path, objectives_wire.Objective, body=body)
    with Client(url, tokens[TRAINING.id]) as client:
        runs = Runs(client)
        try:
            runs.kept_quotas(cluster=CLUSTER)
        except NotFound:
            quotas = [TeamQuota(team, gpus=gpus, cohort=CLUSTER) for team, gpus in QUOTAS.items()]
            runs.keep_quotas(KeepQuotas(quotas, CLUSTER, "-14d"))


def _there(client: Client, path: str, form: Any) -> bool:
    try:
        client.call("GET", path, form)
    except NotFound:
        return False
    return True
