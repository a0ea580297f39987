"""boto3's capacity blocks and reservations over nodes of a cluster: no machine is set aside twice, runs use them."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from boto_in_process import client
from trimtab.base.clock import ManualClock
from trimtab.capacity.set_aside import SetAside
from trimtab.capacity.training_plans import HOUR_MS
from trimtab.doors.aws.ec2 import service
from trimtab.doors.aws.ec2.rooms import Ec2Rooms
from trimtab.inventory.catalog.model import Rate, RateKind, RateUnit
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.inventory.served.model import TRAINING_PLAN
from trimtab.inventory.served.store import ServedStore
from trimtab.store.state.database import State

ACCOUNT, REGION = "123456789012", "us-east-1"
NOW_MS = 1_764_028_800_000
TYPE = "p5.48xlarge"
DAY_MS = 24 * HOUR_MS
LINUX = "Linux/UNIX"
GONE = "InvalidCapacityReservationId.NotFound"
SCHEDULED = [{"Name": "state", "Values": ["scheduled"]}]


class Desk:
    """EC2's API over three machines of eight H100 in use, one that is drained, and one of another type."""

    def __init__(self, state: State, clock: ManualClock) -> None:
        self.clock, self.inventory, self.served = clock, InventoryRoom.of(state, clock), ServedStore(state, clock)
        set_aside = SetAside(self.served, self.inventory, REGION)
        self.ec2 = client(service.build(Ec2Rooms(set_aside, clock)), clock, REGION)
        kinds = [(TYPE, Condition.UP)] * 3 + [(TYPE, Condition.DRAINED), ("p4d.24xlarge", Condition.UP)]
        nodes = [
            Node(ACCOUNT, "atlas", f"n{at}", condition, gpus=8, instance_type=type_, labels={
                "topology.kubernetes.io/zone": "us-east-1c"})
            for at, (type_, condition) in enumerate(kinds)
        ]  # fmt: skip
        asyncio.run(self.inventory.nodes.put(nodes, NOW_MS - HOUR_MS))

    def offers(self, count: int = 1, hours: int = 24, **more: Any) -> list[dict[str, Any]]:
        asked = {"InstanceType": TYPE, "InstanceCount": count, "CapacityDurationHours": hours, **more}
        return list(self.ec2.describe_capacity_block_offerings(**asked)["CapacityBlockOfferings"])

    def buy(self, count: int, hours: int = 24, **tags: str) -> dict[str, Any]:
        [offer] = self.offers(count, hours)
        named = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
        return dict(self.ec2.purchase_capacity_block(
            CapacityBlockOfferingId=offer["CapacityBlockOfferingId"], InstancePlatform=LINUX,
            **({"TagSpecifications": named} if tags else {}),
        ))  # fmt: skip

    def reserve(self, count: int = 1, **more: Any) -> dict[str, Any]:
        asked = {"InstanceType": TYPE, "InstancePlatform": LINUX, "InstanceCount": count, **more}
        return dict(self.ec2.create_capacity_reservation(**asked)["CapacityReservation"])

    def run(self, *nodes: str, state: RunState = RunState.RUNNING) -> None:
        key = RunKey(ACCOUNT, "atlas", "train")
        held = tuple(Held(one, 8) for one in nodes)
        run = Run(key, "slurm", state, NOW_MS, start_ms=NOW_MS, gpus=8 * len(nodes), nodes=len(nodes),
                  node_names=nodes, held=held)  # fmt: skip
        asyncio.run(self.inventory.runs.put([run], self.clock.now_ms()))


@pytest.fixture
def desk(state: State) -> Desk:
    return Desk(state, ManualClock(NOW_MS))


def ms(found: Any) -> int:
    return round(found.timestamp() * 1000)


def code(problem: "pytest.ExceptionInfo[ClientError]") -> tuple[str, int]:
    answer = problem.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_an_offer_is_the_earliest_time_at_the_fleets_price(desk: Desk) -> None:
    rate = Rate(RateKind.PRICE, "gpu:H100", RateUnit.GPU_HOUR, Decimal("2.50"), "USD", 0)
    asyncio.run(desk.inventory.rates.put([rate]))
    [offer] = desk.offers(3, 48)
    assert (TYPE, 3, "us-east-1c", NOW_MS, NOW_MS + 2 * DAY_MS) == (
        offer["InstanceType"], offer["InstanceCount"], offer["AvailabilityZone"],
        ms(offer["StartDate"]), ms(offer["EndDate"]),
    )  # fmt: skip
    assert (48, 2880, "USD") == (
        offer["CapacityBlockDurationHours"], offer["CapacityBlockDurationMinutes"], offer["CurrencyCode"],
    )  # fmt: skip
    assert Decimal("2.50") * 8 * 3 * 48 == Decimal(offer["UpfrontFee"])
    assert [] == desk.offers(4)  # one of the four is drained
    every = desk.ec2.describe_capacity_block_offerings(CapacityDurationHours=24)["CapacityBlockOfferings"]
    assert ["p4d.24xlarge", TYPE] == [one["InstanceType"] for one in every]


