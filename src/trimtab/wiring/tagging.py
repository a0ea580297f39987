"""The Resource Groups Tagging API over the inventory and over what each service keeps of tags. Wired by `app.py`."""

from collections.abc import Sequence

from trimtab.cloud.s3_writing import put_object
from trimtab.doors.aws.service import CallContext, Service
from trimtab.doors.aws.tagging import service as tagging_service
from trimtab.doors.aws.tagging.compliance import Policies
from trimtab.doors.aws.tagging.own import OwnTags
from trimtab.doors.aws.tagging.reports import TagReports
from trimtab.doors.aws.tagging.rooms import TaggingRooms
from trimtab.inventory.tag_reports import TagReportStore
from trimtab.inventory.tagging import Tagged
from trimtab.wiring.bill_exports import bill_exports
from trimtab.wiring.rooms import Rooms


def tagging_of(rooms: Rooms, services: Sequence[Service]) -> Service:
    """The service; `services` are those whose things it tags."""

    async def policies() -> Policies:
        return (await rooms.economics.rules.current()).rules.policies

    async def elsewhere(context: CallContext) -> list[Tagged]:
        return await _elsewhere(rooms, context)

    reports = TagReports(TagReportStore(rooms.stores.state), rooms.clock, put_object)
    return tagging_service.build(TaggingRooms(rooms.inventory.tagging, policies, reports, OwnTags(services), elsewhere))


async def _elsewhere(rooms: Rooms, context: CallContext) -> list[Tagged]:
    """What of a place has tags that are kept with the thing: trails, event data stores, functions, exports."""
    place = context.account, context.region
    arns = [one.arn for one in await rooms.audit.trails.of(context.account)]
    arns += [one.arn for one in await rooms.audit.stores.of(*place)]
    found = [Tagged(arn, await rooms.audit.tags.of(arn)) for arn in arns]
    functions = await rooms.scaling.functions.functions.listed(context.scope, place)
    found += [Tagged(one.arn, one.tags) for one in functions]
    found += [Tagged(one.arn, one.tags) for one in await bill_exports(rooms).store.listed(context.account)]
    return [one for one in found if one.tags and context.scope.sees(one.tags)]
