"""A real server in which something happened: a bill, a team's run that was wasted, advice, an alarm, a failed request.

All of it was put in by the doors that everybody has.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from browser.conftest import Served
from live_server import LiveServer
from patience import until
from trimtab.client.advice import AdviceCalls
from trimtab.client.alarms import Alarms
from trimtab.client.api import Client
from trimtab.client.budgets import Budgets
from trimtab.client.budgets_wire import PutBudget
from trimtab.client.costs import Costs
from trimtab.client.costs_wire import StartImport
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import (
    HeldGpus,
    NodeRecord,
    ReportNodes,
    ReportRuns,
    ResourceRecord,
    RunRecord,
    SetRate,
)
from trimtab.client.runs import Runs
from trimtab.client.wire import Datum

MINUTE_MS = 60_000
BILLED_A_DAY = 164.40
"""Of the running month."""
TRACE = uuid.uuid4().hex
ACCOUNT = "575757575757"
CLUSTER = f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/serving"
COMPUTE = "Amazon Elastic Compute Cloud,us-east-1,i-0abc"
KUBERNETES = f"Amazon Elastic Kubernetes Service,us-east-1,{CLUSTER}"
_COLUMNS = (
    "BilledCost,EffectiveCost,BillingCurrency,BillingAccountId,SubAccountId,BillingPeriodStart,BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ProviderName,ServiceName,RegionId,ResourceId,"
    "ConsumedQuantity,ConsumedUnit,PricingQuantity,PricingUnit,Tags"
)


@contextmanager
def lived_in(folder: Path) -> Iterator[Served]:
    """The server, until its tests are over."""
    live = LiveServer(folder / "server").start()
    try:
        _happen(live.url, folder)
        yield Served(live.url)
    finally:
        live.stop()


def _happen(url: str, folder: Path) -> None:
    """A bill, a node with a run that failed, a failed request, and an alarm that fires and stays so."""
    now_ms = int(time.time() * 1000)
    bill = folder / "bill.csv"
    bill.write_text(bill_text())
    with Client(url, timeout_s=120) as client:
        begun = Costs(client).start(StartImport(str(bill), source=bill.name))
        inventory = Inventory(client)
        inventory.set_rates([SetRate("gpu:H100", "2.50", currency="USD")])
        node = NodeRecord(name="gpu-1", condition="up", gpus=8, allocated=8, gpu_type="H100")
        for at_ms in (now_ms - 300 * MINUTE_MS, now_ms):
            inventory.put_nodes(ReportNodes("hall", [node], seen_ms=at_ms))
        failed = RunRecord(
            job="48213", state="failed", name="vision-train", submit_ms=now_ms - 250 * MINUTE_MS, team="vision",
            user="ana", start_ms=now_ms - 245 * MINUTE_MS, end_ms=now_ms - 5 * MINUTE_MS, gpus=8, gpu_type="H100",
            nodes=1, node_names=["gpu-1"], held=[HeldGpus("gpu-1", 8)],
        )  # fmt: skip
        Runs(client).report(ReportRuns("hall", "slurm", [failed]))
        _idle(client, range(now_ms - 245 * MINUTE_MS, now_ms - 5 * MINUTE_MS, MINUTE_MS))
        old = {"version": "1.29", "endpointPublicAccess": False, "loggingTypes": ["audit"]}
        inventory.put([ResourceRecord(arn=CLUSTER, name="serving", attributes=old, tags={"team": "vision"})], "test")
        alarms = Alarms(client)
        alarms.put("checkout is slow", _ALARM)
        alarms.set_state("checkout is slow", "ALARM", "p99 is 3 s")
        until(lambda: Costs(client).one(begun.id).state not in ("reading", "committing"), "the bill is not read")
        Budgets(client).put(PutBudget("vision-month", "9000", tags={"team": ["vision"]}))
        until(lambda: Budgets(client).get("vision-month").actual is not None, "the budget is not judged")
        AdviceCalls(client).refresh(["trimtab-eks-extended-support"])
    span = {
        "traceId": TRACE, "spanId": "a" * 16, "name": "POST /pay", "kind": 2, "status": {"code": 2},
        "startTimeUnixNano": str((now_ms - MINUTE_MS) * 1_000_000),
        "endTimeUnixNano": str((now_ms - MINUTE_MS + 3000) * 1_000_000),
    }  # fmt: skip
    service = [{"key": "service.name", "value": {"stringValue": "checkout"}}]
    spans = [{"resource": {"attributes": service}, "scopeSpans": [{"spans": [span]}]}]
    httpx.post(f"{url}/v1/traces", json={"resourceSpans": spans}, timeout=60).raise_for_status()


def _idle(client: Client, times: range) -> None:
    """The GPUs of the run did nothing, minute by minute."""
    for gpu in range(8):
        labels = {"Hostname": "gpu-1", "gpu": str(gpu), "UUID": f"GPU-{gpu}"}
        data = [Datum(name="DCGM_FI_DEV_GPU_UTIL", value=0.0, time=at, dimensions=labels) for at in times]
        assert client.put("dcgm", data).accepted == len(data)


def bill_text() -> str:
    """A FOCUS file of a hundred days and today: vision uses more compute since this month began."""
    today = datetime.now(UTC).date()
    rows = [_COLUMNS]
    for back in range(100, -1, -1):
        day = today - timedelta(days=back)
        after = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        period = ",".join(f"{one}T00:00:00Z" for one in (day.replace(day=1), after, day, day + timedelta(days=1)))
        hours = 30 if day >= today.replace(day=1) else 20
        for cost, what, used in ((5 * hours, COMPUTE, f"{hours},Hours,{hours},Hours"), ("14.40", KUBERNETES, ",,,")):
            billed = f"{cost},{cost},USD,{ACCOUNT},{ACCOUNT},{period},Usage,AWS,{what},{used}"
            rows.append(billed + ',"{""team"": ""vision""}"')
    return "\n".join(rows) + "\n"


_ALARM: dict[str, Any] = {
    "Namespace": "Shop", "MetricName": "Latency", "Dimensions": [{"Name": "Service", "Value": "checkout"}],
    "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore",
}  # fmt: skip
