"""`/rest/v1/costs/anomalies`: what the bill has too much of, what is watched for it, and who is told."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import NotFound
from trimtab.client import cost_anomalies_wire as wire
from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import Anomaly, Monitor, Subscription
from trimtab.costs.anomalies.room import CostAnomalies
from trimtab.costs.read_sql import DAY_MS
from trimtab.doors.rest import cost_anomaly_forms as forms
from trimtab.doors.rest.cost_filters import reading
from trimtab.doors.rest.cost_query import Day
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import instant_ms

_PATH, _TAG = "/rest/v1/costs/anomalies", "costs"
_ID: Mapping[str, str] = {"id": "The id, or the last part of the ARN."}
_DAYS = 90
T = TypeVar("T", Monitor, Subscription)


class AnomaliesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Anomalies whose last day is in a range of days; by default in the last 90 days."""

    start: Day = None
    end: Day = None
    monitor: Annotated[str, Meta(max_length=512, description="The id of a monitor.")] = ""
    feedback: Literal["", "YES", "NO", "PLANNED_ACTIVITY"] = ""
    least: Annotated[wire.Amount | None, Meta(description="The smallest total impact.")] = None
    open: Annotated[bool, Meta(description="Only those that go on at the last day of the bill.")] = False


class Watching(Struct, frozen=True):
    """What the operations need. `home` is the server's own account."""

    room: CostAnomalies
    home: str

    def account(self, principal: Principal) -> str:
        """Whose things a caller makes."""
        return principal.account or self.home

    async def monitor(self, principal: Principal, id_: str) -> Monitor:
        """A monitor by its id or ARN. Raises NotFound."""
        return _named(await self.room.monitors.listed(principal.scope), id_, "monitor")


def operations(needs: Watching) -> list[Operation]:
    """The operations. Those on monitors and subscriptions come first: their paths look like that of an id."""
    return [*_of_monitors(needs), *_of_subscriptions(needs), *_of_anomalies(needs)]


def _of_monitors(needs: Watching) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[NoQuery, None]) -> wire.CostMonitors:
        found = await room.monitors.listed(call.principal.scope)
        return wire.CostMonitors([forms.monitor_answer(one) for one in found])

    async def add(call: Call[NoQuery, wire.PutMonitor]) -> wire.CostMonitor:
        account, form = needs.account(call.principal), forms.monitor_form(call.body)
        with reading():
            return forms.monitor_answer(await room.monitors.create(call.principal.scope, account, form))

    async def rename(call: Call[NoQuery, wire.RenameMonitor]) -> wire.CostMonitor:
        known = await needs.monitor(call.principal, call.path["id"])
        return forms.monitor_answer(await room.monitors.rename(call.principal.scope, known.arn, call.body.name))

    async def remove(call: Call[NoQuery, None]) -> wire.Removed:
        known = await needs.monitor(call.principal, call.path["id"])
        await room.monitors.delete(call.principal.scope, known.arn)
        return wire.Removed(forms.id_of(known.arn))

    path = f"{_PATH}/monitors"
    one: Any = {"path_parameters": _ID, "tag": _TAG, "errors": (404,), "role": Role.WRITE}
    return [
        Operation("GET", path, "list cost monitors", "What of the bill is watched.", listed, wire.CostMonitors,
                  tag=_TAG, role=Role.FINANCE, bound=True),
        Operation("POST", path, "add cost monitor", "Watch something more; it is judged within seconds.", add,
                  wire.CostMonitor, body=wire.PutMonitor, tag=_TAG, role=Role.WRITE, bound=True),
        Operation("PUT", f"{path}/{{id}}", "rename cost monitor", "Give a monitor another name.", rename,
                  wire.CostMonitor, body=wire.RenameMonitor, **one, bound=True),
        Operation("DELETE", f"{path}/{{id}}", "remove cost monitor", "Remove a monitor with what it found.", remove,
                  wire.Removed, **one, bound=True),
    ]  # fmt: skip