def test_a_block_has_its_machines_for_its_time_alone(desk: Desk) -> None:
    bought = desk.buy(2, 48, team="ml")
    reservation, [block] = bought["CapacityReservation"], bought["CapacityBlocks"]
    assert ("capacity-block", "active", 2, "targeted") == tuple(
        reservation[name] for name in ("ReservationType", "State", "TotalInstanceCount", "InstanceMatchCriteria")
    )
    assert [reservation["CapacityReservationId"]] == block["CapacityReservationIds"]
    assert (
        f"arn:aws:ec2:us-east-1:{ACCOUNT}:capacity-reservation/{reservation['CapacityReservationId']}"
        == (reservation["CapacityReservationArn"])
    )
    assert [NOW_MS, NOW_MS + 2 * DAY_MS] == [ms(desk.offers(count)[0]["StartDate"]) for count in (1, 2)]
    assert [] == desk.offers(2, EndDateRange=(NOW_MS + 2 * DAY_MS) / 1000)
    with pytest.raises(ClientError, match="Insufficient capacity") as refused:
        desk.reserve(2, EndDate=(NOW_MS + DAY_MS) / 1000)
    assert ("InsufficientInstanceCapacity", 400) == code(refused)
    [listed] = desk.ec2.describe_capacity_blocks(Filters=[{"Name": "tag:team", "Values": ["ml"]}])["CapacityBlocks"]
    assert block == listed
    assert [] == desk.ec2.describe_capacity_blocks(Filters=SCHEDULED)["CapacityBlocks"]
    desk.clock.advance(2 * DAY_MS / 1000)
    [over] = desk.ec2.describe_capacity_blocks(CapacityBlockIds=[block["CapacityBlockId"]])["CapacityBlocks"]
    assert "expired" == over["State"]
    assert 3 == desk.reserve(3)["TotalInstanceCount"]


def test_two_cannot_take_the_same_offer(desk: Desk) -> None:
    [offer] = desk.offers(2)
    asked = {"CapacityBlockOfferingId": offer["CapacityBlockOfferingId"], "InstancePlatform": LINUX}
    desk.ec2.purchase_capacity_block(**asked)
    with pytest.raises(ClientError, match="no longer available"):
        desk.ec2.purchase_capacity_block(**asked)
    with pytest.raises(ClientError, match="Invalid value 'cbo-00'") as refused:
        desk.ec2.purchase_capacity_block(CapacityBlockOfferingId="cbo-00", InstancePlatform=LINUX)
    assert ("InvalidParameterValue", 400) == code(refused)


def test_what_training_plans_have_is_not_offered(desk: Desk) -> None:
    form = {"InstanceType": f"ml.{TYPE}", "InstanceCount": 2, "StartTime": NOW_MS, "EndTime": NOW_MS + DAY_MS}
    asyncio.run(desk.served.create((ACCOUNT, REGION), TRAINING_PLAN, "plan", form, ""))
    assert [NOW_MS, NOW_MS + DAY_MS] == [ms(desk.offers(count)[0]["StartDate"]) for count in (1, 2)]


def test_runs_use_reservations_the_oldest_first(desk: Desk) -> None:
    first = desk.reserve(1)["CapacityReservationId"]
    desk.clock.advance(1)
    second = desk.reserve(2)["CapacityReservationId"]

    def left() -> dict[str, int]:
        found = desk.ec2.describe_capacity_reservations()["CapacityReservations"]
        return {one["CapacityReservationId"]: one["AvailableInstanceCount"] for one in found}

    assert {first: 1, second: 2} == left()
    desk.run("n0", "n1")
    assert {first: 0, second: 1} == left()
    usage = desk.ec2.get_capacity_reservation_usage(CapacityReservationId=second)
    assert (2, 1, [{"AccountId": ACCOUNT, "UsedInstanceCount": 1}]) == tuple(
        usage[name] for name in ("TotalInstanceCount", "AvailableInstanceCount", "InstanceUsages")
    )
    assert {"Return": True} == {
        name: value for name, value in desk.ec2.cancel_capacity_reservation(CapacityReservationId=first).items()
        if name == "Return"
    }  # fmt: skip
    assert {first: 0, second: 0} == left()
    desk.run("n0", "n1", state=RunState.COMPLETED)
    assert {first: 0, second: 2} == left()


