"""An organisation that is not like the demo: a hall of its own in euros, a little of AWS in dollars, and GPUs that only
a bill or only telemetry knows of."""

import csv
import io
import json
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from live_server import LiveServer
from patience import until
from trimtab.client import wire
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
    RunRecord,
    SetRate,
)
from trimtab.client.runs import Runs

ACCOUNT = "616161616161"
HALL, CLOUD = "hall", "cloud"
KEEL, SAIL, BUOY, SPAR = "keel", "sail", "buoy", "spar"
EVE = "eve"
"""Somebody without a team: she is her own."""
BUDGET = "keel-month"
SERVICE = "lighthouse"
HOSTS = ("tide-1", "ip-10-6-1-6")
STEP = timedelta(minutes=5)
BILLED_DAYS = 60
"""Of a whole month a budget's forecast needs 47: on its first days it asks for as much."""
_PLAN = f"arn:aws:savingsplans::{ACCOUNT}:savingsplan/harbour"
_PUT = 1000


@dataclass(frozen=True, slots=True)
class Days:
    """The days that the organisation is made around: `today` is the last midnight, UTC."""

    today: datetime

    @classmethod
    def until(cls, now: datetime) -> "Days":
        """Those before a moment."""
        return cls(now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))

    @property
    def first(self) -> datetime:
        """The first midnight of the range that is walked: two days until `last`."""
        return self.today - timedelta(days=3)

    @property
    def last(self) -> datetime:
        """Its end."""
        return self.today - timedelta(days=1)


def ms(at: datetime) -> int:
    """Milliseconds since the epoch."""
    return int(at.timestamp() * 1000)


def founded(server: LiveServer, days: Days, folder: Path) -> None:
    """Everything of it, on a server that is empty."""
    path = folder / "harbour.csv"
    path.write_text(bill(days))
    with Client(server.url, timeout_s=120) as client:
        rates = [SetRate("gpu:H100", "2.53", currency="EUR"), SetRate("gpu:L4", "0.71", currency="EUR")]
        Inventory(client).set_rates(rates)
        _nodes(client, days)
        _runs(client, days)
        _telemetry(client, days)
        _endpoint(client, days)
        _host_history(client, days)
        _imported(client, path)
        client.query("harbour", "probe_success", start=days.first.isoformat(), fresh=True)
        Budgets(client).put(PutBudget(BUDGET, "500", tags={"Team": [KEEL]}))
        _judged(client)


def _imported(client: Client, path: Path) -> None:
    costs = Costs(client)
    begun = costs.start(StartImport(str(path), source=path.name))
    while (now := costs.one(begun.id)).state in ("reading", "committing"):
        clock.sleep(0.1)
    assert now.state == "done", now.problem


def _judged(client: Client) -> None:
    """The budget is judged within seconds, on a quiet machine."""
    until = clock.monotonic() + 120
    while Budgets(client).get(BUDGET).actual is None:
        assert clock.monotonic() < until, Budgets(client).get(BUDGET).problem
        clock.sleep(0.2)


# -- what schedulers say


def _nodes(client: Client, days: Days) -> None:
    """One at work, one drained and silent since, and one of AWS: each known from before the range."""
    early = ms(days.first - timedelta(days=2))
    up = NodeRecord(name="tide-1", condition="up", gpus=4, allocated=2, gpu_type="H100")
    drained = NodeRecord(name="tide-2", condition="drained", reason="XID 79", gpus=2, gpu_type="H100")
    rented = NodeRecord(
        name=HOSTS[1], condition="up", gpus=4, gpu_type="A10G", instance_type="g5.12xlarge", instance_id="i-0cloud"
    )
    now = ms(datetime.now(UTC))
    inventory = Inventory(client)
    silent = ms(days.first + timedelta(hours=20))
    for at, nodes in (
        (early, [up, NodeRecord(name="tide-2", condition="up", gpus=2, gpu_type="H100")]),
        (ms(days.first + timedelta(hours=7)), [up, drained]),
        (silent, [up, drained]),
        (now, [up]),
    ):
        inventory.put_nodes(ReportNodes(HALL, nodes, seen_ms=at))
    for at in (early, now):
        inventory.put_nodes(ReportNodes(CLOUD, [rented], seen_ms=at, account=ACCOUNT))


