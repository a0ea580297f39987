"""boto3's training plans over nodes of a cluster: offers, plans that never share machines, and jobs within a plan."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_pool import ROLE, Pool
from trimtab.base.clock import ManualClock
from trimtab.capacity.training_plans import HOUR_MS, Block, earliest, offer_of, taken_at_most
from trimtab.inventory.runs.model import Condition, Node
from trimtab.store.state.database import State

ACCOUNT = "123456789012"
NOW_MS = 1_764_028_800_000
TYPE = "ml.p5.48xlarge"
PLAN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-plan/"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def pool(state: State, tmp_path: Path, clock: ManualClock) -> Pool:
    """Four machines of eight H100, of which one is drained, and one of another type."""
    pool = Pool(state, clock, tmp_path, {"train": {"command": ["true"], "images": ["*"]}})
    kinds = [("p5.48xlarge", Condition.UP)] * 3 + [("p5.48xlarge", Condition.DRAINED), ("p4d.24xlarge", Condition.UP)]
    nodes = [
        Node(ACCOUNT, "atlas", f"n{at}", condition, gpus=8, instance_type=type_)
        for at, (type_, condition) in enumerate(kinds)
    ]
    asyncio.run(pool.inventory.nodes.put(nodes, NOW_MS - HOUR_MS))
    return pool


def offers(pool: Pool, count: int = 1, hours: int = 24, **more: Any) -> list[dict[str, Any]]:
    asked = {"InstanceType": TYPE, "InstanceCount": count, "DurationHours": hours, "TargetResources": ["training-job"]}
    return list(pool.api.search_training_plan_offerings(**asked, **more)["TrainingPlanOfferings"])


def take(pool: Pool, name: str, count: int, hours: int = 24) -> str:
    [offer] = offers(pool, count, hours)
    return str(
        pool.api.create_training_plan(
            TrainingPlanName=name,
            TrainingPlanOfferingId=offer["TrainingPlanOfferingId"],
            Tags=[{"Key": "a", "Value": "b"}],
        )["TrainingPlanArn"]
    )


def job(pool: Pool, name: str, plan: str, **resources: Any) -> None:
    pool.api.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": "any", "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://mine/models"},
        ResourceConfig={
            "InstanceType": TYPE,
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
            "TrainingPlanArn": plan,
            **resources,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def test_search_offers_the_earliest_time_at_which_no_plan_has_the_machines(pool: Pool) -> None:
    [offer] = offers(pool, 3)
    [part] = offer["ReservedCapacityOfferings"]
    assert (NOW_MS, 24, 3) == (
        round(part["StartTime"].timestamp() * 1000),
        part["DurationHours"],
        part["InstanceCount"],
    )
    assert [] == offers(pool, 4)  # one of the four is drained
    take(pool, "first", 2)
    assert [NOW_MS, NOW_MS + 24 * HOUR_MS] == [
        round(offers(pool, count)[0]["ReservedCapacityOfferings"][0]["StartTime"].timestamp() * 1000)
        for count in (1, 2)
    ]
    assert [] == offers(pool, 2, EndTimeBefore=(NOW_MS + 30 * HOUR_MS) / 1000)
    [late] = offers(pool, 2, StartTimeAfter=(NOW_MS + 100 * HOUR_MS) / 1000)
    assert NOW_MS + 100 * HOUR_MS == round(late["ReservedCapacityOfferings"][0]["StartTime"].timestamp() * 1000)
    found = pool.api.search_training_plan_offerings(DurationHours=1)["TrainingPlanOfferings"]
    types = {one["ReservedCapacityOfferings"][0]["InstanceType"] for one in found}
    assert {TYPE, "ml.p4d.24xlarge"} == types
    pods = {"DurationHours": 1, "TargetResources": ["hyperpod-cluster"]}
    assert [] == pool.api.search_training_plan_offerings(**pods)["TrainingPlanOfferings"]
    with pytest.raises(ClientError, match="UltraServerType is not supported"):
        offers(pool, UltraServerType="ml.u-p6e-gb200x36")


def test_an_offer_costs_the_list_price_of_its_machine_hours(pool: Pool) -> None:
    price = pool.inventory.catalog.price("p5.48xlarge", NOW_MS)
    assert price is not None
    [offer] = offers(pool, 2, 10)
    assert (f"{price.per_hour * 20:.2f}", price.currency) == (offer["UpfrontFee"], offer["CurrencyCode"])
    take(pool, "priced", 2, 10)
    assert offer["UpfrontFee"] == pool.api.describe_training_plan(TrainingPlanName="priced")["UpfrontFee"]


def test_an_offer_that_another_plan_took_is_gone(pool: Pool) -> None:
    [offer] = offers(pool, 2)
    take(pool, "first", 2)
    asked = {"TrainingPlanName": "second", "TrainingPlanOfferingId": offer["TrainingPlanOfferingId"]}
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*no longer available"):
        pool.api.create_training_plan(**asked)
    with pytest.raises(ClientError, match="does not exist"):
        pool.api.create_training_plan(TrainingPlanName="third", TrainingPlanOfferingId="tpo-nobody")
    with pytest.raises(ClientError, match="ResourceInUse"):
        take(pool, "first", 1)


def test_describe_and_list_tell_a_plan_that_is_scheduled_active_and_expired(pool: Pool, clock: ManualClock) -> None:
    clock.advance(60)
    arn = take(pool, "Mine", 2)
    assert f"{PLAN}mine" == arn
    assert [("Scheduled", 0)] == [
        (one["Status"], one["AvailableInstanceCount"])
        for one in pool.api.list_training_plans()["TrainingPlanSummaries"]
    ]
    clock.advance(3600)
    for name in ("Mine", arn):
        found = pool.api.describe_training_plan(TrainingPlanName=name)
        assert ("Active", 2, 2, 0) == tuple(
            found[part] for part in ("Status", "TotalInstanceCount", "AvailableInstanceCount", "InUseInstanceCount")
        )
    assert [{"Key": "a", "Value": "b"}] == pool.api.list_tags(ResourceArn=arn)["Tags"]
    active = [{"Name": "Status", "Value": "Active"}]
    assert ["Mine"] == [
        one["TrainingPlanName"] for one in pool.api.list_training_plans(Filters=active)["TrainingPlanSummaries"]
    ]
    clock.advance(25 * 3600)
    assert "Expired" == pool.api.describe_training_plan(TrainingPlanName="Mine")["Status"]
    assert [] == pool.api.list_training_plans(Filters=active)["TrainingPlanSummaries"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        pool.api.describe_training_plan(TrainingPlanName="nobody")


def test_a_job_of_a_plan_begins_while_the_plan_is_active_and_has_machines_left(pool: Pool, clock: ManualClock) -> None:
    clock.advance(60)
    arn = take(pool, "mine", 2)
    with pytest.raises(ClientError, match="is Scheduled; expected an Active one"):
        job(pool, "early", arn)
    clock.advance(3600)
    job(pool, "one", arn)
    found = pool.api.describe_training_plan(TrainingPlanName="mine")
    assert (1, 1) == (found["AvailableInstanceCount"], found["InUseInstanceCount"])
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*has 1 machines left; got 2"):
        job(pool, "two", arn, InstanceCount=2)
    with pytest.raises(ClientError, match=r"is of ml.p5.48xlarge, not of ml.g5.xlarge"):
        job(pool, "other", arn, InstanceType="ml.g5.xlarge")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        job(pool, "nobody", f"{PLAN}nobody")
    job(pool, "two", arn)
    with pytest.raises(ClientError, match="has 0 machines left"):
        job(pool, "three", arn)


def test_the_most_machines_that_are_taken_at_one_moment_count() -> None:
    taken = [Block("a", 2, 0, 10), Block("a", 3, 10, 20), Block("a", 1, 5, 15)]
    assert [2, 3, 4, 0] == [taken_at_most(taken, *span) for span in ((0, 5), (0, 10), (0, 20), (20, 30))]
    wanted = Block("a", 2, 0, 10)
    assert Block("a", 2, 20, 30) == earliest(wanted, 4, taken)
    assert earliest(wanted, 4, taken, 29) is None
    assert Block("a", 1, 0, 10) == earliest(Block("a", 1, 0, 10), 4, taken)
    assert wanted == earliest(wanted, 4, [Block("b", 9, 0, 99)])
    with pytest.raises(Exception, match="does not exist"):
        offer_of("tpo-" + b"[1,2]".hex())
