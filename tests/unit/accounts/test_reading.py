"""A read of an account, against moto's server as the account: complete, kept step by step, and reads alone."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aws_account import ACCOUNT, KEYS, Recorded, account, is_read, machines, put_cpu, seed
from gates import open_gate
from trimtab.access.scope import EVERYTHING
from trimtab.accounts.metric_reading import MetricStore, Points
from trimtab.accounts.model import Account, Read, ReadState, StepState
from trimtab.accounts.room import AccountsRoom
from trimtab.audit.ingest import AuditIngest
from trimtab.base.clock import SystemClock
from trimtab.base.errors import Conflict, InvalidInput
from trimtab.base.records import replace
from trimtab.cloud.call_limits import Limit
from trimtab.cloud.reading import Access
from trimtab.inventory.room import InventoryRoom
from trimtab.store.state.database import State

REGIONS = ("eu-west-1", "us-east-1")
UNKNOWN = {"EC2 capacity reservations", "EC2 reserved instances", "RDS reserved instances", "Savings Plans", "quotas"}
UNKNOWN |= {"cost and usage reports", "exports of bills", "audit events"}
"""What moto does not have."""
QUICK = {"savingsplans": Limit(1000.0, 100), "s3": Limit(1000.0, 100), "ec2": Limit(1000.0, 100)}


class Kept:
    """Stands in for the metric store: keeps what is written."""

    def __init__(self) -> None:
        self.points: dict[str, Points] = {}

    async def write(self, account: str, region: str, points: Points) -> int:
        self.points[points.key] = points
        return len(points.rows)


class NoAudit:
    async def write_new(self, events: Sequence[Any]) -> Any:
        return SimpleNamespace(events=list(events))


@pytest.fixture
def server() -> Iterator[Recorded]:
    with account() as server:
        yield server


@pytest.fixture
def seeded(server: Recorded) -> str:
    """Three machines in a region, one with a past; the disks of each."""
    instance = machines(server, "eu-west-1", 3, 2)[0]
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    put_cpu(server, "eu-west-1", instance, hour + timedelta(minutes=5), [10.0, 30.0])
    server.calls.clear()
    return instance


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setitem(os.environ, name.upper(), value)


def room_of(state: State, metrics: Kept) -> AccountsRoom:
    clock = SystemClock()
    inventory = InventoryRoom.of(state, clock)
    room = AccountsRoom.of(
        state, clock, inventory, cast(MetricStore, metrics), cast(AuditIngest, NoAudit()), open_gate()
    )
    room.limits = QUICK
    return room


@pytest.mark.slow
def test_a_read_brings_everything_by_reads_alone(credentials: None, tmp_path: Path) -> None:
    state = State.open("", tmp_path)
    room = room_of(state, Kept())

    async def work(server: Recorded, seeded: dict[str, dict[str, int]]) -> None:
        await room.connect(Account("", Access(endpoint=server.url), regions=REGIONS, days=1))
        assert await room.turn()
        standing = await room.standing(await room.store.one(ACCOUNT))
        assert UNKNOWN == {one.name for one in standing.steps if one.state is not StepState.DONE}
        expected = {kind: sum(one[kind] for one in seeded.values()) for kind in seeded[REGIONS[0]]}
        assert expected == {kind: standing.by_type[kind] for kind in expected}
        await facts(room)

    with account() as server:
        seeded = {region: seed(server, region, instances=3, volumes=2, buckets=1) for region in REGIONS}
        server.calls.clear()
        asyncio.run(work(server, seeded))
        assert [] == [one for one in server.calls if not is_read(one[0], one[1])]
    state.close()


async def facts(room: AccountsRoom) -> None:
    """What the describe calls said is in the inventory."""
    resources = room.inventory.resources
    endpoint = (await resources.of_type(EVERYTHING, "sagemaker:endpoint"))[0]
    assert ("nlp", "ml.p3.2xlarge") == (endpoint.owner, endpoint.type)
    assert [2] == [one["CurrentInstanceCount"] for one in endpoint.attributes["ProductionVariants"]]
    balancer = (await resources.of_type(EVERYTHING, "elasticloadbalancing:loadbalancer"))[0]
    assert [2] == [one["Targets"] for one in balancer.attributes["TargetGroups"]]
    bucket = (await resources.of_type(EVERYTHING, "s3:bucket"))[0]
    assert 1 == bucket.attributes["MultipartUploads"]["Count"]
    readings = await room.inventory.readings.of(EVERYTHING)
    assert {(ACCOUNT, "global", "s3:bucket"), (ACCOUNT, "eu-west-1", "ec2:volume")} < set(readings)
    assert (ACCOUNT, "eu-west-1", "ec2:reserved-instances") not in readings  # it could not be read


async def done_but(room: AccountsRoom, *names: str) -> Read:
    """Say that the process before had done all steps but these."""
    read = await room.store.under_way()
    assert read is not None
    for one in await room.store.steps(read.id):
        if one.name not in names:
            await room.store.ended(read.id, replace(one, state=StepState.DONE))
    return read


def test_a_read_goes_on_where_the_process_ended(
    server: Recorded, seeded: str, credentials: None, tmp_path: Path
) -> None:
    state, metrics = State.open("", tmp_path), Kept()
    room = room_of(state, metrics)
    wanted = Account("", Access(endpoint=server.url), regions=("eu-west-1",), audit=False, spot=False, days=1)

    async def work() -> None:
        plan = await room.plan(wanted)
        assert (ACCOUNT, None) == (plan.account.account, plan.dollars)
        found = await room.connect(wanted)
        with pytest.raises(Conflict, match="is being read already"):
            await room.read(found)
        await done_but(room, "EBS volumes", "EC2 instances", "EC2 reserved instances", "metrics")
        server.calls.clear()
        assert await room_of(state, metrics).turn()
        asked = {"DescribeVolumes", "DescribeInstances", "DescribeReservedInstances", "GetMetricData"}
        assert asked == {one[1].rpartition(".")[2] for one in server.calls}
        standing = await room.standing(found)
        assert {"ec2:instance": 3, "ec2:volume": 5} == dict(standing.by_type)
        assert standing.read is not None
        assert ReadState.DONE is standing.read.state
        assert {"EC2 reserved instances"} == {one.name for one in standing.steps if one.state is StepState.FAILED}
        assert {(ACCOUNT, "eu-west-1", "ec2:instance"), (ACCOUNT, "eu-west-1", "ec2:volume")} == set(
            await room.inventory.readings.of(EVERYTHING)
        )
        assert standing.read.estimate == (await room.plan(wanted)).dollars == sum(one.cost for one in standing.calls)
        assert not await room.turn()  # it is not due

    asyncio.run(work())
    (hour,) = [row for points in metrics.points.values() for row in points.rows]
    assert ("CPUUtilization", seeded) == (hour[0].wanted.metric, hour[0].dimensions["InstanceId"])
    assert (1.0, 20.0, 20.0, 30.0) == hour[2:]
    state.close()


def test_metrics_that_cost_more_than_they_may_are_left_out(
    server: Recorded, seeded: str, credentials: None, tmp_path: Path
) -> None:
    state, metrics = State.open("", tmp_path), Kept()
    room = room_of(state, metrics)
    access = Access(endpoint=server.url)
    wanted = Account("", access, regions=("eu-west-1",), audit=False, spot=False, max_cost=Decimal("0.0001"))

    async def work() -> None:
        await room.connect(wanted)
        read = await done_but(room, "EC2 instances", "metrics")
        await room.turn()
        (step,) = [one for one in await room.store.steps(read.id) if one.name == "metrics"]
        assert StepState.SKIPPED is step.state
        assert "would cost $0.00024, and a read may spend $0.0001" in step.problem
        assert {} == metrics.points

    asyncio.run(work())
    state.close()


def test_credentials_of_another_account_are_refused(server: Recorded, credentials: None, state: State) -> None:
    room = room_of(state, Kept())
    with pytest.raises(InvalidInput, match=f"these credentials are of account {ACCOUNT}"):
        asyncio.run(room.connect(Account("999999999999", Access(endpoint=server.url))))


def test_a_role_is_assumed(server: Recorded, seeded: str, credentials: None, state: State) -> None:
    room = room_of(state, Kept())
    role = "arn:aws:iam::210987654321:role/trimtab-read"
    server.calls.clear()
    plan = asyncio.run(room.plan(Account("", Access(role, "secret", endpoint=server.url), regions=("us-east-1",))))
    assert ["AssumeRole", "GetCallerIdentity"] == [one[1] for one in server.calls]
    assert "210987654321" == plan.account.account
    assert plan.arn.endswith("assumed-role/trimtab-read/trimtab")