def _runs(client: Client, days: Days) -> None:
    first, last, now = days.first, days.last, datetime.now(UTC)

    def run(
        job: str, begin: datetime, end: datetime | None, node: str, gpus: Sequence[int], **more: object
    ) -> RunRecord:
        fields: dict[str, object] = {
            "job": job, "state": "completed" if end else "running", "submit_ms": ms(begin - timedelta(minutes=30)),
            "start_ms": ms(begin), "end_ms": None if end is None else ms(end), "gpus": float(len(gpus)),
            "gpu_type": "H100", "nodes": 1, "node_names": [node],
            "held": [HeldGpus(node, float(len(gpus)), list(gpus))], "name": f"{job}-run", "queue": "deep", **more,
        }  # fmt: skip
        return RunRecord(**fields)  # type: ignore[arg-type]  # fields by name, each of its own type

    hour = timedelta(hours=1)
    hall = [
        run("11", first - 9 * hour, last + hour, "tide-1", (0, 1), team=KEEL, user="ada"),
        run("12", first + 8 * hour, first + 19 * hour, "tide-1", (2,), user="eve"),
        run("13", first + 20 * hour, first + 26 * hour, "tide-1", (2, 3), team=SAIL, user="bo", state="failed",
            exit_code=1),
        run("16", first + 1 * hour, first + 4 * hour, "tide-2", (0,), team=SPAR, user="cy"),
        run("14", now - 5 * hour, None, "tide-1", (2,), team=SAIL, user="bo"),
        RunRecord(
            job="15", state="pending", submit_ms=ms(now - 3 * hour), team=KEEL, user="ada", gpus=4.0, gpu_type="H100",
            reason="Resources",
        ),
    ]  # fmt: skip
    cloud = [
        run("21", first + 30 * hour, first + 41 * hour, HOSTS[1], (0, 1, 2, 3), team=SAIL, user="bo", gpu_type="A10G",
            submit_ms=ms(first + 27 * hour)),
    ]  # fmt: skip
    runs = Runs(client)
    waits = RunRecord(job="13", state="pending", submit_ms=ms(first + 15 * hour), team=SAIL, user="bo", gpus=2.0,
                      gpu_type="H100", reason="Priority")  # fmt: skip
    runs.report(ReportRuns(HALL, "slurm", [waits], seen_ms=ms(first + 19 * hour)))
    later = [one if one.job != "13" else _submitted(one, first + 15 * hour) for one in hall]
    runs.report(ReportRuns(HALL, "slurm", later))
    runs.report(ReportRuns(CLOUD, "slurm", cloud, account=ACCOUNT))


def _submitted(run: RunRecord, at: datetime) -> RunRecord:
    fields = {name: getattr(run, name) for name in RunRecord.__struct_fields__} | {"submit_ms": ms(at)}
    return RunRecord(**fields)


# -- what telemetry says


def _telemetry(client: Client, days: Days) -> None:
    """Activity of some GPUs, with a gap; those of `kube-3` nobody else knows, and a pod of a team holds one."""
    first = days.first
    hall = {"Hostname": "tide-1"}
    pod = {"pod": "chart-0", "namespace": "maps", "team": BUOY}
    card, begun, silent = {"modelName": "NVIDIA L4"}, first + timedelta(hours=5), first + timedelta(hours=31)
    lines = [
        ({**hall, "gpu": "0", "UUID": "GPU-tide-0"}, 81.0, first - timedelta(hours=2), days.last + timedelta(hours=1)),
        ({**hall, "gpu": "1", "UUID": "GPU-tide-1"}, 1.0, first + timedelta(hours=3), days.last),
        ({**hall, "gpu": "2", "UUID": "GPU-tide-2"}, 37.0, first + timedelta(hours=8), first + timedelta(hours=25)),
        *(
            ({"Hostname": HOSTS[1], "gpu": str(at), "UUID": f"GPU-cloud-{at}"}, 20.0 * at, first + timedelta(hours=29),
             first + timedelta(hours=42))
            for at in range(3)
        ),
        ({"Hostname": "kube-3", "gpu": "0", "UUID": "GPU-kube-0", **card, **pod}, 55.0, begun, silent),
        ({"Hostname": "kube-3", "gpu": "1", "UUID": "GPU-kube-1", **card}, 0.0, begun, silent),
        ({"Hostname": "kube-9", "gpu": "0", "UUID": "GPU-kube-9"}, 12.0, first + timedelta(hours=9),
         first + timedelta(hours=33)),
    ]  # fmt: skip
    put(client, "dcgm", (
        wire.Datum(name="DCGM_FI_DEV_GPU_UTIL", value=value, time=at, dimensions=labels)
        for labels, value, begin, end in lines for at in range(ms(begin), ms(end), ms_of(STEP))
    ))  # fmt: skip