def test_a_reservation_ends_when_it_is_cancelled_and_not_twice(desk: Desk) -> None:
    asked = {"CapacityReservationId": desk.reserve(3)["CapacityReservationId"]}
    assert [] == desk.offers(1)
    desk.ec2.cancel_capacity_reservation(**asked)
    assert 1 == len(desk.offers(3))
    with pytest.raises(ClientError, match="is cancelled") as refused:
        desk.ec2.cancel_capacity_reservation(**asked)
    assert ("InvalidCapacityReservationState", 400) == code(refused)
    block = desk.buy(1)["CapacityReservation"]["CapacityReservationId"]
    with pytest.raises(ClientError, match="of a Capacity Block, which cannot be cancelled") as refused:
        desk.ec2.cancel_capacity_reservation(CapacityReservationId=block)
    assert ("OperationNotPermitted", 400) == code(refused)
    kept = desk.ec2.describe_capacity_reservations(Filters=[{"Name": "state", "Values": ["active"]}])
    assert [block] == [one["CapacityReservationId"] for one in kept["CapacityReservations"]]


def test_a_call_that_is_repeated_with_its_token_reserves_once(desk: Desk) -> None:
    assert desk.reserve(2, ClientToken="once") == desk.reserve(2, ClientToken="once")
    assert desk.reserve(1, ClientToken="other")["CapacityReservationId"].startswith("cr-")
    assert 2 == len(desk.ec2.describe_capacity_reservations()["CapacityReservations"])


def test_tags_are_set_filtered_and_removed(desk: Desk) -> None:
    tags = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": "team", "Value": "ml"}]}]
    id_ = desk.reserve(1, TagSpecifications=tags)["CapacityReservationId"]
    desk.ec2.create_tags(Resources=[id_], Tags=[{"Key": "stage", "Value": "a"}, {"Key": "more", "Value": "b"}])
    desk.ec2.delete_tags(Resources=[id_], Tags=[{"Key": "stage"}, {"Key": "more", "Value": "other"}])
    [one] = desk.ec2.describe_capacity_reservations(CapacityReservationIds=[id_])["CapacityReservations"]
    assert [{"Key": "more", "Value": "b"}, {"Key": "team", "Value": "ml"}] == one["Tags"]
    found = desk.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["team"]}])["Tags"]
    assert [{"Key": "team", "ResourceId": id_, "ResourceType": "capacity-reservation", "Value": "ml"}] == found
    desk.ec2.delete_tags(Resources=[id_])
    assert [] == desk.ec2.describe_tags()["Tags"]
    with pytest.raises(ClientError, match="'i-1' is not valid"):
        desk.ec2.create_tags(Resources=["i-1"], Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.parametrize(
    ("operation", "asked", "said"),
    [
        ("describe_capacity_reservations", {"CapacityReservationIds": ["cr-1"]}, GONE),
        ("cancel_capacity_reservation", {"CapacityReservationId": "cr-1"}, GONE),
        ("get_capacity_reservation_usage", {"CapacityReservationId": "cr-1"}, GONE),
        ("describe_capacity_blocks", {"CapacityBlockIds": ["cb-1"]}, "InvalidCapacityBlockId.NotFound"),
        ("describe_capacity_blocks", {"Filters": [{"Name": "other", "Values": ["a"]}]}, "InvalidParameterValue"),
        ("describe_capacity_block_offerings", {"CapacityDurationHours": 25}, "InvalidParameterValue"),
        ("describe_capacity_block_offerings", {"CapacityDurationHours": 360}, "InvalidParameterValue"),
        ("describe_capacity_reservations", {"DryRun": True}, "DryRunOperation"),
    ],
)  # fmt: skip
def test_errors_have_the_codes_of_ec2(desk: Desk, operation: str, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(desk.ec2, operation)(**asked)
    assert (said, 412 if said == "DryRunOperation" else 400) == code(refused)


def test_a_reservation_until_a_time_says_so(desk: Desk) -> None:
    one = desk.reserve(1, EndDate=(NOW_MS + DAY_MS) / 1000, EndDateType="limited")
    assert ("limited", NOW_MS + DAY_MS) == (one["EndDateType"], ms(one["EndDate"]))
    assert "unlimited" == desk.reserve(1)["EndDateType"]
    for wrong in ({"EndDateType": "limited"}, {"EndDate": (NOW_MS - 1) / 1000}):
        with pytest.raises(ClientError, match="EndDate"):
            desk.reserve(1, **wrong)


def test_lists_come_in_pages(desk: Desk) -> None:
    ids = {desk.reserve(1)["CapacityReservationId"] for _ in range(3)}
    pages = desk.ec2.get_paginator("describe_capacity_reservations").paginate(PaginationConfig={"PageSize": 2})
    found = [[one["CapacityReservationId"] for one in page["CapacityReservations"]] for page in pages]
    assert ([2, 1], ids) == ([len(one) for one in found], {one for page in found for one in page})
