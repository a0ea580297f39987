"""Operations on objectives: made, read, changed, deleted and tagged, and the reports of their budgets."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound, TrimtabError
from trimtab.doors.aws.application_signals import shapes
from trimtab.doors.aws.application_signals.rooms import SignalsRooms, absent, key_of, operations, page
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags, tags_of
from trimtab.slos.exclusions import exclusion_form
from trimtab.slos.model import StoredSlo

_NOT_KEPT = frozenset({"Name", "Id", "Tags", "CreateRecommendedSlo", "AutoInvestigationEnabled"})


@operations.add("CreateServiceLevelObjective", needs=Role.WRITE)
async def create(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Make an objective."""
    if request.get("CreateRecommendedSlo"):
        raise InvalidInput("CreateRecommendedSlo is not supported: name the goal and what is measured.")
    kept = await rooms.slos.store.create(key_of(context, request["Name"]), _form(request))
    if request.get("Tags"):
        await rooms.tags.put(kept.slo.key.arn, tags_of(request))
    return {"Slo": shapes.objective(kept)}


@operations.add("GetServiceLevelObjective")
async def get(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """One objective."""
    return {"Slo": shapes.objective(await _kept(rooms, request["Id"], context))}


@operations.add("ListServiceLevelObjectives")
async def listed(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Objectives by name, of one service or operation where it is named."""
    if "DependencyConfig" in request or "MetricSource" in request:
        return {"SloSummaries": []}  # no objective here is on one
    found = await rooms.slos.store.listed(Scope.of(context.account, context.region))
    told = [one for one in map(shapes.summary, found) if _fits(one, request)]
    shown, more = page(told, request)
    return {"SloSummaries": shown, **more}


@operations.add("UpdateServiceLevelObjective", needs=Role.WRITE)
async def update(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Change members of an objective; whether periods or requests are counted stays."""
    kept = await _kept(rooms, request["Id"], context)
    changed = {**kept.form, **_form(request)}
    for ours, other in (("SliConfig", "RequestBasedSliConfig"), ("RequestBasedSliConfig", "SliConfig")):
        if ours in request and other in kept.form:
            raise InvalidInput(f"cannot change {kept.slo.key.name} to {ours}: it has {other}; create another objective")
    return {"Slo": shapes.objective(await rooms.slos.store.put(kept.slo.key, changed))}


@operations.add("DeleteServiceLevelObjective", needs=Role.WRITE)
async def delete(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Forget an objective with its tags."""
    key = (await _kept(rooms, request["Id"], context)).slo.key
    await rooms.slos.store.delete(key)
    await rooms.tags.remove(key.arn, list(await rooms.tags.tags(key.arn)))
    return {}


@operations.add("BatchGetServiceLevelObjectiveBudgetReport")
async def budget_reports(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """What is left of budgets as of a time; an objective that cannot be reported is an error of its own."""
    reports, errors = [], []
    for asked in request["SloIds"]:
        key = key_of(context, asked)
        try:
            kept = await rooms.slos.store.get(key)
            reports.append(shapes.report(await rooms.slos.reports.of(kept, request["Timestamp"])))
        except (NotFound, InvalidInput) as problem:
            code = "ResourceNotFoundException" if isinstance(problem, NotFound) else "ValidationException"
            errors.append({"Name": key.name, "Arn": key.arn, "ErrorCode": code, "ErrorMessage": str(problem)})
    return {"Timestamp": request["Timestamp"], "Reports": reports, "Errors": errors}


@operations.add("BatchUpdateExclusionWindows", needs=Role.WRITE)
async def update_windows(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Add and remove times that do not count, of several objectives."""
    done, errors = [], []
    add, remove = request.get("AddExclusionWindows", ()), request.get("RemoveExclusionWindows", ())
    for asked in request["SloIds"]:
        try:
            await rooms.slos.store.exclude(key_of(context, asked), add, remove)
            done.append(asked)
        except TrimtabError as problem:
            code = "ResourceNotFoundException" if isinstance(problem, NotFound) else "ValidationException"
            errors.append({"SloId": asked, "ErrorCode": code, "ErrorMessage": str(problem)})
    return {"SloIds": done, "Errors": errors}


@operations.add("ListServiceLevelObjectiveExclusionWindows")
async def list_windows(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """The times that do not count for an objective."""
    kept = await _kept(rooms, request["Id"], context)
    shown, more = page([exclusion_form(one) for one in kept.exclusions], request)
    return {"ExclusionWindows": shown, **more}


@operations.add("TagResource", needs=Role.WRITE)
async def tag(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Add tags to an objective, or replace values of those that it has."""
    kept = await _kept(rooms, request["ResourceArn"], context)
    await rooms.tags.put(kept.slo.key.arn, tags_of(request))
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of an objective."""
    kept = await _kept(rooms, request["ResourceArn"], context)
    await rooms.tags.remove(kept.slo.key.arn, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def tags(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """The tags of an objective."""
    kept = await _kept(rooms, request["ResourceArn"], context)
    found = await rooms.tags.tags(kept.slo.key.arn)
    return {"Tags": listed_tags(found)}


async def _kept(rooms: SignalsRooms, asked: str, context: CallContext) -> StoredSlo:
    try:
        return await rooms.slos.store.get(key_of(context, asked))
    except NotFound:
        raise absent(asked) from None


def _form(request: Request) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in _NOT_KEPT}


def _fits(told: Mapping[str, Any], request: Request) -> bool:
    keys = request.get("KeyAttributes", {})
    known = told.get("KeyAttributes", {})
    return (
        all(known.get(name) == value for name, value in keys.items())
        and request.get("OperationName") in (None, told.get("OperationName"))
        and told["MetricSourceType"] in request.get("MetricSourceTypes", (told["MetricSourceType"],))
    )
