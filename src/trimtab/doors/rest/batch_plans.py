"""`/rest/v1/batch-jobs/plan` and `…/placement`: which machines a batch job should have, and where it should be now."""

import asyncio
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.batch.plan.choose import choose
from trimtab.batch.plan.machines import Prices, Spot, rates
from trimtab.batch.plan.model import Capacity, Option, Work
from trimtab.batch.plan.placement import placed
from trimtab.batch.recorder import Recorder, report_of
from trimtab.capacity.spot.decide import ON_DEMAND, SPOT, WAIT
from trimtab.client import batch_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.inventory.catalog.book import load
from trimtab.inventory.catalog.spot import SpotPriceStore

_PATH, _TAG = "/rest/v1/batch-jobs", "inference"
_ID: Mapping[str, str] = {"id": "The id of the job."}
_MOST_TICKS = 400_000


class Where(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a job is."""

    on: Annotated[Literal["spot", "on-demand", "wait"], Meta(description="What the job runs on now.")] = "wait"
    up_h: Annotated[float, Meta(ge=0, le=100_000, description="Hours for which spot has been there; 0: it is not.")] = 0
    rule: Annotated[Literal["uniform progress", "trimtab", "spot, then on demand"], Meta(description="The rule.")] = (
        "uniform progress"
    )
    step_min: Annotated[float, Meta(gt=0, le=1440, description="Minutes until it is asked again.")] = 10.0
    start_min: Annotated[float, Meta(ge=0, le=600, description="Minutes that a machine takes to start.")] = 3.0


class Planning(Struct, frozen=True):
    """What the operations need. `region` is the server's own."""

    recorder: Recorder
    spot: SpotPriceStore
    clock: Clock
    region: str


def operations(needs: Planning) -> list[Operation]:
    """The operations that plan."""

    async def plan(call: Call[NoQuery, wire.AskPlan]) -> wire.Plan:
        asked = call.body
        reports = [report for _, report in await needs.recorder.listed(call.principal.scope, asked.name)]
        spot = Spot(_available(asked), None if asked.spot_share is None else Decimal(str(asked.spot_share)))
        prices = Prices(load(), needs.spot, needs.region, needs.clock.now_ms())
        machines, left_out = await prices.machines(rates(reports, asked.measured), spot)
        budget = None if asked.budget is None else Decimal(asked.budget)
        work = Work(asked.records, asked.deadline_h, budget, asked.most, asked.start_min / 60)
        found = await asyncio.to_thread(choose, work, machines, left_out)
        chosen = None if found.chosen is None else _option(found.chosen)
        return wire.Plan(chosen, [_option(one) for one in found.options], found.words, list(found.left_out))

    async def placement(call: Call[Where, None]) -> wire.Placement:
        kept = await needs.recorder.store.get(call.principal.scope, call.path["id"])
        where = call.query
        on = {"spot": SPOT, "on-demand": ON_DEMAND, "wait": WAIT}[where.on]
        steps = where.step_min / 60, where.start_min / 60
        found = placed(report_of(kept), needs.clock.now_ms(), on, where.up_h, where.rule, steps)
        return wire.Placement(found.on, found.why, round(found.slack_h, 4), where.rule)

    return [
        Operation(
            "POST", f"{_PATH}/plan", "plan batch job",
            "The cheapest machines, on demand or on spot, that do a job within its deadline and budget.",
            plan, wire.Plan, body=wire.AskPlan, tag=_TAG,
        ),
        Operation(
            "GET", f"{_PATH}/{{id}}/placement", "place batch job",
            "Whether a job with a deadline should be on spot, on demand, or wait, by how far it is.",
            placement, wire.Placement, query=Where, path_parameters=_ID, errors=(404,), tag=_TAG,
        ),
    ]  # fmt: skip


def _available(asked: wire.AskPlan) -> Capacity | None:
    if not asked.zones:
        return None
    ticks = {len(one.up) for one in asked.zones}
    if len(ticks) != 1:
        raise InvalidInput("cannot replay: the zones have different lengths", field="zones")
    if len(asked.zones) * max(ticks) > _MOST_TICKS:
        raise InvalidInput(f"cannot replay more than {_MOST_TICKS} ticks of all zones", field="zones")
    counts = np.array([one.up for one in asked.zones], dtype=np.int64)
    return Capacity(tuple(one.zone for one in asked.zones), asked.gap_s / 3600, counts)


def _option(one: Option) -> wire.Option:
    hours, worst_hours = (None if math.isinf(value) else round(value, 4) for value in (one.hours, one.worst_hours))
    return wire.Option(
        one.type, one.count, one.purchase, hours, worst_hours, f"{one.cost:f}", f"{one.worst_cost:f}", one.currency,
        one.fits_deadline, one.fits_budget, one.rule, one.late, one.starts,
        {name: f"{cost:f}" for name, cost in one.by_rule.items()},
    )  # fmt: skip
