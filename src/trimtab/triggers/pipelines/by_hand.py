"""A pipeline started by a person, or by whatever asks the actions' registry: with the same cool-down and record."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from trimtab.actions.registry import Plan
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.triggers.arns import Place
from trimtab.triggers.entries import stable_id
from trimtab.triggers.model import Delivery, DeliveryState
from trimtab.triggers.pipelines.planning import plan, would_fold
from trimtab.triggers.pipelines.store import PipelineStore

NAME = "start_pipeline"


class StartPipeline(Struct):
    """The actuator. Its target is `account/region/name`, its wish `reason` and `input`."""

    state: State
    clock: Clock
    pipelines: PipelineStore
    name: str = NAME

    async def plan(self, target: str, wish: Mapping[str, Any]) -> Plan:
        """What a start would come to now. Raises NotFound."""
        place, name = _taken_apart(target)
        pipeline = await self.pipelines.get(place, name)
        now_ms = self.clock.now_ms()
        run = await self.state.read(partial(would_fold, pipeline=pipeline, at_ms=now_ms))
        if run is None:
            return Plan(f"would start {pipeline.kind} pipeline {name}", {"starts": True})
        return Plan(f"{name} would not start: it is in the cool-down of run {run.id}", {"starts": False, "run": run.id})

    async def act(self, target: str, wish: Mapping[str, Any], request_id: str) -> str:
        """Plan the run; it starts within a second."""
        place, name = _taken_apart(target)
        pipeline = await self.pipelines.get(place, name)
        now_ms = self.clock.now_ms()
        asked = str(wish.get("input") or "{}")
        reason = str(wish.get("reason") or "asked for")[:600]
        id_ = stable_id("by hand", pipeline.arn, str(wish.get("request") or request_id))
        delivery = Delivery(
            seq=0,
            id=id_,
            place=place,
            event="",
            title=reason,
            rule="by hand",
            target="",
            arn=pipeline.arn,
            form={},
            input=asked if _is_json(asked) else json.dumps(asked),
            at_ms=now_ms,
            state=DeliveryState.DELIVERED,
            attempts=0,
            next_ms=now_ms,
            created_ms=now_ms,
            finished_ms=None,
            status=None,
            reason="",
            dead_letter="",
        )
        found = await self.state.change(partial(plan, pipeline=pipeline, delivery=delivery, now_ms=now_ms))
        return f"{'came in the cool-down of' if found.folded else 'starts'} run {found.run.id}"


def _taken_apart(target: str) -> tuple[Place, str]:
    account, _, rest = target.partition("/")
    region, _, name = rest.partition("/")
    return Place(account, region), name


def _is_json(text: str) -> bool:
    try:
        typed.loads(text)
    except ValueError:
        return False
    return True
