"""The registry that the operations of AWS Health join, what they are given, and events as notices of the fleet."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Operations, Request, coral_as
from trimtab.fleet.health.notices import Notice, NoticeReader, Topic
from trimtab.fleet.model import DAY_MS

KEPT_MS = 90 * DAY_MS
"""How long AWS Health tells of events (API reference)."""
CATEGORIES: Mapping[Topic, str] = {
    Topic.FAULT: "issue",
    Topic.DOWN: "issue",
    Topic.DRAINED: "scheduledChange",
    Topic.ACTION: "accountNotification",
}
CLUSTER, EC2 = "CLUSTER", "EC2"
SERVICES = (CLUSTER, EC2)
"""Machines that are EC2 instances, and all others."""


class HealthRooms(Struct, frozen=True):
    """What the operations ask."""

    notices: NoticeReader


operations: Operations[HealthRooms] = Operations(
    "health",
    coral_as("ValidationException"),
    invalid_code="ValidationException",
    codes=((InvalidInput, "ValidationException"),),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""

page = Pages(
    100,
    lambda: AwsError("InvalidPaginationToken", "The specified pagination token (nextToken) is not valid."),
    "nextToken",
    "nextToken",
    "maxResults",
)


class Event(Struct, frozen=True):
    """A notice where AWS Health has it: the region of its machine, and the instance ("" of what is none)."""

    notice: Notice
    region: str
    instance: str

    @property
    def service(self) -> str:
        """The service that its machine is of."""
        return EC2 if self.instance else CLUSTER

    @property
    def code(self) -> str:
        """Its type."""
        return f"{self.service}_{self.notice.code}"

    @property
    def arn(self) -> str:
        """Its ARN."""
        place = f"arn:{partition_of(self.region)}:health:{self.region}:{self.notice.machine.account}"
        return f"{place}:event/{self.service}/{self.code}/{self.code}_{self.notice.id}"

    @property
    def entity(self) -> str:
        """The name of what is affected: the instance, else the node."""
        return self.instance or self.notice.machine.name

    @property
    def entity_arn(self) -> str:
        """The ARN of what is affected."""
        machine = self.notice.machine
        if self.instance:
            return f"arn:{partition_of(self.region)}:ec2:{self.region}:{machine.account}:instance/{self.instance}"
        place = f"arn:{partition_of(self.region)}:health:{self.region}:{machine.account}"
        return f"{place}:entity/{machine.cluster}/{machine.name}"

    @property
    def status(self) -> str:
        """Whether it lasts."""
        return "open" if self.notice.end_ms is None else "closed"

    @property
    def updated_ms(self) -> int:
        """When anything of it last changed."""
        return self.notice.start_ms if self.notice.end_ms is None else self.notice.end_ms


async def events_of(rooms: HealthRooms, context: CallContext) -> list[Event]:
    """Every event of the caller's account: AWS Health has one endpoint for all regions."""
    scope = Scope(frozenset({context.account}), context.principal.scope.regions, context.principal.scope.rows)
    now_ms = rooms.notices.health.clock.now_ms()
    report, notices = await rooms.notices.read(scope, now_ms - KEPT_MS, now_ms)
    found = []
    for notice in notices:
        facts = report.machines.get(notice.machine.path)
        ids = facts.bill_ids if facts is not None else ()
        instance = next((one for one in ids if one.startswith("i-")), "")
        found.append(Event(notice, (facts.region if facts is not None else "") or rooms.notices.region, instance))
    return [one for one in found if one.notice.machine.account == context.account]


def fits(event: Event, wanted: Request) -> bool:
    """Whether an event passes a filter: of each member that it names, any value."""
    notice = event.notice
    values = {
        "eventArns": event.arn,
        "eventTypeCodes": event.code,
        "services": event.service,
        "regions": event.region,
        "entityArns": event.entity_arn,
        "entityValues": event.entity,
        "eventTypeCategories": CATEGORIES[notice.topic],
        "eventStatusCodes": event.status,
        "actionabilities": actionability(notice),
    }
    times = {"startTimes": notice.start_ms, "endTimes": notice.end_ms, "lastUpdatedTimes": event.updated_ms}
    if (
        wanted.get("availabilityZones")
        or wanted.get("tags")
        or "OPERATIONS" not in wanted.get("personas", ["OPERATIONS"])
    ):
        return False  # no event names a zone or has tags, and all are for who runs machines
    return all(not wanted.get(name) or value in wanted[name] for name, value in values.items()) and all(
        not wanted.get(name) or _within(at_ms, wanted[name]) for name, at_ms in times.items()
    )


def actionability(notice: Notice) -> str:
    """Whether somebody has to act."""
    return "ACTION_REQUIRED" if notice.asked and notice.end_ms is None else "INFORMATIONAL"


def _within(at_ms: int | None, ranges: list[Request]) -> bool:
    return at_ms is not None and any(one.get("from", at_ms) <= at_ms <= one.get("to", at_ms) for one in ranges)