def _endpoint(client: Client, days: Days) -> None:
    """An endpoint of a team that fails now and then: a counter by code, and how long requests took, hour by hour."""
    base = {"service": SERVICE, "team": BUOY, "pod": "chart-0", "namespace": "maps"}
    nodes = ({**base, "node": "kube-3", "zone": "north"}, {**base, "node": "kube-4", "zone": "south"})

    def data() -> Iterator[wire.Datum]:
        for step, at in enumerate(range(ms(days.first), ms(days.last), ms_of(STEP))):
            load = 1.0 + step % 12
            done = 40.0 * load / (1 + 0.02 * (load - 1) + 0.01 * load * (load - 1))  # it has a knee near ten
            turn = step // 72 % 2  # of six hours: each node has served all of it, so either can take over
            for labels, share in zip(nodes, (turn, 1 - turn), strict=True):
                for code, rate in (("200", done * share), ("500", float(step % 12 == 5) * share)):
                    yield wire.Datum(
                        name="http_requests_total",
                        value=rate,
                        time=at,
                        unit="Count",
                        dimensions={**labels, "code": code},
                    )
            for name, value in (
                ("http_request_duration_seconds", 0.2 + 0.05 * load),
                ("gen_ai.server.time_to_first_token", 0.1 + 0.01 * load),
                ("gen_ai.server.time_per_output_token", 0.02 + 0.001 * load),
                ("http_server_active_requests", load),
                ("probe_success", float(step % 50 != 0)),
                ("vllm:generation_tokens_total", 900.0 * load),
                ("vllm:prompt_tokens_total", 300.0 * load),
                ("batch_records_total", 17.0),
            ):
                yield wire.Datum(name=name, value=value, time=at, dimensions=base)

    put(client, "harbour", data())


def _host_history(client: Client, days: Days) -> None:
    """How busy and how full the hosts were in the range."""
    put(client, "trimtab/Host", (
        wire.Datum(name=name, value=value, time=at, dimensions={**labels, "host.name": host})
        for number, host in enumerate(HOSTS) for at in range(ms(days.first), ms(days.last), ms_of(STEP))
        for name, labels, value in (
            ("system.cpu.utilization", {"cpu.mode": "idle"}, 0.9 - 0.2 * number),
            ("system.memory.utilization", {"system.memory.state": "used"}, 0.25 + 0.125 * number),
        )
    ))  # fmt: skip


def reporting(client: Client) -> None:
    """The hosts report, as the agent does: how busy and how full they are, and what went over the network.

    Whole minutes of it, until two minutes from now, and none of them twice: a rate is that of the newest minute that
    is over, so that half a minute of reports, or one that a repeated test brought again, would be another rate to who
    reads a moment later.
    """
    step, minute = 10_000, 60_000
    this = ms(datetime.now(UTC)) // minute * minute
    start, end = max(this - 6 * minute, _reported.get(client.url, 0)), this + 2 * minute
    for number, host in enumerate(HOSTS):
        rows: list[tuple[str, Mapping[str, str], float]] = [
            ("system.cpu.utilization", {"cpu.mode": "idle"}, 0.75 - 0.3 * number),
            ("system.cpu.logical.count", {}, 64.0),
            ("system.memory.utilization", {"system.memory.state": "used"}, 0.31 + 0.2 * number),
            ("system.memory.limit", {}, 256.0 * 2**30),
            ("system.uptime", {}, 500_000.0 + number),
            ("system.filesystem.utilization", {"system.filesystem.mountpoint": "/data"}, 0.66 - 0.1 * number),
            ("system.network.io", {"network.io.direction": "receive", "network.interface.name": "eth0"}, 1e6),
            ("system.network.io", {"network.io.direction": "transmit", "network.interface.name": "eth0"}, 3e5),
            ("system.processes.count", {"status": "running"}, 4.0),
        ]
        put(client, "trimtab/Host", (
            wire.Datum(name=name, value=value, time=at, dimensions={**labels, "host.name": host})
            for name, labels, value in rows for at in range(start, end, step)
        ))  # fmt: skip
    _reported[client.url] = max(start, end)
    client.query("trimtab/Host", "system.uptime", fresh=True)


_reported: dict[str, int] = {}
"""Until when the hosts of each server have reported."""


def pages_know_hosts(url: str) -> None:
    """Wait for pages to list the hosts: they give an answer again for some seconds."""

    def listed() -> bool:
        hosts = httpx.get(f"{url}/hosts.json", timeout=60).json()["hosts"]
        up: int = sum(one["up"] for one in hosts)
        return up >= len(HOSTS)

    until(listed, "/hosts.json does not list the hosts")


