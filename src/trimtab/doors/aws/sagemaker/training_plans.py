"""Operations on training plans: machines of the fleet's clusters, set aside for a time; the local pool honours them."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.batch.containers.jobs import RUNNING
from trimtab.capacity.set_aside import block_of
from trimtab.capacity.training_plans import HOUR_MS, MOST_HOURS, Block, earliest, fits, offer_id, offer_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, operations, page_of, place
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import TRAINING, TRAINING_PLAN, Served

_TARGETS = ("training-job",)
"""What a plan can be for: jobs on the local pool."""
_ML = "ml."  # before the type of a machine, in SageMaker's names


@operations.add("SearchTrainingPlanOfferings", job=True)
async def search_offerings(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """The earliest time at which the fleet has so many machines of a type outside other plans, and what they cost."""
    for name in ("UltraServerType", "UltraServerCount", "TrainingPlanArn"):
        if request.get(name):
            raise InvalidInput(f"{name} is not supported: plans are of single machines, and are not extended.")
    if not set(request.get("TargetResources") or _TARGETS) & set(_TARGETS):
        return {"TrainingPlanOfferings": []}
    now_ms = rooms.metrics.clock.now_ms()
    hours = min(request.get("DurationHours") or 24, MOST_HOURS)
    start_ms = max(request.get("StartTimeAfter") or 0, -(-now_ms // HOUR_MS) * HOUR_MS)
    machines, taken = await rooms.set_aside.machines(place(context)), await rooms.set_aside.taken(place(context))
    offers = []
    for type_, number in sorted(machines.items()):
        if type_ and request.get("InstanceType", f"{_ML}{type_}") == f"{_ML}{type_}":
            block = Block(type_, request.get("InstanceCount") or 1, start_ms, start_ms + hours * HOUR_MS)
            found = earliest(block, number, taken, request.get("EndTimeBefore"))
            if found is not None:
                offers.append(await _offer(rooms, found, request, context))
    return {"TrainingPlanOfferings": offers}


@operations.add("CreateTrainingPlan", needs=Role.ADMIN, job=True)
async def create_training_plan(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Take an offer, where the fleet still has its machines."""
    block, targets = offer_of(request["TrainingPlanOfferingId"])
    machines, taken = await rooms.set_aside.machines(place(context)), await rooms.set_aside.taken(place(context))
    if block.end_ms <= rooms.metrics.clock.now_ms() or not fits(block, machines[block.type], taken):
        raise AwsError("ResourceLimitExceeded", "The training plan offering is no longer available.")
    form = {
        "InstanceType": f"{_ML}{block.type}", "InstanceCount": block.count, "StartTime": block.start_ms,
        "EndTime": block.end_ms, "TargetResources": list(targets), **await _price(rooms, block, context),
    }  # fmt: skip
    name = request["TrainingPlanName"]
    made = await rooms.served.create(place(context), TRAINING_PLAN, name, form, "", tags_of(request))
    return {"TrainingPlanArn": made.arn}