def _of_subscriptions(needs: Watching) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[NoQuery, None]) -> wire.CostSubscriptions:
        found = await room.subscriptions.listed(call.principal.scope)
        return wire.CostSubscriptions([forms.subscription_answer(one) for one in found])

    async def add(call: Call[NoQuery, wire.PutSubscription]) -> wire.CostSubscription:
        scope = call.principal.scope
        known = await room.monitors.listed(scope)
        wanted = [_named(known, one, "monitor") for one in call.body.monitors] or known
        form = forms.subscription_form(call.body, [one.arn for one in wanted])
        made = await room.subscriptions.create(scope, needs.account(call.principal), form)
        return forms.subscription_answer(made)

    async def remove(call: Call[NoQuery, None]) -> wire.Removed:
        scope = call.principal.scope
        known = _named(await room.subscriptions.listed(scope), call.path["id"], "subscription")
        await room.subscriptions.delete(scope, known.arn)
        return wire.Removed(forms.id_of(known.arn))

    path = f"{_PATH}/subscriptions"
    return [
        Operation("GET", path, "list cost anomaly subscriptions", "Who is told of cost anomalies.", listed,
                  wire.CostSubscriptions, tag=_TAG, role=Role.FINANCE, bound=True),
        Operation("POST", path, "add cost anomaly subscription", "Have somebody told of anomalies from an impact on.",
                  add, wire.CostSubscription, body=wire.PutSubscription, tag=_TAG, role=Role.WRITE, errors=(404,),
                  bound=True),
        Operation("DELETE", f"{path}/{{id}}", "remove cost anomaly subscription", "Tell nobody any more.", remove,
                  wire.Removed, path_parameters=_ID, tag=_TAG, role=Role.WRITE, errors=(404,), bound=True),
    ]  # fmt: skip


def _of_anomalies(needs: Watching) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[AnomaliesQuery, None]) -> wire.CostAnomalyList:
        asked, now_ms, scope = call.query, room.clock.now_ms(), call.principal.scope
        monitors = await room.monitors.listed(scope)
        only = _named(monitors, asked.monitor, "monitor").arn if asked.monitor else ""
        start = now_ms - _DAYS * DAY_MS if asked.start is None else instant_ms(asked.start, now_ms, "start")
        end = None if asked.end is None else instant_ms(asked.end, now_ms, "end")
        least = None if asked.least is None else Decimal(asked.least)
        found = await room.found.listed(scope, Wanted(start, end, only, asked.feedback, least, asked.open))
        names = {one.arn: one.name for one in monitors}
        judged = max((one.judged_ms for one in monitors), default=0)
        problem = next((one.problem for one in monitors if one.problem), "")
        return wire.CostAnomalyList([forms.anomaly_answer(one, names) for one in found], judged or None, problem)

    async def answer(principal: Principal, anomaly: Anomaly) -> wire.CostAnomaly:
        monitor = await room.monitors.get(principal.scope, anomaly.monitor)
        return forms.anomaly_answer(anomaly, {monitor.arn: monitor.name})

    async def one(call: Call[NoQuery, None]) -> wire.CostAnomalyDetail:
        scope = call.principal.scope
        anomaly = await room.found.one(scope, call.path["id"])
        return wire.CostAnomalyDetail(
            await answer(call.principal, anomaly),
            [forms.day_answer(day) for day in await room.days(scope, anomaly)],
            await room.resources(scope, anomaly),
            [forms.happening_answer(what) for what in await room.around(scope, anomaly)],
        )

    async def say(call: Call[NoQuery, wire.GiveFeedback]) -> wire.CostAnomaly:
        principal = call.principal
        said = await room.found.say(principal.scope, call.path["id"], call.body.feedback, principal.name)
        return await answer(principal, said)

    of: Any = {"path_parameters": _ID, "tag": _TAG, "errors": (404,)}
    return [
        Operation("GET", _PATH, "list cost anomalies", "What the bill has too much of: each incident once.",
                  listed, wire.CostAnomalyList, query=AnomaliesQuery, tag=_TAG, role=Role.FINANCE, errors=(404,),
                  bound=True),
        Operation("GET", f"{_PATH}/{{id}}", "get cost anomaly",
                  "An anomaly with its days, its root causes and what happened around it.", one,
                  wire.CostAnomalyDetail, role=Role.FINANCE, **of, bound=True),
        Operation("POST", f"{_PATH}/{{id}}/feedback", "give cost anomaly feedback", "Say whether it was one.", say,
                  wire.CostAnomaly, body=wire.GiveFeedback, role=Role.WRITE, **of, bound=True),
    ]  # fmt: skip


def _named(known: Sequence[T], id_: str, what: str) -> T:
    """The monitor or subscription of an id or ARN. Raises NotFound."""
    found = next((one for one in known if id_ in (one.arn, forms.id_of(one.arn))), None)
    if found is None:
        raise NotFound(f"cannot find cost {what} {id_!r}: there is none with this id")
    return found