def scrapes_know_gpus(url: str) -> None:
    """Wait for `/metrics` to have GPU time: it is read some seconds after a start, and each minute."""
    until(lambda: "trimtab_gpus{" in httpx.get(f"{url}/metrics", timeout=60).text, "/metrics has no GPU time")


def put(client: Client, namespace: str, data: Iterator[wire.Datum]) -> None:
    """Store any number of measurements."""
    rows = list(data)
    for at in range(0, len(rows), _PUT):
        part = rows[at : at + _PUT]
        assert client.put(namespace, part).accepted == len(part)


def ms_of(length: timedelta) -> int:
    """A length of time in milliseconds."""
    return round(length.total_seconds() * 1000)


# -- what the bill says


def bill(days: Days) -> str:
    """A CUR 2.0 file of the last days, with a negotiated discount, so that each basis is another amount."""
    lines = [line for back in range(BILLED_DAYS, 0, -1) for line in _day(days.today - timedelta(days=back))]
    columns = list(dict.fromkeys(name for line in lines for name in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


_EC2 = {
    "line_item_product_code": "AmazonEC2",
    "product_servicename": "Amazon Elastic Compute Cloud",
    "product_product_family": "Compute Instance",
    "line_item_operation": "RunInstances",
    "pricing_unit": "Hrs",
    "product_region_code": "us-east-1",
}


def _day(day: datetime) -> list[dict[str, str]]:
    plan = {"savings_plan_savings_plan_a_r_n": _PLAN, "savings_plan_offering_type": "ComputeSavingsPlans"}
    rented = {
        **_EC2, **plan, "product_instance_type": "g5.12xlarge", "line_item_resource_id": "i-0cloud",
        "resource_tags": json.dumps({"user_team": SAIL}), "line_item_usage_amount": "24",
    }  # fmt: skip
    alone = {
        **_EC2, "product_instance_type": "g5.xlarge", "line_item_resource_id": "i-0alone",
        "resource_tags": json.dumps({"user_Team": KEEL}), "line_item_usage_amount": "24",
        "pricing_public_on_demand_cost": "24.144",
    }  # fmt: skip
    fee = {
        **plan, "line_item_product_code": "ComputeSavingsPlans", "line_item_usage_amount": "1",
        "product_servicename": "Savings Plans for AWS Compute usage", "savings_plan_used_commitment": "90.3456",
        "savings_plan_total_commitment_to_date": "96", "pricing_public_on_demand_cost": "0",
    }  # fmt: skip
    covered = {
        "savings_plan_savings_plan_effective_cost": "90.3456",
        "savings_plan_net_savings_plan_effective_cost": "85.82832",
        "pricing_public_on_demand_cost": "136.128",
    }
    store = {
        "line_item_product_code": "AmazonS3", "product_servicename": "Amazon Simple Storage Service",
        "line_item_usage_amount": "140", "pricing_unit": "GB-Mo", "product_region_code": "eu-west-1",
    }  # fmt: skip
    return [
        _line(day, "SavingsPlanCoveredUsage", "USE1-BoxUsage:g5.12xlarge", "136.128", "136.128", **rented, **covered),
        _line(day, "SavingsPlanNegation", "USE1-BoxUsage:g5.12xlarge", "-136.128", "-136.128",
              **{**_EC2, **plan, "line_item_usage_amount": "0", "pricing_public_on_demand_cost": "0"}),
        _line(day, "SavingsPlanRecurringFee", "ComputeSP:1yrNoUpfront", "96", "91.2", **fee),
        _line(day, "Usage", "USE1-BoxUsage:g5.xlarge", "24.144", "22.9368", **alone),
        _line(day, "Usage", "EUW1-TimedStorage-ByteHrs", "3.37", "3.2015", **store),
    ]  # fmt: skip


def _line(day: datetime, kind: str, usage: str, cost: str, net: str, **more: str) -> dict[str, str]:
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    start, end, begin, until = (f"{one:%Y-%m-%d}T00:00:00Z" for one in (day, day + timedelta(days=1), month, after))
    return {
        "identity_line_item_id": f"{day:%Y%m%d}-{kind}-{usage}",
        "bill_payer_account_id": ACCOUNT,
        "bill_billing_entity": "AWS",
        "bill_billing_period_start_date": begin,
        "bill_billing_period_end_date": until,
        "line_item_usage_account_id": ACCOUNT,
        "line_item_usage_account_name": "harbour",
        "line_item_line_item_type": kind,
        "line_item_usage_type": usage,
        "line_item_usage_start_date": start,
        "line_item_usage_end_date": end,
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": cost,
        "line_item_net_unblended_cost": net,
        "line_item_blended_cost": cost,
        **more,
    }