@operations.add("DescribeTrainingPlan", job=True)
async def describe_training_plan(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One plan, with how many of its machines jobs use now."""
    name = request["TrainingPlanName"].rpartition("/")[2]
    for one in await rooms.set_aside.plans(place(context)):
        if name in (one.name, one.name.lower()):
            return await _shape(rooms, one, context)
    raise NotFound(f"The training plan {name} does not exist.")


@operations.add("ListTrainingPlans")
async def list_training_plans(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Plans."""
    after, before = request.get("StartTimeAfter", 0), request.get("StartTimeBefore", 1 << 62)
    statuses = {one["Value"] for one in request.get("Filters") or () if one["Name"] == "Status"}
    shapes = [
        await _shape(rooms, one, context)
        for one in await rooms.set_aside.plans(place(context))
        if after <= one.form["StartTime"] <= before
    ]
    found = [one for one in shapes if not statuses or one["Status"] in statuses]
    found.sort(key=lambda one: (one[request.get("SortBy", "StartTime")], one["TrainingPlanName"]))
    if request.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    shown, more = page_of(found, request)
    return {"TrainingPlanSummaries": shown, **more}


async def admit_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> None:
    """Check that the plan which a training job names is active, and has its machines left. Raises InvalidInput,
    AwsError."""
    resources = request.get("ResourceConfig") or {}
    arn = resources.get("TrainingPlanArn")
    if not arn:
        return
    plan = next((one for one in await rooms.set_aside.plans(place(context)) if one.arn == arn), None)
    if plan is None:
        raise AwsError("ResourceNotFound", f"The training plan {arn} does not exist.")
    block = block_of(plan)
    status = block.status(rooms.metrics.clock.now_ms())
    if status != "Active":
        raise InvalidInput(f"The training plan {plan.name} is {status}; expected an Active one.")
    kind = f"{_ML}{block.type}"
    if resources.get("InstanceType") != kind:
        raise InvalidInput(f"The training plan {plan.name} is of {kind}, not of {resources.get('InstanceType')}.")
    asked = resources.get("InstanceCount") or 1
    left = block.count - await _in_use(rooms, plan, context)
    if asked > left:
        raise AwsError("ResourceLimitExceeded", f"The training plan {plan.name} has {left} machines left; got {asked}.")


async def _in_use(rooms: SageMakerRooms, plan: Served, context: CallContext) -> int:
    """Machines of a plan that jobs have now."""
    jobs = await rooms.served.listed(Scope.of(*place(context)), TRAINING, (RUNNING,))
    mine = [one.form["ResourceConfig"] for one in jobs]
    return sum(one.get("InstanceCount") or 1 for one in mine if one.get("TrainingPlanArn") == plan.arn)


async def _price(rooms: SageMakerRooms, block: Block, context: CallContext) -> Mapping[str, str]:
    """What a block costs; {} where neither own rates nor list prices say."""
    fee = await rooms.set_aside.fee(block, context.region)
    return {"UpfrontFee": f"{fee.amount:f}", "CurrencyCode": fee.currency} if fee is not None else {}


async def _offer(rooms: SageMakerRooms, block: Block, request: Request, context: CallContext) -> dict[str, Any]:
    asked = {"StartTimeAfter": "RequestedStartTimeAfter", "EndTimeBefore": "RequestedEndTimeBefore"}
    return {
        "TrainingPlanOfferingId": offer_id(block, _TARGETS),
        "TargetResources": list(_TARGETS),
        **{name: request[given] for given, name in asked.items() if request.get(given) is not None},
        "DurationHours": block.hours,
        "DurationMinutes": 0,
        **await _price(rooms, block, context),
        "ReservedCapacityOfferings": [
            {
                "ReservedCapacityType": "Instance",
                "InstanceType": f"{_ML}{block.type}",
                "InstanceCount": block.count,
                "DurationHours": block.hours,
                "DurationMinutes": 0,
                "StartTime": block.start_ms,
                "EndTime": block.end_ms,
            }
        ],
    }


async def _shape(rooms: SageMakerRooms, plan: Served, context: CallContext) -> dict[str, Any]:
    block = block_of(plan)
    status = block.status(rooms.metrics.clock.now_ms())
    used = await _in_use(rooms, plan, context)
    times = {"DurationHours": block.hours, "DurationMinutes": 0, "StartTime": block.start_ms, "EndTime": block.end_ms}
    return {
        "TrainingPlanArn": plan.arn,
        "TrainingPlanName": plan.name,
        "Status": status,
        **times,
        **{name: plan.form[name] for name in ("UpfrontFee", "CurrencyCode") if name in plan.form},
        "TotalInstanceCount": block.count,
        "AvailableInstanceCount": block.count - used if status == "Active" else 0,
        "InUseInstanceCount": used,
        "TargetResources": plan.form["TargetResources"],
        "ReservedCapacitySummaries": [
            {
                "ReservedCapacityArn": plan.arn.replace(":training-plan/", ":reserved-capacity/"),
                "ReservedCapacityType": "Instance",
                "InstanceType": f"{_ML}{block.type}",
                "TotalInstanceCount": block.count,
                "Status": status,
                **times,
            }
        ],
    }
