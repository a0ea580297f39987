"""`/rest/v1/capacity-plans`: machine type, policy and purchase option of a service, chosen together."""

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.client import capacity_plans_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import time_range
from trimtab.scaling.demand import DemandAsked
from trimtab.scaling.plan.model import Choice, Measured
from trimtab.scaling.plan.room import Planned, PlansRoom, Supposed

_PATH, _TAG = "/rest/v1/capacity-plans", "scaling"


def operations(room: PlansRoom, clock: Clock) -> list[Operation]:
    """The operations."""

    async def listed(call: Call[NoQuery, None]) -> wire.MeasuredServices:
        return wire.MeasuredServices(services=await room.services(call.principal.scope))

    async def make(call: Call[NoQuery, wire.PlanCapacity]) -> wire.CapacityPlan:
        body = call.body
        return answer(await room.make(call.principal.scope, body.service, supposed(body, clock.now_ms())))

    return [
        Operation("GET", _PATH, "list services to plan for", "Services with a load test on a priced type.",
                  listed, wire.MeasuredServices, tag=_TAG),
        Operation("POST", _PATH, "plan capacity", "Machine type, policy and purchase option of a service together: "
                  "dollars a month against the risk of missing its objective.", make, wire.CapacityPlan,
                  body=wire.PlanCapacity, role=Role.READ, errors=(404, 504), tag=_TAG),
    ]  # fmt: skip


def supposed(body: wire.PlanCapacity, now_ms: int) -> Supposed:
    """What a body supposes. Raises InvalidInput."""
    metric = None
    if body.metric is not None:
        span = time_range(body.metric.start, body.metric.end, now_ms)
        named = body.metric.namespace, body.metric.name, body.metric.dimensions, body.metric.statistic
        metric = DemandAsked(*named, span.start_ms, span.end_ms, body.metric.per_period)
    return Supposed(
        body.slo_ms,
        body.percentile,
        body.allowed,
        body.days,
        body.traffic,
        body.prices,
        body.zones,
        body.zone_fails,
        body.launch_s,
        body.spot,
        body.interruptions,
        tuple(body.years),
        metric,
    )


def answer(planned: Planned) -> wire.CapacityPlan:
    """A plan as it is answered."""
    plan = planned.plan
    ahead = plan.outlook
    return wire.CapacityPlan(
        service=planned.service,
        start_ms=planned.start_ms,
        slo_ms=planned.question.slo_ms,
        covered=planned.covered,
        peak=plan.peak,
        outlook=wire.TrafficOutlook(low=ahead.low, middle=ahead.middle, high=ahead.high, why=ahead.why),
        measured=[_measured(one) for one in plan.measured],
        considered=plan.considered,
        best=None if plan.best is None else choice(plan.best),
        choices=[choice(one) for one in plan.choices],
        words=list(plan.words),
    )


def choice(one: Choice) -> wire.PlannedChoice:
    """A choice as it is answered."""
    return wire.PlannedChoice(
        type=one.type,
        policy=one.policy,
        purchase=one.purchase,
        monthly=f"{one.monthly:.2f}",
        least=f"{one.least:.2f}",
        most=f"{one.most:.2f}",
        risk=one.risk,
        zone_risk=one.zone_risk,
        spare_risk=one.spare_risk,
        mean_replicas=one.mean_replicas,
        peak=one.peak,
        committed=one.committed,
        spot_share=one.spot_share,
        capacity=one.capacity,
        latency_ms=one.latency_ms,
        on_front=one.on_front,
        within=one.within,
        why=one.why,
    )


def _measured(one: Measured) -> wire.MeasuredType:
    million = None if one.per_million is None else f"{one.per_million:.4f}"
    return wire.MeasuredType(type=one.type, capacity=one.capacity, per_hour=f"{one.per_hour:f}", per_million=million,
                             why=one.why)  # fmt: skip
