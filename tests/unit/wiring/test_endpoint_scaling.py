"""A sizing that becomes an endpoint's policy is a scalable target with target tracking, observed by the engine."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gates import open_gate
from trimtab.access.scope import EVERYTHING
from trimtab.actions.registry import Actuators
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.inference.room import InferenceRoom
from trimtab.inference.sizing import Policy
from trimtab.inventory.served.model import CONFIG, ENDPOINT
from trimtab.scaling.engine.model import Guards, Kind, Mode, ScalableTarget
from trimtab.scaling.engine.model import Policy as ScalingPolicy
from trimtab.scaling.engine.room import Means, ScalingRoom
from trimtab.store.state.database import State
from trimtab.wiring.endpoint_scaling import POLICY, EndpointScaling

ACCOUNT, REGION = "123456789012", "us-east-1"


class Desk:
    """Both rooms over one state."""

    def __init__(self, state: State, folder: Path) -> None:
        clock, nothing = ManualClock(1_900_000_000_000), None
        no: Any = nothing
        self.scaling = ScalingRoom.of(state, clock, Means(no, no, Actuators(state, clock), no, no))
        self.room = InferenceRoom.of(state, clock, folder, ACCOUNT, REGION, open_gate())
        self.room.adoption.engine = EndpointScaling(self.scaling)

    def choose(self, endpoint: str, count: int, target: float) -> list[tuple[ScalableTarget, list[ScalingPolicy]]]:
        """Choose, and what the engine then has."""

        async def run() -> list[tuple[ScalableTarget, list[ScalingPolicy]]]:
            policy = Policy("ml.m5.large", count, target)
            made = await self.room.adoption.choose(ACCOUNT, endpoint, policy, "somebody")
            assert made == await self.room.policies.of(EVERYTHING, endpoint)
            found = [await self.scaling.targets.get(EVERYTHING, id_) for id_ in made.targets]
            return [(one, await self.scaling.policies.of(one)) for one in found]

        return asyncio.run(run())


@pytest.fixture
def desk(state: State, tmp_path: Path) -> Desk:
    return Desk(state, tmp_path)


def test_a_choice_is_a_target_that_is_observed_with_target_tracking(desk: Desk) -> None:
    [(target, [policy])] = desk.choose("rerank", 8, 8400.0)
    assert ("endpoint/rerank/variant/AllTraffic", "sagemaker:variant:DesiredInstanceCount") == (
        target.key.resource,
        target.key.dimension,
    )
    assert (Mode.OBSERVE, 1, 8, 140.0) == (target.mode, target.least, target.most, target.service.capacity)
    assert target.guards.price_per_hour is not None and target.guards.price_per_hour > Decimal("0.05")
    assert (POLICY, Kind.TRACKING, 8400.0) == (policy.name, policy.kind, policy.document["TargetValue"])


def test_the_variants_of_a_registered_endpoint_share_the_instances_by_weight(desk: Desk) -> None:
    variants = [{"VariantName": "A", "InitialVariantWeight": 3.0}, {"VariantName": "B"}]

    async def registered() -> None:
        await desk.room.served.create((ACCOUNT, REGION), CONFIG, "c", {"ProductionVariants": variants}, "InService")
        await desk.room.served.create((ACCOUNT, REGION), ENDPOINT, "e", {"EndpointConfigName": "c"}, "InService")

    asyncio.run(registered())
    found = desk.choose("e", 6, 600.0)
    assert [("endpoint/e/variant/A", 5), ("endpoint/e/variant/B", 2)] == [
        (one.key.resource, one.most) for one, _ in found
    ]


def test_another_choice_is_looked_at_first_and_keeps_guard_rails(desk: Desk) -> None:
    [(first, _)] = desk.choose("rerank", 8, 8400.0)
    acting = desk.scaling.targets.change(EVERYTHING, first.id, mode=Mode.ACT, least=2, guards=Guards(max_step=1))
    asyncio.run(acting)
    [(again, [policy])] = desk.choose("rerank", 4, 16_800.0)
    assert (first.id, Mode.OBSERVE, 2, 4, 1) == (again.id, again.mode, again.least, again.most, again.guards.max_step)
    assert 16_800.0 == policy.document["TargetValue"]


def test_what_is_forgotten_is_no_longer_tracked(desk: Desk) -> None:
    [(target, _)] = desk.choose("rerank", 8, 8400.0)

    async def forgotten() -> list[ScalingPolicy]:
        await desk.room.adoption.forget(EVERYTHING, "rerank")
        with pytest.raises(NotFound):
            await desk.room.adoption.forget(EVERYTHING, "rerank")
        return await desk.scaling.policies.of(target)

    assert [] == asyncio.run(forgotten())


def test_a_name_that_no_endpoint_can_have_is_written_as_one(desk: Desk) -> None:
    [(target, _)] = desk.choose("http://10.0.0.7:8080/v1 chat", 1, 60.0)
    assert "endpoint/http-10-0-0-7-8080-v1-chat/variant/AllTraffic" == target.key.resource
    with pytest.raises(InvalidInput, match="no letter"):
        desk.choose("///", 1, 60.0)
